/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/invoke.h"

#include <string.h>

#include "cni/exec.h"

/* A member by its exact name, as capabilities are compared. */
static const struct json *exact_member(const struct json *object, const char *key)
{
	const struct json *found = NULL;

	json_each (member, object)
		if (!strcmp(json_key(member), key))
			found = member;
	return found;
}

/* A capability of the plugin that the runtime has an argument for; NULL otherwise. */
static const struct json *argument_for(const struct invocation *run, const struct json *capability)
{
	const char *key = json_key(capability);

	/* Of duplicates the last one counts. */
	if (!json_is_true(capability) || exact_member(run->plugin.capabilities, key) != capability)
		return NULL;
	return exact_member(run->capability_args, key);
}

static bool has_runtime_config(const struct invocation *run)
{
	json_each (capability, run->plugin.capabilities)
		if (argument_for(run, capability))
			return true;
	return false;
}

static void put_runtime_config(const struct invocation *run, struct json_writer *w)
{
	json_open(w, "runtimeConfig", '{');
	json_each (capability, run->plugin.capabilities)
		if (argument_for(run, capability))
			json_put(w, json_key(capability), argument_for(run, capability));
	json_close(w, '}');
}

static bool is_replaced(const char *key, bool previous, bool runtime_config)
{
	return !strcmp(key, "name") || !strcmp(key, "cniVersion") ||
	       (previous && !strcmp(key, "prevResult")) ||
	       (runtime_config && !strcmp(key, "runtimeConfig"));
}

/* What is injected comes last, so that it counts whatever the plugin's object had. */
static void put_config(const struct invocation *run, const struct json *object,
	const struct json *previous, struct json_writer *w)
{
	bool runtime_config = has_runtime_config(run);

	json_open(w, NULL, '{');
	json_each (member, object) {
		const char *key = json_key(member);

		if (!is_replaced(key, previous, runtime_config))
			json_put(w, key, member);
	}
	json_put_string(w, "cniVersion", run->list->version_text);
	json_put_string(w, "name", run->list->name);
	if (runtime_config)
		put_runtime_config(run, w);
	if (previous)
		json_put(w, "prevResult", previous);
	json_close(w, '}');
}

int invoke_plugin(struct invocation *run, const struct json *object, const struct json *previous,
	char **output, size_t *length, struct cni_error *err)
{
	const char *path = text_or_empty(run->runtime->path);
	const struct exec_variable variables[] = {
		{ "CNI_COMMAND", cni_command_name(run->command) },
		{ "CNI_CONTAINERID", run->at.container_id },
		{ "CNI_NETNS", run->at.netns },
		{ "CNI_IFNAME", run->at.ifname },
		{ "CNI_ARGS", run->at.args },
		{ "CNI_PATH", path },
		{ 0 },
	};
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	char file[PATH_MAX];

	if (conflist_plugin(&run->plugin, object, err) < 0 ||
		exec_find(path, run->plugin.type, file, err) < 0)
		return -1;
	put_config(run, object, previous, &w);
	if (json_writer_end(&w) < 0)
		return cni_fail(err, CNI_INTERNAL, "write the configuration: out of memory");
	return exec_plugin(file, variables, w.text, w.length, output, length, err);
}
