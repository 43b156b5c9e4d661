/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/rdma/attach.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "cni/boot.h"
#include "meta/rdma/qos.h"
#include "netlink/move.h"

const struct rdma_world rdma_world = {
	.sys = "/sys",
	.configfs = "/sys/kernel/config",
	.states = RDMA_STATE_DIRECTORY,
};

int attach_open(struct attach *attach, struct cni_error *err)
{
	int exclusive;

	if (rdmadev_open(&attach->host, -1, -1, err) < 0)
		return -1;
	exclusive = rdmadev_is_exclusive(&attach->host, err);
	if (exclusive == 0)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"the RDMA subsystem is in shared mode: pods see every RDMA device, and "
			"there "
			"is nothing to move. Switch it to exclusive mode at boot (ib_core "
			"netns_mode=0, or rdmaMode of SriovNetworkPoolConfig), or take rdma out of "
			"the network's plugins");
	return exclusive < 0 ? -1 : 0;
}

/* The pod's interface, of which the RDMA device is wanted. */
static const struct cni_interface *find_interface(
	const struct cni_request *req, const struct cni_result *previous)
{
	for (size_t i = 0; i < previous->n_interfaces; i++) {
		const struct cni_interface *interface = &previous->interfaces[i];

		if (interface->sandbox && *interface->sandbox &&
			!strcmp(interface->name, req->ifname))
			return interface;
	}
	return NULL;
}

/* Read the interface in the pod. */
static int read_link(const struct cni_request *req, struct link *link, struct link_details *details,
	struct cni_error *err)
{
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;
	int rc = nl_open(&nl, NETLINK_ROUTE, req->netns, req->home);

	if (!rc)
		rc = link_get(&nl, req->ifname, link);
	if (!rc)
		rc = link_details(&nl, link->index, NULL, details);
	if (rc)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl.extack, "look up %s in %s",
			req->ifname, req->netns_path);
	return 0;
}

/* The device on a bus: 0, or -1. */
static int find_device(struct attach *attach, const struct rdma_conf *conf,
	const struct cni_result *previous, const struct link_details *details,
	struct cni_error *err)
{
	const struct cni_interface *interface = find_interface(attach->request, previous);
	const char *const ids[] = { conf->device_id, interface ? interface->pci_id : NULL,
		details->parent };

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (ids[i] && *ids[i] && !pci_find(attach->world->sys, ids[i], &attach->device))
			return 0;
	if (conf->device_id)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"deviceID \"%s\" is neither a PCI nor an auxiliary device of this host, "
			"and "
			"%s is not an interface of one",
			conf->device_id, attach->request->ifname);
	return cni_fail(err, CNI_INVALID_CONFIG,
		"no deviceID, and %s is not an interface of a PCI or auxiliary device: the pod "
		"must "
		"request the resource that the network's annotation resourceName names",
		attach->request->ifname);
}

/* 1 if the device is in the pod already, 0 if not, or -1. */
static int find_inside(struct attach *attach, struct cni_error *err)
{
	char name[PCI_NAME];
	struct rdma found;
	int rc = pci_rdma_anywhere(&attach->device, name);

	if (!rc)
		rc = rdma_find(&attach->inside, name, &found);
	if (rc == -ENODEV || rc == -ENOTUNIQ)
		return 0;
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, attach->inside.extack,
			"look for the RDMA device of %s in the container", attach->device.id);
	attach->state.device = (struct rdmadev){ .index = found.index };
	strcpy(attach->state.device.name, found.name);
	memcpy(attach->state.device.node_guid, found.node_guid, sizeof(found.node_guid));
	return 1;
}

int attach_find(struct attach *attach, const struct rdma_conf *conf,
	const struct cni_result *previous, struct cni_error *err)
{
	const struct cni_request *req = attach->request;
	struct link_details details = { 0 };
	struct link link = { 0 };
	int there;

	if (read_link(req, &link, &details, err) < 0 ||
		find_device(attach, conf, previous, &details, err) < 0 ||
		rdmadev_open(&attach->inside, req->netns, req->home, err) < 0)
		return -1;
	there = find_inside(attach, err);
	attach->there = there > 0;
	if (there)
		return there < 0 ? -1 : 0;
	if (rdmadev_find(&attach->device, &attach->host, &attach->state.device, err) < 0)
		return -1;
	if (link.type == ARPHRD_INFINIBAND && !strcmp(details.parent, attach->device.id))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"RDMA device %s cannot follow its interface %s: the move would destroy the "
			"interface. Set rdmaIsolation of ib-sriov, which moves the device first, "
			"or "
			"use this suite's",
			attach->state.device.name, req->ifname);
	return 0;
}

static int write_state(struct attach *attach, struct cni_error *err)
{
	const struct cni_request *req = attach->request;
	struct rdma_state *state = &attach->state;
	char id[CNI_ATTACHMENT_ID];

	state->network = req->name;
	state->container_id = req->container_id;
	state->ifname = req->ifname;
	state->netns = req->netns_path;
	state->netns_id = netns_print_id(&req->netns_id, attach->netns_id);
	state->boot = boot_id();
	state->device_id = attach->device.id;
	return rdma_state_write(state, attach->world->states, cni_request_id(req, id), err);
}

/* Of a device that somebody else moved, who returns it under its own name. */
static int finish_there(struct attach *attach, const struct rdma_conf *conf, struct cni_error *err)
{
	struct rdmadev *device = &attach->state.device;
	int rc;

	if (conf->qos.tc >= 0)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"rdmaQoS.tc: the plugin before has moved RDMA device %s, and its traffic "
			"class can be set on the host only: leave it out, or use tos",
			device->name);
	if (!conf->name || !strcmp(device->name, conf->name))
		return 0;
	rc = rdma_rename(&attach->inside, device->index, conf->name);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, attach->inside.extack,
			"rename RDMA device %s to rdmaDeviceName %s", device->name, conf->name);
	return 0;
}

static int move_there(struct attach *attach, const struct rdma_conf *conf, struct cni_error *err)
{
	struct rdmadev *device = &attach->state.device;

	/* It may get the name back that it had on the host. */
	attach_return_dead(attach->world, attach->device.id);
	if (rdmadev_find(&attach->device, &attach->host, device, err) < 0)
		return -1;
	if (conf->name)
		strcpy(device->pod_name, conf->name);
	if (conf->qos.tc >= 0)
		attach->state.tc = qos_read_tc(attach->world->sys, device->name);
	if (write_state(attach, err) < 0)
		return -1;
	attach->armed = true;
	if (conf->qos.tc >= 0 &&
		qos_set_tc(attach->world->sys, device->name, conf->qos.tc, err) < 0)
		return -1;
	return rdmadev_move(device, &attach->host, &attach->inside, attach->request->netns, err);
}

int attach_move(struct attach *attach, const struct rdma_conf *conf, struct cni_error *err)
{
	int rc = attach->there ? finish_there(attach, conf, err) : move_there(attach, conf, err);

	if (rc < 0 || conf->qos.tos < 0)
		return rc;
	return qos_set_tos(attach->world->configfs,
		conf->name ? conf->name : attach->state.device.name, conf->qos.tos, err);
}

void attach_end(struct attach *attach)
{
	struct cni_error ignored = { 0 };
	char id[CNI_ATTACHMENT_ID];

	/* Nobody is left to hear of a failure: the state stays, and DEL is what guarantees. */
	if (attach->armed)
		attach_return(attach->world, cni_request_id(attach->request, id),
			attach->request->netns, &ignored);
	nl_closep(&attach->host);
	nl_closep(&attach->inside);
}
