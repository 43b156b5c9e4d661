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

/* The questions of the allocator, answered by a store. */
struct alloc_view lease_view(struct store *);

/* Fails with CNI_TRY_LATER and the numbers of the pool. */
int lease_exhausted(
	struct store *, const char *pool, const struct range_set *, struct cni_error *err);

/* Which set each requested address is for; those of a set without one have family 0. */
struct lease_requests {
	struct ip of_set[RANGE_SETS_MAX];
};
int lease_requests(const struct pool_config *, struct lease_requests *, struct cni_error *err);

#endif
