/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link that is deleted when its scope ends (cni/guard.h's CLEANUP), unless it is kept by setting
 * name to NULL. Armed before the link is created, with the name that it will have: a creation
 * whose acknowledgement was lost has happened all the same.
 */
#ifndef NETLINK_GUARD_H
#define NETLINK_GUARD_H

#include "netlink/link.h"

struct link_guard {
	struct nl *nl;	  /* in the link's namespace */
	const char *name; /* NULL: disarmed */
	const char *kind; /* another kind of link under that name is somebody else's */
};

void link_guard_end(struct link_guard *);

#endif
