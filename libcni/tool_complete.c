/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion. The script of each shell asks `cnitool __complete WORD...`, so that one place knows
 * what may follow. A '=' may be a word of its own, as bash splits them.
 */
#include <glob.h>
#include <string.h>

#include "cni/request.h"
#include "libcni/tool.h"

static void candidate(const char *typed, const char *text, const char *summary)
{
	if (!strncmp(text, typed, strlen(typed)))
		printf("%s\t%s\n", text, summary);
}

/* Only names that mean nothing to a shell. */
static int network(
	void *typed, const char *name, const char *path, const struct libcni_error *error)
{
	if (!error && cni_request_is_name(name) && !strpbrk(path, "\n\t"))
		candidate(typed, name, path);
	return 0;
}

static void networks(char *typed)
{
	struct libcni_error err;

	(void)libcni_networks(environment("NETCONFPATH", DEFAULT_DIR), network, typed, &err);
}

static void namespaces(const char *typed)
{
	static const char *const patterns[] = { "/run/netns/*", "/var/run/netns/*" };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		glob_t found;

		if (glob(patterns[i], 0, NULL, &found))
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++)
			if (cni_request_is_name(strrchr(found.gl_pathv[k], '/') + 1))
				candidate(typed, found.gl_pathv[k], "network namespace");
		globfree(&found);
		/* The one is a link to the other, as a rule: offer both only where that is typed.
		 */
		if (strncmp(typed, "/v", 2) != 0)
			break;
	}
}

static void commands(const char *typed)
{
	for (const struct tool_command *command = tool_commands; command->name; command++)
		candidate(typed, command->name, command->summary);
}

static void options(const char *typed, unsigned int wanted)
{
	char text[64];

	for (const struct tool_option *option = tool_options; option->name; option++) {
		if (!(option->bit & wanted))
			continue;
		snprintf(text, sizeof(text), "--%s", option->name);
		candidate(typed, text, option->summary);
		if (option->argument && *option->argument == '[') {
			strncat(text, option->argument + 1, strcspn(option->argument + 1, "]"));
			candidate(typed, text, option->summary);
		}
		snprintf(text, sizeof(text), "-%c", option->letter);
		if (option->letter)
			candidate(typed, text, option->summary);
	}
}

/* One word of a synopsis, "[FILE|NETWORK]"; for files the shell completes by itself. */
static void operand(char *typed, const char *word, size_t length)
{
	char text[64], *rest = text, *part;

	snprintf(text, sizeof(text), "%.*s", (int)length, word);
	while ((part = strsep(&rest, "[|]"))) {
		if (!strcmp(part, "NETWORK"))
			networks(typed);
		else if (!strcmp(part, "NETNS"))
			namespaces(typed);
		else if (!strcmp(part, "COMMAND"))
			commands(typed);
		else if (*part >= 'a')
			candidate(typed, part, "shell");
	}
}

static const struct tool_option *option_of(const char *word)
{
	for (const struct tool_option *option = tool_options; option->name; option++)
		if (*word == '-' &&
			((word[1] == '-' && !strcmp(word + 2, option->name)) ||
				(option->letter && word[1] == option->letter && !word[2])))
			return option;
	return NULL;
}

/* The words before the one that is typed, taken apart. */
struct before {
	const struct tool_command *command;
	bool is_unknown;		    /* a command that there is not */
	size_t operands;		    /* how many */
	const struct tool_option *argument; /* an option whose argument comes next; NULL: none */
};

static void read_before(struct before *before, char **words, int count)
{
	for (int i = 0; i < count; i++) {
		const struct tool_option *option = option_of(words[i]);
		bool is_split = i + 1 <= count && !strcmp(words[i + 1], "=");

		if (option && option->argument && (*option->argument != '[' || is_split)) {
			i += is_split && i + 1 < count;
			before->argument = i + 1 < count ? NULL : option;
			i++;
		} else if (*words[i] == '-') {
			continue;
		} else if (!before->command) {
			before->command = tool_command(words[i]);
			before->is_unknown |= !before->command;
		} else {
			before->operands++;
		}
	}
}

void tool_complete(char **words, int count)
{
	char *typed = count ? words[count - 1] : NULL;
	struct before before = { 0 };
	const char *word;

	if (!typed)
		return;
	read_before(&before, words, count - 1);
	if (!strcmp(typed, "="))
		typed = strchr(typed, '\0');
	if (before.argument) {
		if (before.argument->bit == OPTION_TRACE)
			candidate(typed, "full", before.argument->summary);
	} else if (*typed == '-') {
		options(typed, OPTION_HELP | (before.command ? before.command->options : 0));
	} else if (!before.command && !before.is_unknown) {
		commands(typed);
	} else if (before.command) {
		word = before.command->synopsis;
		for (size_t i = 0; i < before.operands; i++) {
			word += strcspn(word, " ");
			word += strspn(word, " ");
		}
		operand(typed, word, strcspn(word, " "));
	}
}
