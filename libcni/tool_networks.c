/* SPDX-License-Identifier: Apache-2.0 */
/* networks: what NETCONFPATH has. */
#include <string.h>

#include "libcni/table.h"

struct networks {
	struct json_writer w;
	char **names; /* those that were there already; owned */
	size_t count;
	bool is_json, has_errors;
};

static void networks_done(struct networks *networks)
{
	while (networks->count)
		free(networks->names[--networks->count]);
	free(networks->names);
	json_writer_done(&networks->w);
}

static bool is_first(struct networks *networks, const char *name)
{
	char **grown;

	for (size_t i = 0; i < networks->count; i++)
		if (!strcmp(networks->names[i], name))
			return false;
	grown = reallocarray(networks->names, networks->count + 1, sizeof(*grown));
	if (!grown)
		return true;
	networks->names = grown;
	networks->names[networks->count] = strdup(name);
	networks->count += networks->names[networks->count] != NULL;
	return true;
}

static void put_error(struct networks *networks, const char *path, const struct libcni_error *error)
{
	networks->has_errors = true;
	if (!networks->is_json) {
		complain("%s", error->msg);
		return;
	}
	json_open(&networks->w, NULL, '{');
	json_put_string(&networks->w, "file", path);
	tool_put_error(&networks->w, error);
	json_close(&networks->w, '}');
}

static int put_network(
	void *data, const char *name, const char *path, const struct libcni_error *error)
{
	struct networks *networks = data;
	struct libcni_list *list = NULL;
	struct libcni_error err;
	const char *version;

	if (!error && libcni_read(&list, path, &err) < 0)
		error = &err;
	if (error) {
		put_error(networks, path, error);
		return 0;
	}
	version = libcni_version(list);
	json_open(&networks->w, NULL, '{');
	json_put_string(&networks->w, "name", name);
	json_put_string(&networks->w, "cniVersion", *version ? version : "0.1.0");
	json_put_string(&networks->w, "file", path);
	json_put_bool(&networks->w, "used", is_first(networks, name));
	json_close(&networks->w, '}');
	libcni_free(list);
	return 0;
}

static void print(const struct json *description)
{
	static const struct table_column columns[TABLE_COLUMNS + 1] = {
		{ "NETWORK", "name" },
		{ "VERSION", "cniVersion" },
		{ "USED", "used" },
		{ "FILE", "file" },
	};

	table_print(NULL, json_get(description, "networks"), columns);
}

int tool_networks(const struct tool *tool)
{
	const char *dir = environment("NETCONFPATH", DEFAULT_DIR);
	CLEANUP(networks_done)
	struct networks networks = {
		.is_json = tool->options & OPTION_JSON,
		.w.indent = tool->options & OPTION_JSON ? 4 : 0,
	};
	struct libcni_error err;
	int status;

	json_open(&networks.w, NULL, '{');
	json_put_string(&networks.w, "directory", dir);
	json_open(&networks.w, "networks", '[');
	if (libcni_networks(dir, put_network, &networks, &err) < 0)
		return tool_error(tool, &err);
	json_close(&networks.w, ']');
	json_close(&networks.w, '}');
	status = table_show(tool, &networks.w, print);
	return networks.has_errors ? EXIT_FAILURE : status;
}
