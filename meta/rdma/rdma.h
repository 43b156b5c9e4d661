/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meta/ has the chained plugins that work on what the one before them made: here `rdma`, which
 * moves the RDMA device of a pod's interface into the pod. It includes cni/, netlink/, and of
 * hostdevice/ what is known about devices (pci.h, rdmadev.h, sysfs.h).
 */
#ifndef META_RDMA_RDMA_H
#define META_RDMA_RDMA_H

#include "cni/plugin.h"

extern const struct cni_plugin rdma_plugin;

#endif
