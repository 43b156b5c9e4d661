/* SPDX-License-Identifier: Apache-2.0 */
/* The device that a configuration means. */
#ifndef HOSTDEVICE_DEVICE_H
#define HOSTDEVICE_DEVICE_H

#include "hostdevice/conf.h"
#include "hostdevice/pci.h"
#include "netlink/move.h"

#define DEVICE_KEY 128

struct device {
	struct link link; /* index 0: a process is to drive it, it has no interface */
	struct link_details details;
	char bus_id[NAME_MAX + 1]; /* as it was selected: "0000:3b:00.2", "mlx5_core.sf.2"; or "" */
	char driver[NAME_MAX + 1]; /* of a device without interface */
	/*
	 * What tells it from other devices as long as the kernel runs, whatever it is called and
	 * wherever it is: bus device and port, else the permanent address, else the index.
	 */
	char key[DEVICE_KEY];
};

/* "0000:3b:00.2" */
bool device_is_pci(const char *id);

/*
 * Look for the device on the host, where nl is. One that is not there is CNI_TRY_LATER: its driver
 * may still be loading, or it is in a pod.
 */
int device_find(const struct hostdev_conf *, const char *sys, struct nl *nl, struct device *,
	struct cni_error *err);

/* Read link and details again, by index: they may have changed. The key has not. */
int device_refresh(struct device *, struct nl *nl, struct cni_error *err);

/* Fill in the key of a device whose link and details are known. */
void device_make_key(struct device *, const char *sys);

/*
 * The same after something that may have made the interface anew: by index, else that of its bus
 * device, which is waited for, some seconds at the most. It is called name again, if that is free.
 */
int device_again(struct device *, const struct pci *, struct nl *nl, const char *name,
	struct cni_error *err);

#endif
