/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of netlink/ about links share. Nobody else includes this. */
#ifndef NETLINK_LINK_READ_H
#define NETLINK_LINK_READ_H

#include "netlink/link.h"

/* An RTM_NEWLINK that the kernel sent. *link is written on success. 0 or -errno. */
int link_read(const struct nlmsghdr *, struct link *link);

#endif
