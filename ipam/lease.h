/* SPDX-License-Identifier: Apache-2.0 */
/* Leases as ADD makes them. Errors of the store are handed through. */
#ifndef IPAM_LEASE_H
#define IPAM_LEASE_H

#include "ipam/config.h"
#include "ipam/ipam.h"

/*
 * ADD: one transaction for all addresses. The result gets what the configuration tells as well.
 * guard->leased is what the attachment did not hold before.
 */
int lease_add(const struct cni_request *, struct ipam_guard *, struct cni_result *,
	struct cni_error *err);

/*
 * An address of the set for somebody who holds held or, NULL, nothing: a free one; else one that is
 * given up for it, see pool(8). 0 or -1.
 */
int lease_choose(struct store *, const struct pool_config *, size_t set, const struct lease *held,
	u128 *address, struct cni_error *err);

/* Could lease_choose() find one? 1, 0 or -1. */
int lease_can_choose(struct store *, const struct pool_config *, size_t set, struct cni_error *err);

/*
 * Where dialects differ in what is refused, and in its words. Each fails, but for those that say
 * otherwise. set is the number of a set.
 */
struct lease_requests;
struct lease_rules {
	/* Which set each requested address is for. May succeed. */
	int (*requests)(const struct pool_config *, struct lease_requests *, struct cni_error *);

	/* An ADD of somebody who holds an address of the set. 0: it is the lease. wanted or NULL.
	 */
	int (*repeated)(const struct cni_request *, const struct pool_config *, size_t set,
		const struct ip *held, const struct ip *wanted, struct cni_error *);

	/* A requested address is leased to somebody else. */
	int (*taken)(const struct pool_config *, size_t set, const struct ip *,
		const struct lease *owner, struct cni_error *);

	/* No address is free: CNI_TRY_LATER. */
	int (*exhausted)(
		struct store *, const struct pool_config *, size_t set, struct cni_error *);

	/* CHECK of somebody who holds nothing. */
	int (*unknown)(const struct cni_request *, const struct pool_config *, struct cni_error *);

	bool cursor_follows; /* requested addresses, too */
	bool needs_pod;	     /* an ADD without the name of a pod is refused */
};
extern const struct lease_rules lease_rules_native, lease_rules_host_local, lease_rules_whereabouts;

/* Which set each requested address is for; those of a set without one have family 0. */
struct lease_requests {
	struct ip of_set[RANGE_SETS_MAX];
};
int lease_requests(const struct pool_config *, struct lease_requests *, struct cni_error *err);

#endif
