/* SPDX-License-Identifier: Apache-2.0 */
/* Which attachments the cache has. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "libcni/base64.h"
#include "libcni/cache.h"

/* What a file has, in the shapes in which callers want it. */
struct record {
	struct json *tree; /* owned, as the texts are */
	char *args, *capability_args, *config, *result;
};

static void record_done(struct record *record)
{
	json_free(record->tree);
	free(record->args);
	free(record->capability_args);
	free(record->config);
	free(record->result);
}

/* [["K","V"],["K2","V2"]] as "K=V;K2=V2" */
static char *join_args(const struct json *pairs)
{
	const char *separator = "";
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	json_each (pair, pairs) {
		const struct json *key = json_first(pair), *value = key ? json_next(key) : NULL;

		if (!json_text(key) || !json_text(value))
			continue;
		fprintf(f, "%s%s=%s", separator, json_text(key), json_text(value));
		separator = ";";
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static char *print(const struct json *value)
{
	struct json_writer w = { 0 };

	json_put(&w, NULL, value);
	if (json_writer_end(&w) < 0)
		json_writer_done(&w);
	return w.text;
}

/* The texts of a record; -ENOMEM. */
static int convert(struct record *record)
{
	const struct json *capability_args = json_get(record->tree, "capabilityArgs");
	const struct json *result = json_get(record->tree, "result");
	const char *config = json_text(json_get(record->tree, "config"));

	record->args = join_args(json_get(record->tree, "cniArgs"));
	record->capability_args = capability_args ? print(capability_args) : strdup("");
	record->config = base64_decode(config ? config : "");
	if (result)
		record->result = print(result);
	return record->args && record->capability_args && record->config &&
			       (record->result || !result)
		       ? 0
		       : -ENOMEM;
}

static const char *member(const struct record *record, const char *key)
{
	const char *text = json_text(json_get(record->tree, key));

	return text ? text : "";
}

/* Copies and temporary files have other names, and are not found by ADD and DEL either. */
static bool has_its_name(const char *file, const struct libcni_cached *cached)
{
	const char *const parts[] = { cached->network, "-", cached->at.container_id, "-",
		cached->at.ifname };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t length = strlen(parts[i]);

		if (strncmp(file, parts[i], length) != 0)
			return false;
		file += length;
	}
	return !*file;
}

/* 1 with *cached filled from the record, 0 for what is no attachment, or -errno. */
static int read_record(struct record *record, struct libcni_cached *cached, const char *file)
{
	CLEANUP(freep) char *text = NULL;
	struct cni_error broken;
	size_t length;

	if (file_read(cached->file, &text, &length) < 0 ||
		json_parse(&record->tree, cached->file, text, length, &broken) < 0 ||
		strcmp(member(record, "kind"), CACHE_KIND) != 0)
		return 0;
	cached->network = member(record, "networkName");
	cached->at.container_id = member(record, "containerId");
	cached->at.netns = member(record, "netns");
	cached->at.ifname = member(record, "ifName");
	if (!has_its_name(file, cached))
		return 0;
	if (convert(record) < 0)
		return -ENOMEM;
	cached->at.args = record->args;
	cached->at.capability_args = record->capability_args;
	cached->config = record->config;
	cached->result = record->result;
	return 1;
}

static int each_file(const char *dir, const char *file,
	int (*each)(void *data, const struct libcni_cached *), void *data, struct cni_error *err)
{
	CLEANUP(record_done) struct record record = { 0 };
	struct libcni_cached cached = { 0 };
	char path[PATH_MAX];
	int rc;

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return 0;
	cached.file = path;
	rc = read_record(&record, &cached, file);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL, "read %s", path);
	return rc ? each(data, &cached) : 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int cache_each(const char *dir, int (*each)(void *data, const struct libcni_cached *), void *data,
	struct cni_error *err)
{
	struct dirent **entries;
	char results[PATH_MAX];
	int count, rc = 0;

	if (snprintf(results, sizeof(results), "%s/results", cache_dir(dir)) >=
		(int)sizeof(results))
		return cni_fail_errno(
			err, CNI_IO_FAILURE, -ENAMETOOLONG, NULL, "read the cache in %s", dir);
	count = scandir(results, &entries, NULL, by_name);
	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, -errno, NULL, "read the cache in %s", results);
	for (int i = 0; i < count; i++) {
		if (!rc)
			rc = each_file(results, entries[i]->d_name, each, data, err);
		free(entries[i]);
	}
	free(entries);
	return rc;
}
