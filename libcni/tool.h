/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of cnitool share. */
#ifndef LIBCNI_TOOL_H
#define LIBCNI_TOOL_H

#include <stdbool.h>

#include "cni/guard.h"

#define DEFAULT_DIR "/etc/cni/net.d"

/* "cnitool: ...\n" on stderr. Returns EXIT_FAILURE. */
int complain(const char *format, ...) PRINTF(1, 2);

/* The variable, or otherwise if it is unset or empty. */
const char *environment(const char *name, const char *otherwise);

/* The command line of a command with one operand; argv[0] is the command. */
struct tool_operand {
	const char *text; /* NULL: end with status */
	bool json;
	int status;
};

/* Read it: --json, and --help, which prints the usage. */
struct tool_operand tool_operand(int argc, char **argv, const char *usage, const char *what);

#endif
