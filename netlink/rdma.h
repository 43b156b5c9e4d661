/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RDMA devices: NETLINK_RDMA of rdma/rdma_netlink.h, as rdma(8) uses it. nl_open(&nl,
 * NETLINK_RDMA, ...) answers -EPROTONOSUPPORT where the kernel has no RDMA (ib_core is not there).
 * In exclusive mode a socket sees the devices of its own namespace only; in shared mode all.
 */
#ifndef NETLINK_RDMA_H
#define NETLINK_RDMA_H

#include "netlink/nl.h"

#define RDMA_NAME 64 /* IB_DEVICE_NAME_MAX, with the NUL */

struct rdma {
	uint32_t index; /* keeps its value when the device moves or is renamed */
	uint32_t ports;
	char name[RDMA_NAME];
	char protocol[16];    /* "ib", "roce", "iw", "opa"; "" on old kernels */
	uint8_t node_guid[8]; /* network order */
};

struct rdma_port {
	uint8_t state;	  /* IB_PORT_*: 1 DOWN, 2 INIT, 3 ARMED, 4 ACTIVE; 0: not told */
	uint8_t physical; /* 2 POLLING, 3 DISABLED, 5 LINK_UP, ...; 0: not told */
};

/* Do RDMA devices belong to one namespace (exclusive) or to all (shared)? Before 5.2: to all. */
int rdma_exclusive(struct nl *, bool *exclusive);

/* The kernel has no request by name: devices are dumped; a host has few. -ENODEV. */
int rdma_find(struct nl *, const char *name, struct rdma *);
int rdma_get(struct nl *, uint32_t index, struct rdma *);

int rdma_get_port(struct nl *, uint32_t index, uint32_t port, struct rdma_port *);

/*
 * Move a device from the socket's namespace to that of the descriptor to. The one request for which
 * the socket does not say it all: the kernel compares the device's namespace with that of the
 * calling thread, too, and says -ENODEV. So from is entered meanwhile, and home again, unless it is
 * negative: we are in it.
 *
 * -EOPNOTSUPP: the mode is shared, or the driver (rdma_rxe, siw) cannot. IPoIB interfaces of the
 * device are destroyed, wherever they are, and its first is made anew in the initial namespace.
 */
int rdma_move(struct nl *, uint32_t index, int from, int to, int home);

/* Names are one space for all namespaces: -EEXIST. -EINVAL for one no device can have. */
int rdma_rename(struct nl *, uint32_t index, const char *name);

/* "ACTIVE", "LINK_UP": as rdma(8) prints them. */
const char *rdma_state_name(uint8_t state);
const char *rdma_physical_name(uint8_t physical);

#endif
