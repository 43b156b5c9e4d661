/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/rdma.h"

#include <endian.h>
#include <errno.h>
#include <rdma/rdma_netlink.h>
#include <string.h>

static void begin(struct nl_request *req, int command)
{
	/* NLDEV messages have no header of their own. */
	nl_begin(req, (uint16_t)RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command), 0, 0);
}

static void begin_device(struct nl_request *req, int command, uint32_t index)
{
	begin(req, command);
	nl_put_u32(req, RDMA_NLDEV_ATTR_DEV_INDEX, index);
}

static int get_u8(const struct nlattr *attr, uint8_t *value)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*value))
		return -EBADMSG;
	*value = mnl_attr_get_u8(attr);
	return 0;
}

static int read_guid(const struct nlattr *attr, uint8_t guid[8])
{
	uint64_t value;

	if (mnl_attr_get_payload_len(attr) != sizeof(value))
		return -EBADMSG;
	value = htobe64(mnl_attr_get_u64(attr));
	memcpy(guid, &value, sizeof(value));
	return 0;
}

static int read_mode(const struct nlattr *attr, void *data)
{
	uint8_t shared;
	bool *exclusive = data;
	int rc;

	if (mnl_attr_get_type(attr) != RDMA_NLDEV_SYS_ATTR_NETNS_MODE)
		return 0;
	if ((rc = get_u8(attr, &shared)) < 0)
		return rc;
	*exclusive = !shared;
	return 0;
}

static int read_system(const struct nlmsghdr *message, void *data)
{
	return nl_each(message, 0, read_mode, data);
}

int rdma_exclusive(struct nl *nl, bool *out)
{
	bool exclusive = false;
	struct nl_request req;
	int rc;

	begin(&req, RDMA_NLDEV_CMD_SYS_GET);
	if ((rc = nl_do(nl, &req, read_system, &exclusive)) < 0)
		return rc;
	*out = exclusive;
	return 0;
}

static int read_attr(const struct nlattr *attr, void *data)
{
	struct rdma *device = data;

	switch (mnl_attr_get_type(attr)) {
	case RDMA_NLDEV_ATTR_DEV_INDEX:
		return nl_get_u32(attr, &device->index);
	case RDMA_NLDEV_ATTR_DEV_NAME:
		return nl_get_string(attr, device->name, sizeof(device->name));
	case RDMA_NLDEV_ATTR_PORT_INDEX:
		return nl_get_u32(attr, &device->ports);
	case RDMA_NLDEV_ATTR_NODE_GUID:
		return read_guid(attr, device->node_guid);
	case RDMA_NLDEV_ATTR_DEV_PROTOCOL:
		return nl_get_string(attr, device->protocol, sizeof(device->protocol));
	}
	return 0;
}

static int read_device(const struct nlmsghdr *message, void *data)
{
	struct rdma *out = data, device = { 0 };
	int rc = nl_each(message, 0, read_attr, &device);

	if (rc < 0)
		return rc;
	if (!*device.name)
		return -EBADMSG;
	*out = device;
	return 0;
}

int rdma_get(struct nl *nl, uint32_t index, struct rdma *out)
{
	struct nl_request req;
	struct rdma device = { 0 };
	int rc;

	begin_device(&req, RDMA_NLDEV_CMD_GET, index);
	/* The kernel says EINVAL for an index that no device of this namespace has. */
	if ((rc = nl_do(nl, &req, read_device, &device)) < 0)
		return rc == -EINVAL ? -ENODEV : rc;
	*out = device;
	return 0;
}

struct search {
	const char *name;
	struct rdma found; /* name "" : none yet */
};

static int match(const struct nlmsghdr *message, void *data)
{
	struct search *search = data;
	struct rdma device;
	int rc = read_device(message, &device);

	if (!rc && !strcmp(device.name, search->name))
		search->found = device;
	return rc;
}

static void forget(void *data)
{
	struct search *search = data;

	search->found = (struct rdma){ 0 };
}

int rdma_find(struct nl *nl, const char *name, struct rdma *out)
{
	struct search search = { .name = name };
	struct nl_request req;
	int rc;

	begin(&req, RDMA_NLDEV_CMD_GET);
	if ((rc = nl_dump(nl, &req, match, forget, &search)) < 0)
		return rc;
	if (!*search.found.name)
		return -ENODEV;
	*out = search.found;
	return 0;
}

static int read_port_attr(const struct nlattr *attr, void *data)
{
	struct rdma_port *port = data;

	switch (mnl_attr_get_type(attr)) {
	case RDMA_NLDEV_ATTR_PORT_STATE:
		return get_u8(attr, &port->state);
	case RDMA_NLDEV_ATTR_PORT_PHYS_STATE:
		return get_u8(attr, &port->physical);
	}
	return 0;
}

static int read_port(const struct nlmsghdr *message, void *data)
{
	struct rdma_port *out = data, port = { 0 };
	int rc = nl_each(message, 0, read_port_attr, &port);

	if (!rc)
		*out = port;
	return rc;
}

int rdma_get_port(struct nl *nl, uint32_t index, uint32_t port, struct rdma_port *out)
{
	struct nl_request req;
	struct rdma_port read = { 0 };
	int rc;

	begin_device(&req, RDMA_NLDEV_CMD_PORT_GET, index);
	nl_put_u32(&req, RDMA_NLDEV_ATTR_PORT_INDEX, port);
	if ((rc = nl_do(nl, &req, read_port, &read)) < 0)
		return rc;
	*out = read;
	return 0;
}

int rdma_move(struct nl *nl, uint32_t index, int from, int to, int home)
{
	struct nl_request req;
	int rc = from < 0 ? 0 : nl_enter(from);

	if (rc < 0)
		return rc;
	begin_device(&req, RDMA_NLDEV_CMD_SET, index);
	nl_put_u32(&req, RDMA_NLDEV_NET_NS_FD, (uint32_t)to);
	rc = nl_do(nl, &req, NULL, NULL);
	if (from >= 0)
		nl_leave(home);
	return rc;
}

int rdma_rename(struct nl *nl, uint32_t index, const char *name)
{
	struct nl_request req;

	/* It becomes the name of a directory, and a '%' would be a pattern. */
	if (!*name || strlen(name) >= RDMA_NAME || strpbrk(name, "/%") || !strcmp(name, ".") ||
		!strcmp(name, ".."))
		return -EINVAL;
	begin_device(&req, RDMA_NLDEV_CMD_SET, index);
	nl_put_string(&req, RDMA_NLDEV_ATTR_DEV_NAME, name);
	return nl_do(nl, &req, NULL, NULL);
}

/* InfiniBand Architecture, volume 1, 14.2.5.6: PortInfo. */
const char *rdma_state_name(uint8_t state)
{
	static const char *const names[] = { "unknown", "DOWN", "INIT", "ARMED", "ACTIVE" };

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

const char *rdma_physical_name(uint8_t physical)
{
	static const char *const names[] = { "unknown", "SLEEP", "POLLING", "DISABLED",
		"PORT_CONFIGURATION_TRAINING", "LINK_UP", "LINK_ERROR_RECOVERY", "PHY_TEST" };

	return physical < sizeof(names) / sizeof(*names) ? names[physical] : "unknown";
}
