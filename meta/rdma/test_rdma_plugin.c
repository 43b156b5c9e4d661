/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>

#include "hostdevice/test_tree.h"
#include "meta/rdma/attach.h"
#include "meta/rdma/conf.h"
#include "meta/rdma/qos.h"
#include "meta/rdma/rdma.h"
#include "meta/rdma/state.h"

static int read_config(
	const char *text, struct json **tree, struct rdma_conf *conf, struct cni_error *err)
{
	struct cni_request req = { .name = "n" };

	*err = (struct cni_error){ 0 };
	if (json_parse(tree, "test", text, strlen(text), err) < 0)
		abort();
	req.config = *tree;
	return rdma_conf(&req, conf, err);
}

static void test_conf(void)
{
	static const struct {
		const char *config, *device_id, *name;
		int64_t tos, tc;
	} good[] = {
		{ "{}", NULL, NULL, -1, -1 },
		{ "{\"args\":{\"cni\":{\"debug\":true}}}", NULL, NULL, -1, -1 },
		{ "{\"args\":{\"cni\":{\"rdmaDeviceName\":7}}}", NULL, NULL, -1, -1 },
		{ "{\"args\":{\"cni\":[]}}", NULL, NULL, -1, -1 },
		{ "{\"deviceID\":\"0000:3b:00.2\",\"pciBusID\":\"0000:3b:00.2\"}", "0000:3b:00.2",
			NULL, -1, -1 },
		{ "{\"deviceID\":\"7\",\"runtimeConfig\":{\"deviceID\":\"mlx5_core.sf.2\"}}",
			"mlx5_core.sf.2", NULL, -1, -1 },
		{ "{\"rdmaQoS\":{\"tos\":96,\"tc\":95},\"args\":{\"cni\":{\"rdmaDeviceName\":"
		  "\"rdma_rail1\"}}}",
			NULL, "rdma_rail1", 96, 95 },
		{ "{\"rdmaQoS\":{\"tos\":1},\"args\":{\"cni\":{\"rdmaQoS\":{\"tos\":2,\"tc\":3}}}}",
			NULL, NULL, 1, 3 },
	};
	static const struct {
		const char *config, *message;
	} bad[] = {
		{ "{\"rdmaQoS\":{\"tos\":256}}", "\"tos\" must be an integer from 0 to 255" },
		{ "{\"rdmaQoS\":{\"tc\":-1}}", "\"tc\" must be" },
		{ "{\"rdmaQoS\":96}", "\"rdmaQoS\" must be an object" },
		{ "{\"args\":{\"cni\":{\"rdmaQoS\":{\"tos\":\"x\"}}}}", "\"tos\" must be" },
		{ "{\"deviceID\":7}", "\"deviceID\" must be a string" },
		{ "{\"args\":{\"cni\":{\"rdmaDeviceName\":\"a/b\"}}}", "no name that an RDMA" },
		{ "{\"args\":{\"cni\":{\"rdmaDeviceName\":\"mlx5_%d\"}}}", "no name that an RDMA" },
	};
	struct rdma_conf conf;
	struct cni_error err;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;

		ok(!read_config(good[i].config, &tree, &conf, &err) &&
				conf.qos.tos == good[i].tos && conf.qos.tc == good[i].tc,
			"%s", good[i].config);
		is(conf.device_id, good[i].device_id, "its device");
		is(conf.name, good[i].name, "its name in the pod");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;

		ok(read_config(bad[i].config, &tree, &conf, &err) < 0 && err.code == 7 &&
				strstr(err.msg, bad[i].message),
			"%s: %s", bad[i].config, err.msg);
	}
}

static int count_state(const char *id, void *data, struct cni_error *err)
{
	(void)err;
	*(int *)data += !strcmp(id, "0123456789abcdef");
	return 0;
}

