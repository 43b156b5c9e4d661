/* SPDX-License-Identifier: Apache-2.0 */
/* Private to netlink/: messages about links. */
#ifndef NETLINK_LINK_MESSAGE_H
#define NETLINK_LINK_MESSAGE_H

#include "netlink/link.h"

/* An nl_answer_fn: an RTM_NEWLINK into the struct link that data is. */
int link_read(const struct nlmsghdr *, void *data);

#endif
