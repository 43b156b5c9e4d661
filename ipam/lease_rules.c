/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused, in our own words. */
#include <inttypes.h>

#include "ipam/lease.h"

static int exhausted(
	struct store *store, const struct pool_config *config, size_t number, struct cni_error *err)
{
	const struct range_set *set = &config->sets.sets[number];
	struct store_counts in_use = store_counts(store);
	struct range_counts counts = range_set_counts(set);

	return cni_fail(err, CNI_TRY_LATER,
		"pool %s exhausted: %" PRIu64 " usable, %" PRIu64 " leased, %" PRIu64
		" cooling, %" PRIu64 " excluded: delete attachments or widen %s",
		config->store.pool, counts.usable, in_use.leased, in_use.cooling, counts.excluded,
		set->ranges[0].path);
}

static int repeated(const struct cni_request *req, const struct pool_config *config, size_t set,
	const struct ip *has, const struct ip *wanted, struct cni_error *err)
{
	char held[IP_TEXT], requested[IP_TEXT];

	(void)set;
	if (!wanted || ip_same(has, wanted))
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"container %s, interface %s holds %s in pool %s and requested %s: DEL it first",
		req->container_id, req->ifname, ip_print(has, held), config->store.pool,
		ip_print(wanted, requested));
}

static int taken(const struct pool_config *config, size_t set, const struct ip *wanted,
	const struct lease *owner, struct cni_error *err)
{
	char text[IP_TEXT];

	(void)config;
	(void)set;
	return cni_fail(err, CNI_TRY_LATER,
		"requested address %s is leased to container %s, interface %s%s%s, of network %s",
		ip_print(wanted, text), owner->container_id, owner->ifname,
		owner->pod && *owner->pod ? ", pod " : "", owner->pod ? owner->pod : "",
		owner->network);
}

static int unknown(
	const struct cni_request *req, const struct pool_config *config, struct cni_error *err)
{
	return cni_fail(err, CNI_INTERNAL, "container %s, interface %s holds no address in pool %s",
		req->container_id, req->ifname, config->store.pool);
}

const struct lease_rules lease_rules_native = {
	.requests = lease_requests,
	.repeated = repeated,
	.taken = taken,
	.exhausted = exhausted,
	.unknown = unknown,
};

const struct lease_rules lease_rules_whereabouts = {
	.requests = lease_requests,
	.repeated = repeated,
	.taken = taken,
	.exhausted = exhausted,
	.unknown = unknown,
	.needs_pod = true,
};
