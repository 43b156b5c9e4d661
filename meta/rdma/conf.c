/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/rdma/conf.h"

#include <string.h>

#include "netlink/rdma.h"

struct bound {
	const char *device_id;
	struct {
		const char *device_id;
	} runtime;
	struct rdma_qos qos;
};

static const struct json_field qos_fields[] = {
	{ "tos", json_bind_int, offsetof(struct rdma_qos, tos), 0, 255 },
	{ "tc", json_bind_int, offsetof(struct rdma_qos, tc), 0, 255 },
	{ 0 },
};

static const struct json_field runtime_fields[] = {
	{ "deviceID", json_bind_string, 0 },
	{ 0 },
};

const struct json_field rdma_fields[] = {
	{ "deviceID", json_bind_string, offsetof(struct bound, device_id) },
	{ "runtimeConfig", json_bind_object, offsetof(struct bound, runtime),
		.fields = runtime_fields },
	{ "rdmaQoS", json_bind_object, offsetof(struct bound, qos), .fields = qos_fields },
	{ 0 },
};

static bool is_device_name(const char *name)
{
	return strlen(name) < RDMA_NAME && !strpbrk(name, "/% \t\n") && *name != '.';
}

int rdma_conf(const struct cni_request *req, struct rdma_conf *conf, struct cni_error *err)
{
	const struct json *args = json_get(json_get(req->config, "args"), "cni");
	const struct json *qos = json_get(args, "rdmaQoS");
	const char *name = json_text(json_get(args, "rdmaDeviceName"));
	struct bound bound = { .qos = { -1, -1 } };

	/* Its documentation has the key here, its code at the top: that one comes first. */
	if (qos && json_bind_object(qos,
			   &(struct json_field){ "args.cni.rdmaQoS", .fields = qos_fields },
			   &bound.qos, err) < 0)
		return -1;
	if (json_bind(req->config, rdma_fields, &bound, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	if (name && *name && !is_device_name(name))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"rdmaDeviceName \"%s\" is no name that an RDMA device can have", name);
	*conf = (struct rdma_conf){ .qos = bound.qos };
	conf->name = name && *name ? name : NULL;
	if (bound.runtime.device_id && *bound.runtime.device_id)
		conf->device_id = bound.runtime.device_id;
	else if (bound.device_id && *bound.device_id)
		conf->device_id = bound.device_id;
	return 0;
}
