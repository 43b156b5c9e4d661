/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/rdma/rdma.h"

#include <errno.h>
#include <string.h>

#include "meta/rdma/attach.h"

/* The result is the previous one, byte for byte but for white space: nothing is known better here.
 */
static int print_previous(const struct cni_request *req, int out, struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };
	int rc;

	json_put(&w, NULL, json_get(req->config, "prevResult"));
	json_end_line(&w);
	rc = json_writer_end(&w);
	if (!rc)
		rc = json_writer_print(&w, out);
	return rc < 0 ? cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "print the result") : 0;
}

static int read_previous(
	const struct cni_request *req, struct cni_result *previous, struct cni_error *err)
{
	if (!json_get(req->config, "prevResult"))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"rdma works on the interface of another plugin: put it behind sriov, "
			"ib-sriov or "
			"host-device in \"plugins\" (there is no prevResult)");
	return cni_result_previous(previous, req, err);
}

static int rdma_add(const struct cni_request *req, int out, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result previous = { 0 };
	CLEANUP(attach_end) struct attach attach = ATTACH_NONE(&rdma_world, req);
	struct rdma_conf conf;

	if (rdma_conf(req, &conf, err) < 0 || read_previous(req, &previous, err) < 0 ||
		attach_open(&attach, err) < 0 || attach_find(&attach, &conf, &previous, err) < 0 ||
		attach_move(&attach, &conf, err) < 0 || print_previous(req, out, err) < 0)
		return -1;
	attach.armed = false;
	return 0;
}

static int rdma_del(const struct cni_request *req, struct cni_error *err)
{
	char id[CNI_ATTACHMENT_ID];

	/* Not even the configuration is needed. */
	return attach_return(&rdma_world, cni_request_id(req, id), req->netns, err);
}

static int rdma_check(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result previous = { 0 };
	CLEANUP(rdma_state_done) struct rdma_state state = { 0 };
	CLEANUP(attach_end) struct attach attach = ATTACH_NONE(&rdma_world, req);
	struct rdma_conf conf;
	const char *name;
	char id[CNI_ATTACHMENT_ID];

	if (rdma_conf(req, &conf, err) < 0 || read_previous(req, &previous, err) < 0 ||
		attach_open(&attach, err) < 0 || attach_find(&attach, &conf, &previous, err) < 0)
		return -1;
	if (!attach.there)
		return cni_fail(err, CNI_INTERNAL, "RDMA device %s is no longer in %s",
			attach.state.device.name, req->netns_path);
	if (rdma_state_read(&state, rdma_world.states, cni_request_id(req, id), err) < 0)
		return -1;
	name = conf.name ? conf.name : state.device.name;
	if (*name && strcmp(name, attach.state.device.name) != 0)
		return cni_fail(err, CNI_INTERNAL, "the RDMA device of %s is %s, not %s",
			req->ifname, attach.state.device.name, name);
	return 0;
}

struct collection {
	const struct cni_request *request;
	struct cni_attachment *valid;
	size_t count;
};

static int collect(const char *id, void *data, struct cni_error *err)
{
	const struct collection *gc = data;
	CLEANUP(rdma_state_done) struct rdma_state state = { 0 };
	int found = rdma_state_read(&state, rdma_world.states, id, err);

	if (found <= 0)
		return found;
	if (strcmp(state.network, gc->request->name) != 0)
		return 0;
	for (size_t i = 0; i < gc->count; i++)
		if (!strcmp(state.container_id, gc->valid[i].container_id) &&
			!strcmp(state.ifname, gc->valid[i].ifname))
			return 0;
	return attach_return(&rdma_world, id, -1, err);
}

static int rdma_gc(const struct cni_request *req, struct cni_error *err)
{
	struct collection gc = { .request = req };
	CLEANUP(freep) struct cni_attachment *valid = NULL;

	if (cni_request_attachments(req, &valid, &gc.count, err) < 0)
		return -1;
	gc.valid = valid;
	return rdma_state_each(rdma_world.states, collect, &gc, err);
}

/* Of a device that is named, and still on the host: can it be used? */
static int check_port(struct attach *attach, const struct rdma_conf *conf, struct cni_error *err)
{
	char text[RDMADEV_TEXT], name[PCI_NAME];
	struct rdma found;

	if (!conf->device_id || pci_find(rdma_world.sys, conf->device_id, &attach->device) < 0 ||
		pci_rdma(&attach->device, name) < 0 || rdma_find(&attach->host, name, &found) < 0 ||
		rdmadev_describe(&attach->host, &found, text) != 0)
		return 0;
	return cni_fail(err, CNI_LIMITED, "%s", text);
}

static int rdma_status(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(attach_end) struct attach attach = ATTACH_NONE(&rdma_world, req);
	struct rdma_conf conf;

	if (rdma_conf(req, &conf, err) < 0)
		return -1;
	if (attach_open(&attach, err) < 0) {
		err->code = CNI_UNAVAILABLE;
		return -1;
	}
	return check_port(&attach, &conf, err);
}

const struct cni_plugin rdma_plugin = {
	.name = "rdma",
	.enters_netns = true,
	.add = rdma_add,
	.del = rdma_del,
	.check = rdma_check,
	.gc = rdma_gc,
	.status = rdma_status,
};
