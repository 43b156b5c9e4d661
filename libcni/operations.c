/* SPDX-License-Identifier: Apache-2.0 */
/* ADD, CHECK and DEL of one attachment. */
#include <string.h>
#include <strings.h>

#include "cni/file.h"
#include "cni/result.h"
#include "libcni/cache.h"
#include "libcni/invoke.h"
#include "libcni/report.h"

/* ---- One operation ---- */

static void invocation_done(struct invocation *run)
{
	json_free(run->capability_args);
}

static int check_names(const struct invocation *run, struct cni_error *err)
{
	if (invoke_check_name(run->list, err) < 0)
		return -1;
	if (!*run->at.ifname)
		return cni_fail(err, CNI_BAD_ENVIRONMENT, "interface name is empty");
	if (cni_request_check_container_id(run->at.container_id, err) < 0)
		return -1;
	return cni_request_check_ifname(run->at.ifname, err);
}

/* Check what the caller gave, at the door; path gets the cache's file. */
static int begin(struct invocation *run, const struct libcni_runtime *runtime,
	const struct libcni_attachment *at, char path[PATH_MAX], struct cni_error *err)
{
	static const char what[] = "the object of capability arguments (CAP_ARGS)";
	const char *capability_args = text_or_empty(at->capability_args);

	run->runtime = runtime;
	run->at = (struct libcni_attachment){
		.container_id = text_or_empty(at->container_id),
		.netns = text_or_empty(at->netns),
		.ifname = text_or_empty(at->ifname),
		.args = text_or_empty(at->args),
	};
	if (check_names(run, err) < 0)
		return -1;
	if (*capability_args && json_parse(&run->capability_args, what, capability_args,
					strlen(capability_args), err) < 0)
		return -1;
	if (json_type(run->capability_args) != JSON_OBJECT &&
		json_type(run->capability_args) != JSON_NULL)
		return cni_fail(err, CNI_DECODING_FAILURE, "%s is %s", what,
			json_type_name(run->capability_args));
	return cache_path(path, runtime->cache_dir, run->list->name, &run->at, err);
}

/* ---- ADD ---- */

/* The same tree with a version where it has none (or is null, which counts as {}). */
static int set_version(struct json **tree, const struct libcni_list *list, struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	const char *version =
		*list->version_text ? list->version_text : cni_version_name(CNI_0_1_0);
	CLEANUP(json_freep) struct json *old = *tree;

	*tree = NULL;
	json_open(&w, NULL, '{');
	json_put_string(&w, "cniVersion", version);
	json_each (member, old)
		if (strcasecmp(json_key(member), "cniVersion") != 0)
			json_put(&w, json_key(member), member);
	json_close(&w, '}');
	if (json_writer_end(&w) < 0)
		return cni_fail(err, CNI_INTERNAL, "read its result: out of memory");
	return json_parse(tree, "its result", w.text, w.length, err);
}

static int parse_result(struct json **tree, const struct libcni_list *list, const char *output,
	size_t length, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	const char *version;

	if (json_parse(tree, "its result", output, length, err) < 0 ||
		cni_result_read(&result, *tree, list->version, err) < 0)
		return -1;
	version = json_text(json_get(*tree, "cniVersion"));
	return version && *version ? 0 : set_version(tree, list, err);
}

/* *result is freed by the caller in any case. */
static int add_all(struct invocation *run, struct json **result, struct cni_error *err)
{
	json_each (object, run->list->plugins) {
		CLEANUP(freep) char *output = NULL;
		CLEANUP(json_freep) struct json *previous = *result;
		size_t length;

		*result = NULL;
		if (invoke_plugin(run, object, previous, &output, &length, err) < 0 ||
			parse_result(result, run->list, output, length, err) < 0)
			return -1;
	}
	run->plugin.type = NULL;
	return 0;
}

