/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link that is deleted when its scope ends (cni/guard.h's CLEANUP), unless it is kept by setting
 * nl to NULL. Armed before the link is created, with the name that it will have: a creation whose
 * acknowledgement was lost has happened all the same.
 */
#ifndef NETLINK_GUARD_H
#define NETLINK_GUARD_H

#include "netlink/link.h"

struct link_guard {
	struct nl *nl; /* in the link's namespace; NULL: disarmed */
	char name[IFNAMSIZ];
	/* By name it deletes a link of this kind without an alias only: ours has none yet. */
	const char *kind;
	int index; /* once it is known: the link may be renamed or get its alias from then on */
};

/* nl and kind are borrowed. A name that is too long for a link arms nothing. */
void link_guard_arm(struct link_guard *, struct nl *nl, const char *name, const char *kind);
void link_guard_end(struct link_guard *);

#endif
