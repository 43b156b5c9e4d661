/* SPDX-License-Identifier: Apache-2.0 */
/* Which address to lease: what the allocator finds in the store, and what a full pool gives up. */
#include "ipam/lease.h"
#include "ipam/reclaim.h"

static bool view_next_free(void *store, struct span span, u128 *address)
{
	return store_next_free(store, span, address);
}

static bool view_oldest_cooling(void *store, struct span span, u128 *address, int64_t *released)
{
	return store_oldest_cooling(store, span, address, released);
}

static bool view_cursor(void *store, size_t set, u128 *address)
{
	return store_cursor(store, set, address);
}

/* The questions of the allocator, answered by a store. */
static struct alloc_view view_of(struct store *store)
{
	return (struct alloc_view){
		.data = store,
		.next_free = view_next_free,
		.oldest_cooling = view_oldest_cooling,
		.cursor = view_cursor,
	};
}

/* A free address; where there is none, one whose release was deferred. */
static bool find_free(struct store *store, const struct pool_config *config, size_t set,
	const struct lease *held, u128 *address)
{
	const struct range_set *from = &config->sets.sets[set];
	struct alloc_view view = view_of(store);
	struct cni_error ignored = { 0 };

	return alloc_free(from, set, config->order, &view, address) ||
	       (store_settle(store, held, &ignored) > 0 &&
		       alloc_free(from, set, config->order, &view, address));
}

int lease_choose(struct store *store, const struct pool_config *config, size_t set,
	const struct lease *held, u128 *address, struct cni_error *err)
{
	const struct range_set *from = &config->sets.sets[set];
	struct alloc_view view = view_of(store);
	int rc;

	if (find_free(store, config, set, held, address))
		return 0;
	rc = reclaim(store, from, false, address, err);
	if (!rc)
		rc = reclaim_kept(store, from, true, address, err);
	if (!rc)
		rc = reclaim(store, from, true, address, err);
	if (!rc)
		rc = alloc_cooling(from, &view, address);
	if (!rc)
		rc = reclaim_kept(store, from, false, address, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	return config->rules->exhausted(store, config, set, err);
}

int lease_can_choose(
	struct store *store, const struct pool_config *config, size_t set, struct cni_error *err)
{
	const struct range_set *from = &config->sets.sets[set];
	struct alloc_view view = view_of(store);
	u128 address;

	if (alloc_free(from, set, config->order, &view, &address) ||
		alloc_cooling(from, &view, &address))
		return 1;
	return reclaim_is_possible(store, from, err);
}
