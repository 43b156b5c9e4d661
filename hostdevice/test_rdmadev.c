/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <rdma/rdma_netlink.h>

#include "hostdevice/rdmadev.h"
#include "hostdevice/test_tree.h"
#include "netlink/scripted.h"

static struct script host, inside;

static const struct rdmadev device = {
	.name = "mlx5_2", .pod_name = "rail0", .index = 7, .node_guid = { 2, [7] = 9 }
};

static void answer_device(struct script *script, int ahead, const char *name, uint64_t guid,
	const char *protocol, uint16_t flags)
{
	struct nl_request answer;

	nl_begin(&answer, (uint16_t)RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_GET), 0, 0);
	nl_put_u32(&answer, RDMA_NLDEV_ATTR_DEV_INDEX, 7);
	nl_put_string(&answer, RDMA_NLDEV_ATTR_DEV_NAME, name);
	nl_put(&answer, RDMA_NLDEV_ATTR_NODE_GUID, &guid, sizeof(guid));
	nl_put_string(&answer, RDMA_NLDEV_ATTR_DEV_PROTOCOL, protocol);
	script->ahead = ahead;
	script_answer(script, &answer, flags);
}

static void verdict(struct script *script, int ahead, int code)
{
	script->ahead = ahead;
	script_verdict(script, NLMSG_ERROR, code, NULL);
}

static void end_dump(struct script *script)
{
	script_verdict(script, NLMSG_DONE, 0, NULL);
}

static void test_find(void)
{
	struct rdmadev found = { 0 };
	struct cni_error err = { 0 };
	struct pci pci;

	if (pci_find(tree_root, "0000:3b:00.2", &pci) < 0)
		abort();
	answer_device(&host, 0, "mlx5_2", 5, "ib", NLM_F_MULTI);
	end_dump(&host);
	ok(!rdmadev_find(&pci, &host.nl, &found, &err) && found.index == 7 &&
			found.node_guid[7] == 5,
		"found: %s", err.msg);
	is(found.name, "mlx5_2", "its name");
	end_dump(&host);
	ok(rdmadev_find(&pci, &host.nl, &found, &err) < 0 && err.code == 11, "%s", err.msg);
	tree_directory("bus/pci/devices/0000:3b:00.2/infiniband/mlx5_9");
	ok(rdmadev_find(&pci, &host.nl, &found, &err) < 0 && err.code == 7, "%s", err.msg);
	if (pci_find(tree_root, "0000:3b:00.3", &pci) < 0)
		abort();
	ok(rdmadev_find(&pci, &host.nl, &found, &err) < 0 && err.code == 11, "%s", err.msg);
	script_forget(&host);
}

static void test_move(void)
{
	struct cni_error err = { 0 };

	verdict(&host, 0, 0);
	verdict(&inside, 0, 0);
	ok(!rdmadev_move(&device, &host.nl, &inside.nl, 42, &err), "moved and renamed");
	ok(script_forget(&host) == 1 && script_forget(&inside) == 1, "one request each");
	verdict(&host, 0, -EOPNOTSUPP);
	ok(rdmadev_move(&device, &host.nl, &inside.nl, 42, &err) < 0 &&
			strstr(err.msg, "shared mode"),
		"%s", err.msg);
	verdict(&host, 0, 0);
	verdict(&inside, 0, -EEXIST);
	ok(rdmadev_move(&device, &host.nl, &inside.nl, 42, &err) < 0 &&
			strstr(err.msg, "in all namespaces"),
		"%s", err.msg);
	script_forget(&host);
	script_forget(&inside);
}

