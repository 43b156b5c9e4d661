/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcni/target.h"

/* As it is, but for control characters, with the name of the stream before each line. */
static void print_stream(const char *name, const char *text, size_t length)
{
	CLEANUP(freep) char *line = NULL;
	size_t size;

	for (; length; text += size, length -= size) {
		const char *end = memchr(text, '\n', length);

		size = end ? (size_t)(end - text) + 1 : length;
		free(line);
		line = strndup(text, size - !!end);
		fprintf(stderr, "trace:   %s: ", name);
		print_safely(stderr, line ? line : "out of memory");
		fputc('\n', stderr);
	}
}

void tool_trace(void *data, const struct libcni_call *call)
{
	const struct tool *tool = data;
	const struct libcni_error *error = call->error;
	long long microseconds = call->nanoseconds / 1000;

	fprintf(stderr, "trace: %s ", call->command);
	print_safely(stderr, call->type ? call->type : "?");
	if (call->name) {
		fputs(" name=", stderr);
		print_safely(stderr, call->name);
	}
	fprintf(stderr, " file=");
	print_safely(stderr, call->file ? call->file : "none");
	fprintf(stderr, " %lld.%03lld ms ", microseconds / 1000, microseconds % 1000);
	if (error) {
		fprintf(stderr, "error %d: ", error->code);
		print_safely(stderr, error->msg);
	} else {
		fputs("ok", stderr);
	}
	fputc('\n', stderr);
	if (!tool->is_full)
		return;
	if (call->input)
		print_stream("stdin", call->input, call->input_length);
	if (call->output)
		print_stream("stdout", call->output, call->output_length);
}
