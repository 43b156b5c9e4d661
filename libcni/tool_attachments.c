/* SPDX-License-Identifier: Apache-2.0 */
/* attachments: what the cache has. */
#include "libcni/attached.h"

#include <string.h>

#include "libcni/table.h"

struct selection {
	struct json_writer *w;
	const char *network;
	bool (*wants)(void *data, const struct libcni_attachment *);
	void *data;
};

/* "10.1.0.2/24" of every address, in the result's own version. */
static void put_addresses(struct json_writer *w, const struct json *result)
{
	static const char *const families[] = { "ip4", "ip6" };
	const char *text;

	json_open(w, "addresses", '[');
	json_each (ip, json_get(result, "ips"))
		if ((text = json_text(json_get(ip, "address"))))
			json_put_string(w, NULL, text);
	for (size_t i = 0; i < 2; i++)
		if ((text = json_text(json_get(json_get(result, families[i]), "ip"))))
			json_put_string(w, NULL, text);
	json_close(w, ']');
}

static int put_attachment(void *data, const struct libcni_cached *cached)
{
	const struct selection *selection = data;
	const struct libcni_attachment *at = &cached->at;
	CLEANUP(json_freep) struct json *result = NULL;
	struct json_writer *w = selection->w;
	struct cni_error err;

	if ((selection->network && strcmp(selection->network, cached->network) != 0) ||
		(selection->wants && !selection->wants(selection->data, at)))
		return 0;
	if (cached->result &&
		json_parse(&result, "the result", cached->result, strlen(cached->result), &err) < 0)
		result = NULL;
	json_open(w, NULL, '{');
	json_put_string(w, "network", cached->network);
	json_put_string(w, "containerID", at->container_id);
	json_put_string(w, "ifname", at->ifname);
	json_put_string(w, "netns", at->netns ? at->netns : "");
	json_put_string(w, "args", at->args ? at->args : "");
	put_addresses(w, result);
	json_put_string(w, "file", cached->file);
	if (result)
		json_put(w, "result", result);
	json_close(w, '}');
	return 0;
}

static int put(const struct selection *selection, const struct libcni_runtime *runtime,
	struct libcni_error *err)
{
	int rc;

	json_open(selection->w, NULL, '{');
	json_open(selection->w, "attachments", '[');
	rc = libcni_attachments(runtime, put_attachment, (void *)(uintptr_t)selection, err);
	json_close(selection->w, ']');
	json_close(selection->w, '}');
	return rc;
}

int attached_read(struct json **tree, const struct libcni_runtime *runtime, const char *network,
	bool (*wants)(void *data, const struct libcni_attachment *), void *data,
	struct libcni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	struct selection selection = { .w = &w, .network = network, .wants = wants, .data = data };
	struct cni_error parse_err = { .code = CNI_INTERNAL, .msg = "out of memory" };

	if (put(&selection, runtime, err) < 0)
		return -1;
	if (!json_writer_end(&w) &&
		!json_parse(tree, "the attachments", w.text, w.length, &parse_err))
		return 0;
	*err = (struct libcni_error){ .code = parse_err.code };
	snprintf(err->msg, sizeof(err->msg), "%s", parse_err.msg);
	return -1;
}

void attached_print(const struct json *description)
{
	static const struct table_column columns[TABLE_COLUMNS + 1] = {
		{ "NETWORK", "network" },
		{ "CONTAINER", "containerID" },
		{ "IFNAME", "ifname" },
		{ "NETNS", "netns" },
		{ "ADDRESSES", "addresses" },
	};

	table_print(NULL, json_get(description, "attachments"), columns);
}

int tool_attachments(const struct tool *tool)
{
	CLEANUP(json_writer_done)
	struct json_writer w = { .indent = tool->options & OPTION_JSON ? 4 : 0 };
	const struct selection selection = { .w = &w, .network = tool->operands[0] };
	const struct libcni_runtime runtime = { 0 };
	struct libcni_error err;

	if (put(&selection, &runtime, &err) < 0)
		return tool_error(tool, &err);
	return table_show(tool, &w, attached_print);
}
