/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of cnitool share. Data goes to stdout and text for people to stderr; every
 * command returns the exit status. main() finds out whether stdout could be written.
 */
#ifndef LIBCNI_TOOL_H
#define LIBCNI_TOOL_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "cni/json.h"
#include "libcni/libcni.h"

#define DEFAULT_DIR "/etc/cni/net.d"

struct tool;

/* One command; the table of them is in cnitool.c. */
struct tool_command {
	const char *name;
	int (*run)(const struct tool *);

	/*
	 * The operands; one in brackets may be left out, "a|b" is one of the two. Completion knows
	 * the words NETWORK, NETNS, FILE and COMMAND; small letters stand for themselves.
	 */
	const char *synopsis;
	const char *summary;
	const char *help;     /* what --help says beyond summary and options; NULL: nothing */
	unsigned int options; /* OPTION_... that it takes, --help aside */
	bool as_in_go;	      /* operands beyond its own are ignored, as by the Go tool */
};

extern const struct tool_command tool_commands[];	   /* ended by a name of NULL */
const struct tool_command *tool_command(const char *name); /* NULL: there is none */

/* ---- The command line ---- */

enum {
	OPTION_HELP = 1 << 0,
	OPTION_IFNAME = 1 << 1,
	OPTION_JSON = 1 << 2,
	OPTION_TRACE = 1 << 3,
	OPTION_TIMEOUT = 1 << 4,
	OPTION_VALID = 1 << 5,
	OPTION_VALID_FILE = 1 << 6,
	OPTION_DRY_RUN = 1 << 7,
	OPTION_YES = 1 << 8,
};

struct tool_option {
	unsigned int bit;
	const char *name;
	char letter;	      /* '\0': none */
	const char *argument; /* NULL: none; "[=x]": may be left out, or is x */
	const char *summary;
};

extern const struct tool_option tool_options[]; /* ended by a name of NULL */

struct tool {
	const struct tool_command *command;
	char **operands; /* ended by NULL; owned, but not the texts */
	char **valid;	 /* of --valid, as operands */
	const char *valid_file, *ifname;
	unsigned int options; /* what was given */
	unsigned int timeout; /* in ms */
	bool is_full;	      /* --trace=full */
};

/* Returns 0, or -1 after saying what is wrong with it. */
int tool_read(struct tool *, int argc, char **argv);
void tool_done(struct tool *);

/* The variable, or otherwise if it is unset or empty. */
const char *environment(const char *name, const char *otherwise);

/* ---- Words ---- */

/* Control characters as \xHH, so that no name can play with a terminal. */
void print_safely(FILE *, const char *text);

/* "cnitool: ...\n" on stderr. Returns EXIT_FAILURE. */
int complain(const char *format, ...) PRINTF(1, 2);

/* The same, or with --json an object of code, msg and details on stdout. */
int tool_fail(const struct tool *, int code, const char *format, ...) PRINTF(3, 4);
int tool_error(const struct tool *, const struct libcni_error *err);
int tool_cni_error(const struct tool *, const struct cni_error *err);

/* Put code, msg and details, unless that is empty. */
void tool_put_error(struct json_writer *, const struct libcni_error *);

/* A command without a result of its own succeeded: {} with --json. */
int tool_ok(const struct tool *);

/* ---- The commands ---- */

int tool_add(const struct tool *);
int tool_check(const struct tool *);
int tool_del(const struct tool *);
int tool_status(const struct tool *);
int tool_gc(const struct tool *);
int tool_version(const struct tool *);
int tool_networks(const struct tool *);
int tool_attachments(const struct tool *);
int tool_validate(const struct tool *);
int tool_inspect(const struct tool *);
int tool_completion(const struct tool *);
int tool_help(const struct tool *);

void tool_usage(const struct tool_command *); /* on stdout; NULL: of all commands */

/* What words, the last of which is being typed, may become: "CANDIDATE\tSUMMARY" lines. */
void tool_complete(char **words, int count);

#endif
