/* SPDX-License-Identifier: Apache-2.0 */
/* A description, which a command makes as JSON, printed as it is or as tables for people. */
#ifndef LIBCNI_TABLE_H
#define LIBCNI_TABLE_H

#include "cni/json.h"
#include "libcni/tool.h"

#define TABLE_COLUMNS 10

struct table_column {
	const char *title, *key;
	const char *other; /* the key to show where key is absent */
};

/* Rows are flat objects, the columns end with a title of NULL. title NULL: none above. */
void table_print(const char *title, const struct json *rows,
	const struct table_column columns[TABLE_COLUMNS + 1]);

/*
 * Print what the writer has: with --json as it is, else parsed by print(). The exit status; what
 * fails has been told.
 */
int table_show(const struct tool *, struct json_writer *, void (*print)(const struct json *));

#endif
