/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions of a store from different beginnings, for the tests that let something go wrong at
 * each of their system calls: what was acknowledged is there, what was not is there whole or not at
 * all.
 */
#ifndef IPAM_TEST_STORE_SWEEP_H
#define IPAM_TEST_STORE_SWEEP_H

#include "ipam/test_store.h"

static struct lease found;

typedef int act_fn(struct store *); /* 0, or -1 with test_error filled */

static inline int act_put(struct store *store)
{
	return test_put(store, 7);
}

static inline int act_move(struct store *store)
{
	struct test_lease lease;

	test_lease(&lease, 3);
	lease.lease.addresses[0] = ip_from_number(BASE + 30, 16);
	return store_put(store, &lease.lease, NULL, &test_error);
}

static inline int act_remove(struct store *store)
{
	return test_drop(store, 2);
}

static inline int act_compact(struct store *store)
{
	store->index.header->compact_at = 1;
	return act_put(store);
}

/* The pod keeps what container 2 held. */
static inline int act_keep(struct store *store)
{
	int rc = store_find(store, "container2", "net1", &found, &test_error);

	return rc > 0 ? store_release(store, &found, &test_error) : rc;
}

/* More leases than the index has room for. */
static inline int act_grow(struct store *store)
{
	for (int i = 100; i < 170; i++)
		if (test_put(store, i) < 0)
			return -1;
	return act_put(store);
}

static inline void base_none(void)
{
	test_fresh();
}

static inline void base_some(void)
{
	struct store *store;

	test_fresh();
	store = test_open();
	for (int i = 0; i < 5; i++)
		test_put(store, i);
	store_closep(&store);
}

static inline void base_sticky(void)
{
	struct test_lease lease;
	struct store *store;

	base_some();
	store = test_open();
	test_lease(&lease, 2);
	lease.lease.keep = 1;
	store_put(store, &lease.lease, NULL, &test_error);
	store_closep(&store);
}

/* There is a snapshot already, and a lease that is only in the journal. */
static inline void base_snapshot(void)
{
	struct store *store;

	base_some();
	store = test_open();
	store->index.header->compact_at = 1;
	store_compact(store);
	test_drop(store, 4);
	test_put(store, 4);
	store_closep(&store);
}

static inline void base_no_index(void)
{
	base_snapshot();
	unlink(test_path("index"));
}

static inline void base_torn(void)
{
	base_some();
	test_append("journal", "{\"seq\":6,\"op\":\"add\",", 20);
}

/* What the act changes: 1 done, 0 not begun, -1 neither. */
static inline int has_put(struct store *store)
{
	return test_has(store, 7);
}

static inline int has_moved(struct store *store)
{
	if (store_find(store, "container3", "net1", &found, &test_error) != 1)
		return -1;
	if (store_is_taken(store, BASE + 3) == store_is_taken(store, BASE + 30))
		return -1;
	return ip_number(&found.addresses[0]) == BASE + 30;
}

static inline int has_removed(struct store *store)
{
	int has = test_has(store, 2);

	return has < 0 || (!has && store_is_taken(store, BASE + 2)) ? -1 : !has;
}

/* Leased to the container or kept for its pod, and to nobody else meanwhile. */
static inline int has_kept(struct store *store)
{
	int has = test_has(store, 2);
	int kept = store_find(store, "pod:default/pod2", "net1", &found, &test_error);

	if (has < 0 || kept < 0 || has + kept != 1 || !store_is_taken(store, BASE + 2) ||
		store_counts(store).kept != (uint64_t)kept)
		return -1;
	return kept && (!lease_is_kept(&found) || ip_number(&found.addresses[0]) != BASE + 2)
		       ? -1
		       : kept;
}

static const struct sweep {
	const char *name;
	void (*base)(void);
	act_fn *act;
	int (*done)(struct store *);
	int leases;	   /* of the first five that no act touches, in the order 0, 1, 4, 3, 2 */
	const char *makes; /* this file, or NULL */
} sweeps[] = {
	{ "first lease of a new pool", base_none, act_put, has_put, 0 },
	{ "lease", base_some, act_put, has_put, 5 },
	{ "another address for an owner", base_some, act_move, has_moved, 3 },
	{ "release", base_some, act_remove, has_removed, 4 },
	{ "release to the pod", base_sticky, act_keep, has_kept, 4 },
	{ "first compaction", base_some, act_compact, has_put, 5, "leases" },
	{ "second compaction", base_snapshot, act_compact, has_put, 5, "leases" },
	{ "growth of the index", base_some, act_grow, has_put, 5 },
	{ "rebuilding of the index", base_no_index, act_put, has_put, 5 },
	{ "repair of a torn tail", base_torn, act_put, has_put, 5 },
};

static inline bool is_right(const struct sweep *sweep, struct store *store, bool acknowledged)
{
	static const int order[] = { 0, 1, 4, 3, 2 };
	int done = sweep->done(store);

	if (done < 0 || (acknowledged && !done))
		return false;
	for (int i = 0; i < sweep->leases; i++)
		if (test_has(store, order[i]) != 1)
			return false;
	return true;
}

/* The next process finds the store right, with the index that is there and with a new one. */
static inline bool heals(const struct sweep *sweep, bool acknowledged)
{
	struct store *store = test_open();
	struct store_counts one, two;
	bool right = store && is_right(sweep, store, acknowledged);

	if (!right)
		return false;
	one = store_counts(store);
	store_closep(&store);
	unlink(test_path("index"));
	store = test_open();
	right = store && is_right(sweep, store, acknowledged);
	if (!right)
		return false;
	two = store_counts(store);
	right = !sweep->act(store) && sweep->done(store) == 1 && one.leases == two.leases &&
		one.leased == two.leased;
	store_closep(&store);
	return right;
}

/* Once nothing went wrong. */
static inline bool has_made(const struct sweep *sweep)
{
	return !sweep->makes || !access(test_path(sweep->makes), F_OK);
}

#endif
