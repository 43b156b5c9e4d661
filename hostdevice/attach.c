/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/attach.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <string.h>

#include "cni/iface.h"

/* A link with a lower MTU has no IPv4. */
#define IPV4_MTU 68

void attach_guard_end(struct attach_guard *guard)
{
	struct cni_error ignored = { 0 };
	int rc = guard->world ? restore_device(guard->world, guard->state, &ignored) : -1;

	/* What could not be undone, or will be back later, stays written down: for DEL, GC or the
	 * next ADD. */
	if (rc < 0 || rc == 2 || claim_give(guard->claim, "", &ignored) < 0)
		return;
	(void)state_remove(guard->world->directory, guard->state->id, &ignored);
}

int attach_end(struct world *world, const struct cni_request *req, const char *ifname,
	struct cni_error *err)
{
	CLEANUP(state_done) struct state state = { 0 };
	struct cni_error torn = { 0 };
	char id[CNI_ATTACHMENT_ID];
	int rc = state_read(&state, world->directory, cni_request_id(req, id), &torn);

	if (rc == 1)
		return restore_attachment(world, &state, err);
	if (torn.code == CNI_IO_FAILURE)
		return cni_fail_join(err, &torn);
	if (restore_lost(world, id, ifname, err) < 0)
		return -1;
	return state_remove(world->directory, id, err);
}

struct owner_search {
	struct world *world;
	const struct hostdev_conf *conf;
	struct state *state;
};

static bool is_meant(const struct hostdev_conf *conf, const struct state *state)
{
	if (conf->device)
		return !strcmp(conf->device, state->name);
	if (conf->hwaddr_text) {
		struct hwaddr mac;

		return !hwaddr_parse(state->mac, &mac) && mac.length == conf->hwaddr.length &&
		       !memcmp(mac.bytes, conf->hwaddr.bytes, mac.length);
	}
	return conf->id && !conf->kernelpath && *conf->id &&
	       (!strcmp(conf->id, state->parent) || !strcmp(conf->id, state->key));
}

static int match_owner(const char id[CNI_ATTACHMENT_ID], void *data)
{
	struct owner_search *search = data;
	struct cni_error ignored = { 0 };
	struct state state;

	if (state_read(&state, search->world->directory, id, &ignored) == 1 &&
		is_meant(search->conf, &state) && !state_is_dead(&state)) {
		*search->state = state;
		return 1;
	}
	state_done(&state);
	return 0;
}

int attach_find_owner(struct world *world, const struct hostdev_conf *conf, struct state *state)
{
	struct owner_search search = { world, conf, state };
	struct cni_error ignored = { 0 };

	return state_each(world->directory, match_owner, &search, &ignored) == 1;
}

static int is_claimed(const struct state *owner, const char *what, struct cni_error *err)
{
	return cni_fail(err, CNI_TRY_LATER,
		"device %s is claimed by container %.64s (interface %s of network %.64s, %s): a "
		"device serves one pod at a time, DEL that attachment first",
		what, owner->container_id, owner->ifname, owner->network, owner->netns);
}

/* A world without a pod: other attachments have other ones. */
static struct world outside(const struct world *world)
{
	struct world host = *world;

	host.inside = (struct nl)NL_CLOSED;
	host.netns = -1;
	return host;
}

/* What is not there may come back from a pod that ended. */
static int find(struct world *world, const struct hostdev_conf *conf, struct device *device,
	struct cni_error *err)
{
	CLEANUP(state_done) struct state owner = { 0 };
	struct cni_error ignored = { 0 };
	struct world host = outside(world);

	if (!device_find(conf, world->sys, &world->host, device, err))
		return 0;
	if (err->code != CNI_TRY_LATER)
		return -1;
	if (restore_dead(&host, &ignored) > 0) {
		*err = (struct cni_error){ 0 };
		if (!device_find(conf, world->sys, &world->host, device, err))
			return 0;
	}
	if (err->code == CNI_TRY_LATER && attach_find_owner(world, conf, &owner))
		return is_claimed(&owner, *owner.name ? owner.name : owner.key, err);
	return -1;
}

/* The mark of an attachment whose file is lost: only the device itself tells its name. */
static int heal(struct world *world, struct device *device, struct cni_error *err)
{
	CLEANUP(state_done) struct state state = { 0 };
	struct world host = outside(world);
	struct cni_error ignored = { 0 };
	char id[CNI_ATTACHMENT_ID];

	if (!device->link.index || !device_alias_read(device->link.alias, id) ||
		state_read(&state, world->directory, id, &ignored) == 1)
		return 0;
	if (restore_lost(&host, id, NULL, err) < 0)
		return -1;
	return device_refresh(device, &world->host, err);
}

/* 1: whoever had the device has left, and it is to be claimed again; 0: it is free, -1. */
static int evict(
	struct world *world, struct device *device, struct claim *claim, struct cni_error *err)
{
	CLEANUP(state_done) struct state owner = { 0 };
	struct world host = outside(world);
	struct cni_error torn = { 0 };
	int rc;

	if (!*claim->owner)
		return 0;
	rc = state_read(&owner, world->directory, claim->owner, &torn);
	if (rc == 1 && !state_is_dead(&owner))
		return is_claimed(
			&owner, device->link.index ? device->link.name : device->key, err);
	if (rc < 0 && torn.code == CNI_IO_FAILURE)
		return cni_fail_join(err, &torn);
	/* The device was found on the host, and its mark, if it had one, has been dealt with. */
	if (rc < 0 && state_remove(world->directory, claim->owner, err) < 0)
		return -1;
	if (rc <= 0)
		return claim_give(claim, "", err);
	claim_end(claim);
	return restore_attachment(&host, &owner, err) < 0 ? -1 : 1;
}

