/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/tool.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

int complain(const char *format, ...)
{
	va_list ap;

	fputs("cnitool: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_FAILURE;
}

const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

struct tool_operand tool_operand(int argc, char **argv, const char *usage, const char *what)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct tool_operand operand = { .status = EXIT_FAILURE };
	int option;

	while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			operand.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			operand.status = EXIT_SUCCESS;
			return operand;
		default:
			fprintf(stderr, "cnitool: try 'cnitool %s --help'\n", argv[0]);
			return operand;
		}
	}
	if (argc - optind == 1)
		operand.text = argv[optind];
	else
		complain("%s needs %s and nothing else: try 'cnitool %s --help'", argv[0], what,
			argv[0]);
	return operand;
}
