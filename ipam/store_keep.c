/* SPDX-License-Identifier: Apache-2.0 */
/* What pods have, and what they keep from one sandbox to the next. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipam/store_impl.h"

#define OWNER "pod:"

/* No boot has this ID: a program that does not know of kept leases takes them for dead ones. */
#define NO_BOOT "kept"

bool lease_is_kept(const struct lease *lease)
{
	return lease->keep > 0 && lease->container_id &&
	       !strncmp(lease->container_id, OWNER, strlen(OWNER));
}

/* The transaction that gave what it holds: of a kept lease, that of the attachment's. */
static int64_t made_by(const struct lease *lease)
{
	return lease_is_kept(lease) ? lease->keep : lease->seq;
}

int store_find_pod(struct store *store, const char *pod, const char *ifname,
	store_accept_fn *accept, const void *data, struct lease *lease, struct cni_error *err)
{
	uint64_t hash = index_hash(pod, ifname);
	uint32_t found = INDEX_NONE, read = INDEX_NONE;
	int64_t made = 0;

	for (uint32_t n = index_pod(&store->index, hash, 0); n;
		n = index_pod(&store->index, hash, n)) {
		if (store_read(store, read = n, lease, err) < 0)
			return -1;
		if (!lease->pod || strcmp(lease->pod, pod) != 0 ||
			strcmp(lease->ifname, ifname) != 0 || (found && made_by(lease) < made) ||
			!accept(lease, data))
			continue;
		found = n;
		made = made_by(lease);
	}
	if (store->index.damaged)
		return store_distrust(store, err);
	if (found && found != read && store_read(store, found, lease, err) < 0)
		return -1;
	return found != INDEX_NONE;
}

bool store_has_cooled(struct store *store, const struct lease *lease)
{
	return lease_is_kept(lease) &&
	       (lease->released < 0 || lease->released <= store_now() - store->reuse_delay_ms);
}

/* What the pod keeps already is not replaced by what it was given before that. */
static int keep(
	struct store *store, const struct lease *lease, const char *id, struct cni_error *err)
{
	struct lease kept;
	int rc = store_find(store, id, lease->ifname, &kept, err);

	if (rc < 0)
		return -1;
	if (rc && made_by(&kept) > lease->seq)
		return store_remove(store, lease->container_id, lease->ifname, err);
	memcpy(&kept, lease, LEASE_FIELDS);
	kept.container_id = id;
	kept.netns = kept.netns_id = NULL;
	kept.boot = NO_BOOT;
	kept.time = time(NULL);
	kept.fixed = (UINT32_C(1) << kept.n_addresses) - 1;
	kept.keep = lease->seq;
	return store_put(store, &kept, lease, err);
}

/* One more than may be: a failure of this is not the release's. */
static void trim(struct store *store)
{
	struct cni_error ignored = { 0 };
	struct lease oldest;

	if (store->index.header->kept > STORE_KEPT_MAX &&
		store_oldest_kept(store, NULL, &oldest, &ignored) > 0)
		store_remove(store, oldest.container_id, oldest.ifname, &ignored);
}

/* With what host-local leased beyond one lease. */
static int remove_parts(struct store *store, const struct lease *lease, struct cni_error *err)
{
	char ifname[LEASE_TEXT_MAX];
	struct lease next;
	int rc = store_remove(store, lease->container_id, lease->ifname, err);

	for (int part = 1; !rc; part++) {
		snprintf(ifname, sizeof(ifname), "%s:%d", lease->ifname, part);
		rc = store_find(store, lease->container_id, ifname, &next, err);
		if (rc <= 0 || strcmp(next.ifname, ifname) != 0)
			return rc < 0 ? -1 : 0;
		rc = store_remove(store, lease->container_id, ifname, err);
	}
	return rc;
}

int store_release(struct store *store, const struct lease *lease, struct cni_error *err)
{
	char id[LEASE_TEXT_MAX + 1];
	int length;

	if (store_is_mirrored(store))
		return remove_parts(store, lease, err);
	if (lease->keep <= 0 || lease_is_kept(lease) || !lease->pod)
		return store_remove(store, lease->container_id, lease->ifname, err);
	length = snprintf(id, sizeof(id), OWNER "%s", lease->pod);
	if (length < 0 || (size_t)length >= sizeof(id))
		return store_remove(store, lease->container_id, lease->ifname, err);
	if (keep(store, lease, id, err) < 0)
		return -1;
	trim(store);
	return 0;
}

static bool has_one_of(
	struct index *index, const struct index_lease *lease, const struct range_set *set)
{
	uint32_t n = lease->first;

	for (int i = 0; n && i < RANGE_SETS_MAX; i++) {
		const struct index_address *address = index_address(index, n);

		if (range_set_find(set, (u128)address->high << 64 | address->low))
			return true;
		n = address->next;
	}
	return false;
}

/* Lines are in the order of their transactions, and the snapshot's are the older ones. */
static uint64_t age_order(const struct index_lease *lease)
{
	return lease->position >> 1 | (lease->position & 1 ? 0 : UINT64_C(1) << 63);
}

int store_oldest_kept(struct store *store, const struct range_set *set, struct lease *lease,
	struct cni_error *err)
{
	struct index *index = &store->index;
	uint32_t found = INDEX_NONE;
	uint64_t oldest = UINT64_MAX;

	for (uint32_t n = 1; index->header->kept && n <= index->header->leases.used; n++) {
		const struct index_lease *entry = index_lease(index, n);

		if (!entry->kept || age_order(entry) >= oldest ||
			(set && !has_one_of(index, entry, set)))
			continue;
		found = n;
		oldest = age_order(entry);
	}
	if (index->damaged) {
		store_distrust(store, err);
		return -1;
	}
	if (found && store_read(store, found, lease, err) < 0)
		return -1;
	return found != INDEX_NONE;
}