static int add(struct invocation *run, const struct libcni_runtime *runtime,
	const struct libcni_attachment *at, char **text, struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };
	CLEANUP(json_freep) struct json *result = NULL;
	char path[PATH_MAX];

	if (begin(run, runtime, at, path, err) < 0 || cache_prepare(path, err) < 0 ||
		add_all(run, &result, err) < 0 ||
		cache_write(path, run->list, &run->at, run->capability_args, result, err) < 0)
		return -1;
	json_put(&w, NULL, result);
	json_end_line(&w);
	if (json_writer_end(&w) < 0)
		return cni_fail(err, CNI_INTERNAL, "write the result: out of memory");
	*text = w.text;
	w.text = NULL;
	return 0;
}

int libcni_add(const struct libcni_runtime *runtime, const struct libcni_list *list,
	const struct libcni_attachment *at, char **result, struct libcni_error *out)
{
	CLEANUP(invocation_done) struct invocation run = { .command = CNI_ADD, .list = list };
	struct cni_error err = { 0 };

	return add(&run, runtime, at, result, &err) < 0 ? report(out, &err, &run) : 0;
}

/* ---- CHECK and DEL ---- */

static int check(struct invocation *run, const struct libcni_runtime *runtime,
	const struct libcni_attachment *at, struct cni_error *err)
{
	CLEANUP(cache_entry_done) struct cache_entry cached = { 0 };
	char path[PATH_MAX];

	if (begin(run, runtime, at, path, err) < 0)
		return -1;
	if (run->list->version < CNI_0_4_0)
		return cni_fail(err, CNI_INCOMPATIBLE_VERSION,
			"configuration version \"%s\" does not support the CHECK command",
			run->list->version_text);
	if (run->list->disable_check)
		return 0;
	if (cache_read(path, run->list, &run->at, &cached, err) < 0)
		return -1;
	json_each (object, run->list->plugins)
		if (invoke_silent(run, object, cached.result, err) < 0)
			return -1;
	return 0;
}

int libcni_check(const struct libcni_runtime *runtime, const struct libcni_list *list,
	const struct libcni_attachment *at, struct libcni_error *out)
{
	CLEANUP(invocation_done) struct invocation run = { .command = CNI_CHECK, .list = list };
	struct cni_error err = { 0 };

	return check(&run, runtime, at, &err) < 0 ? report(out, &err, &run) : 0;
}

static int del_all(struct invocation *run, const struct json *previous, struct cni_error *err)
{
	size_t count = json_count(run->list->plugins), i = 0;
	CLEANUP(freep) const struct json **objects = malloc(count * sizeof(struct json *));

	if (!objects)
		return cni_fail(err, CNI_INTERNAL, "delete: out of memory");
	json_each (object, run->list->plugins)
		objects[i++] = object;
	while (i--)
		if (invoke_silent(run, objects[i], previous, err) < 0)
			return -1;
	return 0;
}

static int del(struct invocation *run, const struct libcni_runtime *runtime,
	const struct libcni_attachment *at, struct cni_error *err)
{
	CLEANUP(cache_entry_done) struct cache_entry cached = { 0 };
	struct cni_error broken;
	char path[PATH_MAX];

	if (begin(run, runtime, at, path, err) < 0)
		return -1;
	/* A cache that a crash left broken must not keep the attachment from being removed. */
	if (cache_read(path, run->list, &run->at, &cached, &broken) < 0 ||
		run->list->version < CNI_0_4_0)
		cached.result = NULL;
	if (del_all(run, cached.result, err) < 0)
		return -1;
	if (!cached.foreign)
		file_remove(path);
	return 0;
}

int libcni_del(const struct libcni_runtime *runtime, const struct libcni_list *list,
	const struct libcni_attachment *at, struct libcni_error *out)
{
	CLEANUP(invocation_done) struct invocation run = { .command = CNI_DEL, .list = list };
	struct cni_error err = { 0 };

	return del(&run, runtime, at, &err) < 0 ? report(out, &err, &run) : 0;
}
