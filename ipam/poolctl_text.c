/* SPDX-License-Identifier: Apache-2.0 */
/* How poolctl speaks: tables, bars, progress, questions. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "ipam/poolctl.h"

int poolctl_complain(const char *format, ...)
{
	va_list ap;

	fputs("poolctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return POOLCTL_FAILED;
}

void poolctl_disarm(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

void table_put(struct table *table, const char *format, ...)
{
	char **grown = table->cells;
	va_list ap;
	int length;

	if (table->n_cells == table->capacity) {
		table->capacity = table->capacity ? 2 * table->capacity : 64;
		grown = reallocarray(table->cells, table->capacity, sizeof(*grown));
	}
	if (!grown || table->failed) {
		table->failed = true;
		return;
	}
	table->cells = grown;
	va_start(ap, format);
	length = vasprintf(&grown[table->n_cells], format, ap);
	va_end(ap);
	if (length < 0)
		table->failed = true;
	else
		poolctl_disarm(grown[table->n_cells++]);
}

static const char *title_of(const struct table *table, size_t column)
{
	const char *title = table->titles[column];

	return title + (*title == '>');
}

static void print_cell(const struct table *table, size_t column, const char *text, int width)
{
	bool last = column + 1 == table->n_columns;

	if (*table->titles[column] == '>')
		printf("%*s%s", width, text, last ? "\n" : "  ");
	else if (last)
		printf("%s\n", text);
	else
		printf("%-*s  ", width, text);
}

static void print_rows(const struct table *table, const int *widths)
{
	for (size_t i = 0; i < table->n_columns; i++)
		print_cell(table, i, title_of(table, i), widths[i]);
	for (size_t i = 0; i < table->n_cells; i++)
		print_cell(
			table, i % table->n_columns, table->cells[i], widths[i % table->n_columns]);
}

static int end_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		return poolctl_complain("cannot write the output: %s", strerror(errno));
	return POOLCTL_OK;
}

int table_print(struct table *table)
{
	CLEANUP(freep) int *widths = NULL;

	/* There is one at least. */
	for (table->n_columns = 1; table->titles[table->n_columns];)
		table->n_columns++;
	widths = calloc(table->n_columns, sizeof(*widths));
	for (size_t i = 0; widths && i < table->n_columns; i++)
		widths[i] = (int)strlen(title_of(table, i));
	for (size_t i = 0; widths && i < table->n_cells; i++)
		if ((int)strlen(table->cells[i]) > widths[i % table->n_columns])
			widths[i % table->n_columns] = (int)strlen(table->cells[i]);
	if (widths && !table->failed)
		print_rows(table, widths);
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	return widths && !table->failed ? end_output() : poolctl_complain("out of memory");
}

int poolctl_print_json(struct json_writer *w)
{
	int rc;

	json_end_line(w);
	rc = json_writer_end(w);
	if (!rc)
		rc = json_writer_print(w, STDOUT_FILENO);
	json_writer_done(w);
	return rc ? poolctl_complain("cannot write the output: %s", strerror(-rc)) : POOLCTL_OK;
}

const char *poolctl_bar(double full, char out[BAR_TEXT])
{
	int marks = (int)(full * BAR_WIDTH + 0.5);

	if (full < 0)
		return strcpy(out, "?");
	/* The ends are exact: one lease shows, and so does one free address. */
	if (full > 0 && !marks)
		marks = 1;
	if (full < 1 && marks >= BAR_WIDTH)
		marks = BAR_WIDTH - 1;
	for (int i = 0; i < BAR_WIDTH; i++)
		out[i] = i < marks ? '#' : '.';
	out[BAR_WIDTH] = '\0';
	return out;
}

const char *poolctl_age(int64_t when, char out[AGE_TEXT])
{
	static const struct {
		char unit, smaller;
		int64_t seconds, rest;
	} units[] = { { 'd', 'h', 86400, 3600 }, { 'h', 'm', 3600, 60 }, { 'm', 's', 60, 1 } };
	int64_t age = time(NULL) - when;

	if (!when)
		return strcpy(out, "-");
	if (age < 0)
		age = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (age < units[i].seconds)
			continue;
		snprintf(out, AGE_TEXT, "%" PRId64 "%c%" PRId64 "%c", age / units[i].seconds,
			units[i].unit, age % units[i].seconds / units[i].rest, units[i].smaller);
		return out;
	}
	snprintf(out, AGE_TEXT, "%" PRId64 "s", age);
	return out;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void progress_step(struct progress *progress)
{
	int64_t now;

	/* A look at the clock is dearer than most steps. */
	if (++progress->done % 256 || !isatty(STDERR_FILENO))
		return;
	now = now_ms();
	if (!progress->next)
		progress->next = now + 500;
	if (now < progress->next)
		return;
	progress->next = now + 100;
	progress->shown = true;
	fprintf(stderr, "\r%s: %" PRIu64, progress->what, progress->done);
	if (progress->total)
		fprintf(stderr, " of %" PRIu64 " (%" PRIu64 "%%)", progress->total,
			progress->done * 100 / progress->total);
	fputs("\033[K", stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

bool poolctl_confirm(const struct poolctl *tool, const char *format, ...)
{
	bool on_terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	CLEANUP(freep) char *what = NULL;
	char answer[16] = "";
	va_list ap;
	int length;

	va_start(ap, format);
	length = vasprintf(&what, format, ap);
	va_end(ap);
	if (length < 0) {
		what = NULL;
		return false;
	}
	fprintf(stderr, "This will %s.\n", what);
	if (tool->dry_run) {
		fputs("--dry-run: nothing was changed.\n", stderr);
		return false;
	}
	if (tool->yes)
		return true;
	if (!on_terminal) {
		poolctl_complain("nothing was changed: standard input is no terminal to ask; --yes "
				 "does it");
		return false;
	}
	fputs("Go on? [y/N] ", stderr);
	if (fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y'))
		return true;
	fputs("Nothing was changed.\n", stderr);
	return false;
}
