/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/hardware.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 10000
#define STEP_MS 20
#define GUIDS	(VF_NODE_GUID | VF_PORT_GUID)

static void nap(void)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	nanosleep(&step, NULL);
}

static int check_kind(
	const struct hostdev_conf *conf, const struct device *device, struct cni_error *err)
{
	uint16_t type = device->link.type;

	if (!device->link.index)
		return 0;
	if (conf->dialect == HOSTDEV_SRIOV && type == ARPHRD_INFINIBAND)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s (%s) is InfiniBand: use type ib-sriov", device->link.name, device->key);
	if (conf->dialect == HOSTDEV_IB_SRIOV && type != ARPHRD_INFINIBAND)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s (%s) is not InfiniBand: use type sriov",
			device->link.name, device->key);
	return 0;
}

/* The port GUID is the end of an IPoIB interface's address (RFC 4391, section 9.1.1). */
static const uint8_t *guid_of(const struct link *link)
{
	return link->address + 12;
}

static int check_guid(
	const struct hostdev_conf *conf, const struct device *device, struct cni_error *err)
{
	static const uint8_t zero[8], ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	const uint8_t *guid = guid_of(&device->link);

	if (conf->dialect != HOSTDEV_IB_SRIOV || conf->vf.wanted.has & GUIDS ||
		!device->link.index || (memcmp(guid, zero, 8) && memcmp(guid, ones, 8)))
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"VF %s has no valid GUID (%s) and is given none: set \"guid\" or infinibandGUID, let "
		"ib-kubernetes give one, or set one through the PF and bind the VF's driver again",
		device->key, *guid ? "all ones" : "zero");
}

/* Where the PF was never told a GUID, it has none to tell: what is to come back is the VF's own. */
static void learn_guids(const struct device *device, struct hardware *hardware)
{
	static const uint8_t zero[8];
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;
	struct vf *before = &hardware->vf.before;
	char name[PCI_NAME];
	struct rdma found;

	if (before->has & VF_PORT_GUID && device->link.type == ARPHRD_INFINIBAND &&
		!memcmp(before->port_guid, zero, 8))
		memcpy(before->port_guid, guid_of(&device->link), 8);
	if (before->has & VF_NODE_GUID && !memcmp(before->node_guid, zero, 8) &&
		!pci_rdma(&hardware->pci, name) && !nl_open(&nl, NETLINK_RDMA, -1, -1) &&
		!rdma_find(&nl, name, &found))
		memcpy(before->node_guid, found.node_guid, 8);
}

/* Shared mode, and devices without RDMA, leave rdma as it is: nothing moves. */
static int plan_rdma(const struct hostdev_conf *conf, struct hardware *hardware,
	struct cni_error *err)
{
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;
	bool wanted = conf->vf.rdma_isolation;
	char name[PCI_NAME];
	int exclusive;

	if (!wanted && (!*hardware->pci.id || pci_rdma(&hardware->pci, name) == -ENODEV))
		return 0;
	if (rdmadev_open(&nl, -1, -1, err) < 0 || (exclusive = rdmadev_is_exclusive(&nl, err)) < 0)
		return -1;
	if (!exclusive && wanted)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"rdmaIsolation: the RDMA subsystem is in shared mode, where every pod sees "
			"every RDMA device; switch it to exclusive mode at boot (ib_core "
			"netns_mode=0, or rdmaMode of SriovNetworkPoolConfig)");
	return exclusive ? rdmadev_find(&hardware->pci, &nl, &hardware->rdma, err) : 0;
}

int hardware_plan(struct world *world, const struct hostdev_conf *conf, const struct device *device,
	struct hardware *hardware, struct cni_error *err)
{
	const char *id = *device->bus_id ? device->bus_id : device->details.parent;

	*hardware = (struct hardware){ 0 };
	if (check_kind(conf, device, err) < 0 || check_guid(conf, device, err) < 0)
		return -1;
	if (!*id || pci_find(world->sys, id, &hardware->pci) < 0)
		hardware->pci = (struct pci){ 0 };
	/* Without a bus device there is no VF: sriov and ib-sriov select by its ID. */
	if (*hardware->pci.id &&
		settings_plan(&conf->vf, &hardware->pci, &world->host, &hardware->vf, err) < 0)
		return -1;
	learn_guids(device, hardware);
	return plan_rdma(conf, hardware, err);
}

int hardware_save(const struct hardware *hardware, struct state *state, struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 2 };

	if (!*hardware->vf.vf && !*hardware->rdma.name)
		return 0;
	json_open(&w, NULL, '{');
	if (*hardware->vf.vf)
		settings_write(&hardware->vf, &w, "vf");
	if (*hardware->rdma.name)
		rdmadev_write(&hardware->rdma, &w, "rdma");
	json_close(&w, '}');
	return state_set_modules(state, &w, err);
}

