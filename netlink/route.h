/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: rtnetlink(7), linux/rtnetlink.h. */
#ifndef NETLINK_ROUTE_H
#define NETLINK_ROUTE_H

#include "netlink/nl.h"

struct route {
	uint8_t family;	 /* AF_INET, AF_INET6 */
	uint8_t prefix;	 /* of dst; 0: the default route */
	uint8_t dst[16]; /* network order, as gateway */
	bool has_gateway;
	uint8_t gateway[16];
	int index;	      /* outgoing link */
	uint32_t table;	      /* 0: main */
	uint32_t priority;    /* metric; 0: the kernel's default */
	uint8_t scope;	      /* RT_SCOPE_* */
	uint32_t mtu, advmss; /* 0: not set */
};

/*
 * Add. A second route to one destination goes before the first (IPv4) or becomes its sibling
 * (IPv6); the same again is -EEXIST.
 */
int route_add(struct nl *, const struct route *);

/*
 * Is there a route like this? 1, 0 or -errno. Fields that are 0 (gateway, index, table, priority,
 * scope, mtu, advmss) match anything: an IPv6 route added with priority 0 has 1024, for one. IPv6
 * routes have no scope, and any matches.
 */
int route_has(struct nl *, const struct route *);

/*
 * The outgoing link of the first default route of the main table, that is of the one with the
 * lowest priority value; -ENODEV if there is none.
 */
int route_default_link(struct nl *, uint8_t family, int *index);

#endif
