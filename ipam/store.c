/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipam/store_impl.h"

/* Cooled addresses that one call gives free, so that no caller pays for many. */
#define EXPIRE_MAX 512

int64_t store_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

const char *store_path(struct store *store, const char *file)
{
	strcpy(store->path + store->directory_length, file);
	return store->path;
}

/* The rule of the specification for network names; it also keeps "/" and ".." out of the path. */
static bool is_pool_name(const char *name)
{
	static const char allowed[] = "_.-0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t length = strnlen(name, STORE_POOL_MAX + 1);

	return length && length <= STORE_POOL_MAX && !strchr("_.-", *name) &&
		strspn(name, allowed) == length;
}

int store_directory(const struct store_options *options, char *path, size_t size)
{
	return snprintf(path, size, "%s%s/ipam/%s/", options->directory,
		options->host_local ? "/" MIRROR_STORE : "", options->pool);
}

int store_check(const struct store_options *options, struct cni_error *err)
{
	static const char deepest[] = "/" MIRROR_STORE "/ipam//pending-del";

	if (!is_pool_name(options->pool))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"%.220s\" is no pool name: up to %d letters, digits, '_', '.', '-', the "
			"first one a letter or digit", options->pool, STORE_POOL_MAX);
	if (strlen(options->directory) + strlen(options->pool) + sizeof(deepest) > PATH_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"the data directory \"%.64s...\" is longer than a path may be",
			options->directory);
	return 0;
}

static int new_store(struct store **store, const struct store_options *options,
	struct cni_error *err)
{
	struct store *made;

	if (store_check(options, err) < 0)
		return -1;
	made = malloc(sizeof(*made));
	if (!made)
		return cni_fail(err, CNI_INTERNAL, "out of memory for pool \"%s\"", options->pool);
	memset(made, 0, offsetof(struct store, scratch));
	made->lock = made->journal = made->snapshot = -1;
	made->mirror.directory = made->mirror.lock = -1;
	made->durable = options->durable;
	made->reuse_delay_ms = options->reuse_delay_ms;
	strcpy(made->pool, options->pool);
	made->directory_length = (size_t)store_directory(options, made->path, sizeof(made->path));
	*store = made;
	snprintf(made->index.path, sizeof(made->index.path), "%s", store_path(made, "index"));
	return 0;
}

/* What has cooled becomes free. True if there is more of it. */
static bool expire(struct store *store)
{
	struct index *index = &store->index;
	bool more;

	if (!index->header->cooling)
		return false;
	index_begin(index);
	more = index_expire(index, store_now() - store->reuse_delay_ms, EXPIRE_MAX);
	index_end(index);
	return more;
}

int store_open_lock(struct store **out, const struct store_options *options, struct cni_error *err)
{
	CLEANUP(store_closep) struct store *store = NULL;
	int64_t deadline = 0;
	int rc;

	if (new_store(&store, options, err) < 0)
		return -1;
	rc = store_lock(store, options->create, options->lock_timeout_ms, &deadline, err);
	if (rc <= 0)
		return rc;
	*out = store;
	store = NULL;
	return 1;
}

int store_open(struct store **out, const struct store_options *options, struct cni_error *err)
{
	CLEANUP(store_closep) struct store *store = NULL;
	bool create = options->create;
	int64_t deadline = 0; /* of both locks */
	int rc;

	*out = NULL;
	if (new_store(&store, options, err) < 0)
		return -1;
	rc = mirror_open(store, create, err);
	if (rc <= 0)
		return rc;
	/* Where host-local has leases, there is a pool. */
	create = create || store_is_mirrored(store);
	rc = store_lock(store, create, options->lock_timeout_ms, &deadline, err);
	if (rc > 0)
		rc = store_load(store, create, err);
	if (rc <= 0)
		return rc;
	if (mirror_lock(store, options->lock_timeout_ms, &deadline, err) < 0)
		return -1;
	expire(store);
	*out = store;
	store = NULL;
	return 0;
}

void store_closep(struct store **store)
{
	struct store *old = *store;

	if (!old)
		return;
	mirror_close(old);
	index_close(&old->index);
	closep(&old->snapshot);
	closep(&old->journal);
	closep(&old->lock);
	free(old);
	*store = NULL;
}

static bool is_same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

