/* SPDX-License-Identifier: Apache-2.0 */
/* What poolctl import has read, before anything is written. */
#ifndef IPAM_POOLCTL_IMPORT_H
#define IPAM_POOLCTL_IMPORT_H

#include "ipam/poolctl.h"

/* One address of one attachment. Strings are owned. */
struct import_item {
	char *pool, *container_id, *ifname, *pod, *pod_uid;
	struct ip ip;
	int64_t time; /* CLOCK_REALTIME, s */
};

struct import {
	struct import_item *list;
	size_t n, capacity;
	size_t skipped; /* told already */
	int lock;	/* the other IPAM's, held; -1: none */
};

/* Fails with CNI_INTERNAL without memory. Strings are copied. */
int import_put(struct import *, const struct import_item *, struct cni_error *err);
void import_done(struct import *);

/* The directory of a network of host-local, its lock held. */
int import_host_local(
	const struct poolctl *, const char *directory, struct import *, struct cni_error *err);

/* The store of nv-ipam's daemon, its checksum verified. */
int import_nv_ipam(const char *path, struct import *, struct cni_error *err);

#endif
