/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/hostdevice.h"

#include <string.h>
#include <strings.h>

#include "cni/iface.h"
#include "hostdevice/attach.h"
#include "hostdevice/dialects.h"
#include "hostdevice/hardware.h"
#include "ipam/ipam.h"

static const char *pci_id(const struct device *device)
{
	if (device_is_pci(device->details.parent))
		return device->details.parent;
	return device_is_pci(device->bus_id) ? device->bus_id : NULL;
}

/* A device without interface has addresses only in the result: whoever drives it reads them there.
 */
static int add_addresses(const struct cni_request *req, struct world *world,
	const struct link *link, struct ipam_guard *lease, struct cni_result *result,
	struct cni_error *err)
{
	if (ipam_wanted(req) && ipam_add(req, lease, result, err) < 0)
		return -1;
	for (size_t i = 0; i < result->n_addresses; i++)
		result->addresses[i].interface = 0;
	return link->index ? iface_configure(req, &world->inside, link, result, err) : 0;
}

/* A VF that a process is to drive has the address that its PF gave it. */
static const char *mac_of(const struct hostdev_conf *conf, const struct link *link,
	char text[HWADDR_TEXT])
{
	if (link->index)
		return iface_mac(link, text);
	return conf->vf.wanted.has & VF_MAC ? hwaddr_print(&conf->mac, text) : NULL;
}

static int print(const struct cni_request *req, const struct hostdev_conf *conf,
	const struct device *device, const struct link *link, struct cni_result *result, int out,
	struct cni_error *err)
{
	struct cni_interface *interface = cni_result_interface(result);
	char mac[HWADDR_TEXT];

	if (!interface)
		return cni_fail(err, CNI_INTERNAL, "make the result: out of memory");
	*interface = (struct cni_interface){
		.name = req->ifname,
		.mac = mac_of(conf, link, mac),
		.sandbox = req->netns_path,
		.mtu = link->mtu,
		.pci_id = pci_id(device),
	};
	if (conf->has_dns)
		result->dns = conf->dns;
	if (cni_result_pass_on(result, req, err) < 0)
		return -1;
	return cni_result_print(result, req, out, err);
}

/* Write down what is there, then change it. */
static int take(struct world *world, const struct cni_request *req, const struct hostdev_conf *conf,
	struct device *device, struct claim *claim, struct state *state, struct attach_guard *guard,
	struct link *link, struct cni_error *err)
{
	struct hardware hardware;

	if (hardware_plan(world, conf, device, &hardware, err) < 0 ||
		state_describe(state, req, device, &world->host, err) < 0 ||
		hardware_save(&hardware, state, err) < 0 ||
		attach_record(world, state, claim, guard, err) < 0 ||
		hardware_apply(world, req, conf, state, device, &hardware, err) < 0)
		return -1;
	return device->link.index ? attach_move(world, req, conf, device, state, link, err) : 0;
}

int dialect_add(const struct cni_request *req, enum hostdev_dialect dialect, int out,
	struct cni_error *err)
{
	/* Before the guard that uses it: what is declared later ends earlier. */
	struct world world = WORLD;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	CLEANUP(state_done) struct state state = { 0 };
	CLEANUP(claim_end) struct claim claim = CLAIM_NONE;
	/* Undone last declared first: the address is given back when the pod has no device. */
	CLEANUP(ipam_guard_end) struct ipam_guard lease = { 0 };
	CLEANUP(attach_guard_end) struct attach_guard taken = { 0 };
	struct hostdev_conf conf;
	struct link link = { 0 };
	struct device device;

	if (hostdev_conf(req, dialect, &conf, err) < 0 ||
		hostdev_conf_check_selector(&conf, err) < 0 || world_open(&world, req, err) < 0 ||
		attach_begin(&world, req, err) < 0 ||
		attach_claim(&world, &conf, &device, &claim, err) < 0)
		return -1;
	if (take(&world, req, &conf, &device, &claim, &state, &taken, &link, err) < 0 ||
		add_addresses(req, &world, &link, &lease, &result, err) < 0 ||
		print(req, &conf, &device, &link, &result, out, err) < 0)
		return -1;
	taken.world = NULL;
	lease.request = NULL;
	return 0;
}

/* The configuration is the IPAM's only: it may be broken, and its device gone. */
int dialect_del(const struct cni_request *req, struct cni_error *err)
{
	struct world world = WORLD;
	struct cni_error more = { 0 };

	if (!world_open(&world, req, err))
		(void)attach_end(&world, req, req->ifname, err);
	if (ipam_wanted(req))
		ipam_del(req, &more);
	return cni_fail_join(err, &more);
}

