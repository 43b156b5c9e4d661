/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostdevice/ is the plugin `host-device`: a network device of the host that a pod gets, and the
 * host gets back as it was; `sriov` and `ib-sriov` are the same for VFs, with settings that their
 * PF has (hardware.h). It includes cni/, netlink/ and ipam/ipam.h.
 *
 * What an attachment changes is written down before it is changed (state.h), and the device is
 * claimed (claim.h), so that whoever comes next can put it back: the same ADD when it fails, DEL,
 * GC, or the next ADD that wants the device (restore.h).
 */
#ifndef HOSTDEVICE_HOSTDEVICE_H
#define HOSTDEVICE_HOSTDEVICE_H

#include "cni/plugin.h"

/* One executable: the last component of the name that it is called by decides. */
extern const struct cni_plugin hostdev_plugin, sriov_plugin, ib_sriov_plugin;

#endif
