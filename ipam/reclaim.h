/* SPDX-License-Identifier: Apache-2.0 */
/* Leases whose owners died without a DEL. */
#ifndef IPAM_RECLAIM_H
#define IPAM_RECLAIM_H

#include "ipam/store.h"

/*
 * The owner cannot come back: made under another boot, or its network namespace is gone or another
 * one by now. A kept lease (store.h) had its DEL.
 */
bool reclaim_is_dead(const struct lease *);

/* Is the lease nobody's: dead or kept? */
bool reclaim_is_ownerless(const struct lease *);

/*
 * Find an address of the set that a dead owner holds, and remove that lease and some more of the
 * kind. Linear in the leases: for a pool without free addresses only. With sticky it is one that
 * the owner's pod would have kept, for which the pod may come back, and that alone; else it is none
 * of those. 1 with *address, 0 if there is none, -1.
 */
int reclaim(struct store *, const struct range_set *, bool sticky, u128 *address,
	struct cni_error *err);

/* The same of the kept lease that was released first, and of that alone; with cooled, if it has. */
int reclaim_kept(struct store *, const struct range_set *, bool cooled, u128 *address,
	struct cni_error *err);

/* Would one of them find one? 1, 0 or -1. */
int reclaim_is_possible(struct store *, const struct range_set *, struct cni_error *err);

#endif
