/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPoIB interfaces (RFC 4391, Documentation/infiniband/ipoib.rst): children of an InfiniBand port's
 * own interface, one partition each.
 *
 * What the kernel tells of a child is less than of other stacked links. IFLA_LINK, the parent's
 * index, is that of the parent's namespace although IFLA_LINK_NETNSID is never there, and it is
 * left out where the two indices happen to be equal. The MTU of a creation is ignored, and the
 * kernel lowers that of a child in datagram mode once its partition's broadcast group is joined.
 */
#ifndef NETLINK_IPOIB_H
#define NETLINK_IPOIB_H

#include "netlink/link.h"

#define KIND_IPOIB "ipoib"

struct link_ipoib {
	const char *name;
	int parent;    /* index in the socket's namespace */
	uint16_t pkey; /* 0: the parent's; the kernel sets the full member's bit, 0x8000 */
	bool umcast;   /* leave multicast groups that programs join by themselves to them */
	int netns;     /* descriptor of the namespace to create it in; negative: the socket's */
};

/*
 * In datagram mode, whatever the parent's. -EEXIST if the name is taken, in the namespace of the
 * socket, too, with kernels up to 6.12 at least; -ENODEV if there is no such parent, or it is not
 * InfiniBand; -ENOTUNIQ if the partition's child exists and there may be one only; -EINVAL for a
 * name that is too long, and for a parent that is itself a child.
 */
int link_add_ipoib(struct nl *, const struct link_ipoib *);

/*
 * Change the mode (IPOIB_MODE_*). -EINVAL if the device cannot. The kernel lets go of its network
 * lock on the way and answers -EBUSY if somebody else got it meanwhile: the mode is changed then,
 * and the same request again finds it so. Changing to what it is does nothing.
 */
int link_set_ipoib_mode(struct nl *, int index, uint16_t mode);

/* An nl_attr_fn for what is in IFLA_INFO_DATA: into the struct link that data is. */
int ipoib_read(const struct nlattr *attr, void *data);

#endif
