/* SPDX-License-Identifier: Apache-2.0 */
#include "macvlan/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_arp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "cni/iface.h"
#include "netlink/route.h"

static const struct json_field runtime_fields[] = {
	{ "mac", json_bind_string, offsetof(struct macvlan_runtime, mac) },
	{ 0 },
};

const struct json_field macvlan_fields[] = {
	{ "master", json_bind_string, offsetof(struct macvlan_conf, master) },
	{ "mode", json_bind_string, offsetof(struct macvlan_conf, mode_name) },
	{ "mtu", json_bind_int, offsetof(struct macvlan_conf, mtu), 0, 65535 },
	{ "mac", json_bind_string, offsetof(struct macvlan_conf, mac_text) },
	{ "linkInContainer", json_bind_bool, offsetof(struct macvlan_conf, link_in_container) },
	{ "runtimeConfig", json_bind_object, offsetof(struct macvlan_conf, runtime),
		.fields = runtime_fields },
	{ "bcqueuelen", json_bind_int, offsetof(struct macvlan_conf, bc_queue_len), 0, UINT32_MAX },
	{ 0 },
};

static int find_mode(struct macvlan_conf *conf, struct cni_error *err)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} modes[] = {
		{ "", MACVLAN_MODE_BRIDGE },
		{ "bridge", MACVLAN_MODE_BRIDGE },
		{ "private", MACVLAN_MODE_PRIVATE },
		{ "vepa", MACVLAN_MODE_VEPA },
		{ "passthru", MACVLAN_MODE_PASSTHRU },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (!strcmp(conf->mode_name, modes[i].name)) {
			conf->mode = modes[i].mode;
			return 0;
		}
	}
	return cni_fail(err, CNI_INVALID_CONFIG,
		"unknown macvlan mode \"%s\": bridge, private, vepa and passthru are known",
		conf->mode_name);
}

int macvlan_conf(const struct cni_request *req, struct macvlan_conf *conf, struct cni_error *err)
{
	/* IP is the IPAM's, which reads the same CNI_ARGS. */
	static const char *const known[] = { "MAC", "IP", NULL };

	*conf = (struct macvlan_conf){ .mode_name = "" };
	if (json_bind(req->config, macvlan_fields, conf, CNI_INVALID_CONFIG, err) < 0 ||
		cni_request_check_args(req, known, err) < 0)
		return -1;
	if (conf->master && !*conf->master)
		conf->master = NULL;
	conf->has_dns = json_get(req->config, "dns") != NULL;
	if (cni_dns_read(&conf->dns, json_get(req->config, "dns"), err) < 0)
		return -1;
	if (find_mode(conf, err) < 0)
		return -1;
	return cni_request_mac(
		req, conf->runtime.mac, conf->mac_text, &conf->mac_text, &conf->mac, err);
}

static int default_master(
	const struct macvlan_conf *conf, struct nl *nl, struct link *master, struct cni_error *err)
{
	int index;
	int rc = route_default_link(nl, AF_INET, &index);

	if (rc == -ENODEV)
		rc = route_default_link(nl, AF_INET6, &index);
	if (rc == -ENODEV)
		return cni_fail(err, CNI_TRY_LATER,
			"no master: there is no default route %s to take the interface of; set "
			"\"master\"",
			conf->link_in_container ? "in the container" : "on the host");
	if (!rc)
		rc = link_get_index(nl, index, master);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "look up the default route's interface");
	return 0;
}

int macvlan_master(
	const struct macvlan_conf *conf, struct nl *nl, struct link *master, struct cni_error *err)
{
	int rc = conf->master ? iface_master(conf->master, conf->link_in_container, nl, master, err)
			      : default_master(conf, nl, master, err);

	if (rc < 0)
		return -1;
	if (master->type == ARPHRD_INFINIBAND)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"master %s is an InfiniBand interface, which cannot carry a macvlan: use "
			"ipoib",
			master->name);
	if (master->type != ARPHRD_ETHER)
		return cni_fail(err, CNI_INVALID_CONFIG, "master %s is not an Ethernet interface",
			master->name);
	if (conf->mtu > master->mtu)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"mtu %" PRId64 " is above that of master %s: 0 to %u is possible",
			conf->mtu, master->name, master->mtu);
	return 0;
}
