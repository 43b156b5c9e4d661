/* SPDX-License-Identifier: Apache-2.0 */
/* The quality of service of an RDMA device: "rdmaQoS". */
#ifndef META_RDMA_QOS_H
#define META_RDMA_QOS_H

#include <stdint.h>

#include "cni/error.h"

/*
 * The type of service that RDMA-CM gives to connections of the device's port 1: configfs's
 * rdma_cm/DEVICE/ports/1/default_roce_tos (Documentation/ABI/testing/configfs-rdma_cm). A move
 * resets it, so it is set afterwards, by the name in the pod; it ends with the next move. configfs
 * is where that is mounted, "/sys/kernel/config".
 */
int qos_set_tos(const char *configfs, const char *device, int64_t tos, struct cni_error *err);

/*
 * The traffic class of all RoCE packets of port 1, sysfs's
 * class/infiniband/DEVICE/tc/1/traffic_class: drivers of MLNX_OFED and DOCA have it, the kernel's
 * own do not. Of a device on the host, where sysfs shows it.
 */
int64_t qos_read_tc(const char *sys, const char *device); /* -1: it cannot be read */
int qos_set_tc(const char *sys, const char *device, int64_t tc, struct cni_error *err);

#endif
