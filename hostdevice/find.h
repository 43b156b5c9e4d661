/* SPDX-License-Identifier: Apache-2.0 */
/* Where a device is that an attachment has. */
#ifndef HOSTDEVICE_FIND_H
#define HOSTDEVICE_FIND_H

#include "hostdevice/world.h"

struct found {
	struct nl *nl; /* of the two sockets of the world, the one where it is */
	struct link link;
	struct link_details details; /* of a link that is home: restore_bring_home() reads them */
};

/*
 * Look in the pod, then on the host. The kernel gives back the devices of a namespace that ended a
 * little later: hardware that is still on its bus is waited for, some seconds at the most, where
 * there is no pod. 1 found, 0 gone for good, 2 its bus device is there and it is not, or -1.
 */
int find_device(struct world *, const struct state *, struct found *, struct cni_error *err);

/* The device of an attachment without state, and its name at home: restore_lost(). 1, 0 or -1. */
int find_lost(struct world *, const char *id, const char *ifname, struct found *,
	char name[IFNAMSIZ], struct cni_error *err);

#endif
