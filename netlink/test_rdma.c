/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <rdma/rdma_netlink.h>

#include "netlink/rdma.h"
#include "netlink/recorded.h"

#define NAME_63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static struct script script;
static struct record record;
static const char *directory;

static void play(const char *file)
{
	record_read(&record, directory, file);
	record_play(&script, &record);
}

static void expect(int command, uint16_t flags, uint32_t index, uint16_t type, uint32_t value,
	const char *name)
{
	struct nl_request want;

	nl_begin(&want, (uint16_t)RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command), 0, 0);
	if (index)
		nl_put_u32(&want, RDMA_NLDEV_ATTR_DEV_INDEX, index);
	if (type)
		nl_put_u32(&want, type, value);
	script_compare(&script, &want, flags, name);
}

static void test_mode(void)
{
	struct nl_request old;
	bool exclusive = true;

	play("rdma-shared.hex");
	is_code(rdma_exclusive(&script.nl, &exclusive), 0, "the mode");
	ok(!exclusive, "shared");
	expect(RDMA_NLDEV_CMD_SYS_GET, 0, 0, 0, 0, "the mode");
	play("rdma-exclusive.hex");
	is_code(rdma_exclusive(&script.nl, &exclusive), 0, "the other mode");
	ok(exclusive, "exclusive");
	nl_begin(&old, (uint16_t)RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_SYS_GET), 0, 0);
	script_answer(&script, &old, 0);
	is_code(rdma_exclusive(&script.nl, &exclusive), 0, "an old kernel");
	ok(!exclusive, "has no namespaces for devices");
	script_verdict(&script, NLMSG_ERROR, -EPERM, NULL);
	is_code(rdma_exclusive(&script.nl, &exclusive), -EPERM, "a refusal");
	script_forget(&script);
}

static void test_find(void)
{
	static const uint8_t guid[] = { 2, 0, 0, 0, 0, 0, 4, 0 };
	struct rdma device;

	play("rdma-devices.hex");
	is_code(rdma_find(&script.nl, "ibs1", &device), 0, "a device by name");
	expect(RDMA_NLDEV_CMD_GET, NLM_F_DUMP, 0, 0, 0, "devices are dumped");
	ok(device.index == 3 && device.ports == 1, "its index and ports");
	is(device.name, "ibs1", "its name");
	is(device.protocol, "ib", "its protocol");
	ok(!memcmp(device.node_guid, guid, 8), "its node GUID");
	play("rdma-devices.hex");
	is_code(rdma_find(&script.nl, "ibs", &device), -ENODEV, "a name nobody has");
	script_forget(&script);
	play("rdma-device.hex");
	is_code(rdma_get(&script.nl, 1, &device), 0, "a device by index");
	expect(RDMA_NLDEV_CMD_GET, 0, 1, 0, 0, "it alone is asked for");
	is(device.name, "mlx_vf1", "its name");
	is(device.protocol, "roce", "its protocol");
	script_verdict(&script, NLMSG_ERROR, -EINVAL, NULL);
	is_code(rdma_get(&script.nl, 1, &device), -ENODEV, "an index nobody has");
	script_forget(&script);
}

static void test_port(void)
{
	struct rdma_port port;

	play("rdma-port-ib.hex");
	is_code(rdma_get_port(&script.nl, 2, 1, &port), 0, "a port");
	expect(RDMA_NLDEV_CMD_PORT_GET, 0, 2, RDMA_NLDEV_ATTR_PORT_INDEX, 1, "a port");
	is(rdma_state_name(port.state), "ACTIVE", "its state");
	is(rdma_physical_name(port.physical), "LINK_UP", "its physical state");
	play("rdma-port-roce.hex");
	is_code(rdma_get_port(&script.nl, 1, 1, &port), 0, "a RoCE port");
	is(rdma_state_name(port.state), "DOWN", "its state");
	is(rdma_physical_name(port.physical), "POLLING", "its physical state");
	is(rdma_state_name(5), "unknown", "a state nobody knows");
	is(rdma_physical_name(200), "unknown", "a physical state nobody knows");
	script_forget(&script);
}

static void test_change(void)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "mlx5_%d", (NAME_63 "f") };
	struct nl_request want;

	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(rdma_move(&script.nl, 3, -1, 42, -1), 0, "a move");
	expect(RDMA_NLDEV_CMD_SET, NLM_F_ACK, 3, RDMA_NLDEV_NET_NS_FD, 42, "a move");
	script_verdict(&script, NLMSG_ERROR, -EOPNOTSUPP, NULL);
	is_code(rdma_move(&script.nl, 3, -1, 42, -1), -EOPNOTSUPP, "a device that cannot move");
	script_forget(&script);
	script_verdict(&script, NLMSG_ERROR, -EEXIST, NULL);
	is_code(rdma_rename(&script.nl, 3, "rdma_rail1"), -EEXIST, "a name that is taken");
	nl_begin(&want, (uint16_t)RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_SET), 0, 0);
	nl_put_u32(&want, RDMA_NLDEV_ATTR_DEV_INDEX, 3);
	nl_put_string(&want, RDMA_NLDEV_ATTR_DEV_NAME, "rdma_rail1");
	script_compare(&script, &want, NLM_F_ACK, "a new name");
	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(rdma_rename(&script.nl, 3, NAME_63), 0, "the longest name");
	script_forget(&script);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_code(rdma_rename(&script.nl, 3, bad[i]), -EINVAL, bad[i]);
	script_silent(&script, "names that cannot be");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return EXIT_FAILURE;
	directory = argv[1];
	script_open(&script);
	test_mode();
	test_find();
	test_port();
	test_change();
	script_close(&script);
	return tap_done();
}
