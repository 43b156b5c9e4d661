/* SPDX-License-Identifier: Apache-2.0 */
/* add, check, del and status. */
#include "libcni/target.h"

/* *result (malloc'd) is what it prints; left alone if that is nothing. */
typedef int operation(const struct target *, char **result, struct libcni_error *err);

static int add(const struct target *t, char **result, struct libcni_error *err)
{
	return libcni_add(&t->runtime, t->list, &t->at, result, err);
}

static int check(const struct target *t, char **result, struct libcni_error *err)
{
	(void)result;
	return libcni_check(&t->runtime, t->list, &t->at, err);
}

static int del(const struct target *t, char **result, struct libcni_error *err)
{
	(void)result;
	return libcni_del(&t->runtime, t->list, &t->at, err);
}

static int status(const struct target *t, char **result, struct libcni_error *err)
{
	(void)result;
	return libcni_status(&t->runtime, t->list, err);
}

static int operate(const struct tool *tool, operation *run)
{
	CLEANUP(target_done) struct target target;
	CLEANUP(freep) char *result = NULL;
	struct libcni_error err;

	if (target_read(&target, tool))
		return EXIT_FAILURE;
	if (run(&target, &result, &err) < 0)
		return tool_error(tool, &err);
	if (!result)
		return tool_ok(tool);
	fputs(result, stdout);
	return EXIT_SUCCESS;
}

int tool_add(const struct tool *tool)
{
	return operate(tool, add);
}

int tool_check(const struct tool *tool)
{
	return operate(tool, check);
}

int tool_del(const struct tool *tool)
{
	return operate(tool, del);
}

int tool_status(const struct tool *tool)
{
	return operate(tool, status);
}
