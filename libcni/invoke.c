/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/invoke.h"

#include <string.h>
#include <strings.h>

#include "cni/exec.h"
#include "libcni/report.h"

int invoke_check_name(const struct libcni_list *list, struct cni_error *err)
{
	if (cni_request_is_name(list->name))
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"invalid characters found in network name \"%s\": it must be letters, digits, '_', "
		"'.' and '-', the first a letter or digit",
		list->name);
}

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

/* By both names in use; containernetworking/cni#1101. */
static const char *const attachment_keys[] = { "cni.dev/valid-attachments", "cni.dev/attachments" };
enum { ATTACHMENT_KEYS = sizeof(attachment_keys) / sizeof(*attachment_keys) };

/* An empty list is a list: none is valid. */
static void put_attachments(const struct invocation *run, const char *key, struct json_writer *w)
{
	json_open(w, key, '[');
	for (size_t i = 0; i < run->n_valid; i++) {
		json_open(w, NULL, '{');
		json_put_string(w, "containerID", text_or_empty(run->valid[i].container_id));
		json_put_string(w, "ifname", text_or_empty(run->valid[i].ifname));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static bool is_replaced(
	const struct invocation *run, const char *key, bool previous, bool runtime_config)
{
	for (int i = 0; run->command == CNI_GC && i < ATTACHMENT_KEYS; i++)
		if (!strcasecmp(key, attachment_keys[i]))
			return true;
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

		if (!is_replaced(run, key, previous, runtime_config))
			json_put(w, key, member);
	}
	json_put_string(w, "cniVersion", run->list->version_text);
	json_put_string(w, "name", run->list->name);
	if (runtime_config)
		put_runtime_config(run, w);
	if (previous)
		json_put(w, "prevResult", previous);
	for (int i = 0; run->command == CNI_GC && i < ATTACHMENT_KEYS; i++)
		put_attachments(run, attachment_keys[i], w);
	json_close(w, '}');
}

/* A plugin is asked for its versions as itself, whatever list it is in. */
static void put_input(const struct invocation *run, const struct json *object,
	const struct json *previous, struct json_writer *w)
{
	if (run->command != CNI_VERSION) {
		put_config(run, object, previous, w);
		return;
	}
	json_open(w, NULL, '{');
	json_put_string(w, "cniVersion", cni_version_name(CNI_NEWEST));
	json_close(w, '}');
}

static int execute(const struct invocation *run, const struct json_writer *input, char **output,
	size_t *length, struct cni_error *err)
{
	const struct exec_variable variables[] = {
		{ "CNI_COMMAND", cni_command_name(run->command) },
		{ "CNI_CONTAINERID", text_or_empty(run->at.container_id) },
		{ "CNI_NETNS", text_or_empty(run->at.netns) },
		{ "CNI_IFNAME", text_or_empty(run->at.ifname) },
		{ "CNI_ARGS", text_or_empty(run->at.args) },
		{ "CNI_PATH", text_or_empty(run->runtime->path) },
		{ 0 },
	};

	return exec_plugin(run->file, variables, input->text, input->length, run->runtime->timeout,
		output, length, err);
}

/* err NULL: it succeeded. */
static void trace(
	const struct invocation *run, struct libcni_call call, const struct cni_error *err)
{
	struct libcni_error error;

	if (!run->runtime->trace)
		return;
	call.command = cni_command_name(run->command);
	call.type = run->plugin.type;
	call.name = run->plugin.name;
	call.file = *run->file ? run->file : NULL;
	if (err) {
		report(&error, err, run);
		call.error = &error;
	}
	run->runtime->trace(run->runtime->trace_data, &call);
}

int invoke_plugin(struct invocation *run, const struct json *object, const struct json *previous,
	char **output, size_t *length, struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	struct libcni_call call = { 0 };
	int64_t start;
	int rc;

	*run->file = '\0';
	if (conflist_plugin(&run->plugin, object, err) < 0)
		return -1;
	if (exec_find(text_or_empty(run->runtime->path), run->plugin.type, run->file, err) < 0) {
		*run->file = '\0';
		trace(run, call, err);
		return -1;
	}
	put_input(run, object, previous, &w);
	if (json_writer_end(&w) < 0)
		return cni_fail(err, CNI_INTERNAL, "write the configuration: out of memory");
	start = exec_clock();
	rc = execute(run, &w, output, length, err);
	call.nanoseconds = exec_clock() - start;
	call.input = w.text;
	call.input_length = w.length;
	if (!rc) {
		call.output = *output;
		call.output_length = *length;
	}
	trace(run, call, rc < 0 ? err : NULL);
	return rc;
}

int invoke_silent(struct invocation *run, const struct json *object, const struct json *previous,
	struct cni_error *err)
{
	CLEANUP(freep) char *output = NULL;
	size_t length;

	return invoke_plugin(run, object, previous, &output, &length, err);
}
