/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests speak TAP 13: ok() and is() for each point, `return tap_done();` at the end of main.
 * Tests of every folder may include this; nothing else does.
 */
#ifndef CNI_TAP_H
#define CNI_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cni/guard.h"

static int tap_count, tap_failed;

/*
 * One point, told in one line. Returns condition, so that a test can stop where going on makes no
 * sense.
 */
PRINTF(2, 3) static inline int ok(int condition, const char *format, ...)
{
	char name[8192];
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	for (char *newline = name; (newline = strchr(newline, '\n'));)
		*newline = ' ';
	printf("%sok %d - %s\n", condition ? "" : "not ", ++tap_count, name);
	tap_failed += !condition;
	return condition;
}

/* Two texts are the same; both are shown if not. NULL is a text of its own. */
PRINTF(3, 4) static inline int is(const char *got, const char *want, const char *format, ...)
{
	int same = got && want ? !strcmp(got, want) : got == want;
	char name[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	ok(same, "%s", name);
	if (!same)
		printf("# got  %s\n# want %s\n", got ? got : "(null)", want ? want : "(null)");
	return same;
}

/* The case cannot run here. CNI_TEST_STRICT=1 (CI) turns that into a failure. */
static inline void tap_skip(const char *name, const char *reason)
{
	const char *strict = getenv("CNI_TEST_STRICT");

	if (strict && !strcmp(strict, "1"))
		ok(0, "%s: cannot run here: %s", name, reason);
	else
		printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
