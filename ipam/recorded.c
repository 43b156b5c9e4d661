/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/recorded.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cni/file.h"
#include "ipam/store_impl.h"

#define FORMAT 1

/* ---- Has it changed? ---- */

static bool is_own(const struct range_set *set)
{
	return set->n_ranges && strncmp(set->ranges[0].path, "runtimeConfig", 13) != 0;
}

static uint64_t mix(uint64_t hash, u128 number)
{
	return index_mix(index_mix(hash, (uint64_t)(number >> 64)), (uint64_t)number);
}

static uint64_t hash_range(uint64_t hash, const struct range *range)
{
	hash = mix(mix(hash, range->usable.first), range->usable.last);
	hash = mix(mix(hash, ip_number(&range->subnet)), range->subnet.prefix);
	hash = mix(hash, range->gateway.family ? ip_number(&range->gateway) : 0);
	for (size_t i = 0; i < range->n_excluded; i++)
		hash = mix(mix(hash, range->excluded[i].first), range->excluded[i].last);
	return hash;
}

/* 0: there is nothing to record. */
static uint64_t hash_ranges(const struct pool_config *config)
{
	uint64_t hash = (uint64_t)config->store.reuse_delay_ms, own = 0;

	for (size_t i = 0; i < config->sets.n_sets; i++) {
		const struct range_set *set = &config->sets.sets[i];

		own += is_own(set);
		for (size_t k = 0; is_own(set) && k < set->n_ranges; k++)
			hash = hash_range(index_mix(hash, own), &set->ranges[k]);
	}
	return own ? hash | 1 : 0;
}

/* The place of the network in the index: its own, a free one, or the one that is due. */
static struct index_ranges *slot_of(struct index_header *header, uint64_t network)
{
	struct index_ranges *slot = NULL;

	for (size_t i = 0; i < INDEX_RANGES_MAX; i++) {
		if (header->ranges[i].network == network)
			return &header->ranges[i];
		if (!slot && !header->ranges[i].network)
			slot = &header->ranges[i];
	}
	return slot ? slot : &header->ranges[header->ranges_next++ % INDEX_RANGES_MAX];
}

/* ---- One network ---- */

/* One configuration in the native schema; name is that of the network. */
static int add(struct recorded *recorded, const struct json *config, const char *name,
	struct cni_error *err)
{
	struct cni_request req = {
		.config = (struct json *)(uintptr_t)config,
		.name = name,
		.netns = -1,
	};
	struct recorded_network network = { 0 }, *grown;
	struct store_options options;

	if (config_store_native(&req, &options, err) < 0)
		return -1;
	network.reuse_delay_ms = options.reuse_delay_ms;
	if (config_ranges(&req, &network.sets, err) < 0) {
		range_sets_done(&network.sets);
		return -1;
	}
	grown = reallocarray(recorded->networks, recorded->n_networks + 1, sizeof(*grown));
	network.name = grown ? strdup(name) : NULL;
	if (grown)
		recorded->networks = grown;
	if (!network.name) {
		range_sets_done(&network.sets);
		return cni_fail(err, CNI_INTERNAL, "read the ranges: out of memory");
	}
	recorded->networks[recorded->n_networks++] = network;
	return 0;
}

void recorded_done(struct recorded *recorded)
{
	for (size_t i = 0; i < recorded->n_networks; i++) {
		free(recorded->networks[i].name);
		range_sets_done(&recorded->networks[i].sets);
	}
	free(recorded->networks);
	*recorded = (struct recorded){ 0 };
}

/* What cannot be read is not written again. */
static bool is_readable(const struct json *item, const char *name)
{
	CLEANUP(recorded_done) struct recorded recorded = { 0 };
	struct cni_error ignored = { 0 };

	return !add(&recorded, item, name, &ignored);
}

/* ---- Writing ---- */

static void put_span(struct json_writer *w, struct span span)
{
	struct ip first = ip_from_number(span.first, 0), last = ip_from_number(span.last, 0);
	char from[IP_TEXT], to[IP_TEXT];

	if (span.first == span.last)
		json_put_string(w, NULL, ip_print(&first, from));
	else
		json_put_format(w, NULL, "%s-%s", ip_print(&first, from), ip_print(&last, to));
}

static void put_range(struct json_writer *w, const struct range *range)
{
	struct ip first = ip_from_number(range->usable.first, 0);
	struct ip last = ip_from_number(range->usable.last, 0);
	char text[IP_TEXT];

	json_open(w, NULL, '{');
	json_put_string(w, "subnet", ip_print_cidr(&range->subnet, text));
	json_put_string(w, "rangeStart", ip_print(&first, text));
	json_put_string(w, "rangeEnd", ip_print(&last, text));
	json_open(w, "exclude", '[');
	for (size_t i = 0; i < range->n_excluded; i++)
		put_span(w, range->excluded[i]);
	json_close(w, ']');
	json_close(w, '}');
}

static void put_network(struct json_writer *w, const char *name, const struct pool_config *config)
{
	json_open(w, NULL, '{');
	json_put_string(w, "name", name);
	json_open(w, "ipam", '{');
	json_put_format(w, "reuseDelay", "%jdms", (intmax_t)config->store.reuse_delay_ms);
	json_open(w, "ranges", '[');
	for (size_t i = 0; i < config->sets.n_sets; i++) {
		const struct range_set *set = &config->sets.sets[i];

		if (!is_own(set))
			continue;
		json_open(w, NULL, '[');
		for (size_t k = 0; k < set->n_ranges; k++)
			put_range(w, &set->ranges[k]);
		json_close(w, ']');
	}
	json_close(w, ']');
	json_close(w, '}');
	json_close(w, '}');
}

