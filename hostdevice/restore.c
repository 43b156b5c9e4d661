/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/restore.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "hostdevice/hardware.h"
#include "hostdevice/restore_link.h"

static int check_name(struct world *world, const struct state *state, const struct found *found,
	struct cni_error *err)
{
	struct link other;
	int rc = link_get(&world->host, state->name, &other);

	if (rc == -ENODEV || (!rc && found->nl == &world->host && other.index == found->link.index))
		return 0;
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->host.extack, "look up %s",
			state->name);
	return cni_fail(err, CNI_INTERNAL,
		"cannot give %s back to the host: another link is called %s there; rename or "
		"remove that one, and call DEL again",
		found->link.name, state->name);
}

/* 1: found, and its name is free; 0, 2 and -1 as find_device(). */
static int locate(
	struct world *world, const struct state *state, struct found *found, struct cni_error *err)
{
	/* Without an interface, there is what belongs to it. */
	int rc = *state->name ? find_device(world, state, found, err) : 0;

	return rc == 1 && check_name(world, state, found, err) < 0 ? -1 : rc;
}

static int locate_and_bring(
	struct world *world, const struct state *state, struct found *found, struct cni_error *err)
{
	int rc = locate(world, state, found, err);

	return rc == 1 ? restore_bring_home(world, state, found, err) : rc;
}

/* As it is when its settings have changed. 1; 0: it was made anew; -1. */
static int look_again(
	struct world *world, const struct state *state, struct found *found, struct cni_error *err)
{
	int rc = link_details(&world->host, found->link.index, &found->link, &found->details);

	if (rc == -ENODEV)
		return 0;
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, world->host.extack, "read %s", state->name);
	return 1;
}

/*
 * The interface is out of the pod before the settings that confined it there end. Binding the
 * driver again for them makes another interface.
 */
static int restore_hardware(struct world *world, const struct state *state, struct found *found,
	int rc, struct cni_error *err)
{
	if (!state->vf)
		return rc;
	(void)hardware_restore_vf(world, state, rc == 1 ? &found->link : NULL, err);
	if (rc == 1 && (rc = look_again(world, state, found, err)) != 0)
		return rc;
	return locate_and_bring(world, state, found, err);
}

int restore_device(struct world *world, const struct state *state, struct cni_error *err)
{
	struct cni_error more = { 0 };
	struct found found;
	int rc;

	if (!state_is_of_this_boot(state))
		return 0;
	if (state->rdma) {
		if (locate(world, state, &found, err) < 0)
			return -1;
		/* It takes an IPoIB interface with it, which is another one afterwards. */
		(void)hardware_return_rdma(world, state, &more);
	}
	rc = locate_and_bring(world, state, &found, err);
	if (rc >= 0)
		rc = restore_hardware(world, state, &found, rc, &more);
	if (rc == 1)
		rc = restore_link(world, state, &found, err);
	return cni_fail_join(err, &more) < 0 ? -1 : rc;
}

/*
 * The attachment's own namespace, where the caller has not got it. One that lives and cannot be
 * entered may have the device: nothing can be said of that now.
 */
static int open_inside(
	struct world *world, const struct state *state, int *netns, struct cni_error *err)
{
	int rc;

	if (world->inside.fd >= 0 || !*state->netns || !*state->netns_id || state_is_dead(state))
		return 0;
	rc = *netns = netns_open(state->netns);
	if (rc < 0)
		return netns_is_gone(rc) ? 0 : netns_fail(err, state->netns, rc);
	rc = nl_open(&world->inside, NETLINK_ROUTE, *netns, world->home);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, NULL, "open a netlink socket in %s", state->netns);
	world->netns = *netns;
	return 0;
}

static void close_inside(struct world *world)
{
	nl_closep(&world->inside);
	world->netns = -1;
}

static int end_claimed(
	struct world *world, const struct state *state, struct claim *claim, struct cni_error *err)
{
	CLEANUP(closep) int netns = -1;
	bool borrowed = world->inside.fd < 0;
	int rc;

	if (strcmp(claim->owner, state->id) != 0)
		return state_remove(world->directory, state->id, err);
	if (open_inside(world, state, &netns, err) < 0)
		return -1;
	rc = restore_device(world, state, err);
	if (borrowed)
		close_inside(world);
	/* What will be back some time is for whoever wants the device then, or for GC. */
	if (rc < 0 || rc == 2)
		return rc < 0 ? -1 : 0;
	if (claim_give(claim, "", err) < 0)
		return -1;
	return state_remove(world->directory, state->id, err);
}

int restore_attachment(struct world *world, const struct state *state, struct cni_error *err)
{
	CLEANUP(claim_end) struct claim claim = CLAIM_NONE;

	if (claim_take(&claim, world->directory, state->key, err) < 0)
		return -1;
	return end_claimed(world, state, &claim, err);
}

int restore_lost(struct world *world, const char id[CNI_ATTACHMENT_ID], const char *ifname,
	struct cni_error *err)
{
	CLEANUP(claim_end) struct claim claim = CLAIM_NONE;
	char name[IFNAMSIZ];
	struct state state = {
		.name = name, .alias = "", .mac = "", .kind = "", .parent = "", .permanent = ""
	};
	struct device device = { 0 };
	struct found found;
	int rc = find_lost(world, id, ifname, &found, name, err);

	if (rc <= 0)
		return rc;
	memcpy(state.id, id, sizeof(state.id));
	device.link = found.link;
	if (device_refresh(&device, found.nl, err) < 0)
		return -1;
	device_make_key(&device, world->sys);
	if (claim_take(&claim, world->directory, device.key, err) < 0)
		return -1;
	if (*claim.owner && strcmp(claim.owner, id) != 0)
		return 0;
	if (check_name(world, &state, &found, err) < 0)
		return -1;
	rc = restore_bring_home(world, &state, &found, err);
	if (rc == 1)
		rc = restore_link(world, &state, &found, err);
	return rc < 0 ? -1 : claim_give(&claim, "", err);
}

struct sweep {
	struct world *world;
	int count;
};

static int end_dead(const char id[CNI_ATTACHMENT_ID], void *data)
{
	CLEANUP(state_done) struct state state = { 0 };
	struct sweep *sweep = data;
	struct cni_error ignored = { 0 };

	if (state_read(&state, sweep->world->directory, id, &ignored) <= 0 ||
		!state_is_dead(&state))
		return 0;
	sweep->count++;
	(void)restore_attachment(sweep->world, &state, &ignored);
	return 0;
}

int restore_dead(struct world *world, struct cni_error *err)
{
	struct sweep sweep = { .world = world };

	return state_each(world->directory, end_dead, &sweep, err) < 0 ? -1 : sweep.count;
}
