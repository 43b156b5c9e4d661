/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SR-IOV functions, RDMA devices and drivers in sysfs, beside what sysfs.h has:
 * Documentation/ABI/testing/sysfs-bus-pci. Every function returns 0 or -errno and prints nothing;
 * outputs are written on success only. meta/ may include this header, too: its `rdma` plugin asks
 * the same questions.
 */
#ifndef HOSTDEVICE_PCI_H
#define HOSTDEVICE_PCI_H

#include <stdint.h>

#include "hostdevice/sysfs.h"

#define PCI_NAME 64 /* of a driver or an RDMA device, with the NUL */

struct pci {
	const char *sys; /* where sysfs is mounted; borrowed */
	enum sysfs_bus bus;
	char id[PCI_NAME]; /* "0000:3b:00.2", "mlx5_core.sf.2" */
	char directory[PATH_MAX];
};

/* By PCI address or auxiliary id. -ENODEV: this machine has no such device. */
int pci_find(const char *sys, const char *id, struct pci *);

/* The PF of a VF; -ENOENT: it is none. */
int pci_physfn(const struct pci *vf, struct pci *pf);

/* The number of a VF, from the PF's virtfnN links; -ENOENT: it is not one of its VFs. */
int pci_vf_number(const struct pci *pf, const struct pci *vf, uint32_t *number);

/* VFs that are enabled now; -ENOENT: the device has no SR-IOV. */
int pci_vf_count(const struct pci *pf, uint32_t *count);

/* The driver it is bound to; -ENOENT: none. */
int pci_driver(const struct pci *, char driver[PCI_NAME]);

/* Its RDMA device on the host. -ENODEV: none, or it is in a pod; -ENOTUNIQ: several. */
int pci_rdma(const struct pci *, char name[PCI_NAME]);

/*
 * The same, in whichever namespace it is: its uverbs device belongs to none, and names it. -ENODEV
 * also if ib_uverbs is not loaded.
 */
int pci_rdma_anywhere(const struct pci *, char name[PCI_NAME]);

/*
 * Unbind from the driver and bind to it again, which is how most drivers come to see what the PF
 * has set (GUIDs, MAC). The function's netdevs and RDMA devices are made anew, with other indices
 * and perhaps other names. The kernel answers when probing has ended; -ENODEV where there is no
 * such driver (any more).
 */
int pci_unbind(const struct pci *, const char *driver);
int pci_bind(const struct pci *, const char *driver);

#endif
