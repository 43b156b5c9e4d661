/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RDMA device that belongs to a network device, moved to a pod and back. For host-device and
 * its dialects, and for meta/'s `rdma`. The caller keeps a struct rdmadev in its state file from
 * before the move.
 *
 * Moving an RDMA device destroys the IPoIB interfaces on it and makes a fresh one on the host: it
 * goes before the network interface, both ways, and the interface's name is read again afterwards.
 */
#ifndef HOSTDEVICE_RDMADEV_H
#define HOSTDEVICE_RDMADEV_H

#include "cni/json.h"
#include "hostdevice/pci.h"
#include "netlink/rdma.h"

struct rdmadev {
	char name[RDMA_NAME];	  /* on the host; "": there is none */
	char pod_name[RDMA_NAME]; /* in the pod; "": the same */
	uint32_t index;
	uint8_t node_guid[8];
};

/*
 * Open an RDMA socket in netns (negative: on the host), with home for the way back. CNI_TRY_LATER
 * where the kernel has no RDMA (yet).
 */
int rdmadev_open(struct nl *, int netns, int home, struct cni_error *err);

/* 1: exclusive mode, devices belong to a namespace and are to be moved; 0: shared; or -1. */
int rdmadev_is_exclusive(struct nl *, struct cni_error *err);

/*
 * The RDMA device of a PCI or auxiliary device, which must be on the host. Without any it is
 * CNI_TRY_LATER, with several CNI_INVALID_CONFIG.
 */
int rdmadev_find(const struct pci *, struct nl *host, struct rdmadev *, struct cni_error *err);

/*
 * Move it into the pod, and give it its pod_name there. After a failure it may be inside: the
 * caller returns it.
 */
int rdmadev_move(const struct rdmadev *, struct nl *host, struct nl *inside, int netns,
	struct cni_error *err);

/*
 * Bring it back, under its name: from the pod (inside, a socket in netns; NULL where there is no
 * namespace any more) or, where the kernel has brought it back already, on the host. One that is in
 * neither has gone with its driver, and nothing is left to do. home is a descriptor of the host's
 * namespace.
 */
int rdmadev_return(const struct rdmadev *, struct nl *host, struct nl *inside, int netns, int home,
	struct cni_error *err);

/*
 * All of that in one, for whoever has no sockets: those are opened, and a device whose namespace has
 * ended (netns negative) is waited for, some seconds at the most: then CNI_TRY_LATER. bus_id is the
 * PCI or auxiliary device that it belongs to. 1; 0: the kernel has no RDMA any more; -1.
 */
int rdmadev_bring_home(const struct rdmadev *, const char *sys, const char *bus_id, int netns,
	int home, struct cni_error *err);

/* Is it there, by index, and the same one? 0, -ENODEV or another -errno; *now as it is. */
int rdmadev_look(const struct rdmadev *, struct nl *, struct rdma *now);

/* As an object of a state file, and back. */
void rdmadev_write(const struct rdmadev *, struct json_writer *, const char *key);
int rdmadev_load(const struct json *, struct rdmadev *, struct cni_error *err);

/*
 * Can it be used? 1, or 0 with the reason and the remedy, for messages and STATUS: "port 1 of
 * mlx5_3 is INIT (LINK_UP): no subnet manager has ...". -errno where the kernel does not tell.
 */
#define RDMADEV_TEXT 512
int rdmadev_describe(struct nl *, const struct rdma *, char out[RDMADEV_TEXT]);

#endif
