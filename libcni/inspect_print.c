/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "libcni/inspect.h"

#define COLUMNS_MAX 10
#define CELL	    512

struct column {
	const char *title, *key, *other; /* other: the key to show where key is absent */
};

/* The values of an object or a list, with separators; of an object within, with '/'. */
static void join(char cell[CELL], const struct json *value, const char *separator)
{
	size_t used = strlen(cell);
	const char *text = json_text(value) ? json_text(value) : json_number(value);
	bool is_first = true;

	if (text) {
		snprintf(cell + used, CELL - used, "%s", text);
	} else if (json_type(value) == JSON_BOOL) {
		snprintf(cell + used, CELL - used, "%s", json_is_true(value) ? "yes" : "no");
	} else {
		json_each (item, value) {
			used = strlen(cell);
			snprintf(cell + used, CELL - used, "%s", is_first ? "" : separator);
			join(cell, item, "/");
			is_first = false;
		}
	}
}

static void fill(char cell[CELL], const struct json *row, const struct column *column)
{
	const struct json *value = json_get(row, column->key);

	*cell = '\0';
	if (!value && column->other)
		value = json_get(row, column->other);
	join(cell, value, ",");
	if (!*cell)
		strcpy(cell, "-");
}

static void print_line(
	const struct json *row, const struct column *columns, const int widths[COLUMNS_MAX])
{
	char cell[CELL];

	for (int i = 0; columns[i].title; i++) {
		if (row)
			fill(cell, row, &columns[i]);
		else
			snprintf(cell, sizeof(cell), "%s", columns[i].title);
		if (columns[i + 1].title)
			printf("%-*s  ", widths[i], cell);
		else
			printf("%s\n", cell);
	}
}

static void print_table(const char *title, const struct json *rows, const struct column *columns)
{
	int widths[COLUMNS_MAX] = { 0 };
	char cell[CELL];

	printf("%s\n", title);
	for (int i = 0; columns[i].title; i++) {
		widths[i] = (int)strlen(columns[i].title);
		json_each (row, rows) {
			fill(cell, row, &columns[i]);
			if ((int)strlen(cell) > widths[i])
				widths[i] = (int)strlen(cell);
		}
	}
	print_line(NULL, columns, widths);
	json_each (row, rows)
		print_line(row, columns, widths);
}

void inspect_print(const struct json *description)
{
	static const struct column links[COLUMNS_MAX + 1] = {
		{ "INDEX", "index" },
		{ "LINK", "name" },
		{ "KIND", "kind" },
		{ "PARENT", "parent" },
		{ "MODE", "mode" },
		{ "MTU", "mtu" },
		{ "MAC/GUID", "mac", "guid" },
		{ "UP", "up" },
		{ "STATE", "state" },
		{ "ATTACHMENT", "attachments" },
	};
	static const struct column addresses[COLUMNS_MAX + 1] = {
		{ "LINK", "link" },
		{ "ADDRESS", "address" },
		{ "SCOPE", "scope" },
		{ "FLAGS", "flags" },
	};
	static const struct column routes[COLUMNS_MAX + 1] = {
		{ "TABLE", "table" },
		{ "TYPE", "type" },
		{ "DESTINATION", "dst" },
		{ "VIA", "via" },
		{ "SOURCE", "source" },
		{ "PROTOCOL", "protocol" },
		{ "SCOPE", "scope" },
		{ "PRIORITY", "priority" },
	};
	static const struct column rules[COLUMNS_MAX + 1] = {
		{ "PRIORITY", "priority" },
		{ "FAMILY", "family" },
		{ "FROM", "from" },
		{ "TO", "to" },
		{ "IIF", "iif" },
		{ "OIF", "oif" },
		{ "MARK", "mark" },
		{ "ACTION", "action" },
		{ "TABLE", "table" },
	};

	print_table("Links", json_get(description, "links"), links);
	print_table("\nAddresses", json_get(description, "addresses"), addresses);
	print_table("\nRoutes", json_get(description, "routes"), routes);
	print_table("\nRules", json_get(description, "rules"), rules);
}
