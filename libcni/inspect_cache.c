/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcni/attached.h"
#include "libcni/inspect.h"

static bool is_inside(void *data, const struct libcni_attachment *at)
{
	CLEANUP(closep) int netns = netns_open(at->netns);
	const struct netns_id *id = data;
	struct netns_id other;

	return netns >= 0 && !netns_identify(netns, &other) && other.device == id->device &&
	       other.inode == id->inode;
}

int inspect_attachments(struct json **tree, const struct netns_id *id, struct cni_error *err)
{
	const struct libcni_runtime runtime = { 0 };
	struct netns_id inside = *id;
	struct libcni_error failure;

	if (attached_read(tree, &runtime, NULL, is_inside, &inside, &failure) < 0)
		return cni_fail(err, failure.code, "%s", failure.msg);
	return 0;
}

static bool is_text(const struct json *object, const char *key, const char *wanted)
{
	const char *text = json_text(json_get(object, key));

	return text && !strcmp(text, wanted);
}

static bool has_link(const struct json *row, const char *link)
{
	const char *netns = json_text(json_get(row, "netns"));

	if (is_text(row, "ifname", link))
		return true;
	json_each (interface, json_get(json_get(row, "result"), "interfaces"))
		if (is_text(interface, "name", link) && is_text(interface, "sandbox", netns))
			return true;
	return false;
}

void inspect_put_attachments(const struct json *tree, const char *link, struct json_writer *w)
{
	static const char *const keys[] = { "network", "containerID", "ifname" };

	json_open(w, "attachments", '[');
	json_each (row, json_get(tree, "attachments")) {
		if (!has_link(row, link))
			continue;
		json_open(w, NULL, '{');
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			json_put(w, keys[i], json_get(row, keys[i]));
		json_close(w, '}');
	}
	json_close(w, ']');
}
