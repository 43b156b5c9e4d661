/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/tool.h"

#include <ctype.h>
#include <stdarg.h>

#include "cni/json.h"

const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

void print_safely(FILE *f, const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			fprintf(f, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, f);
}

int complain(const char *format, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	fputs("cnitool: ", stderr);
	print_safely(stderr, text ? text : "out of memory");
	fputc('\n', stderr);
	return EXIT_FAILURE;
}

void tool_put_error(struct json_writer *w, const struct libcni_error *err)
{
	json_put_int(w, "code", err->code);
	json_put_string(w, "msg", err->msg);
	if (*err->details)
		json_put_string(w, "details", err->details);
}

int tool_error(const struct tool *tool, const struct libcni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };

	if (!(tool->options & OPTION_JSON))
		return complain("%s", err->msg);
	json_open(&w, NULL, '{');
	tool_put_error(&w, err);
	json_close(&w, '}');
	json_end_line(&w);
	if (json_writer_end(&w) < 0)
		return complain("%s", err->msg);
	fputs(w.text, stdout);
	return EXIT_FAILURE;
}

int tool_cni_error(const struct tool *tool, const struct cni_error *err)
{
	struct libcni_error error = { .code = err->code };

	snprintf(error.msg, sizeof(error.msg), "%s", err->msg);
	snprintf(error.details, sizeof(error.details), "%s", err->details);
	return tool_error(tool, &error);
}

int tool_fail(const struct tool *tool, int code, const char *format, ...)
{
	struct libcni_error error = { .code = code };
	va_list ap;

	va_start(ap, format);
	vsnprintf(error.msg, sizeof(error.msg), format, ap);
	va_end(ap);
	return tool_error(tool, &error);
}

int tool_ok(const struct tool *tool)
{
	if (tool->options & OPTION_JSON)
		puts("{}");
	return EXIT_SUCCESS;
}
