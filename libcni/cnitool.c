/* SPDX-License-Identifier: Apache-2.0 */
/* The hand tool over libcni: what a runtime does to one attachment, from a shell. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "libcni/tool.h"

#define RUNS	     (OPTION_JSON | OPTION_TRACE | OPTION_TIMEOUT)
#define LIKE_GO	     (OPTION_IFNAME | RUNS)
#define NETNS_UNUSED "NETNS and --ifname are accepted, as by the Go tool, and not used.\n"

const struct tool_command tool_commands[] = {
	{ "add", tool_add, "NETWORK NETNS", "attach; prints the result of the last plugin",
		"Runs the plugins in order and keeps the result for check, del and gc. After a\n"
		"failure, call del.\n",
		LIKE_GO, true },
	{ "check", tool_check, "NETWORK NETNS", "check that the attachment is as add left it",
		"Networks below version 0.4.0 have no check.\n", LIKE_GO, true },
	{ "del", tool_del, "NETWORK NETNS", "detach; succeeds if nothing is attached",
		"Runs the plugins in reverse order. The namespace may be gone.\n", LIKE_GO, true },
	{ "gc", tool_gc, "NETWORK [NETNS]", "remove attachments that are not valid",
		"Detaches every cached attachment of the network that is not said to be valid, "
		"and\n"
		"lets plugins (from version 1.1.0) free what belongs to no valid one. Without\n"
		"--valid and --valid-file nothing is valid: everything of the network goes,\n"
		"whichever runtime made it. What was removed is told on stderr. On a terminal it\n"
		"asks first.\n"
		"\n"
		"--dry-run shows the cached attachments; what plugins would free is not known.\n"
		"A file has lines CONTAINERID/IFNAME (empty ones and # comments are skipped) or "
		"an\n"
		"array of {\"containerID\": ..., \"ifname\": ...}. An empty file is an error, [] "
		"is\n"
		"none.\n"
		"\n" NETNS_UNUSED,
		LIKE_GO | OPTION_VALID | OPTION_VALID_FILE | OPTION_DRY_RUN | OPTION_YES, true },
	{ "status", tool_status, "NETWORK [NETNS]", "are all plugins ready for add?",
		"Networks below version 1.1.0 cannot be asked; they count as ready.\n"
		"\n" NETNS_UNUSED,
		LIKE_GO, true },
	{ "version", tool_version, "NETWORK", "ask every plugin which versions it supports",
		"Fails if a plugin does not answer, or does not support the network's version.\n",
		RUNS },
	{ "networks", tool_networks, "", "list the networks of NETCONFPATH",
		"Of files with the same name the first one is used. Files that are broken are "
		"told\n"
		"on stderr, and make it fail.\n",
		OPTION_JSON },
	{ "attachments", tool_attachments, "[NETWORK]", "list what is attached, from the cache",
		NULL, OPTION_JSON },
	{ "validate", tool_validate, "FILE|NETWORK", "tell what is wrong with a configuration",
		"No plugin is run. FILE is a path with '/' in it, or a file that exists. Plugins "
		"are\n"
		"looked for in CNI_PATH.\n"
		"\n"
		"Exit status: 0 nothing found, 1 errors, 2 warnings only.\n",
		OPTION_JSON },
	{ "inspect", tool_inspect, "NETNS", "show the links, addresses, routes of a namespace",
		"Routes of all tables, rules, and which cached attachment each link belongs to.\n",
		OPTION_JSON },
	{ "completion", tool_completion, "bash|zsh|fish", "print a completion script for a shell",
		"In bash: source <(cnitool completion bash)\n", 0 },
	{ "help", tool_help, "[COMMAND]", "print what --help prints", NULL, 0 },
	{ 0 },
};

const struct tool_command *tool_command(const char *name)
{
	for (const struct tool_command *command = tool_commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static int run(int argc, char **argv)
{
	CLEANUP(tool_done) struct tool tool = { 0 };

	/* What completion scripts call. */
	if (argc > 1 && !strcmp(argv[1], "__complete")) {
		tool_complete(argv + 2, argc - 2);
		return EXIT_SUCCESS;
	}
	if (tool_read(&tool, argc, argv) < 0)
		return EXIT_FAILURE;
	if (!(tool.options & OPTION_HELP))
		return tool.command->run(&tool);
	tool_usage(tool.command);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int status;

	/* Inherited as ignored it would make the end of plugins unknowable. */
	signal(SIGCHLD, SIG_DFL);
	/* A line at a time: plugins and the terminal's echo write to the same file. */
	setvbuf(stderr, NULL, _IOLBF, 0);
	status = run(argc, argv);
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		return complain("cannot write the result: %s", strerror(errno ? errno : EIO));
	return status;
}
