/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "libcni/tool.h"

void findings_start(struct findings *f)
{
	json_open(&f->w, NULL, '{');
	json_put_string(&f->w, "file", f->file);
	json_open(&f->w, "findings", '[');
}

static void tell(struct findings *f, bool is_error, const char *place,
	const struct json_position *where, const char *message)
{
	const char *level = is_error ? "error" : "warning";

	*(is_error ? &f->errors : &f->warnings) += 1;
	if (!f->json) {
		print_safely(stderr, f->file);
		fputc(':', stderr);
		if (where)
			fprintf(stderr, "%zu:%zu:", where->line, where->column);
		fprintf(stderr, " %s: ", level);
		print_safely(stderr, place);
		fputs(*place ? ": " : "", stderr);
		print_safely(stderr, message);
		fputc('\n', stderr);
		return;
	}
	json_open(&f->w, NULL, '{');
	json_put_string(&f->w, "level", level);
	json_put_string(&f->w, "place", place);
	if (where) {
		json_put_int(&f->w, "line", (int64_t)where->line);
		json_put_int(&f->w, "column", (int64_t)where->column);
	}
	json_put_string(&f->w, "message", message);
	json_close(&f->w, '}');
}

#define TELL(f, is_error, place, format)                                                           \
	do {                                                                                       \
		char message[1400];                                                                \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, format);                                                              \
		vsnprintf(message, sizeof(message), format, ap);                                   \
		va_end(ap);                                                                        \
		tell(f, is_error, place, NULL, message);                                           \
	} while (0)

void finding_error(struct findings *f, const char *place, const char *format, ...)
{
	TELL(f, true, place, format);
}

void finding_warning(struct findings *f, const char *place, const char *format, ...)
{
	TELL(f, false, place, format);
}

void finding_syntax(struct findings *f, const struct json_position *where)
{
	tell(f, true, "", where, where->reason);
}

int findings_end(struct findings *f)
{
	int rc = 0;

	json_close(&f->w, ']');
	json_put_bool(&f->w, "valid", !f->errors);
	json_close(&f->w, '}');
	json_end_line(&f->w);
	if (f->json) {
		rc = json_writer_end(&f->w);
		rc = rc < 0 ? rc : json_writer_print(&f->w, STDOUT_FILENO);
	} else {
		print_safely(stderr, f->file);
		fprintf(stderr, ": %s: %u error%s, %u warning%s\n",
			f->errors ? "not valid" : "valid", f->errors, f->errors == 1 ? "" : "s",
			f->warnings, f->warnings == 1 ? "" : "s");
	}
	json_writer_done(&f->w);
	return rc;
}
