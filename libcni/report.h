/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as the callers of the library get them. */
#ifndef LIBCNI_REPORT_H
#define LIBCNI_REPORT_H

#include "libcni/invoke.h"

/*
 * Tell the caller what failed, and which plugin if one ran (run NULL: none did):
 * `plugin type="pa" failed (add): ...`. The message is one line, whatever control characters
 * it is made of. Returns -1.
 */
int report(struct libcni_error *, const struct cni_error *, const struct invocation *run);

/*
 * Add a further failure to all, "first; second", each behind what format says of it. The first
 * one's code and details stay. Where they do not fit, the message ends with "...".
 */
void report_join(struct libcni_error *all, const struct libcni_error *more, const char *format, ...)
	PRINTF(3, 4);

#endif
