/* SPDX-License-Identifier: Apache-2.0 */
/* The way back, also of what a killed ADD left. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cni/boot.h"
#include "meta/rdma/attach.h"
#include "meta/rdma/qos.h"

#define WAIT_MS 5000
#define STEP_MS 10
/* For so long it was not to be seen: its RDMA driver has gone. */
#define MISSING_MS 1000

/* Is the device somewhere, or may it come to be? On its way it has no uverbs device. */
static bool is_somewhere(const struct rdma_world *world, const struct rdma_state *state, int missed)
{
	char name[PCI_NAME];
	struct pci device;

	if (pci_find(world->sys, state->device_id, &device) < 0 || pci_driver(&device, name) < 0)
		return false;
	return pci_rdma_anywhere(&device, name) != -ENODEV || missed < MISSING_MS;
}

/* A namespace is torn down after its last process, and its devices come home with it. */
static bool comes_home(
	const struct rdma_world *world, const struct rdma_state *state, struct nl *host)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	struct rdma now;

	for (int waited = 0; rdmadev_look(&state->device, host, &now) == -ENODEV;
		waited += STEP_MS) {
		if (!is_somewhere(world, state, waited))
			return true;
		if (waited >= WAIT_MS)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

/* The namespace that the state names, if it still is the same; or -1. */
static int reopen(const struct rdma_state *state)
{
	char id[NETNS_ID_TEXT];
	struct stat st;
	int netns;

	if (!state->netns || !state->netns_id || strcmp(state->boot ? state->boot : "", boot_id()))
		return -1;
	netns = netns_open(state->netns);
	if (netns < 0)
		return -1;
	if (!fstat(netns, &st) && !strcmp(netns_print_id(&st, id), state->netns_id))
		return netns;
	close(netns);
	return -1;
}

static int bring_home(const struct rdma_world *world, const struct rdma_state *state, int netns,
	int home, struct cni_error *err)
{
	CLEANUP(nl_closep) struct nl host = NL_CLOSED, inside = NL_CLOSED;
	int64_t tc;

	if (rdmadev_open(&host, -1, -1, err) < 0)
		return -1;
	if (netns >= 0 && rdmadev_open(&inside, netns, home, err) < 0)
		return -1;
	if (netns < 0 && !comes_home(world, state, &host))
		return cni_fail(err, CNI_TRY_LATER,
			"RDMA device %s has not come back from namespace %s: something keeps that "
			"alive, and cannot be entered any more",
			state->device.name, state->netns ? state->netns : "(unknown)");
	if (rdmadev_return(&state->device, &host, netns >= 0 ? &inside : NULL, netns, home, err) <
		0)
		return -1;
	return state->tc < 0 ? 0 : qos_set_tc(world->sys, state->device.name, state->tc, &tc, err);
}

/* The kernel has no RDMA any more: the devices have gone with it. */
static bool has_no_rdma(void)
{
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;

	return nl_open(&nl, NETLINK_RDMA, -1, -1) == -EPROTONOSUPPORT;
}

int attach_return(const struct rdma_world *world, const char *id, int netns, struct cni_error *err)
{
	CLEANUP(rdma_state_done) struct rdma_state state = { 0 };
	CLEANUP(closep) int home = -1, reopened = -1;
	int found = rdma_state_read(&state, world->states, id, err);

	if (found <= 0)
		return found;
	if (has_no_rdma())
		return rdma_state_remove(world->states, id, err);
	home = netns_home();
	if (home < 0)
		return cni_fail_errno(err, CNI_INTERNAL, home, NULL, "open our own namespace");
	if (netns < 0)
		netns = reopened = reopen(&state);
	if (bring_home(world, &state, netns, home, err) < 0)
		return -1;
	return rdma_state_remove(world->states, id, err);
}
