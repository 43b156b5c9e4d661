/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cni/file.h"
#include "libcni/conflist.h"

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

/* ---- The members of a list ---- */

static int check_plugins(const struct json *plugins, struct cni_error *err)
{
	struct conflist_plugin plugin;
	char place[32];
	int index = 0;

	if (plugins && !json_first(plugins))
		return cni_fail(err, CNI_INVALID_CONFIG, "\"plugins\" is empty");
	json_each (object, plugins) {
		snprintf(place, sizeof(place), "plugins[%d]", index++);
		if (conflist_plugin(&plugin, object, err) < 0)
			return file_fail_within(err, place);
	}
	return 0;
}

/* A boolean that may be a string: "True". The field is a bool. */
static int bind_lax_bool(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);
	bool is_true = json_is_true(value) || (text && !strcasecmp(text, "true"));

	if (!is_true && json_type(value) != JSON_BOOL && (!text || strcasecmp(text, "false") != 0))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"%s\" must be true or false, or one of them as a string", rule->key);
	*(bool *)field = is_true;
	return 0;
}

/*
 * The highest of cniVersion and cniVersions that we know. If there is none, cniVersion stays: an
 * unknown one is passed on as the newest, for the plugins to refuse.
 */
static int choose_version(
	struct libcni_list *list, const struct json *versions, struct cni_error *err)
{
	enum cni_version version;
	bool known = !cni_version_parse(list->version_text, &list->version);

	json_each (entry, versions) {
		const char *text = json_text(entry);

		if (!text || !*text || text[strspn(text, "0123456789.")])
			return cni_fail(err, CNI_INVALID_CONFIG,
				"\"cniVersions\" must be a list of strings such as \"%s\"",
				cni_version_name(CNI_NEWEST));
		if (cni_version_parse(text, &version) < 0 || (known && version <= list->version))
			continue;
		known = true;
		list->version = version;
		list->version_text = text;
	}
	if (!known)
		list->version = CNI_NEWEST;
	return 0;
}

/* All that tree has. */
static int bind_list(struct libcni_list *list, struct cni_error *err)
{
	struct members {
		struct libcni_list list;
		const struct json *versions;
	} members = { .list = *list };
	static const struct json_field fields[] = {
		{ "name", json_bind_string, offsetof(struct members, list.name), .required = true },
		{ "cniVersion", json_bind_string, offsetof(struct members, list.version_text) },
		{ "cniVersions", json_bind_list, offsetof(struct members, versions) },
		{ "disableCheck", bind_lax_bool, offsetof(struct members, list.disable_check) },
		{ "disableGC", bind_lax_bool, offsetof(struct members, list.disable_gc) },
		{ "loadOnlyInlinedPlugins", bind_lax_bool,
			offsetof(struct members, list.only_inlined) },
		{ "plugins", json_bind_list, offsetof(struct members, list.plugins) },
		{ 0 },
	};

	if (json_bind(list->tree, fields, &members, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	*list = members.list;
	if (list->only_inlined && !list->plugins)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"plugins\" is missing, and \"loadOnlyInlinedPlugins\" is true");
	if (choose_version(list, members.versions, err) < 0)
		return -1;
	return check_plugins(list->plugins, err);
}

static int parse_list(struct libcni_list *list, const char *what, struct cni_error *err)
{
	if (json_parse(&list->tree, what, list->text, list->length, err) < 0)
		return -1;
	return bind_list(list, err) < 0 ? file_fail_within(err, what) : 0;
}

void conflist_done(struct libcni_list *list)
{
	json_free(list->tree);
	free(list->text);
}

int conflist_check(const struct libcni_list *list, const char *what, struct cni_error *err)
{
	if (list->plugins)
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"%s: no plugin configs found: \"plugins\" is missing", what);
}

/* ---- Making lists ---- */

/* Replace what the list has by what was written. */
static int rewrite(
	struct libcni_list *list, const char *what, struct json_writer *w, struct cni_error *err)
{
	conflist_done(list);
	*list = (struct libcni_list){ .text = w->text, .length = w->length, .version_text = "" };
	if (json_writer_end(w) < 0)
		return cni_fail(err, CNI_INTERNAL, "%s: out of memory", what);
	return parse_list(list, what, err);
}

/* Make a list of the one plugin that it is. It stays the only one, as in the reference. */
static int wrap(struct libcni_list *list, const char *what, struct cni_error *err)
{
	struct single {
		const char *name, *version;
	} single = { "", "" };
	static const struct json_field fields[] = {
		{ "name", json_bind_string, offsetof(struct single, name) },
		{ "cniVersion", json_bind_string, offsetof(struct single, version) },
		{ 0 },
	};
	struct json_writer w = { 0 };
	struct conflist_plugin plugin;

	if (json_bind(list->tree, fields, &single, CNI_INVALID_CONFIG, err) < 0 ||
		conflist_plugin(&plugin, list->tree, err) < 0)
		return file_fail_within(err, what);
	json_open(&w, NULL, '{');
	json_put_string(&w, "name", single.name);
	json_put_string(&w, "cniVersion", single.version);
	json_open(&w, "plugins", '[');
	json_put(&w, NULL, list->tree);
	json_close(&w, ']');
	json_close(&w, '}');
	if (rewrite(list, what, &w, err) < 0)
		return -1;
	list->only_inlined = true;
	return 0;
}

int conflist_parse(struct libcni_list *list, const char *what, enum conflist_kind kind, char *text,
	size_t length, struct cni_error *err)
{
	*list = (struct libcni_list){ .text = text, .length = length, .version_text = "" };
	if (kind == CONFLIST_LIST)
		return parse_list(list, what, err);
	if (json_parse(&list->tree, what, text, length, err) < 0)
		return -1;
	if (kind == CONFLIST_SINGLE ||
		(json_get(list->tree, "type") && !json_get(list->tree, "plugins")))
		return wrap(list, what, err);
	return bind_list(list, err) < 0 ? file_fail_within(err, what) : 0;
}

int conflist_append(struct libcni_list *list, const char *what, const char *origin,
	const struct json *object, struct cni_error *err)
{
	struct json_writer w = { 0 };
	struct conflist_plugin plugin;

	if (conflist_plugin(&plugin, object, err) < 0)
		return file_fail_within(err, origin);
	json_open(&w, NULL, '{');
	json_each (member, list->tree)
		if (strcasecmp(json_key(member), "plugins") != 0)
			json_put(&w, json_key(member), member);
	json_open(&w, "plugins", '[');
	json_each (inlined, list->plugins)
		json_put(&w, NULL, inlined);
	json_put(&w, NULL, object);
	json_close(&w, ']');
	json_close(&w, '}');
	return rewrite(list, what, &w, err);
}
