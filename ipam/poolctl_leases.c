/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of leases: collected under the lock, shown and acted on without it. */
#include <inttypes.h>
#include <string.h>

#include "ipam/poolctl.h"
#include "ipam/reclaim.h"

/* So many releases at a time: pods wait for the lock meanwhile. */
#define BATCH 256

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static void entry_done(struct entry *entry)
{
	free(entry->container_id);
	free(entry->ifname);
	free(entry->network);
	free(entry->pod);
	free(entry->pod_uid);
	free(entry->netns);
	free(entry->boot);
	free(entry->pool);
	free(entry->ip);
}

void entries_done(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		entry_done(&entries->list[i]);
	free(entries->list);
	*entries = (struct entries){ 0 };
}

static bool fill(struct entry *entry, const struct lease *lease, const char *pool)
{
	*entry = (struct entry){
		.container_id = copy(lease->container_id),
		.ifname = copy(lease->ifname),
		.network = copy(lease->network),
		.pod = copy(lease->pod),
		.pod_uid = copy(lease->pod_uid),
		.netns = copy(lease->netns),
		.boot = copy(lease->boot),
		.pool = copy(pool),
		.time = lease->time,
		.seq = lease->seq,
		.n_addresses = lease->n_addresses,
		.dead = reclaim_is_dead(lease),
		.kept = lease_is_kept(lease),
		.ip = calloc(lease->n_addresses, sizeof(*entry->ip)),
	};
	if (entry->ip)
		memcpy(entry->ip, lease->addresses, lease->n_addresses * sizeof(*entry->ip));
	return entry->container_id && entry->ifname && entry->network && entry->pod &&
	       entry->pod_uid && entry->netns && entry->boot && entry->pool && entry->ip;
}

int entries_put(
	struct entries *entries, const struct lease *lease, const char *pool, struct cni_error *err)
{
	size_t capacity = entries->capacity ? 2 * entries->capacity : 64;
	struct entry *grown = entries->list;

	if (entries->n == entries->capacity) {
		grown = reallocarray(entries->list, capacity, sizeof(*grown));
		if (grown) {
			entries->list = grown;
			entries->capacity = capacity;
		}
	}
	if (!grown || !fill(&grown[entries->n++], lease, pool))
		return cni_fail(
			err, CNI_INTERNAL, "out of memory for the leases of pool \"%s\"", pool);
	return 0;
}

struct collecting {
	struct entries *entries;
	const char *pool;
	entry_filter *filter;
	const void *data;
	struct cni_error *err;
	struct progress progress;
};

static int collect(struct store *store, const struct lease *lease, void *data)
{
	struct collecting *collecting = data;

	(void)store;
	progress_step(&collecting->progress);
	if (collecting->filter && !collecting->filter(lease, collecting->data))
		return 0;
	return entries_put(collecting->entries, lease, collecting->pool, collecting->err);
}

static int by_address(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	u128 l = ip_number(&left->ip[0]), r = ip_number(&right->ip[0]);

	return (l > r) - (l < r);
}

int entries_add(struct entries *entries, struct store *store, const char *pool,
	entry_filter *filter, const void *data, struct cni_error *err)
{
	struct store_counts counts = store_counts(store);
	struct collecting collecting = {
		.entries = entries,
		.pool = pool,
		.filter = filter,
		.data = data,
		.err = err,
		.progress = { .what = pool, .total = counts.leases + counts.kept_leases },
	};
	size_t first = entries->n;
	int rc = store_each(store, collect, &collecting, err);

	progress_end(&collecting.progress);
	if (rc < 0)
		return -1;
	if (entries->n > first)
		qsort(entries->list + first, entries->n - first, sizeof(struct entry), by_address);
	return 0;
}

static void put_text(struct json_writer *w, const char *key, const char *text)
{
	if (*text)
		json_put_string(w, key, text);
}

void entries_put_json(struct json_writer *w, const struct entry *entry)
{
	char text[IP_TEXT];

	json_open(w, NULL, '{');
	json_put_string(w, "pool", entry->pool);
	json_open(w, "addresses", '[');
	for (size_t i = 0; i < entry->n_addresses; i++)
		json_put_string(w, NULL, ip_print_cidr(&entry->ip[i], text));
	json_close(w, ']');
	json_put_string(w, "containerID", entry->container_id);
	json_put_string(w, "ifname", entry->ifname);
	put_text(w, "network", entry->network);
	put_text(w, "pod", entry->pod);
	put_text(w, "podUID", entry->pod_uid);
	put_text(w, "netns", entry->netns);
	put_text(w, "boot", entry->boot);
	json_put_int(w, "time", entry->time);
	json_put_bool(w, "dead", entry->dead);
	json_put_bool(w, "kept", entry->kept);
	json_close(w, '}');
}