static void test_return(void)
{
	const uint64_t guid = 0x0200000000000009;
	struct cni_error err = { 0 };

	answer_device(&inside, 0, "podsname", guid, "ib", 0);
	verdict(&inside, 1, 0);
	answer_device(&host, 0, "podsname", guid, "ib", 0);
	verdict(&host, 1, 0);
	ok(!rdmadev_return(&device, &host.nl, &inside.nl, -1, 42, &err), "back: %s", err.msg);
	ok(script_forget(&inside) == 2 && script_forget(&host) == 2, "moved and renamed");

	answer_device(&host, 0, "rail0", guid, "ib", 0);
	verdict(&host, 1, 0);
	ok(!rdmadev_return(&device, &host.nl, NULL, -1, 42, &err) && script_forget(&host) == 2,
		"the kernel has brought it back: renamed");
	verdict(&inside, 0, -EINVAL);
	answer_device(&host, 0, "mlx5_2", guid, "ib", 0);
	ok(!rdmadev_return(&device, &host.nl, &inside.nl, -1, 42, &err) &&
			script_forget(&host) == 1,
		"it never left");
	verdict(&host, 0, -EINVAL);
	ok(!rdmadev_return(&device, &host.nl, NULL, -1, 42, &err), "gone with its driver");
	script_forget(&host);
	answer_device(&host, 0, "mlx5_5", 1, "ib", 0);
	ok(!rdmadev_return(&device, &host.nl, NULL, -1, 42, &err) && script_forget(&host) == 1,
		"its index is another's now, who keeps his name");
	answer_device(&inside, 0, "rail0", guid, "ib", 0);
	verdict(&inside, 1, -EBUSY);
	ok(rdmadev_return(&device, &host.nl, &inside.nl, -1, 42, &err) < 0, "%s", err.msg);
	answer_device(&host, 0, "rail0", guid, "ib", 0);
	verdict(&host, 1, -EEXIST);
	ok(rdmadev_return(&device, &host.nl, NULL, -1, 42, &err) < 0, "%s", err.msg);
	script_forget(&inside);
	script_forget(&host);
}

static void test_describe(void)
{
	static const struct {
		struct rdma device;
		uint8_t state, physical;
		int fit;
		const char *text;
	} cases[] = {
		{ { .name = "mlx5_3", .protocol = "ib", .node_guid = { 2 } }, 4, 5, 1, "" },
		{ { .name = "mlx5_3", .protocol = "ib", .node_guid = { 2 } }, 2, 5, 0,
			"port 1 of mlx5_3 is INIT (LINK_UP): no subnet manager" },
		{ { .name = "mlx5_3", .protocol = "roce", .node_guid = { 2 } }, 1, 3, 0,
			"port 1 of mlx5_3 is DOWN (DISABLED): its link is down" },
		{ { .name = "mlx5_3", .protocol = "ib" }, 1, 2, 0, "; its node GUID is zero" },
		{ { .name = "mlx5_3", .protocol = "roce" }, 4, 5, 0, "mlx5_3: node GUID is zero" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[RDMADEV_TEXT] = "";
		struct nl_request answer;
		int rc;

		nl_begin(&answer,
			(uint16_t)RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_PORT_GET), 0, 0);
		nl_put(&answer, RDMA_NLDEV_ATTR_PORT_STATE, &cases[i].state, 1);
		nl_put(&answer, RDMA_NLDEV_ATTR_PORT_PHYS_STATE, &cases[i].physical, 1);
		host.ahead = 0;
		script_answer(&host, &answer, 0);
		rc = rdmadev_describe(&host.nl, &cases[i].device, text);
		ok(rc == cases[i].fit && strstr(text, cases[i].text), "%d: %s", rc, text);
	}
	script_forget(&host);
}

static void test_state(void)
{
	CLEANUP(json_writer_done) struct json_writer w = { 0 };
	CLEANUP(json_freep) struct json *tree = NULL, *bad = NULL;
	struct cni_error err = { 0 };
	static const char text[] = "{\"name\":\"a\",\"index\":1,\"nodeGUID\":\"zz\"}";
	struct rdmadev read = { 0 };

	rdmadev_write(&device, &w, NULL);
	ok(!json_writer_end(&w) && !json_parse(&tree, "x", w.text, w.length, &err) &&
			!rdmadev_load(tree, &read, &err),
		"kept: %s", err.msg);
	ok(read.index == 7 && !memcmp(read.node_guid, device.node_guid, 8), "its numbers");
	is(read.name, "mlx5_2", "its name");
	is(read.pod_name, "rail0", "its name in the pod");
	ok(!json_parse(&bad, "x", text, strlen(text), &err) && rdmadev_load(bad, &read, &err) < 0 &&
			err.code == 6,
		"%s", err.msg);
}

int main(void)
{
	script_open(&host);
	script_open(&inside);
	tree_make();
	tree_sriov();
	test_find();
	test_move();
	test_return();
	test_describe();
	test_state();
	tree_remove();
	script_close(&inside);
	script_close(&host);
	return tap_done();
}
