/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/table.h"

#include <string.h>

/* The values of an object or a list, with separators; of an object within, with '/'. */
static void join(FILE *f, const struct json *value, const char *separator)
{
	const char *text = json_text(value) ? json_text(value) : json_number(value);
	bool is_first = true;

	if (text) {
		print_safely(f, text);
	} else if (json_type(value) == JSON_BOOL) {
		fputs(json_is_true(value) ? "yes" : "no", f);
	} else {
		json_each (item, value) {
			fputs(is_first ? "" : separator, f);
			join(f, item, "/");
			is_first = false;
		}
	}
}

/* The caller's. */
static char *cell(const struct json *row, const struct table_column *column)
{
	const struct json *value = json_get(row, column->key);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return strdup("?");
	join(f, value || !column->other ? value : json_get(row, column->other), ",");
	if (!ftell(f))
		fputc('-', f);
	if (fclose(f)) {
		free(text);
		return strdup("?");
	}
	return text;
}

static void print_line(
	const struct json *row, const struct table_column *columns, const int widths[TABLE_COLUMNS])
{
	for (int i = 0; columns[i].title; i++) {
		CLEANUP(freep) char *text = row ? cell(row, &columns[i]) : strdup(columns[i].title);

		if (columns[i + 1].title)
			printf("%-*s  ", widths[i], text ? text : "?");
		else
			printf("%s\n", text ? text : "?");
	}
}

void table_print(const char *title, const struct json *rows,
	const struct table_column columns[TABLE_COLUMNS + 1])
{
	int widths[TABLE_COLUMNS] = { 0 };

	if (title)
		printf("%s\n", title);
	for (int i = 0; columns[i].title; i++) {
		widths[i] = (int)strlen(columns[i].title);
		json_each (row, rows) {
			CLEANUP(freep) char *text = cell(row, &columns[i]);

			if (text && (int)strlen(text) > widths[i])
				widths[i] = (int)strlen(text);
		}
	}
	print_line(NULL, columns, widths);
	json_each (row, rows)
		print_line(row, columns, widths);
}

int table_show(const struct tool *tool, struct json_writer *w, void (*print)(const struct json *))
{
	CLEANUP(json_freep) struct json *tree = NULL;
	struct cni_error err;

	json_end_line(w);
	if (json_writer_end(w) < 0)
		return tool_fail(tool, CNI_INTERNAL, "out of memory");
	if (tool->options & OPTION_JSON) {
		fputs(w->text, stdout);
		return EXIT_SUCCESS;
	}
	if (json_parse(&tree, "the description", w->text, w->length, &err) < 0)
		return tool_cni_error(tool, &err);
	print(tree);
	return EXIT_SUCCESS;
}