static void put_row(struct table *table, const struct entry *entry)
{
	char age[AGE_TEXT], addresses[RANGE_SETS_MAX * IP_TEXT], text[IP_TEXT], *at = addresses;

	for (size_t i = 0; i < entry->n_addresses; i++)
		at += sprintf(at, "%s%s", i ? "," : "", ip_print_cidr(&entry->ip[i], text));
	table_put(table, "%s", entry->pool);
	table_put(table, "%s", addresses);
	/* As container tools print them; --json has all of it. */
	table_put(table, "%.13s", entry->kept ? "-" : entry->container_id);
	table_put(table, "%s", entry->ifname);
	table_put(table, "%s", *entry->pod ? entry->pod : "-");
	table_put(table, "%s", *entry->network ? entry->network : "-");
	table_put(table, "%s", poolctl_age(entry->time, age));
	if (entry->kept)
		table_put(table, "kept for %s", entry->pod);
	else
		table_put(table, "%s", entry->dead ? "dead" : "in use");
}

int entries_print(const struct poolctl *tool, const struct entries *entries)
{
	static const char *const titles[] = { "POOL", "ADDRESS", "CONTAINER", "INTERFACE", "POD",
		"NETWORK", "AGE", "STATE", NULL };
	struct table table = { .titles = titles };
	struct json_writer w = { .indent = 4 };

	if (!tool->json) {
		for (size_t i = 0; i < entries->n; i++)
			put_row(&table, &entries->list[i]);
		return table_print(&table);
	}
	json_open(&w, NULL, '{');
	json_open(&w, "leases", '[');
	for (size_t i = 0; i < entries->n; i++)
		entries_put_json(&w, &entries->list[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	return poolctl_print_json(&w);
}

/* The name alone will do for a pod, and the beginning of a container ID. */
bool entry_is_named(const struct lease *lease, const void *data)
{
	const char *text = data, *slash = lease->pod ? strchr(lease->pod, '/') : NULL;
	size_t length = strlen(text);
	struct ip ip;

	if (!ip_parse(text, &ip)) {
		for (size_t i = 0; i < lease->n_addresses; i++)
			if (ip_same(&lease->addresses[i], &ip))
				return true;
		return false;
	}
	if (!strcmp(lease->container_id, text) ||
		(length >= 8 && !strncmp(lease->container_id, text, length)))
		return true;
	return lease->pod && (!strcmp(lease->pod, text) || (slash && !strcmp(slash + 1, text)));
}

/* Is the lease still the one that was shown? */
static int release_one(struct store *store, const struct entry *entry, bool wholly,
	size_t *released, struct lease *lease, struct cni_error *err)
{
	int rc = store_find(store, entry->container_id, entry->ifname, lease, err);

	if (rc <= 0 || lease->seq != entry->seq)
		return rc < 0 ? -1 : 0;
	rc = wholly ? store_remove(store, entry->container_id, entry->ifname, err)
		    : store_release(store, lease, err);
	if (rc < 0)
		return -1;
	++*released;
	return 0;
}

static int release_batch(const struct poolctl *tool, const char *pool, const struct entry *list,
	size_t n, bool wholly, struct progress *progress, size_t *released, struct cni_error *err)
{
	CLEANUP(store_closep) struct store *store = NULL;
	CLEANUP(freep) struct lease *lease = NULL;

	if (poolctl_open(tool, pool, &store, err) < 0)
		return -1;
	lease = malloc(sizeof(*lease));
	if (!lease)
		return cni_fail(err, CNI_INTERNAL, "out of memory to release leases");
	for (size_t i = 0; i < n; i++) {
		progress_step(progress);
		if (release_one(store, &list[i], wholly, released, lease, err) < 0)
			return -1;
	}
	return 0;
}

int entries_release(const struct poolctl *tool, const char *pool, const struct entries *entries,
	bool wholly, size_t *released, struct cni_error *err)
{
	struct progress progress = { .what = "releasing", .total = entries->n };
	int rc = 0;

	for (size_t i = 0; !rc && i < entries->n; i += BATCH) {
		size_t left = entries->n - i;

		rc = release_batch(tool, pool, entries->list + i, left < BATCH ? left : BATCH,
			wholly, &progress, released, err);
	}
	progress_end(&progress);
	return rc;
}