int store_owner(struct store *store, const char *container_id, const char *ifname,
	uint32_t *number, struct lease *lease, struct cni_error *err)
{
	uint64_t hash = index_hash(container_id, ifname);

	for (uint32_t n = index_owner(&store->index, hash, 0); n;
		n = index_owner(&store->index, hash, n)) {
		if (store_read(store, n, lease, err) < 0)
			return -1;
		if (is_same(lease->container_id, container_id) && is_same(lease->ifname, ifname)) {
			*number = n;
			return 1;
		}
	}
	return store->index.damaged ? store_distrust(store, err) : 0;
}

int store_find(struct store *store, const char *container_id, const char *ifname,
	struct lease *lease, struct cni_error *err)
{
	uint32_t number;
	int rc = store_owner(store, container_id, ifname, &number, lease, err);

	if (rc || !store_is_mirrored(store))
		return rc;
	return store_owner(store, container_id, LEASE_ANY_IFNAME, &number, lease, err);
}

int store_find_address(struct store *store, const struct ip *ip, struct lease *lease,
	struct cni_error *err)
{
	int64_t released;
	uint32_t n = index_holder(&store->index, ip_number(ip), &released);

	if (n == INDEX_NONE || n == INDEX_COOLING)
		return store->index.damaged ? store_distrust(store, err) : 0;
	if (store_read(store, n, lease, err) < 0)
		return -1;
	for (size_t i = 0; i < lease->n_addresses; i++)
		if (ip_same(&lease->addresses[i], ip))
			return 1;
	return store_distrust(store, err);
}

bool store_is_taken(struct store *store, u128 address)
{
	int64_t released;
	uint32_t n = index_holder(&store->index, address, &released);

	if (n == INDEX_COOLING)
		return released > store_now() - store->reuse_delay_ms;
	return n != INDEX_NONE || store->index.damaged;
}

bool store_next_free(struct store *store, struct span span, u128 *address)
{
	bool more;

	do {
		more = expire(store);
		if (index_next_free(&store->index, span, address))
			return !store->index.damaged;
	} while (more);
	return false;
}

struct search {
	struct span span;
	u128 *address;
	int64_t *released;
};

static bool is_within(u128 address, int64_t released, void *data)
{
	const struct search *search = data;

	if (!span_has(search->span, address))
		return false;
	*search->address = address;
	*search->released = released;
	return true;
}

bool store_oldest_cooling(struct store *store, struct span span, u128 *address, int64_t *released)
{
	struct search search = { .span = span, .address = address, .released = released };

	return index_each_cooling(&store->index, is_within, &search);
}

bool store_cursor(struct store *store, size_t set, u128 *address)
{
	const struct index_cursor *cursor;

	if (store_is_mirrored(store))
		return mirror_cursor(store, set, address);
	if (set >= RANGE_SETS_MAX)
		return false;
	cursor = &store->index.header->cursors[set];
	if (!cursor->is_set)
		return false;
	*address = (u128)cursor->high << 64 | cursor->low;
	return true;
}

static int each(
	struct store *store, bool kept, store_visit_fn *visit, void *data, struct cni_error *err)
{
	CLEANUP(freep) struct lease *lease = malloc(sizeof(*lease));
	int rc = 0;

	if (!lease)
		return cni_fail(err, CNI_INTERNAL, "out of memory for pool \"%s\"", store->pool);
	for (uint32_t n = 1; !rc && n <= store->index.header->leases.used; n++) {
		const struct index_lease *entry = index_lease(&store->index, n);

		if (!entry->length || (entry->kept && !kept))
			continue;
		rc = store_read(store, n, lease, err);
		if (!rc)
			rc = visit(store, lease, data);
	}
	return rc;
}

int store_each(struct store *store, store_visit_fn *visit, void *data, struct cni_error *err)
{
	return each(store, true, visit, data, err);
}

int store_each_attached(
	struct store *store, store_visit_fn *visit, void *data, struct cni_error *err)
{
	return each(store, false, visit, data, err);
}

struct store_counts store_counts(struct store *store)
{
	const struct index_header *header = store->index.header;

	return (struct store_counts){
		.leases = header->leases.live - header->kept,
		.leased = header->addresses.live - header->cooling - header->kept_addresses,
		.cooling = header->cooling,
		.kept_leases = header->kept,
		.kept = header->kept_addresses,
		.ipv4_leased = header->ipv4_live - header->ipv4_cooling - header->ipv4_kept,
		.ipv4_cooling = header->ipv4_cooling,
		.ipv4_kept = header->ipv4_kept,
	};
}
