/* SPDX-License-Identifier: Apache-2.0 */
/* The way back of what hardware.c has changed. */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "hostdevice/hardware.h"

static const char *bus_of(const struct state *state)
{
	return *state->parent ? state->parent : state->key;
}

int hardware_return_rdma(struct world *world, const struct state *state, struct cni_error *err)
{
	struct rdmadev device;

	if (!state->rdma)
		return 0;
	if (rdmadev_load(state->rdma, &device, err) < 0)
		return -1;
	return rdmadev_bring_home(
		       &device, world->sys, bus_of(state), world->netns, world->home, err) < 0
		       ? -1
		       : 0;
}

/* Bound anew, it is another device, whose name is the kernel's choice; taken or not, it can stay. */
static void rename_rdma(struct world *world, const struct state *state)
{
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;
	struct cni_error ignored = { 0 };
	struct rdmadev device;
	char name[PCI_NAME];
	struct rdma now;
	struct pci pci;

	if (!state->rdma || rdmadev_load(state->rdma, &device, &ignored) < 0 ||
		pci_find(world->sys, bus_of(state), &pci) < 0 || pci_rdma(&pci, name) < 0 ||
		!strcmp(name, device.name) || nl_open(&nl, NETLINK_RDMA, -1, -1) < 0)
		return;
	if (!rdma_find(&nl, name, &now))
		(void)rdma_rename(&nl, now.index, device.name);
}

static int restore_mac(struct world *world, const struct state *state,
	const struct settings_plan *plan, const struct link *link, struct cni_error *err)
{
	struct hwaddr mac;
	struct link now;
	struct pci pci;

	if (!(plan->before.has & VF_MAC) || !link || hwaddr_parse(state->mac, &mac) < 0 ||
		pci_find(world->sys, plan->vf, &pci) < 0 ||
		link_get_index(&world->host, link->index, &now) < 0)
		return 0;
	return hardware_set_mac(world, &pci, plan->driver, link->index, &mac, err);
}

int hardware_restore_vf(struct world *world, const struct state *state, const struct link *link,
	struct cni_error *err)
{
	struct settings_plan plan;
	struct cni_error more = { 0 };

	if (!state->vf)
		return 0;
	if (settings_load(state->vf, &plan, err) < 0)
		return -1;
	(void)settings_restore(&plan, world->sys, &world->host, err);
	/* A random address of a driver that was never given one cannot always be had again. */
	(void)restore_mac(world, state, &plan, link, &more);
	rename_rdma(world, state);
	return err->code ? -1 : 0;
}
