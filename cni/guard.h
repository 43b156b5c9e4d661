/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope guards: a variable declared with CLEANUP(f) has f called with its address when its scope
 * ends, last declared first. Guards of effects (a link, a lease) are armed before the act and
 * disarmed once, when the result has been delivered. exit(), abort() and longjmp() skip guards:
 * nothing below main calls them.
 */
#ifndef CNI_GUARD_H
#define CNI_GUARD_H

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

#define PRINTF(text, first) __attribute__((format(printf, text, first), nonnull(text)))

/* Close *fd unless it is negative. */
static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* free(3) for any pointer to a pointer. */
static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

#endif
