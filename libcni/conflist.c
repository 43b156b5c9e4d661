/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/conflist.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"

static int check_capabilities(const struct json *capabilities, struct cni_error *err)
{
	json_each (capability, capabilities) {
		if (json_type(capability) != JSON_BOOL && json_type(capability) != JSON_NULL)
			return cni_fail(err, CNI_INVALID_CONFIG,
				"\"capabilities.%s\" must be a boolean, not %s",
				json_key(capability), json_type_name(capability));
	}
	return 0;
}

int conflist_plugin(
	struct conflist_plugin *plugin, const struct json *object, struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "type", json_bind_string, offsetof(struct conflist_plugin, type),
			.required = true },
		{ "name", json_bind_string, offsetof(struct conflist_plugin, name) },
		{ "capabilities", json_bind_value, offsetof(struct conflist_plugin, capabilities) },
		{ 0 },
	};

	*plugin = (struct conflist_plugin){ 0 };
	if (json_bind(object, fields, plugin, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	if (!*plugin->type)
		return cni_fail(err, CNI_INVALID_CONFIG, "\"type\" is empty");
	if (plugin->capabilities && json_type(plugin->capabilities) != JSON_OBJECT)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"capabilities\" must be an object, not %s",
			json_type_name(plugin->capabilities));
	return check_capabilities(plugin->capabilities, err);
}

static int check_plugins(const struct json *plugins, struct cni_error *err)
{
	struct conflist_plugin plugin;
	char place[32];
	int index = 0;

	if (!json_first(plugins))
		return cni_fail(err, CNI_INVALID_CONFIG, "\"plugins\" is empty");
	json_each (object, plugins) {
		snprintf(place, sizeof(place), "plugins[%d]", index++);
		if (conflist_plugin(&plugin, object, err) < 0)
			return file_fail_within(err, place);
	}
	return 0;
}

int conflist_parse(struct libcni_list *list, const char *what, char *text, size_t length,
	struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "name", json_bind_string, offsetof(struct libcni_list, name), .required = true },
		{ "cniVersion", json_bind_string, offsetof(struct libcni_list, version_text) },
		{ "plugins", json_bind_list, offsetof(struct libcni_list, plugins),
			.required = true },
		{ 0 },
	};

	*list = (struct libcni_list){
		.text = text, .length = length, .version_text = "", .version = CNI_NEWEST
	};
	if (json_parse(&list->tree, what, text, length, err) < 0)
		return -1;
	if (json_bind(list->tree, fields, list, CNI_INVALID_CONFIG, err) < 0 ||
		check_plugins(list->plugins, err) < 0)
		return file_fail_within(err, what);
	/* An unknown version stays the newest. */
	cni_version_parse(list->version_text, &list->version);
	return 0;
}

void conflist_done(struct libcni_list *list)
{
	json_free(list->tree);
	free(list->text);
}

/* ---- A configuration of one plugin ---- */

struct single {
	const char *name, *version;
};

/* The list that has object as its only plugin. */
static int wrap(struct libcni_list *list, const char *path, const struct single *single,
	const struct json *object, struct cni_error *err)
{
	struct json_writer w = { 0 };

	json_open(&w, NULL, '{');
	json_put_string(&w, "name", single->name);
	json_put_string(&w, "cniVersion", single->version);
	json_open(&w, "plugins", '[');
	json_put(&w, NULL, object);
	json_close(&w, ']');
	json_close(&w, '}');
	if (json_writer_end(&w) < 0) {
		json_writer_done(&w);
		return cni_fail(err, CNI_INTERNAL, "%s: out of memory", path);
	}
	return conflist_parse(list, path, w.text, w.length, err);
}

/* These return 1 if the file is the network looked for, 0 if it is another, -1 for an error. */
static int read_single(struct libcni_list *list, const char *path, const char *name, char *text,
	size_t length, struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "name", json_bind_string, offsetof(struct single, name) },
		{ "cniVersion", json_bind_string, offsetof(struct single, version) },
		{ 0 },
	};
	CLEANUP(freep) char *owned = text;
	CLEANUP(json_freep) struct json *tree = NULL;
	struct single single = { "", "" };
	struct conflist_plugin plugin;

	if (json_parse(&tree, path, owned, length, err) < 0)
		return -1;
	if (json_bind(tree, fields, &single, CNI_INVALID_CONFIG, err) < 0 ||
		conflist_plugin(&plugin, tree, err) < 0)
		return file_fail_within(err, path);
	if (strcmp(single.name, name) != 0)
		return 0;
	return wrap(list, path, &single, tree, err) < 0 ? -1 : 1;
}

static int read_list(struct libcni_list *list, const char *path, const char *name, char *text,
	size_t length, struct cni_error *err)
{
	if (conflist_parse(list, path, text, length, err) < 0)
		return -1;
	if (!strcmp(list->name, name))
		return 1;
	conflist_done(list);
	*list = (struct libcni_list){ 0 };
	return 0;
}

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

static int scan(struct entries *entries, const char *dir, struct cni_error *err)
{
	entries->count = scandir(dir, &entries->list, is_configuration, by_kind);
	if (entries->count < 0 && errno != ENOENT)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL,
			"cannot read the network configurations in %s", dir);
	return 0;
}

static int not_found(
	const struct entries *entries, const char *dir, const char *name, struct cni_error *err)
{
	if (entries->count <= 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "no net configurations found in %s", dir);
	return cni_fail(
		err, CNI_INVALID_CONFIG, "no net configuration with name \"%s\" in %s", name, dir);
}

/* 1 with the path and the text, 0 for a directory, or -1. */
static int open_entry(const char *dir, const char *file, char path[PATH_MAX], char **text,
	size_t *length, struct cni_error *err)
{
	int rc;

	if (snprintf(path, PATH_MAX, "%s/%s", dir, file) >= PATH_MAX)
		return cni_fail(err, CNI_IO_FAILURE, "error reading %s/%s: the path is too long",
			dir, file);
	rc = file_read(path, text, length);
	if (rc == -EISDIR)
		return 0;
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "error reading %s", path);
	return 1;
}

static int read_entry(struct libcni_list *list, const char *dir, const char *file, const char *name,
	struct cni_error *err)
{
	char path[PATH_MAX], *text;
	size_t length;
	int rc = open_entry(dir, file, path, &text, &length, err);

	if (rc <= 0)
		return rc;
	return (is_list(file) ? read_list : read_single)(list, path, name, text, length, err);
}

int conflist_load(
	struct libcni_list *list, const char *dir, const char *name, struct cni_error *err)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	int found;

	if (scan(&entries, dir, err) < 0)
		return -1;
	for (int i = 0; i < entries.count; i++)
		if ((found = read_entry(list, dir, entries.list[i]->d_name, name, err)))
			return found < 0 ? -1 : 0;
	return not_found(&entries, dir, name, err);
}

int conflist_find(const char *dir, const char *name, char path[PATH_MAX], struct cni_error *err)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	int rc;

	if (scan(&entries, dir, err) < 0)
		return -1;
	for (int i = 0; i < entries.count; i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		CLEANUP(freep) char *text = NULL;
		const char *found;
		size_t length;

		rc = open_entry(dir, entries.list[i]->d_name, path, &text, &length, err);
		if (rc < 0)
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
