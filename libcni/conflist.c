/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/conflist.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "cni/request.h"

/* ---- The directory ---- */

static bool has_extension(const char *name, const char *extension)
{
	const char *dot = strrchr(name, '.');

	return dot && !strcmp(dot, extension);
}

static bool is_list(const char *name)
{
	return has_extension(name, ".conflist");
}

static int is_configuration(const struct dirent *entry)
{
	return entry->d_type != DT_DIR &&
	       (is_list(entry->d_name) || has_extension(entry->d_name, ".conf") ||
		       has_extension(entry->d_name, ".json"));
}

static int is_plugin(const struct dirent *entry)
{
	return entry->d_type != DT_DIR && has_extension(entry->d_name, ".conf");
}

/* Lists first: the others are looked at only if no list matches. */
static int by_kind(const struct dirent **a, const struct dirent **b)
{
	int kind = is_list((*b)->d_name) - is_list((*a)->d_name);

	return kind ? kind : strcmp((*a)->d_name, (*b)->d_name);
}

struct entries {
	struct dirent **list;
	int count;
};

static void entries_done(struct entries *entries)
{
	while (entries->count > 0)
		free(entries->list[--entries->count]);
	free(entries->list);
}

/* 0, also if there is no such directory, or -errno. */
static int scan(struct entries *entries, const char *dir, int (*filter)(const struct dirent *entry))
{
	entries->count = scandir(dir, &entries->list, filter, by_kind);
	return entries->count < 0 && errno != ENOENT ? -errno : 0;
}

static int fail_to_scan(const char *dir, int rc, struct cni_error *err)
{
	return cni_fail_errno(
		err, CNI_IO_FAILURE, rc, NULL, "cannot read the network configurations in %s", dir);
}

static int scan_networks(struct entries *entries, const char *dir, struct cni_error *err)
{
	int rc = scan(entries, dir, is_configuration);

	return rc < 0 ? fail_to_scan(dir, rc, err) : 0;
}

static int not_found(
	const struct entries *entries, const char *dir, const char *name, struct cni_error *err)
{
	if (entries->count <= 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "no net configurations found in %s", dir);
	return cni_fail(
		err, CNI_INVALID_CONFIG, "no net configuration with name \"%s\" in %s", name, dir);
}

static int join(char path[PATH_MAX], const char *dir, const char *file, struct cni_error *err)
{
	if (snprintf(path, PATH_MAX, "%s/%s", dir, file) >= PATH_MAX)
		return cni_fail(err, CNI_IO_FAILURE, "error reading %s/%s: the path is too long",
			dir, file);
	return 0;
}

/* 1 with the text, 0 for a directory, or -1. */
static int read_text(const char *path, char **text, size_t *length, struct cni_error *err)
{
	int rc = file_read(path, text, length);

	if (rc == -EISDIR)
		return 0;
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "error reading %s", path);
	return 1;
}

/* ---- The plugins of a directory DIR/NAME ---- */

static int append_file(
	struct libcni_list *list, const char *what, const char *path, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *object = NULL;
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int rc = read_text(path, &text, &length, err);

	if (rc <= 0)
		return rc;
	if (json_parse(&object, path, text, length, err) < 0)
		return -1;
	return conflist_append(list, what, path, object, err);
}

/* what is the list's own file, in dir. */
static int append_directory(
	struct libcni_list *list, const char *what, const char *dir, struct cni_error *err)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	char plugins[PATH_MAX], path[PATH_MAX];
	int rc;

	/* A name that no operation accepts must not lead out of the directory. */
	if (list->only_inlined || !cni_request_is_name(list->name))
		return 0;
	if (join(plugins, dir, list->name, err) < 0)
		return -1;
	rc = scan(&entries, plugins, is_plugin);
	/* A file of that name has no plugins either. */
	if (rc < 0 && rc != -ENOTDIR)
		return fail_to_scan(plugins, rc, err);
	for (int i = 0; i < entries.count; i++)
		if (join(path, plugins, entries.list[i]->d_name, err) < 0 ||
			append_file(list, what, path, err) < 0)
			return -1;
	return 0;
}

static int complete(
	struct libcni_list *list, const char *path, const char *dir, struct cni_error *err)
{
	return append_directory(list, path, dir, err) < 0 ? -1 : conflist_check(list, path, err);
}

/* ---- Networks ---- */

/* 1 with what the file itself has, 0 for a directory, or -1. */
static int read_entry(struct libcni_list *list, const char *dir, const char *file,
	char path[PATH_MAX], struct cni_error *err)
{
	enum conflist_kind kind = is_list(file) ? CONFLIST_LIST : CONFLIST_SINGLE;
	size_t length;
	char *text;
	int rc;

	if (join(path, dir, file, err) < 0)
		return -1;
	rc = read_text(path, &text, &length, err);
	if (rc <= 0)
		return rc;
	return conflist_parse(list, path, kind, text, length, err) < 0 ? -1 : 1;
}

int conflist_load(
	struct libcni_list *list, const char *dir, const char *name, struct cni_error *err)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	char path[PATH_MAX];
	int found;

	*list = (struct libcni_list){ 0 };
	if (scan_networks(&entries, dir, err) < 0)
		return -1;
	for (int i = 0; i < entries.count; i++) {
		const char *file = entries.list[i]->d_name;

		found = read_entry(list, dir, file, path, err);
		if (found < 0)
			return -1;
		if (found && !strcmp(list->name, name))
			return complete(list, path, dir, err);
		conflist_done(list);
		*list = (struct libcni_list){ 0 };
	}
	return not_found(&entries, dir, name, err);
}

int conflist_read(struct libcni_list *list, const char *path, struct cni_error *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX], *text;
	size_t length;
	int rc = file_read(path, &text, &length);

	*list = (struct libcni_list){ 0 };
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "error reading %s", path);
	if (conflist_parse(list, path, CONFLIST_EITHER, text, length, err) < 0)
		return -1;
	/* The path could be opened, so it fits. */
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return complete(list, path, dir, err);
}

int conflist_each(const char *dir,
	int (*each)(
		void *data, const char *path, const struct libcni_list *, const struct cni_error *),
	void *data, struct cni_error *err)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	int rc = 0;

	if (scan_networks(&entries, dir, err) < 0)
		return -1;
	for (int i = 0; !rc && i < entries.count; i++) {
		CLEANUP(conflist_done) struct libcni_list list = { 0 };
		const char *file = entries.list[i]->d_name;
		struct cni_error broken = { 0 };
		char path[PATH_MAX];
		int found = read_entry(&list, dir, file, path, &broken);

		if (found > 0)
			complete(&list, path, dir, &broken);
		if (found)
			rc = each(data, path, broken.code ? NULL : &list,
				broken.code ? &broken : NULL);
	}
	return rc;
}

int conflist_find(const char *dir, const char *name, char path[PATH_MAX], struct cni_error *err)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	int rc;

	if (scan_networks(&entries, dir, err) < 0)
		return -1;
	for (int i = 0; i < entries.count; i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		CLEANUP(freep) char *text = NULL;
		const char *found;
		size_t length;

		if (join(path, dir, entries.list[i]->d_name, err) < 0 ||
			(rc = read_text(path, &text, &length, err)) < 0)
			return -1;
		if (!rc)
			continue;
		/* A runtime does not get past a broken file, so that is the one to look at. */
		if (json_parse(&tree, path, text, length, err) < 0)
			return 0;
		found = json_text(json_get(tree, "name"));
		if (found && !strcmp(found, name))
			return 0;
	}
	return not_found(&entries, dir, name, err);
}
