/* SPDX-License-Identifier: Apache-2.0 */
/* One plugin of a list, with the configuration that is derived for it. Specification, section 3. */
#ifndef LIBCNI_INVOKE_H
#define LIBCNI_INVOKE_H

#include "cni/request.h"
#include "libcni/conflist.h"
#include "libcni/libcni.h"

static inline const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

/* One operation over a list. */
struct invocation {
	enum cni_command command;
	const struct libcni_runtime *runtime;
	const struct libcni_list *list;
	struct libcni_attachment at;   /* without NULLs */
	struct json *capability_args;  /* owned; NULL: none */
	struct conflist_plugin plugin; /* the one that runs; type NULL: none */
};

/*
 * Run one plugin of the list: its object with name, cniVersion, prevResult (NULL: none) and what
 * its capabilities select of the capability arguments as runtimeConfig. *output is malloc'd.
 */
int invoke_plugin(struct invocation *, const struct json *object, const struct json *previous,
	char **output, size_t *length, struct cni_error *err);

#endif
