/* SPDX-License-Identifier: Apache-2.0 */
/* gc: remove what belongs to no valid attachment of a network. */
#include <string.h>

#include "libcni/attached.h"
#include "libcni/conflist.h"
#include "libcni/target.h"
#include "libcni/valid.h"

static bool is_stale(void *valid, const struct libcni_attachment *at)
{
	return !valid_has(valid, at);
}

/* What the cache has of the network that is not valid. *tree is the caller's. */
static int find_stale(const struct target *target, struct valid *valid, struct json **tree,
	struct libcni_error *err)
{
	return attached_read(
		tree, &target->runtime, libcni_name(target->list), is_stale, valid, err);
}

static const struct json *rows(const struct json *tree)
{
	return json_get(tree, "attachments");
}

static const char *text_of(const struct json *row, const char *key)
{
	return json_text(json_get(row, key));
}

static bool has_row(const struct json *tree, const struct json *wanted)
{
	json_each (row, rows(tree))
		if (!strcmp(text_of(row, "file"), text_of(wanted, "file")))
			return true;
	return false;
}

/* Lines "WHAT CONTAINERID/IFNAME in NETNS" of those that are not in the second tree. */
static void tell(const char *what, const struct json *tree, const struct json *without)
{
	json_each (row, rows(tree)) {
		if (has_row(without, row))
			continue;
		fprintf(stderr, "%s ", what);
		print_safely(stderr, text_of(row, "containerID"));
		fputc('/', stderr);
		print_safely(stderr, text_of(row, "ifname"));
		fputs(" in ", stderr);
		print_safely(stderr, text_of(row, "netns"));
		fputc('\n', stderr);
	}
}

/* A yes is needed; the end of the input is none. */
static bool ask(const char *network, const struct json *stale, const struct valid *valid)
{
	char answer[16] = "";

	tell("to be removed:", stale, NULL);
	fprintf(stderr, "cnitool: remove %zu cached attachment%s of network ",
		json_count(rows(stale)), json_count(rows(stale)) == 1 ? "" : "s");
	print_safely(stderr, network);
	fprintf(stderr, ", and what its plugins hold for any other than %zu valid one%s? [y/N] ",
		valid->count, valid->count == 1 ? "" : "s");
	fflush(stderr);
	clearerr(stdin);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static void put_rows(struct json_writer *w, const char *key, const struct json *tree,
	const struct json *other, bool in_other)
{
	json_open(w, key, '[');
	json_each (row, rows(tree))
		if (has_row(other, row) == in_other)
			json_put(w, NULL, row);
	json_close(w, ']');
}

/* What was removed, and what went wrong (NULL: nothing). */
static int report(const struct tool *tool, const struct json *before, const struct json *after,
	const struct libcni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };

	if (!(tool->options & OPTION_JSON)) {
		tell("removed", before, after);
		return err ? tool_error(tool, err) : EXIT_SUCCESS;
	}
	json_open(&w, NULL, '{');
	if (err)
		tool_put_error(&w, err);
	put_rows(&w, "removed", before, after, false);
	put_rows(&w, "left", before, after, true);
	json_close(&w, '}');
	json_end_line(&w);
	if (json_writer_end(&w) < 0)
		return complain("out of memory");
	fputs(w.text, stdout);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int dry_run(const struct tool *tool, const struct json *stale)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };

	if (!(tool->options & OPTION_JSON)) {
		attached_print(stale);
		return EXIT_SUCCESS;
	}
	json_open(&w, NULL, '{');
	put_rows(&w, "stale", stale, NULL, false);
	json_close(&w, '}');
	json_end_line(&w);
	if (json_writer_end(&w) < 0)
		return complain("out of memory");
	fputs(w.text, stdout);
	return EXIT_SUCCESS;
}

static int collect(const struct tool *tool, const struct target *target, struct valid *valid)
{
	CLEANUP(json_freep) struct json *before = NULL, *after = NULL;
	struct libcni_error err, other;
	int rc;

	if (find_stale(target, valid, &before, &err) < 0)
		return tool_error(tool, &err);
	if (target->list->disable_gc) {
		complain("network %s has disableGC: nothing is removed", libcni_name(target->list));
		json_free(before);
		before = NULL;
	}
	if (tool->options & OPTION_DRY_RUN)
		return dry_run(tool, before);
	if (target->list->disable_gc)
		return report(tool, NULL, NULL, NULL);
	if (!(tool->options & OPTION_YES) && isatty(STDIN_FILENO) &&
		!ask(libcni_name(target->list), before, valid))
		return complain("nothing was removed, because that was no yes");
	rc = libcni_gc(&target->runtime, target->list, valid->items, valid->count, &err);
	if (find_stale(target, valid, &after, &other) < 0)
		return tool_error(tool, rc < 0 ? &err : &other);
	return report(tool, before, after, rc < 0 ? &err : NULL);
}

int tool_gc(const struct tool *tool)
{
	CLEANUP(target_done) struct target target;
	CLEANUP(valid_done) struct valid valid = { 0 };
	struct cni_error err;

	if (target_read(&target, tool))
		return EXIT_FAILURE;
	if (valid_add_texts(&valid, tool->valid, &err) < 0 ||
		(tool->valid_file && valid_add_file(&valid, tool->valid_file, &err) < 0))
		return tool_cni_error(tool, &err);
	return collect(tool, &target, &valid);
}
