/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/rdmadev.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "cni/ip.h"

#define PORT_DOWN   1
#define PORT_INIT   2
#define PORT_ACTIVE 4

int rdmadev_open(struct nl *nl, int netns, int home, struct cni_error *err)
{
	int rc = nl_open(nl, NETLINK_RDMA, netns, home);

	if (rc == -EPROTONOSUPPORT)
		return cni_fail(err, CNI_TRY_LATER,
			"this kernel has no RDMA: the drivers of the NICs (ib_core, mlx5_ib) are "
			"not loaded, or not yet");
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL, "open an RDMA socket %s",
			netns < 0 ? "on the host" : "in the container");
	return 0;
}

int rdmadev_is_exclusive(struct nl *nl, struct cni_error *err)
{
	bool exclusive;
	int rc = rdma_exclusive(nl, &exclusive);

	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "read the mode of the RDMA subsystem");
	return exclusive;
}

int rdmadev_find(const struct pci *pci, struct nl *host, struct rdmadev *out, struct cni_error *err)
{
	struct rdmadev device = { 0 };
	char name[PCI_NAME];
	struct rdma found;
	int rc = pci_rdma(pci, name);

	if (rc == -ENODEV)
		return cni_fail(err, CNI_TRY_LATER,
			"device %s has no RDMA device on this host: its RDMA driver may not be "
			"loaded yet, or a pod has it",
			pci->id);
	if (rc == -ENOTUNIQ)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"device %s has several RDMA devices, and only one can go with it", pci->id);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, rc, NULL, "read the RDMA device of %s", pci->id);
	rc = rdma_find(host, name, &found);
	if (rc < 0)
		return cni_fail_errno(err, rc == -ENODEV ? CNI_TRY_LATER : CNI_INTERNAL, rc,
			host->extack, "look up RDMA device %s of %s", name, pci->id);
	strcpy(device.name, found.name);
	device.index = found.index;
	memcpy(device.node_guid, found.node_guid, sizeof(device.node_guid));
	*out = device;
	return 0;
}

static const char *name_in_pod(const struct rdmadev *device)
{
	return *device->pod_name ? device->pod_name : device->name;
}

static int rename_device(
	struct nl *nl, uint32_t index, const char *from, const char *to, struct cni_error *err)
{
	int rc = strcmp(from, to) ? rdma_rename(nl, index, to) : 0;

	if (rc == -EEXIST)
		return cni_fail(err, CNI_INTERNAL,
			"RDMA device %s cannot be called %s: another one is, and the name counts "
			"in "
			"all namespaces",
			from, to);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "rename RDMA device %s to %s", from, to);
	return 0;
}

int rdmadev_move(const struct rdmadev *device, struct nl *host, struct nl *inside, int netns,
	struct cni_error *err)
{
	int rc = rdma_move(host, device->index, -1, netns, -1);

	if (rc == -EOPNOTSUPP)
		return cni_fail_errno(err, CNI_INTERNAL, rc, host->extack,
			"move RDMA device %s into the container: the RDMA subsystem is in shared "
			"mode, or the device's driver cannot move it",
			device->name);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, host->extack,
			"move RDMA device %s into the container", device->name);
	return rename_device(inside, device->index, device->name, name_in_pod(device), err);
}

int rdmadev_look(const struct rdmadev *device, struct nl *nl, struct rdma *now)
{
	struct rdma found;
	int rc = rdma_get(nl, device->index, &found);

	if (rc < 0)
		return rc;
	/* An index is given away again once its driver has gone. */
	if (strcmp(found.name, device->name) != 0 && strcmp(found.name, name_in_pod(device)) != 0 &&
		memcmp(found.node_guid, device->node_guid, sizeof(found.node_guid)) != 0)
		return -ENODEV;
	*now = found;
	return 0;
}

/* Out of the pod, if it is there. */
static int leave_pod(
	const struct rdmadev *device, struct nl *inside, int netns, int home, struct cni_error *err)
{
	struct rdma now;
	int rc = rdmadev_look(device, inside, &now);

	if (rc == -ENODEV)
		return 0;
	if (!rc)
		rc = rdma_move(inside, device->index, netns, home, home);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, inside->extack,
			"bring RDMA device %s back to the host", device->name);
	return 0;
}

