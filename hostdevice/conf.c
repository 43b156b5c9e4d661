/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/conf.h"

#include <string.h>

static const struct json_field runtime_fields[] = {
	{ "deviceID", json_bind_string, offsetof(struct hostdev_runtime, device_id) },
	{ "mac", json_bind_string, offsetof(struct hostdev_runtime, mac) },
	{ 0 },
};

const struct json_field hostdev_fields[] = {
	{ "device", json_bind_string, offsetof(struct hostdev_conf, device) },
	{ "hwaddr", json_bind_string, offsetof(struct hostdev_conf, hwaddr_text) },
	{ "kernelpath", json_bind_string, offsetof(struct hostdev_conf, kernelpath) },
	{ "pciBusID", json_bind_string, offsetof(struct hostdev_conf, pci_bus_id) },
	{ "deviceID", json_bind_string, offsetof(struct hostdev_conf, device_id) },
	{ "mtu", json_bind_int, offsetof(struct hostdev_conf, mtu), 0, INT32_MAX },
	{ "mac", json_bind_string, offsetof(struct hostdev_conf, mac_text) },
	{ "useInterfaceNetwork", json_bind_bool,
		offsetof(struct hostdev_conf, use_interface_network) },
	{ "runtimeConfig", json_bind_object, offsetof(struct hostdev_conf, runtime),
		.fields = runtime_fields },
	{ 0 },
};

static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static void choose(struct hostdev_conf *conf)
{
	const struct {
		const char *key, *id;
	} ids[] = {
		{ "runtimeConfig.deviceID", given(conf->runtime.device_id) },
		{ "pciBusID", given(conf->pci_bus_id) },
		{ "deviceID", given(conf->device_id) },
	};

	conf->device = given(conf->device);
	conf->hwaddr_text = given(conf->hwaddr_text);
	conf->kernelpath = given(conf->kernelpath);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids) && !conf->id; i++) {
		conf->id = ids[i].id;
		conf->id_key = ids[i].key;
	}
}

bool hostdev_conf_selects(const struct hostdev_conf *conf)
{
	return conf->device || conf->hwaddr_text || conf->kernelpath || conf->id;
}

int hostdev_conf_check_selector(const struct hostdev_conf *conf, struct cni_error *err)
{
	if (hostdev_conf_selects(conf))
		return 0;
	if (conf->dialect != HOSTDEV_PLAIN)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"no \"deviceID\": the pod must request the resource that the annotation "
			"k8s.v1.cni.cncf.io/resourceName of its NetworkAttachmentDefinition names, "
			"so that its device plugin chooses a VF");
	/* The reference's message to the letter. */
	cni_fail(err, CNI_INVALID_CONFIG,
		"specify either \"device\", \"hwaddr\", \"kernelpath\" or \"pciBusID\"");
	return cni_fail_details(err,
		"no deviceID came either: the pod must request the resource that the annotation "
		"k8s.v1.cni.cncf.io/resourceName of the network names");
}

/* An address from DHCP takes an Ethernet client, which IPoIB interfaces are none of. */
static int check_ipam(const struct cni_request *req, struct cni_error *err)
{
	const char *type = json_text(json_get(json_get(req->config, "ipam"), "type"));

	if (type && !strcmp(type, "dhcp"))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam type dhcp is not supported on InfiniBand: use pool, host-local, static, "
			"whereabouts or nv-ipam");
	return 0;
}

static int conf_of_vf(const struct cni_request *req, struct hostdev_conf *conf,
	struct cni_error *err)
{
	bool infiniband = conf->dialect == HOSTDEV_IB_SRIOV;
	const struct vf *wanted = &conf->vf.wanted;

	if (settings_read(req, infiniband ? SETTINGS_IB_SRIOV : SETTINGS_SRIOV, &conf->vf, err) < 0 ||
		(infiniband && check_ipam(req, err) < 0))
		return -1;
	conf->id = conf->vf.device_id;
	conf->id_key = "deviceID";
	if (wanted->has & VF_MAC) {
		conf->mac_text = conf->vf.mac;
		conf->mac.length = wanted->mac_length;
		memcpy(conf->mac.bytes, wanted->mac, wanted->mac_length);
	}
	return 0;
}

static int conf_of_device(const struct cni_request *req, struct hostdev_conf *conf,
	struct cni_error *err)
{
	if (json_bind(req->config, hostdev_fields, conf, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	choose(conf);
	if (conf->use_interface_network)
		return cni_fail(err, CNI_UNSUPPORTED_FIELD,
			"\"useInterfaceNetwork\" is not supported: addresses come from \"ipam\"");
	if (conf->kernelpath && (strncmp(conf->kernelpath, "/sys/devices/", 13) != 0 ||
					strstr(conf->kernelpath, "/../")))
		return cni_fail(err, CNI_INVALID_CONFIG, "kernelpath %s is not below /sys/devices/",
			conf->kernelpath);
	if (conf->hwaddr_text && hwaddr_parse(conf->hwaddr_text, &conf->hwaddr) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"hwaddr \"%s\" is no link-layer address (02:00:00:00:00:01)",
			conf->hwaddr_text);
	return cni_request_mac(
		req, conf->runtime.mac, conf->mac_text, &conf->mac_text, &conf->mac, err);
}

int hostdev_conf(const struct cni_request *req, enum hostdev_dialect dialect,
	struct hostdev_conf *conf, struct cni_error *err)
{
	/* IP is the IPAM's, which reads the same CNI_ARGS. */
	static const char *const known[] = { "MAC", "IP", NULL };

	*conf = (struct hostdev_conf){ .dialect = dialect };
	if (cni_request_check_args(req, known, err) < 0 ||
		(dialect == HOSTDEV_PLAIN ? conf_of_device(req, conf, err)
					  : conf_of_vf(req, conf, err)) < 0)
		return -1;
	conf->has_dns = json_get(req->config, "dns") != NULL;
	return cni_dns_read(&conf->dns, json_get(req->config, "dns"), err);
}
