/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running another plugin: a delegate (ipam/) or a member of a list (libcni/). CNI specification
 * 1.1.0, section 4; the reference's pkg/invoke.
 */
#ifndef CNI_EXEC_H
#define CNI_EXEC_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/error.h"

/*
 * The first regular file named name in the directories of path (separated by ':'), into out.
 * Executable bits are not looked at, as in the reference. Fails with CNI_INVALID_CONFIG naming
 * what was searched if there is none, with CNI_IO_FAILURE if a directory could not be searched.
 * name must not contain '/'.
 */
int exec_find(const char *path, const char *name, char out[PATH_MAX], struct cni_error *err);

struct exec_variable {
	const char *name, *value;
};

/* No bound of time. */
#define EXEC_UNBOUNDED 0

/*
 * Run file with our environment, the variables given (ended by a NULL name) replacing those of the
 * same name, and input on stdin. A file that is being replaced (ETXTBSY) is tried again for a
 * few seconds. The child's stderr is passed on to ours if it succeeded. Signal dispositions stay
 * as they are; SIGCHLD must not be ignored, or the exit status is lost.
 *
 * After timeout milliseconds it is killed (SIGKILL), and the error is CNI_TRY_LATER. Processes that
 * it left behind are neither waited for nor killed. EXEC_UNBOUNDED is for delegates: how long an
 * address may take only the runtime knows, which kills us when it gives up.
 *
 * On success *output (malloc'd, NUL-terminated, the caller's) is its stdout. If it failed, err is
 * what it printed as an error object, code and details kept, or a description of what it did
 * instead.
 */
int exec_plugin(const char *file, const struct exec_variable *variables, const char *input,
	size_t length, unsigned int timeout, char **output, size_t *output_length,
	struct cni_error *err);

/* Nanoseconds of CLOCK_MONOTONIC, by which that is measured. */
int64_t exec_clock(void);

#endif
