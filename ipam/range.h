/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address arithmetic without I/O: ranges, exclusions, sets. Addresses are 128-bit numbers in host
 * order; IPv4 is the mapped form ::ffff:0:0/96, so that both families live in one number space and
 * never meet. Nothing here costs time or memory per address.
 */
#ifndef IPAM_RANGE_H
#define IPAM_RANGE_H

#include "cni/ip.h"

__extension__ typedef unsigned __int128 u128;

u128 ip_number(const struct ip *ip);
struct ip ip_from_number(u128 number, uint8_t prefix); /* family by the mapped prefix */
struct ip ip_whole(u128 number);		       /* the prefix is all of it: /32 or /128 */

struct span {
	u128 first, last; /* both included; first > last: empty */
};

bool span_has(struct span span, u128 address);
struct span span_common(struct span a, struct span b); /* empty if they do not meet */
uint64_t span_count(struct span span);		       /* UINT64_MAX is that or more */

/* All addresses of a subnet. */
struct span span_of_subnet(const struct ip *subnet);

/*
 * Those that a link can use: without network and broadcast address (IPv4), without the
 * subnet-router anycast address (IPv6, RFC 4291, section 2.6.1); /31 (RFC 3021), /127 (RFC 6164),
 * /32 and /128 whole.
 */
struct span span_of_hosts(const struct ip *subnet);

/* "10.1.0.0/28" (host bits clear), "10.1.0.9", "10.1.0.1-10.1.0.9"; -EINVAL for anything else. */
int span_parse(const char *text, struct span *span);

struct range {
	struct ip subnet; /* host bits clear */
	struct span usable;
	struct ip gateway;     /* family 0: none */
	struct span *excluded; /* within usable, sorted, disjoint; gateways too. Owned */
	size_t n_excluded;
	char path[40]; /* the key that configured it: "ipam.ranges[0][1]" */
};

/* Exclude more: any spans, in any order, overlapping or not. 0 or -ENOMEM. */
int range_exclude(struct range *, const struct span *spans, size_t n);

/* Usable and not excluded. */
bool range_has(const struct range *, u128 address);

/*
 * Cut the first run of such addresses off *rest into *gap; false if there are no more. To visit
 * all of a range, start with its usable span.
 */
bool range_next_gap(const struct range *, struct span *rest, struct span *gap);

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

#define RANGE_SETS_MAX 16  /* addresses of one attachment */
#define RANGES_MAX     256 /* of one set */

/* The range of the set that has the address, or NULL. */
const struct range *range_set_find(const struct range_set *, u128 address);

struct range_counts {
	uint64_t usable, excluded; /* excluded ones are not usable; UINT64_MAX is that or more */
};
struct range_counts range_set_counts(const struct range_set *);

/*
 * Check what single ranges cannot: a set is of one family, no two ranges share an address. Then
 * reserve each gateway in the range that has it, whichever that is. CNI_INVALID_CONFIG names
 * the ranges by their paths.
 */
int range_sets_check(struct range_sets *, struct cni_error *err);

void range_sets_done(struct range_sets *); /* frees the content */

#endif
