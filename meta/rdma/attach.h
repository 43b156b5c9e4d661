/* SPDX-License-Identifier: Apache-2.0 */
/* The RDMA device of an attachment: found, moved into the pod, and returned. */
#ifndef META_RDMA_ATTACH_H
#define META_RDMA_ATTACH_H

#include "cni/result.h"
#include "meta/rdma/conf.h"
#include "meta/rdma/state.h"
#include "netlink/link.h"

/* Where things are; other places in tests. */
struct rdma_world {
	const char *sys, *configfs, *states;
};

extern const struct rdma_world rdma_world;

/*
 * What is on its way. Ends with attach_end(), which undoes it unless it is kept by setting armed to
 * false.
 */
struct attach {
	const struct rdma_world *world;
	const struct cni_request *request;
	struct nl host, inside; /* RDMA sockets */
	struct pci device;
	struct rdma_state state;
	char netns_id[NETNS_ID_TEXT];
	bool there; /* host-device, sriov or ib-sriov has moved it already */
	bool armed; /* the state is written, the device may have moved */
};

#define ATTACH_NONE(world_, request_)                                                              \
	{                                                                                          \
		.world = (world_), .request = (request_), .host = NL_CLOSED, .inside = NL_CLOSED,  \
		.state = {                                                                         \
			.tc = -1                                                                   \
		}                                                                                  \
	}

void attach_end(struct attach *);

/*
 * Open the host's socket. Fails in shared mode, where devices are in all namespaces and nothing can
 * be moved: the remedy is in the message.
 */
int attach_open(struct attach *, struct cni_error *err);

/*
 * Find the device: deviceID if it is one of a bus, else that of the interface in prevResult. It is
 * on the host, or in the pod already (there); state.device is filled in.
 */
int attach_find(struct attach *, const struct rdma_conf *, const struct cni_result *previous,
	struct cni_error *err);

/* Write the state, and move, rename and set up the device. */
int attach_move(struct attach *, const struct rdma_conf *, struct cni_error *err);

/*
 * Return what the state of an attachment says, and remove it; nothing to do without one. netns is
 * the pod's namespace, or negative: then the one that the state names is tried.
 */
int attach_return(const struct rdma_world *, const char *id, int netns, struct cni_error *err);

/*
 * The same for attachments of a device whose namespaces are gone: their DEL may come when another
 * pod has it, or never. Failures are passed over: they are not the caller's.
 */
void attach_return_dead(const struct rdma_world *, const char *device_id);

#endif
