/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: rtnetlink(7), linux/rtnetlink.h. */
#ifndef NETLINK_ROUTE_H
#define NETLINK_ROUTE_H

#include "netlink/nl.h"

struct route {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix; /* of dst; 0: the default route */
	uint8_t dst[16];
	bool has_gateway;
	uint8_t gateway[16];
	int index;	   /* outgoing link */
	uint32_t table;	   /* 0: main */
	uint32_t priority; /* metric; 0: the kernel's default */
	uint8_t scope;	   /* RT_SCOPE_* */
	uint32_t mtu, advmss; /* 0: not set */
};

/* Add. A second route to one destination becomes a sibling where the kernel has them. */
int route_add(struct nl *, const struct route *);

/*
 * Is there a route like this? Fields that are 0 (gateway, priority, scope, mtu, advmss) match
 * anything. 1, 0 or -errno.
 */
int route_has(struct nl *, const struct route *);

/* The outgoing link of the first default route of the main table; -ENODEV if there is none. */
int route_default_link(struct nl *, uint8_t family, int *index);

#endif