static void test_state(void)
{
	static const char id[] = "0123456789abcdef";
	struct rdma_state state = { .network = "n",
		.container_id = "c",
		.ifname = "net1",
		.netns = "/run/netns/c",
		.netns_id = "4:5",
		.boot = "b",
		.device_id = "0000:3b:00.2",
		.tc = 96,
		.device = { .name = "mlx5_2",
			.pod_name = "rail",
			.index = 7,
			.node_guid = { 2, 0, 0, 0, 0, 0, 0, 9 } } };
	struct rdma_state read = { 0 };
	struct cni_error err = { 0 };
	char directory[PATH_MAX];
	int count = 0;

	snprintf(directory, sizeof(directory), "%s", tree_path("states/rdma"));
	ok(rdma_state_read(&read, directory, id, &err) == 0, "no state");
	ok(!rdma_state_each(directory, count_state, &count, &err) && !count, "no directory");
	ok(!rdma_state_remove(directory, id, &err), "none to remove");
	ok(!rdma_state_write(&state, directory, id, &err), "written: %s", err.msg);
	ok(rdma_state_read(&read, directory, id, &err) == 1, "read: %s", err.msg);
	is(read.network, "n", "network");
	is(read.container_id, "c", "container");
	is(read.netns_id, "4:5", "namespace");
	is(read.device.name, "mlx5_2", "name on the host");
	is(read.device.pod_name, "rail", "name in the pod");
	ok(read.tc == 96 && read.device.index == 7 && read.device.node_guid[7] == 9, "numbers");
	rdma_state_done(&read);
	tree_file("states/rdma/.0123456789abcdef.json", "{");
	tree_file("states/rdma/README", "?");
	ok(!rdma_state_each(directory, count_state, &count, &err) && count == 1, "one is there");
	ok(!rdma_state_remove(directory, id, &err) &&
			rdma_state_read(&read, directory, id, &err) == 0,
		"removed");
	is(tree_text("states/rdma/.0123456789abcdef.json"), "",
		"and what a killed one was writing");
	tree_file("states/rdma/0123456789abcdef.json", "{\"network\":\"n\"");
	ok(rdma_state_read(&read, directory, id, &err) < 0 && err.code == 6 &&
			strstr(err.msg, directory),
		"torn: %s", err.msg);
	tree_file("states/rdma/0123456789abcdef.json", "{\"network\":\"n\"}");
	err = (struct cni_error){ 0 };
	ok(rdma_state_read(&read, directory, id, &err) < 0 && err.code == 6, "half: %s", err.msg);
}

static void test_qos(void)
{
	struct cni_error err = { 0 };

	ok(qos_set_tos(tree_path("config"), "mlx5_2", 96, &err) < 0 && err.code == 11, "%s",
		err.msg);
	tree_file("config/rdma_cm/mlx5_2/ports/1/default_roce_tos", "0\n");
	ok(!qos_set_tos(tree_path("config"), "mlx5_2", 96, &err), "a type of service");
	is(tree_text("config/rdma_cm/mlx5_2/ports/1/default_roce_tos"), "96", "it is written");
	ok(qos_set_tc(tree_root, "mlx5_2", 96, &err) < 0 && err.code == 7, "%s", err.msg);
	ok(qos_read_tc(tree_root, "mlx5_2") == -1, "a driver that has no traffic class");
	tree_file("class/infiniband/mlx5_2/tc/1/traffic_class", "Global tclass=104\n");
	ok(qos_read_tc(tree_root, "mlx5_2") == 104, "a traffic class");
	ok(!qos_set_tc(tree_root, "mlx5_2", 96, &err), "is set");
	tree_file("class/infiniband/mlx5_2/tc/1/traffic_class", "");
	ok(qos_read_tc(tree_root, "mlx5_2") == -1, "one that is not told");
	ok(!qos_set_tc(tree_root, "mlx5_2", 0, &err), "is set");
	is(tree_text("class/infiniband/mlx5_2/tc/1/traffic_class"), "0", "it is written");
}

/* A device that the plugin before has moved. There is no kernel to ask. */
static void test_there(void)
{
	struct rdma_conf conf = { .qos = { -1, -1 } };
	struct attach attach = ATTACH_NONE(&rdma_world, NULL);
	struct cni_error err = { 0 };

	attach.there = true;
	strcpy(attach.state.device.name, "mlx5_2");
	ok(!attach_move(&attach, &conf, &err), "nothing is to be done: %s", err.msg);
	conf.name = "mlx5_2";
	ok(!attach_move(&attach, &conf, &err), "it has its name: %s", err.msg);
	conf.name = "rail";
	conf.qos.tc = 96;
	ok(attach_move(&attach, &conf, &err) < 0 && err.code == 7, "before it is renamed: %s",
		err.msg);
}

int main(void)
{
	tree_make();
	test_conf();
	test_state();
	test_qos();
	test_there();
	tree_remove();
	return tap_done();
}
