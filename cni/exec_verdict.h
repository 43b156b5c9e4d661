/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cni/exec*.c: what a plugin that has ended meant. */
#ifndef CNI_EXEC_VERDICT_H
#define CNI_EXEC_VERDICT_H

#include <stddef.h>

#include "cni/error.h"

struct exec_text {
	char *data; /* malloc'd, NUL-terminated; NULL as long as nothing was read */
	size_t length, capacity;
};

/*
 * 0 if the plugin succeeded: exit status 0 and no error object on stdout. Otherwise err is that
 * object, or a description of how the plugin ended and what it said on stderr.
 */
int exec_verdict(const char *file, int status, const struct exec_text *out,
	const struct exec_text *stderr_text, struct cni_error *err);

/* Fill err for one that is killed after timeout milliseconds. Returns -1. */
int exec_verdict_late(const char *file, unsigned int timeout, const struct exec_text *stderr_text,
	struct cni_error *err);

#endif
