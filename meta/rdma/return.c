/* SPDX-License-Identifier: Apache-2.0 */
/* The way back, also of what a killed ADD left. */
#include <errno.h>
#include <string.h>

#include "cni/boot.h"
#include "meta/rdma/attach.h"
#include "meta/rdma/qos.h"

/* The namespace that the state names, if it still is the same; or -1. */
static int reopen(const struct rdma_state *state)
{
	char id[NETNS_ID_TEXT];
	struct netns_id found;
	int netns;

	if (!state->netns || !state->netns_id || strcmp(state->boot ? state->boot : "", boot_id()))
		return -1;
	netns = netns_open(state->netns);
	if (netns < 0)
		return -1;
	if (!netns_identify(netns, &found) && !strcmp(netns_print_id(&found, id), state->netns_id))
		return netns;
	close(netns);
	return -1;
}

static int bring_home(const struct rdma_world *world, const struct rdma_state *state, int netns,
	int home, struct cni_error *err)
{
	if (rdmadev_bring_home(&state->device, world->sys, state->device_id, netns, home, err) < 0)
		return -1;
	/* Who has none any more is gone, or has got another driver. */
	if (state->tc < 0 || qos_read_tc(world->sys, state->device.name) < 0)
		return 0;
	return qos_set_tc(world->sys, state->device.name, state->tc, err);
}

int attach_return(const struct rdma_world *world, const char *id, int netns, struct cni_error *err)
{
	CLEANUP(rdma_state_done) struct rdma_state state = { 0 };
	CLEANUP(closep) int home = -1, reopened = -1;
	int found = rdma_state_read(&state, world->states, id, err);

	if (found < 0)
		return -1;
	if (!found)
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

struct dead {
	const struct rdma_world *world;
	const char *device_id;
};

static int end_dead(const char *id, void *data, struct cni_error *err)
{
	CLEANUP(rdma_state_done) struct rdma_state state = { 0 };
	const struct dead *dead = data;

	if (rdma_state_read(&state, dead->world->states, id, err) != 1 ||
		strcmp(state.device_id, dead->device_id) != 0 ||
		!netns_is_dead(state.netns, state.netns_id, state.boot))
		return 0;
	return attach_return(dead->world, id, -1, err);
}

void attach_return_dead(const struct rdma_world *world, const char *device_id)
{
	struct dead dead = { world, device_id };
	struct cni_error ignored = { 0 };

	(void)rdma_state_each(world->states, end_dead, &dead, &ignored);
}
