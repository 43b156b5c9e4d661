/* SPDX-License-Identifier: Apache-2.0 */
/* version: what every plugin of a network supports. */
#include <string.h>

#include "libcni/table.h"
#include "libcni/target.h"

struct versions {
	struct json_writer w;
	const char *wanted;
	bool is_json, is_bad;
};

static void put_texts(struct json_writer *w, const char *const *texts)
{
	json_open(w, "supported", '[');
	while (*texts)
		json_put_string(w, NULL, *texts++);
	json_close(w, ']');
}

static bool has(const char *const *texts, const char *wanted)
{
	while (*texts && strcmp(*texts, wanted) != 0)
		texts++;
	return *texts;
}

static int put_plugin(void *data, const struct libcni_versions *plugin)
{
	struct versions *versions = data;
	struct json_writer *w = &versions->w;
	bool is_good = !plugin->error && has(plugin->supported, versions->wanted);

	versions->is_bad |= !is_good;
	json_open(w, NULL, '{');
	json_put_string(w, "type", plugin->type ? plugin->type : "");
	if (plugin->name)
		json_put_string(w, "name", plugin->name);
	if (plugin->file)
		json_put_string(w, "file", plugin->file);
	put_texts(w, plugin->supported);
	json_put_bool(w, "usable", is_good);
	if (plugin->error) {
		json_open(w, "error", '{');
		tool_put_error(w, plugin->error);
		json_close(w, '}');
	}
	json_close(w, '}');
	if (!versions->is_json && plugin->error)
		complain("%s", plugin->error->msg);
	else if (!versions->is_json && !is_good)
		complain("plugin %s does not support version %s of the network: change "
			 "\"cniVersion\", or install a newer plugin than %s",
			plugin->type, versions->wanted, plugin->file);
	return 0;
}

static void print(const struct json *description)
{
	static const struct table_column columns[TABLE_COLUMNS + 1] = {
		{ "PLUGIN", "type" },
		{ "NAME", "name" },
		{ "USABLE", "usable" },
		{ "VERSIONS", "supported" },
		{ "FILE", "file" },
	};

	fputs("Network ", stdout);
	print_safely(stdout, json_text(json_get(description, "name")));
	fputs(", version ", stdout);
	print_safely(stdout, json_text(json_get(description, "cniVersion")));
	putchar('\n');
	table_print(NULL, json_get(description, "plugins"), columns);
}

static void versions_done(struct versions *versions)
{
	json_writer_done(&versions->w);
}

int tool_version(const struct tool *tool)
{
	CLEANUP(versions_done)
	struct versions versions = {
		.is_json = tool->options & OPTION_JSON,
		.w.indent = tool->options & OPTION_JSON ? 4 : 0,
	};
	CLEANUP(target_done) struct target target;
	struct libcni_error err;
	int status;

	if (target_read(&target, tool))
		return EXIT_FAILURE;
	versions.wanted = libcni_version(target.list);
	if (!*versions.wanted)
		versions.wanted = "0.1.0";
	json_open(&versions.w, NULL, '{');
	json_put_string(&versions.w, "name", libcni_name(target.list));
	json_put_string(&versions.w, "cniVersion", versions.wanted);
	json_open(&versions.w, "plugins", '[');
	if (libcni_plugin_versions(&target.runtime, target.list, put_plugin, &versions, &err) < 0 &&
		!versions.is_bad)
		return tool_error(tool, &err);
	json_close(&versions.w, ']');
	json_close(&versions.w, '}');
	status = table_show(tool, &versions.w, print);
	return versions.is_bad ? EXIT_FAILURE : status;
}
