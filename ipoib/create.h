/* SPDX-License-Identifier: Apache-2.0 */
/* Making the link. */
#ifndef IPOIB_CREATE_H
#define IPOIB_CREATE_H

#include "ipoib/conf.h"
#include "netlink/guard.h"

/*
 * Create the child under CNI_IFNAME in the pod's namespace. outer is a socket where the master is,
 * inside one in the pod. On success *link is the new link as it will be once it is up, and guard,
 * armed on the way, removes it. An interface that has the name already fails and stays.
 */
int ipoib_create(const struct cni_request *, const struct ipoib_conf *, struct nl *outer,
	struct nl *inside, struct link_guard *guard, struct link *link, struct cni_error *);

#endif
