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
	struct libcni_attachment at;
	struct json *capability_args;	       /* owned; NULL: none */
	const struct libcni_attachment *valid; /* for GC */
	size_t n_valid;

	struct conflist_plugin plugin; /* the one that runs; type NULL: none */
	char file[PATH_MAX];	       /* what it is; "": it was not found */
};

/* Is the name of the network one that plugins accept? CNI_INVALID_CONFIG if not. */
int invoke_check_name(const struct libcni_list *, struct cni_error *err);

/*
 * Run one plugin of the list: its object with name, cniVersion, prevResult (NULL: none) and what
 * its capabilities select of the capability arguments as runtimeConfig; for GC, the valid
 * attachments; for VERSION, our version alone. Then the caller's trace(). *output is malloc'd.
 */
int invoke_plugin(struct invocation *, const struct json *object, const struct json *previous,
	char **output, size_t *length, struct cni_error *err);

/* The same for commands that print nothing that counts. */
int invoke_silent(struct invocation *, const struct json *object, const struct json *previous,
	struct cni_error *err);

#endif
