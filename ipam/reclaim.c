/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/reclaim.h"

#include "ipam/lease.h"

/* Enough for the ADDs that follow, few enough to wait for. */
#define RECLAIM_MAX 64

bool reclaim_is_dead(const struct lease *lease)
{
	return !lease_is_kept(lease) && netns_is_dead(lease->netns, lease->netns_id, lease->boot);
}

bool reclaim_is_ownerless(const struct lease *lease)
{
	return lease_is_kept(lease) || reclaim_is_dead(lease);
}

struct search {
	const struct range_set *set;
	bool look_only, sticky;
	int found;
	u128 address; /* of the first one */
	struct cni_error *err;
};

/* The lease's address that the set could give to somebody else. */
static bool holds_one_of(const struct lease *lease, const struct range_set *set, u128 *address)
{
	for (size_t i = 0; i < lease->n_addresses; i++) {
		*address = ip_number(&lease->addresses[i]);
		if (range_set_find(set, *address))
			return true;
	}
	return false;
}

static int visit(struct store *store, const struct lease *lease, void *data)
{
	struct search *search = data;
	u128 address;

	if (!holds_one_of(lease, search->set, &address) ||
		(!search->look_only && (lease->keep > 0) != search->sticky) ||
		!reclaim_is_dead(lease))
		return 0;
	if (!search->found++)
		search->address = address;
	if (search->look_only)
		return 1;
	if (store_remove(store, lease->container_id, lease->ifname, search->err) < 0)
		return -1;
	return search->sticky || search->found == RECLAIM_MAX;
}

int reclaim(struct store *store, const struct range_set *set, bool sticky, u128 *address,
	struct cni_error *err)
{
	struct search search = { .set = set, .sticky = sticky, .err = err };

	if (store_each_attached(store, visit, &search, err) < 0)
		return -1;
	*address = search.address;
	return search.found > 0;
}

int reclaim_kept(struct store *store, const struct range_set *set, bool cooled, u128 *address,
	struct cni_error *err)
{
	struct lease lease;
	int rc = store_oldest_kept(store, set, &lease, err);

	if (rc <= 0 || (cooled && !store_has_cooled(store, &lease)))
		return rc < 0 ? -1 : 0;
	if (!holds_one_of(&lease, set, address))
		return 0;
	return store_remove(store, lease.container_id, lease.ifname, err) < 0 ? -1 : 1;
}

int reclaim_is_possible(struct store *store, const struct range_set *set, struct cni_error *err)
{
	struct search search = { .set = set, .look_only = true, .err = err };
	struct lease kept;
	int rc = store_oldest_kept(store, set, &kept, err);

	return rc ? rc : store_each_attached(store, visit, &search, err);
}
