/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attachment has moved: one JSON file for each, STATE_DIRECTORY/<attachment>.json, named by
 * cni_request_id(), mode 0600 in a directory of mode 0700. Written before the move, removed after
 * the return.
 */
#ifndef META_RDMA_STATE_H
#define META_RDMA_STATE_H

#include "cni/request.h"
#include "hostdevice/rdmadev.h"

#define RDMA_STATE_DIRECTORY "/var/lib/cni/fabric-cni/rdma"

struct rdma_state {
	const char *network, *container_id, *ifname;
	const char *netns, *netns_id, *boot; /* netns_is_dead() */
	const char *device_id;		     /* of the PCI or auxiliary bus */
	int64_t tc; /* the traffic class of before; -1: not changed, or unknown */
	struct rdmadev device;
	struct json *tree; /* owned: what the texts point into */
};

void rdma_state_done(struct rdma_state *);

int rdma_state_write(
	const struct rdma_state *, const char *directory, const char *id, struct cni_error *err);

/* 1; 0: there is none; -1: it cannot be read or understood, CNI_IO_FAILURE or _DECODING_FAILURE. */
int rdma_state_read(
	struct rdma_state *, const char *directory, const char *id, struct cni_error *err);

/* With what a killed rdma_state_write() has left. Success if there is none. */
int rdma_state_remove(const char *directory, const char *id, struct cni_error *err);

/* Call visit with the ID of each state there is; all are visited, errors are joined. */
typedef int rdma_state_fn(const char *id, void *data, struct cni_error *err);
int rdma_state_each(const char *directory, rdma_state_fn *visit, void *data, struct cni_error *err);

#endif
