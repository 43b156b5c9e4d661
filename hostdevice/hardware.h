/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to a network interface that is hardware: the settings of a VF, which its PF has, and
 * the RDMA device beside it. Both change with the interface, and go back with it.
 *
 * A VF whose driver is bound anew, or an IPoIB interface whose RDMA device moves, is another link
 * afterwards: other index, name and permanent address. Its bus device is what stays.
 */
#ifndef HOSTDEVICE_HARDWARE_H
#define HOSTDEVICE_HARDWARE_H

#include "hostdevice/rdmadev.h"
#include "hostdevice/settings.h"
#include "hostdevice/world.h"

struct hardware {
	struct pci pci; /* id "": it is on no bus, and nothing belongs to it */
	struct settings_plan vf;
	struct rdmadev rdma; /* name "": none goes with it */
};

/*
 * Find out what is to be changed, and what it is like now; the caller has the device's claim. Says
 * what the configuration wants and this device cannot have: settings of a VF for what is none, a
 * dialect for the other kind of NIC, no usable GUID, rdmaIsolation in shared mode.
 */
int hardware_plan(struct world *, const struct hostdev_conf *, const struct device *,
	struct hardware *, struct cni_error *err);

/* Into the state: before state_write(). */
int hardware_save(const struct hardware *, struct state *, struct cni_error *err);

/*
 * Change the settings, give the VF its MAC, move the RDMA device to the pod. The state is written
 * again if it has to be. The device is what it is afterwards, on the host, and under its old name
 * if that is free. A failure is undone by restore_device().
 */
int hardware_apply(struct world *, const struct cni_request *, const struct hostdev_conf *,
	struct state *, struct device *, struct hardware *, struct cni_error *err);

/* CHECK: the settings are as configured. */
int hardware_check(
	struct world *, const struct hostdev_conf *, const struct state *, struct cni_error *err);

/* STATUS: CNI_LIMITED where the InfiniBand port of a device that is on the host is not usable. */
int hardware_status(struct world *, const struct device *, struct cni_error *err);

/*
 * Give a VF's interface this address. A driver that refuses, or does not see what the PF has set
 * (igb), is bound anew: the interface is another one then. driver "": that cannot be done.
 */
int hardware_set_mac(struct world *, const struct pci *, const char *driver, int index,
	const struct hwaddr *, struct cni_error *err);

/* Of the way back: restore.h has the order. Nothing to do without such a state: 0. */
int hardware_return_rdma(struct world *, const struct state *, struct cni_error *err);

/* link: the interface, which is on the host; NULL: it is not there. */
int hardware_restore_vf(
	struct world *, const struct state *, const struct link *link, struct cni_error *err);

#endif
