/* SPDX-License-Identifier: Apache-2.0 */
/* Making the link. */
#ifndef MACVLAN_CREATE_H
#define MACVLAN_CREATE_H

#include "macvlan/conf.h"
#include "netlink/guard.h"

/*
 * Create the macvlan under CNI_IFNAME in the pod's namespace. outer is a socket where the master
 * is, inside one in the pod. On success *link is the new link as the kernel made it and guard,
 * armed on the way, removes it. An interface that has the name already fails and stays.
 */
int macvlan_create(const struct cni_request *, const struct macvlan_conf *, struct nl *outer,
	struct nl *inside, struct link_guard *guard, struct link *link, struct cni_error *);

#endif
