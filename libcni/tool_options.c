/* SPDX-License-Identifier: Apache-2.0 */
/* Options and operands, in any order. */
#include <getopt.h>
#include <string.h>

#include "libcni/tool.h"

const struct tool_option tool_options[] = {
	{ OPTION_IFNAME, "ifname", 'i', "IFNAME",
		"the interface in the namespace (default: CNI_IFNAME, else eth0)" },
	{ OPTION_VALID, "valid", '\0', "CONTAINERID/IFNAME",
		"an attachment to keep; may be given again" },
	{ OPTION_VALID_FILE, "valid-file", '\0', "FILE",
		"attachments to keep, one a line, or a JSON array; -: stdin" },
	{ OPTION_DRY_RUN, "dry-run", '\0', NULL, "show what would be removed, and remove nothing" },
	{ OPTION_YES, "yes", 'y', NULL, "do not ask" },
	{ OPTION_TRACE, "trace", '\0', "[=full]",
		"tell of each plugin how it ended, and when; full: stdin and stdout, too" },
	{ OPTION_TIMEOUT, "timeout", '\0', "SECONDS",
		"for each plugin, then it is killed; 0, the default: no bound" },
	{ OPTION_JSON, "json", '\0', NULL, "one JSON object on stdout, of errors, too" },
	{ OPTION_HELP, "help", 'h', NULL, "this text" },
	{ 0 },
};

#define OPTIONS (sizeof(tool_options) / sizeof(*tool_options))

/* getopt_long() gives this and the index, or the letter. Operands come as 1. */
#define LONG 256

static void make_options(struct option longs[OPTIONS], char letters[2 * OPTIONS + 2])
{
	char *end = letters;

	/* Operands in their order, also where POSIXLY_CORRECT is set. */
	*end++ = '-';
	for (size_t i = 0; tool_options[i].name; i++) {
		const struct tool_option *option = &tool_options[i];
		bool is_optional = option->argument && *option->argument == '[';

		longs[i] = (struct option){ option->name,
			is_optional	   ? optional_argument
			: option->argument ? required_argument
					   : no_argument,
			NULL, LONG + (int)i };
		if (option->letter)
			*end++ = option->letter;
		if (option->letter && option->argument)
			*end++ = ':';
	}
	*end = '\0';
}

/* Milliseconds, rounded up. */
static bool read_seconds(const char *text, unsigned int *milliseconds)
{
	double value;
	char *end;

	if (!*text || strspn(text, "0123456789.") != strlen(text) || !strcmp(text, "."))
		return false;
	value = strtod(text, &end) * 1000;
	if (*end || value > UINT_MAX - 1)
		return false;
	*milliseconds = (unsigned int)value;
	if (*milliseconds < value)
		++*milliseconds;
	return true;
}

static void append(char **list, char *text)
{
	while (*list)
		list++;
	*list = text;
}

static bool store(struct tool *tool, const struct tool_option *option, char *argument)
{
	tool->options |= option->bit;
	switch (option->bit) {
	case OPTION_IFNAME:
		tool->ifname = argument;
		break;
	case OPTION_VALID:
		append(tool->valid, argument);
		break;
	case OPTION_VALID_FILE:
		tool->valid_file = argument;
		break;
	case OPTION_TRACE:
		tool->is_full = argument;
		if (argument && strcmp(argument, "full") != 0) {
			complain("--trace takes nothing or =full, not \"%s\"", argument);
			return false;
		}
		break;
	case OPTION_TIMEOUT:
		if (!read_seconds(argument, &tool->timeout)) {
			complain("--timeout \"%s\" must be a number of seconds such as 2.5",
				argument);
			return false;
		}
		break;
	}
	return true;
}

static const struct tool_option *find_option(int code)
{
	if (code >= LONG)
		return &tool_options[code - LONG];
	for (const struct tool_option *option = tool_options; option->name; option++)
		if (option->letter == code)
			return option;
	return NULL;
}

static bool read_options(struct tool *tool, int argc, char **argv)
{
	static char name[] = "cnitool";
	char letters[2 * OPTIONS + 2];
	struct option longs[OPTIONS] = { 0 };
	int code;

	make_options(longs, letters);
	argv[0] = name; /* for the messages of getopt_long() */
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct tool_option *option = find_option(code);

		if (code == 1)
			append(tool->operands, optarg);
		else if (!option || !store(tool, option, optarg))
			return false;
	}
	while (optind < argc)
		append(tool->operands, argv[optind++]);
	return true;
}

/* Take the command off the operands. */
static bool take_command(struct tool *tool)
{
	if (!*tool->operands && tool->options & OPTION_HELP)
		return true;
	if (!*tool->operands) {
		complain("a command is missing: try 'cnitool --help'");
		return false;
	}
	tool->command = tool_command(*tool->operands);
	if (!tool->command) {
		complain("unknown command \"%s\": try 'cnitool --help'", *tool->operands);
		return false;
	}
	for (char **operand = tool->operands; *operand; operand++)
		operand[0] = operand[1];
	return true;
}

/* After what is wrong with an option was said. */
static void hint(const struct tool *tool)
{
	const struct tool_command *command = NULL;

	if (*tool->operands)
		command = tool_command(*tool->operands);
	complain("try 'cnitool %s%s--help'", command ? command->name : "", command ? " " : "");
}

static bool check_operands(const struct tool *tool)
{
	const struct tool_command *command = tool->command;
	size_t count = 0, least = 0, most = 0;

	while (tool->operands[count])
		count++;
	for (const char *word = command->synopsis; *word; word += strspn(word, " ")) {
		least += *word != '[';
		most++;
		word += strcspn(word, " ");
	}
	if (count >= least && (count <= most || command->as_in_go))
		return true;
	if (most)
		complain("%s needs %s%s: try 'cnitool %s --help'", command->name, command->synopsis,
			count > most ? " and nothing else" : "", command->name);
	else
		complain("%s has no operands: try 'cnitool %s --help'", command->name,
			command->name);
	return false;
}

static bool check_options(const struct tool *tool)
{
	const struct tool_command *command = tool->command;

	for (const struct tool_option *option = tool_options; option->name; option++)
		if (tool->options & option->bit & ~command->options) {
			complain("%s has no option --%s: try 'cnitool %s --help'", command->name,
				option->name, command->name);
			return false;
		}
	return true;
}

int tool_read(struct tool *tool, int argc, char **argv)
{
	size_t size = (size_t)argc + 2;

	tool->ifname = environment("CNI_IFNAME", "eth0");
	tool->operands = calloc(size, sizeof(*tool->operands));
	tool->valid = calloc(size, sizeof(*tool->valid));
	if (!tool->operands || !tool->valid) {
		complain("out of memory");
		return -1;
	}
	if (!read_options(tool, argc, argv)) {
		hint(tool);
		return -1;
	}
	if (!take_command(tool))
		return -1;
	if (tool->options & OPTION_HELP)
		return 0;
	return check_options(tool) && check_operands(tool) ? 0 : -1;
}

void tool_done(struct tool *tool)
{
	free(tool->operands);
	free(tool->valid);
}