static int check_link(const struct state *state, const struct hostdev_conf *conf,
	const struct link *link, const struct cni_interface *promised, struct cni_error *err)
{
	char id[CNI_ATTACHMENT_ID], mac[HWADDR_TEXT];

	if (!device_alias_read(link->alias, id) || strcmp(id, state->id) != 0)
		return cni_fail(err, CNI_INTERNAL,
			"%s is not the device of this attachment (%s), or its alias was changed",
			link->name, state->name);
	if (promised->mac && strcasecmp(promised->mac, iface_mac(link, mac)) != 0)
		return cni_fail(err, CNI_INTERNAL, "MAC of %s is %s, not %s", link->name, mac,
			promised->mac);
	if (!(link->flags & IFF_UP))
		return cni_fail(err, CNI_INTERNAL, "%s is down", link->name);
	if (promised->mtu)
		return iface_check_number(link, "mtu", link->mtu, promised->mtu, err);
	return conf->mtu ? iface_check_number(link, "mtu", link->mtu, (uint64_t)conf->mtu, err) : 0;
}

static int check_state(struct world *world, const struct cni_request *req, struct state *state,
	struct cni_error *err)
{
	char id[CNI_ATTACHMENT_ID];
	int rc = state_read(state, world->directory, cni_request_id(req, id), err);

	if (!rc)
		return cni_fail(err, CNI_INTERNAL,
			"nothing is known of a device of this attachment in %s", world->directory);
	return rc < 0 ? -1 : 0;
}

int dialect_check(
	const struct cni_request *req, enum hostdev_dialect dialect, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	CLEANUP(state_done) struct state state = { 0 };
	struct world world = WORLD;
	struct hostdev_conf conf;
	struct link link;
	int index, rc;

	if (hostdev_conf(req, dialect, &conf, err) < 0 ||
		hostdev_conf_check_selector(&conf, err) < 0 ||
		cni_result_previous(&result, req, err) < 0 ||
		(ipam_wanted(req) && ipam_check(req, err) < 0))
		return -1;
	index = iface_find(req, &result, err);
	if (index < 0 || world_open(&world, req, err) < 0 ||
		check_state(&world, req, &state, err) < 0 ||
		hardware_check(&world, &conf, &state, err) < 0)
		return -1;
	if (!*state.name)
		return 0;
	rc = link_get(&world.inside, req->ifname, &link);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world.inside.extack,
			"look up %s in %s", req->ifname, req->netns_path);
	if (check_link(&state, &conf, &link, &result.interfaces[index], err) < 0)
		return -1;
	return iface_check(&world.inside, &link, &result, index, err);
}

struct collection {
	struct world *world;
	const struct cni_request *req;
	const struct cni_attachment *valid;
	size_t n_valid;
	struct cni_error *err;
};

static bool is_valid(const struct collection *gc, const struct state *state)
{
	for (size_t i = 0; i < gc->n_valid; i++)
		if (!strcmp(gc->valid[i].container_id, state->container_id) &&
			!strcmp(gc->valid[i].ifname, state->ifname))
			return true;
	return false;
}

static int collect(const char id[CNI_ATTACHMENT_ID], void *data)
{
	CLEANUP(state_done) struct state state = { 0 };
	struct collection *gc = data;
	struct cni_error failure = { 0 };

	/* What cannot be read has no network that could be compared. */
	if (state_read(&state, gc->world->directory, id, &failure) <= 0 ||
		strcmp(state.network, gc->req->name) != 0 || is_valid(gc, &state))
		return 0;
	(void)restore_attachment(gc->world, &state, &failure);
	(void)cni_fail_join(gc->err, &failure);
	return 0;
}

int dialect_gc(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(freep) struct cni_attachment *valid = NULL;
	struct world world = WORLD;
	struct cni_error more = { 0 };
	struct collection gc = { .world = &world, .req = req, .err = err };

	if (cni_request_attachments(req, &valid, &gc.n_valid, err) < 0)
		return -1;
	gc.valid = valid;
	if (!world_open(&world, req, err))
		(void)state_each(world.directory, collect, &gc, &more);
	(void)cni_fail_join(err, &more);
	more = (struct cni_error){ 0 };
	if (ipam_wanted(req))
		ipam_gc(req, &more);
	return cni_fail_join(err, &more);
}

/* A device that one pod has is not missing. That of a device plugin is known at ADD only. */
static int check_device(struct world *world, const struct hostdev_conf *conf, struct cni_error *err)
{
	CLEANUP(state_done) struct state owner = { 0 };
	struct device device;

	if (!device_find(conf, world->sys, &world->host, &device, err))
		return hardware_status(world, &device, err);
	if (attach_find_owner(world, conf, &owner)) {
		*err = (struct cni_error){ 0 };
		return 0;
	}
	err->code = CNI_UNAVAILABLE;
	return -1;
}

int dialect_status(
	const struct cni_request *req, enum hostdev_dialect dialect, struct cni_error *err)
{
	struct world world = WORLD;
	struct hostdev_conf conf;

	if (hostdev_conf(req, dialect, &conf, err) < 0)
		return -1;
	if (hostdev_conf_selects(&conf) &&
		(world_open(&world, req, err) < 0 || check_device(&world, &conf, err) < 0))
		return -1;
	return ipam_wanted(req) ? ipam_status(req, err) : 0;
}
