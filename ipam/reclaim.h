/* SPDX-License-Identifier: Apache-2.0 */
/* Leases whose owners died without a DEL. */
#ifndef IPAM_RECLAIM_H
#define IPAM_RECLAIM_H

#include "ipam/store.h"

/*
 * The owner cannot come back: made under another boot, or its network namespace is gone or another
 * one by now.
 */
bool reclaim_is_dead(const struct lease *);

/*
 * Find an address of the set that a dead owner holds, and remove that lease and some more of the
 * kind. Linear in the leases: for a pool without free addresses only. 1 with *address, 0 if there
 * is none, -1.
 */
int reclaim(struct store *, const struct range_set *, u128 *address, struct cni_error *err);

/* Would reclaim() find one? 1, 0 or -1. */
int reclaim_is_possible(struct store *, const struct range_set *, struct cni_error *err);

#endif
