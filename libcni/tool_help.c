/* SPDX-License-Identifier: Apache-2.0 */
/* Help, made from the tables of commands and options. */
#include <ctype.h>
#include <string.h>

#include "libcni/tool.h"

static const char environment_and_status[] =
	"\n"
	"Environment:\n"
	"  NETCONFPATH  directory of network configurations (default " DEFAULT_DIR ")\n"
	"  CNI_PATH     directories of plugins, separated by ':'\n"
	"  CNI_ARGS     arguments for plugins: K=V;K2=V2\n"
	"  CAP_ARGS     arguments by capability: a JSON object such as {\"mac\": \"...\"}\n"
	"  CNI_IFNAME   as --ifname\n"
	"\n"
	"Exit status:\n"
	"  0  done; validate: nothing found; version: all plugins can be used\n"
	"  1  failed, with the reason on stderr, or on stdout with --json\n"
	"  2  validate: warnings only\n";

static void print_options(unsigned int wanted)
{
	char text[64];

	puts("\nOptions:");
	for (const struct tool_option *option = tool_options; option->name; option++) {
		const char *argument = option->argument ? option->argument : "";

		if (!(option->bit & wanted))
			continue;
		snprintf(text, sizeof(text), "%s--%s%s%s", option->letter ? "" : "    ",
			option->name, *argument && *argument != '[' ? " " : "", argument);
		if (option->letter)
			printf("  -%c, ", option->letter);
		else
			printf("  ");
		printf("%-*s  %s\n", option->letter ? 26 : 30, text, option->summary);
	}
}

static void print_command(const struct tool_command *command)
{
	printf("Usage: cnitool %s%s%s [OPTION]...\n\n", command->name,
		*command->synopsis ? " " : "", command->synopsis);
	printf("%c%s%s\n", toupper((unsigned char)*command->summary), command->summary + 1,
		strchr(command->summary, '?') ? "" : ".");
	if (command->help)
		printf("\n%s", command->help);
	print_options(command->options | OPTION_HELP);
	puts("\nEnvironment and exit status: see 'cnitool --help'.");
}

void tool_usage(const struct tool_command *command)
{
	unsigned int options = OPTION_HELP;

	if (command) {
		print_command(command);
		return;
	}
	puts("Usage: cnitool COMMAND [OPERAND]... [OPTION]...\n"
	     "\n"
	     "Attach network namespaces to networks, as a container runtime does, and look after\n"
	     "what is attached.\n"
	     "\n"
	     "Commands:");
	for (command = tool_commands; command->name; command++) {
		char text[64];

		snprintf(text, sizeof(text), "%s %s", command->name, command->synopsis);
		printf("  %-26s  %s\n", text, command->summary);
		options |= command->options;
	}
	puts("\n"
	     "NETWORK is the name of a network configuration, NETNS the path of a network\n"
	     "namespace such as /run/netns/NAME. The container ID is derived from NETNS.\n"
	     "'cnitool COMMAND --help' tells which options a command has, and more.");
	print_options(options);
	fputs(environment_and_status, stdout);
}

int tool_help(const struct tool *tool)
{
	const struct tool_command *command = NULL;

	if (*tool->operands && !(command = tool_command(*tool->operands)))
		return complain("unknown command \"%s\": try 'cnitool --help'", *tool->operands);
	tool_usage(command);
	return EXIT_SUCCESS;
}