/* The file as it is, NULL if it is none of ours: it is made anew then, unless it is *newer. */
static struct json *read_tree(struct store *store, bool *newer, struct cni_error *err)
{
	CLEANUP(freep) char *text = NULL;
	struct json *tree = NULL;
	const char *path = store_path(store, "ranges");
	size_t length;
	int64_t format = 0;
	int rc = file_read(path, &text, &length);

	*newer = false;
	if (rc == -ENOENT)
		return NULL;
	if (rc < 0) {
		cni_error_set_errno(err, CNI_IO_FAILURE, rc, NULL, "read %s", path);
		return NULL;
	}
	if (json_parse(&tree, path, text, length, err) < 0)
		return NULL;
	json_integer(json_get(tree, "format"), 1, INT64_MAX, &format);
	if (format == FORMAT)
		return tree;
	json_free(tree);
	*newer = format > FORMAT;
	if (*newer)
		cni_error_set(err, CNI_IO_FAILURE,
			"%s has format %" PRId64 ", this program knows formats up to %d", path,
			format, FORMAT);
	else
		cni_error_set(err, CNI_IO_FAILURE, "%s names no format", path);
	return NULL;
}

static int write_file(struct store *store, const char *network, const struct pool_config *config)
{
	struct cni_error ignored = { 0 };
	bool newer;
	CLEANUP(json_freep) struct json *tree = read_tree(store, &newer, &ignored);
	struct json_writer w = { 0 };
	int rc;

	if (newer)
		return -EPROTO;
	json_open(&w, NULL, '{');
	json_put_int(&w, "format", FORMAT);
	json_open(&w, "networks", '[');
	json_each (item, json_get(tree, "networks")) {
		const char *name = json_text(json_get(item, "name"));

		if (name && strcmp(name, network) != 0 && is_readable(item, name))
			json_put(&w, NULL, item);
	}
	put_network(&w, network, config);
	json_close(&w, ']');
	json_close(&w, '}');
	json_end_line(&w);
	rc = json_writer_end(&w);
	if (!rc)
		rc = file_replace(store_path(store, "ranges"), w.text, w.length);
	json_writer_done(&w);
	return rc;
}

void recorded_update(struct store *store, const char *network, const struct pool_config *config)
{
	uint64_t hash = hash_ranges(config), key = index_hash(network, "");
	struct index_header *header = store->index.header;
	struct index_ranges *slot;

	if (!hash || store->read_only)
		return;
	slot = slot_of(header, key);
	if (slot->network == key && slot->ranges == hash)
		return;
	if (write_file(store, network, config) < 0)
		return;
	*slot = (struct index_ranges){ .network = key, .ranges = hash };
}

void recorded_forget(struct store *store)
{
	unlink(store_path(store, "ranges"));
	memset(store->index.header->ranges, 0, sizeof(store->index.header->ranges));
}

/* ---- Reading ---- */

int recorded_read(struct store *store, struct recorded *recorded, struct cni_error *err)
{
	bool newer;
	CLEANUP(json_freep) struct json *tree = read_tree(store, &newer, err);

	*recorded = (struct recorded){ .newer = newer };
	if (!tree)
		return err->code ? -1 : 0;
	json_each (item, json_get(tree, "networks")) {
		const char *name = json_text(json_get(item, "name"));

		if (add(recorded, item, name ? name : "", err) < 0) {
			recorded_done(recorded);
			return config_under(err, store_path(store, "ranges"));
		}
	}
	return 0;
}

/* A plugin's configuration, if it is of the pool. */
static int add_plugin(struct recorded *recorded, const struct json *config, const char *name,
	const char *pool, struct cni_error *err)
{
	const struct json *ipam = json_get(config, "ipam");
	const char *type = json_text(json_get(ipam, "type"));
	const char *own = json_text(json_get(ipam, "pool"));

	if (!type || strcmp(type, "pool") != 0 || !name)
		return 0;
	return strcmp(own && *own ? own : name, pool) ? 0 : add(recorded, config, name, err);
}

static int read_config_file(
	const char *path, const char *pool, struct recorded *recorded, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(freep) char *text = NULL;
	const char *name;
	size_t length;
	int rc = file_read(path, &text, &length);

	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "read %s", path);
	if (json_parse(&tree, path, text, length, err) < 0)
		return -1;
	name = json_text(json_get(tree, "name"));
	json_each (plugin, json_get(tree, "plugins"))
		if (add_plugin(recorded, plugin, name, pool, err) < 0)
			return config_under(err, path);
	return add_plugin(recorded, tree, name, pool, err) < 0 ? config_under(err, path) : 0;
}

static bool is_config_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".conf") || !strcmp(dot, ".conflist") || !strcmp(dot, ".json"));
}

int recorded_read_config(
	const char *path, const char *pool, struct recorded *recorded, struct cni_error *err)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!directory)
		return read_config_file(path, pool, recorded, err);
	while (!rc && (entry = readdir(directory))) {
		char file[PATH_MAX];
		int length = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);

		if (is_config_name(entry->d_name) && length > 0 && length < PATH_MAX)
			rc = read_config_file(file, pool, recorded, err);
	}
	closedir(directory);
	return rc;
}

bool recorded_spans(const struct recorded *recorded, u128 address)
{
	for (size_t n = 0; n < recorded->n_networks; n++) {
		const struct range_sets *sets = &recorded->networks[n].sets;

		for (size_t i = 0; i < sets->n_sets; i++)
			for (size_t k = 0; k < sets->sets[i].n_ranges; k++)
				if (span_has(sets->sets[i].ranges[k].usable, address))
					return true;
	}
	return false;
}
