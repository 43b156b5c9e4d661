/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address arithmetic without I/O: ranges, exclusions, sets. Addresses are 128-bit numbers in host
 * order; IPv4 is the mapped form ::ffff:0:0/96, so that both families live in one number space and never
 * meet. Nothing here costs time or memory per address.
 */
#ifndef IPAM_RANGE_H
#define IPAM_RANGE_H

#include "cni/ip.h"

__extension__ typedef unsigned __int128 u128;

u128 ip_number(const struct ip *ip);
struct ip ip_from_number(u128 number, uint8_t prefix); /* family by the mapped prefix */

struct span {
	u128 first, last; /* both included */
};

struct range {
	struct ip subnet; /* host bits clear */
	struct span usable;
	struct ip gateway;     /* family 0: none */
	struct span *excluded; /* sorted, disjoint; the gateway is one of them. Owned */
	size_t n_excluded;
};

/* Alternatives for one address, tried in order; all of one family. */
struct range_set {
	struct range *ranges;
	size_t n_ranges;
};

/* What one request may draw from: one address of each set. */
struct range_sets {
	struct range_set *sets;
	size_t n_sets;
};

#define RANGE_SETS_MAX 16   /* addresses of one attachment */
#define RANGES_MAX 256	    /* of one set */

#endif
