/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "libcni/inspect.h"

static bool is_namespace(const char *path, const struct netns_id *id)
{
	CLEANUP(closep) int netns = path ? netns_open(path) : -1;
	struct netns_id other;

	return netns >= 0 && !netns_identify(netns, &other) && other.device == id->device &&
	       other.inode == id->inode;
}

static struct json *read_one(const char *dir, const char *name)
{
	CLEANUP(freep) char *text = NULL;
	struct json *tree = NULL;
	struct cni_error err;
	char path[PATH_MAX];
	size_t length;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
		file_read(path, &text, &length) < 0 ||
		json_parse(&tree, path, text, length, &err) < 0)
		return NULL;
	return tree;
}

static void keep(struct attachments *found, struct json *tree)
{
	struct json **grown = reallocarray(found->trees, found->count + 1, sizeof(struct json *));

	if (grown) {
		found->trees = grown;
		found->trees[found->count++] = tree;
	} else {
		json_free(tree);
	}
}

void attachments_read(struct attachments *found, const char *dir, const struct netns_id *id)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		struct json *tree = read_one(dir, entries[i]->d_name);

		if (is_namespace(json_text(json_get(tree, "netns")), id))
			keep(found, tree);
		else
			json_free(tree);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void attachments_done(struct attachments *found)
{
	while (found->count > 0)
		json_free(found->trees[--found->count]);
	free(found->trees);
}

static bool is_named(const struct json *object, const char *key, const char *name)
{
	const char *text = json_text(json_get(object, key));

	return text && !strcmp(text, name);
}

static bool has_link(const struct json *tree, const char *link)
{
	const char *netns = json_text(json_get(tree, "netns"));

	if (is_named(tree, "ifName", link))
		return true;
	json_each (interface, json_get(json_get(tree, "result"), "interfaces"))
		if (is_named(interface, "name", link) && is_named(interface, "sandbox", netns))
			return true;
	return false;
}

void attachments_put(const struct attachments *found, const char *link, struct json_writer *w)
{
	static const char *const keys[] = { "networkName", "containerId", "ifName" };

	json_open(w, "attachments", '[');
	for (size_t i = 0; i < found->count; i++) {
		if (!has_link(found->trees[i], link))
			continue;
		json_open(w, NULL, '{');
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			const char *text = json_text(json_get(found->trees[i], keys[k]));

			json_put_string(w, keys[k], text ? text : "");
		}
		json_close(w, '}');
	}
	json_close(w, ']');
}
