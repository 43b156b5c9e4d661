/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/cache.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "cni/result.h"
#include "libcni/base64.h"

#define CACHE_DIR "/var/lib/cni"

const char *cache_dir(const char *dir)
{
	return dir ? dir : CACHE_DIR;
}

int cache_path(char path[PATH_MAX], const char *dir, const char *network,
	const struct libcni_attachment *at, struct cni_error *err)
{
	dir = cache_dir(dir);
	/* One character is left for the temporary file's '.'. */
	if (snprintf(path, PATH_MAX, "%s/results/%s-%s-%s", dir, network, at->container_id,
		    at->ifname) >= PATH_MAX ||
		strlen(strrchr(path, '/') + 1) >= NAME_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"the name of the cache file %s/results/%s-%s-%s is too long: "
			"it has %d characters at most",
			dir, network, at->container_id, at->ifname, NAME_MAX - 1);
	return 0;
}

int cache_prepare(const char *path, struct cni_error *err)
{
	char dir[PATH_MAX];
	int rc;

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	rc = file_make_directory(dir);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, rc, NULL, "cannot create the cache directory %s", dir);
	if (access(dir, W_OK | X_OK) < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL,
			"cannot write results to the cache directory %s", dir);
	return 0;
}

/* "K=V;K2=V2" as [["K","V"],["K2","V2"]] */
static int put_args(struct json_writer *w, const char *args)
{
	CLEANUP(freep) char *copy = strdup(args);
	char *rest = copy, *pair, *value;

	if (!copy)
		return -ENOMEM;
	json_open(w, "cniArgs", '[');
	while ((pair = strsep(&rest, ";"))) {
		value = strchr(pair, '=');
		if (value)
			*value++ = '\0';
		json_open(w, NULL, '[');
		json_put_string(w, NULL, pair);
		json_put_string(w, NULL, value ? value : "");
		json_close(w, ']');
	}
	json_close(w, ']');
	return 0;
}

int cache_write(const char *path, const struct libcni_list *list,
	const struct libcni_attachment *at, const struct json *capability_args,
	const struct json *result, struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	CLEANUP(freep) char *config = base64_encode(list->text, list->length);
	int rc = config ? 0 : -ENOMEM;

	json_open(&w, NULL, '{');
	json_put_string(&w, "kind", CACHE_KIND);
	json_put_string(&w, "containerId", at->container_id);
	json_put_string(&w, "config", config ? config : "");
	json_put_string(&w, "ifName", at->ifname);
	json_put_string(&w, "networkName", list->name);
	if (*at->netns)
		json_put_string(&w, "netns", at->netns);
	if (!rc && *at->args)
		rc = put_args(&w, at->args);
	if (json_first(capability_args))
		json_put(&w, "capabilityArgs", capability_args);
	json_put(&w, "result", result);
	json_close(&w, '}');
	if (!rc)
		rc = json_writer_end(&w);
	if (!rc)
		rc = file_replace(path, w.text, w.length);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"failed to set network \"%s\" cached result: cannot write %s", list->name,
			path);
	return 0;
}

static bool is_text(const struct json *object, const char *key, const char *text)
{
	const char *value = json_text(json_get(object, key));

	return value && !strcmp(value, text);
}

static bool is_foreign(
	const struct json *tree, const struct libcni_list *list, const struct libcni_attachment *at)
{
	return !is_text(tree, "networkName", list->name) ||
	       !is_text(tree, "containerId", at->container_id) ||
	       !is_text(tree, "ifName", at->ifname);
}

/* Plugins get prevResult in the version of their configuration, which may have changed since. */
static int convert(const char *path, const struct json *result, enum cni_version version,
	struct cache_entry *entry, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result read = { 0 };
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	enum cni_version cached = CNI_0_1_0;

	if (cni_result_read(&read, result, CNI_0_1_0, err) < 0)
		return file_fail_within(err, path);
	cni_version_parse(json_text(json_get(result, "cniVersion")), &cached);
	if (cached == version) {
		entry->result = result;
		return 0;
	}
	if (cni_result_write(&read, version, &w, err) < 0 ||
		json_parse(&entry->converted, "the converted result", w.text, w.length, err) < 0)
		return file_fail_within(err, path);
	entry->result = entry->converted;
	return 0;
}

int cache_read(const char *path, const struct libcni_list *list, const struct libcni_attachment *at,
	struct cache_entry *entry, struct cni_error *err)
{
	CLEANUP(freep) char *text = NULL;
	const struct json *result;
	size_t length;
	int rc = file_read(path, &text, &length);

	*entry = (struct cache_entry){ 0 };
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, rc, NULL, "cannot read the cached result %s", path);
	if (json_parse(&entry->tree, path, text, length, err) < 0)
		return -1;
	if (json_type(entry->tree) != JSON_OBJECT)
		return cni_fail(err, CNI_DECODING_FAILURE,
			"the cached result %s is %s, not an object", path,
			json_type_name(entry->tree));
	result = entry->tree;
	if (is_text(entry->tree, "kind", CACHE_KIND)) {
		entry->foreign = is_foreign(entry->tree, list, at);
		result = entry->foreign ? NULL : json_get(entry->tree, "result");
	}
	return result ? convert(path, result, list->version, entry, err) : 0;
}

void cache_entry_done(struct cache_entry *entry)
{
	json_free(entry->tree);
	json_free(entry->converted);
}