static int check_wishes(
	const struct hostdev_conf *conf, const struct device *device, struct cni_error *err)
{
	const struct link *link = &device->link;

	if (!link->index)
		return 0;
	if (conf->mac.length && link->type != ARPHRD_ETHER)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s is no Ethernet interface: its MAC cannot be set to %s", link->name,
			conf->mac_text);
	if (conf->mtu &&
		(conf->mtu < link->min_mtu || (link->max_mtu && conf->mtu > link->max_mtu)))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"mtu %lld is not one that %s can have: %u to %u is possible",
			(long long)conf->mtu, link->name, link->min_mtu,
			link->max_mtu ? link->max_mtu : UINT32_MAX);
	return 0;
}

int attach_begin(struct world *world, const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(state_done) struct state state = { 0 };
	struct cni_error ignored = { 0 };
	char id[CNI_ATTACHMENT_ID];
	struct link other;
	int rc = link_get(&world->inside, req->ifname, &other);

	if (!rc)
		return iface_taken(req, err);
	if (rc != -ENODEV)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->inside.extack,
			"look up %s in %s", req->ifname, req->netns_path);
	if (!state_read(&state, world->directory, cni_request_id(req, id), &ignored))
		return 0;
	return attach_end(world, req, NULL, err);
}

int attach_claim(struct world *world, const struct hostdev_conf *conf, struct device *device,
	struct claim *claim, struct cni_error *err)
{
	int rc;

	do {
		/* What was restored may be another link than before: bound anew. */
		if (find(world, conf, device, err) < 0 || heal(world, device, err) < 0 ||
			claim_take(claim, world->directory, device->key, err) < 0)
			return -1;
		rc = evict(world, device, claim, err);
		if (rc < 0)
			return -1;
	} while (rc);
	/* While the lock was waited for, somebody may have taken it away. */
	if (device_refresh(device, &world->host, err) < 0)
		return -1;
	return check_wishes(conf, device, err);
}

int attach_record(struct world *world, const struct state *state, struct claim *claim,
	struct attach_guard *guard, struct cni_error *err)
{
	*guard = (struct attach_guard){ world, state, claim };
	if (state_write(state, world->directory, err) < 0)
		return -1;
	return claim_give(claim, state->id, err);
}

/* An alternative name that stays with the device whatever it is called: find.h looks for it. */
static int mark(struct world *world, const struct device *device, const struct state *state,
	struct cni_error *err)
{
	char name[IFNAMSIZ];
	struct link other;
	int index = device->link.index;
	int rc = link_add_altname(&world->host, index, iface_temporary_name_of(state->id, name));

	if (rc == -EEXIST && !link_get(&world->host, name, &other) && other.index != index) {
		/* Of another device, which this attachment had, and of which nobody knows more. */
		(void)link_del_altname(&world->host, other.index, name);
		rc = link_add_altname(&world->host, index, name);
	}
	/* Kernels before 5.5 have none: alias and bus device have to do. */
	if (rc < 0 && rc != -EEXIST && rc != -EOPNOTSUPP && rc != -EINVAL)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, world->host.extack, "mark %s", device->link.name);
	return 0;
}

static int move(struct world *world, const struct cni_request *req, const struct hostdev_conf *conf,
	const struct device *device, const struct state *state, struct cni_error *err)
{
	char alias[DEVICE_ALIAS];
	struct link mac = { .address_length = conf->mac.length };
	const struct link_transfer in = {
		.netns = req->netns,
		.name = req->ifname,
		.alias = device_alias(state->id, state->name, alias),
		.mtu = (uint32_t)conf->mtu,
		.address = conf->mac.length ? &mac : NULL,
		/* The kernel announces addresses when the link comes up, as cni/iface.h says. */
		.arp_notify = device->link.mtu >= IPV4_MTU && (!conf->mtu || conf->mtu >= IPV4_MTU),
	};
	int rc = 0;

	memcpy(mac.address, conf->mac.bytes, sizeof(mac.address));
	/* A name that the device has already cannot become its first one. */
	link_each_altname(name, device->details.altnames) if (!strcmp(name, req->ifname)) rc =
		link_del_altname(&world->host, device->link.index, name);
	if (!rc)
		rc = link_transfer(&world->host, device->link.index, &in);
	if (rc == -EEXIST)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->host.extack,
			"move %s to %s as %s: the pod has an interface with one of its names",
			device->link.name, req->netns_path, req->ifname);
	if (rc == -EINVAL && device->link.kind[0])
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->host.extack,
			"move %s to %s as %s (can a link of kind %s leave its namespace?)",
			device->link.name, req->netns_path, req->ifname, device->link.kind);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->host.extack,
			"move %s to %s as %s", device->link.name, req->netns_path, req->ifname);
	return 0;
}

int attach_move(struct world *world, const struct cni_request *req, const struct hostdev_conf *conf,
	const struct device *device, const struct state *state, struct link *link,
	struct cni_error *err)
{
	int rc;

	if (mark(world, device, state, err) < 0 || move(world, req, conf, device, state, err) < 0)
		return -1;
	rc = link_get(&world->inside, req->ifname, link);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->inside.extack,
			"look up %s in %s", req->ifname, req->netns_path);
	return 0;
}