int hardware_set_mac(struct world *world, const struct pci *pci, const char *driver, int index,
	const struct hwaddr *mac, struct cni_error *err)
{
	struct link wanted = { .address_length = mac->length }, now;
	const struct link_transfer change = { .netns = -1, .address = &wanted };
	char name[IFNAMSIZ], seen[HWADDR_TEXT];
	int rc;

	memcpy(wanted.address, mac->bytes, mac->length);
	/* Drivers that are told by the PF take their time, and are busy meanwhile. */
	for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
		rc = link_get_index(&world->host, index, &now);
		if (!rc && !memcmp(now.address, wanted.address, mac->length))
			return 0;
		if (!rc)
			rc = link_transfer(&world->host, index, &change);
		if (rc == -EBUSY)
			(void)link_set(&world->host, index, &(struct link_state){ .down = true });
		if (rc < 0 && rc != -EBUSY && rc != -EAGAIN)
			break;
		/* Most show at once what they took. */
		if (rc < 0 || waited)
			nap();
	}
	if (!rc)
		rc = -ETIMEDOUT;
	if (!*driver)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->host.extack,
			"set the MAC of VF %s: its driver refuses, and is none that could be bound "
			"again",
			pci->id);
	if (settings_rebind(pci, driver, name, err) < 0)
		return -1;
	rc = link_get(&world->host, name, &now);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, world->host.extack, "look up %s", name);
	if (memcmp(now.address, wanted.address, mac->length) != 0)
		return cni_fail(err, CNI_INTERNAL,
			"VF %s has MAC %s: its driver %s neither lets it be set nor takes what the "
			"PF says; \"trust\": \"on\" may help",
			pci->id, iface_mac(&now, seen), driver);
	return 0;
}

/* Right after it was bound, a device may have no RDMA device yet. */
static int find_rdma_again(struct hardware *hardware, struct cni_error *err)
{
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;
	char name[PCI_NAME];

	for (int waited = 0; pci_rdma(&hardware->pci, name) == -ENODEV && waited < WAIT_MS;
		waited += STEP_MS)
		nap();
	if (rdmadev_open(&nl, -1, -1, err) < 0)
		return -1;
	return rdmadev_find(&hardware->pci, &nl, &hardware->rdma, err);
}

static int move_rdma(struct world *world, const struct cni_request *req, struct state *state,
	struct hardware *hardware, struct cni_error *err)
{
	CLEANUP(nl_closep) struct nl host = NL_CLOSED, inside = NL_CLOSED;
	uint32_t index = hardware->rdma.index;

	if (find_rdma_again(hardware, err) < 0)
		return -1;
	if (hardware->rdma.index != index &&
		(hardware_save(hardware, state, err) < 0 ||
			state_write(state, world->directory, err) < 0))
		return -1;
	if (rdmadev_open(&host, -1, -1, err) < 0 ||
		rdmadev_open(&inside, req->netns, req->home, err) < 0)
		return -1;
	return rdmadev_move(&hardware->rdma, &host, &inside, req->netns, err);
}

/* What the VF itself has to be told, or tells, after its PF. */
static int check_vf(struct world *world, const struct hostdev_conf *conf, struct device *device,
	const struct hardware *hardware, const char *name, struct cni_error *err)
{
	const struct vf *wanted = &conf->vf.wanted;

	if (!device->link.index)
		return 0;
	if (device_again(device, &hardware->pci, &world->host, name, err) < 0)
		return -1;
	if (wanted->has & VF_MAC &&
		(hardware_set_mac(world, &hardware->pci, hardware->vf.driver, device->link.index,
			 &conf->mac, err) < 0 ||
			device_again(device, &hardware->pci, &world->host, name, err) < 0))
		return -1;
	if (wanted->has & GUIDS && memcmp(guid_of(&device->link), wanted->port_guid, 8) != 0)
		return cni_fail(err, CNI_INTERNAL,
			"%s of VF %s does not show the GUID %s that the PF has set: bind the VF's "
			"driver again",
			device->link.name, hardware->pci.id, conf->vf.guid);
	return 0;
}

int hardware_apply(struct world *world, const struct cni_request *req,
	const struct hostdev_conf *conf, struct state *state, struct device *device,
	struct hardware *hardware, struct cni_error *err)
{
	if (!*hardware->pci.id)
		return 0;
	if (settings_apply(&conf->vf, &hardware->vf, world->sys, &world->host, err) < 0)
		return -1;
	if (conf->vf.wanted.has & (VF_MAC | GUIDS) &&
		check_vf(world, conf, device, hardware, state->name, err) < 0)
		return -1;
	if (!*hardware->rdma.name)
		return 0;
	if (move_rdma(world, req, state, hardware, err) < 0)
		return -1;
	return device->link.index
		       ? device_again(device, &hardware->pci, &world->host, state->name, err)
		       : 0;
}

int hardware_check(struct world *world, const struct hostdev_conf *conf, const struct state *state,
	struct cni_error *err)
{
	const char *id = *state->parent ? state->parent : state->key;
	struct pci pci;

	if (!conf->vf.wanted.has)
		return 0;
	if (pci_find(world->sys, id, &pci) < 0)
		return cni_fail(err, CNI_INTERNAL, "VF %s has gone", id);
	return settings_check(&conf->vf, &pci, &world->host, err);
}

int hardware_status(struct world *world, const struct device *device, struct cni_error *err)
{
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;
	char text[RDMADEV_TEXT], name[PCI_NAME];
	struct rdma found;
	struct pci pci;

	/* A port of Ethernet is up when its interface is: that is ADD's to do. */
	if (device->link.type != ARPHRD_INFINIBAND ||
		pci_find(world->sys, device->details.parent, &pci) < 0 ||
		pci_rdma(&pci, name) < 0)
		return 0;
	if (rdmadev_open(&nl, -1, -1, err) < 0) {
		err->code = CNI_UNAVAILABLE;
		return -1;
	}
	if (rdma_find(&nl, name, &found) < 0 || rdmadev_describe(&nl, &found, text) != 0)
		return 0;
	return cni_fail(err, CNI_LIMITED, "%s", text);
}