int rdmadev_return(const struct rdmadev *device, struct nl *host, struct nl *inside, int netns,
	int home, struct cni_error *err)
{
	struct rdma now;
	int rc;

	if (inside && leave_pod(device, inside, netns, home, err) < 0)
		return -1;
	rc = rdmadev_look(device, host, &now);
	if (rc == -ENODEV)
		return 0;
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, host->extack,
			"look for RDMA device %s on the host", device->name);
	return rename_device(host, device->index, now.name, device->name, err);
}

static const char *print_guid(const uint8_t guid[8], char out[HWADDR_TEXT])
{
	struct hwaddr address = { .length = 8 };

	memcpy(address.bytes, guid, 8);
	return hwaddr_print(&address, out);
}

void rdmadev_write(const struct rdmadev *device, struct json_writer *w, const char *key)
{
	char guid[HWADDR_TEXT];

	json_open(w, key, '{');
	json_put_string(w, "name", device->name);
	if (*device->pod_name)
		json_put_string(w, "podName", device->pod_name);
	json_put_int(w, "index", device->index);
	json_put_string(w, "nodeGUID", print_guid(device->node_guid, guid));
	json_close(w, '}');
}

int rdmadev_load(const struct json *json, struct rdmadev *out, struct cni_error *err)
{
	struct stored {
		const char *name, *pod_name, *guid;
		int64_t index;
	} stored = { 0 };
	const struct json_field fields[] = {
		{ "name", json_bind_string, offsetof(struct stored, name), .required = true },
		{ "podName", json_bind_string, offsetof(struct stored, pod_name) },
		{ "index", json_bind_int, offsetof(struct stored, index), 0, UINT32_MAX,
			.required = true },
		{ "nodeGUID", json_bind_string, offsetof(struct stored, guid), .required = true },
		{ 0 },
	};
	struct rdmadev device = { 0 };
	struct hwaddr guid;

	if (json_bind(json, fields, &stored, CNI_DECODING_FAILURE, err) < 0)
		return -1;
	if (strlen(stored.name) >= RDMA_NAME ||
		(stored.pod_name && strlen(stored.pod_name) >= RDMA_NAME) ||
		hwaddr_parse(stored.guid, &guid) < 0 || guid.length != 8)
		return cni_fail(err, CNI_DECODING_FAILURE,
			"RDMA device %s: a name or GUID that none can have", stored.name);
	strcpy(device.name, stored.name);
	strcpy(device.pod_name, stored.pod_name ? stored.pod_name : "");
	device.index = (uint32_t)stored.index;
	memcpy(device.node_guid, guid.bytes, sizeof(device.node_guid));
	*out = device;
	return 0;
}

static const char *port_remedy(const struct rdma *device, const struct rdma_port *port)
{
	if (!strcmp(device->protocol, "ib") && port->state == PORT_INIT)
		return "no subnet manager has configured it; one that serves VFs needs its SM "
		       "virtualization switched on";
	if (port->state == PORT_DOWN)
		return "its link is down; check link_state, whether the interface is up, cable and "
		       "switch port";
	return "it is not ready yet";
}

int rdmadev_describe(struct nl *nl, const struct rdma *device, char out[RDMADEV_TEXT])
{
	static const uint8_t zero[8];
	bool no_guid = !memcmp(device->node_guid, zero, sizeof(zero));
	struct rdma_port port;
	int rc = rdma_get_port(nl, device->index, 1, &port), length = 0;

	if (rc < 0)
		return rc;
	if (port.state == PORT_ACTIVE && !no_guid)
		return 1;
	if (port.state != PORT_ACTIVE)
		length = snprintf(out, RDMADEV_TEXT, "port 1 of %s is %s (%s): %s", device->name,
			rdma_state_name(port.state), rdma_physical_name(port.physical),
			port_remedy(device, &port));
	else
		length = snprintf(out, RDMADEV_TEXT, "%s: ", device->name);
	if (no_guid)
		snprintf(out + length, (size_t)(RDMADEV_TEXT - length),
			"%snode GUID is zero: no connection will come about; give the VF a %s "
			"through its PF, then bind its driver again",
			port.state != PORT_ACTIVE ? "; its " : "",
			strcmp(device->protocol, "roce") ? "GUID" : "MAC");
	return 0;
}
