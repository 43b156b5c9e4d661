/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way back, also of what a killed ADD left, and of what a dying namespace lets go. */
#include <errno.h>
#include <linux/netlink.h>
#include <time.h>

#include "hostdevice/rdmadev.h"

#define WAIT_MS 5000
#define STEP_MS 10
/* For so long it was not to be seen: its RDMA driver has gone. */
#define MISSING_MS 1000

/* Is the device somewhere, or may it come to be? On its way it has no uverbs device. */
static bool is_somewhere(const char *sys, const char *bus_id, int missed)
{
	char name[PCI_NAME];
	struct pci device;

	if (pci_find(sys, bus_id, &device) < 0 || pci_driver(&device, name) < 0)
		return false;
	return pci_rdma_anywhere(&device, name) != -ENODEV || missed < MISSING_MS;
}

/* A namespace is torn down after its last process, and its devices come home with it. */
static bool comes_home(
	const struct rdmadev *device, const char *sys, const char *bus_id, struct nl *host)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	struct rdma now;

	for (int waited = 0; rdmadev_look(device, host, &now) == -ENODEV; waited += STEP_MS) {
		if (!is_somewhere(sys, bus_id, waited))
			return true;
		if (waited >= WAIT_MS)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

int rdmadev_bring_home(const struct rdmadev *device, const char *sys, const char *bus_id, int netns,
	int home, struct cni_error *err)
{
	CLEANUP(nl_closep) struct nl host = NL_CLOSED, inside = NL_CLOSED;

	/* The kernel has no RDMA any more: the devices have gone with it. */
	if (nl_open(&host, NETLINK_RDMA, -1, -1) == -EPROTONOSUPPORT)
		return 0;
	nl_closep(&host);
	if (rdmadev_open(&host, -1, -1, err) < 0 ||
		(netns >= 0 && rdmadev_open(&inside, netns, home, err) < 0))
		return -1;
	if (netns < 0 && !comes_home(device, sys, bus_id, &host))
		return cni_fail(err, CNI_TRY_LATER,
			"RDMA device %s has not come back from the container's namespace: "
			"something keeps that alive, and it cannot be entered any more",
			device->name);
	return rdmadev_return(device, &host, netns >= 0 ? &inside : NULL, netns, home, err) < 0 ? -1
												: 1;
}
