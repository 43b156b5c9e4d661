/* SPDX-License-Identifier: Apache-2.0 */
/* Private to netlink/: messages about links. */
#ifndef NETLINK_LINK_MESSAGE_H
#define NETLINK_LINK_MESSAGE_H

#include <linux/rtnetlink.h>

#include "netlink/link.h"

#define KIND_MACVLAN "macvlan"

/* Can a link have that name? size is that of the kernel's buffer, NUL included. */
bool link_is_name(const char *name, size_t size);

/* Start a message about the link with that index; 0: the attributes tell which. */
struct ifinfomsg *link_begin(struct nl_request *, uint16_t type, uint16_t flags, int index);

/* Start an RTM_GETLINK for a name or alternative name; -EINVAL for one that no link can have. */
int link_begin_get(struct nl_request *, const char *name);

/* Switch on, in net.ipv4.conf.LINK, those of the sysctls that are wanted. */
void link_put_inet(struct nl_request *, bool arp_notify, bool proxy_arp);

/* An nl_answer_fn: an RTM_NEWLINK into the struct link that data is. */
int link_read(const struct nlmsghdr *, void *data);

#endif
