/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of links: rtnetlink(7), linux/if_addr.h. */
#ifndef NETLINK_ADDR_H
#define NETLINK_ADDR_H

#include "netlink/nl.h"

struct addr {
	int index;	/* the link's */
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix;
	uint8_t bytes[16]; /* network order */
	uint32_t flags;	   /* IFA_F_NODAD, ... */
};

/* Add; the broadcast address of IPv4 prefixes below 31 is set with it. -EEXIST if it is there. */
int addr_add(struct nl *, const struct addr *);

/*
 * Is this address with this prefix on the link? 1, 0 or -errno. The kernel has no request for one
 * address: the link's are dumped, filtered by the kernel.
 */
int addr_has(struct nl *, const struct addr *);

#endif
