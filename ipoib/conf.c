/* SPDX-License-Identifier: Apache-2.0 */
#include "ipoib/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_arp.h>
#include <stddef.h>
#include <string.h>

#include "cni/iface.h"
#include "ipam/ipam.h"

#define FULL_MEMBER 0x8000
#define MTU_MIN	    68	  /* of IPv4, RFC 791; the kernel refuses less */
#define MTU_MAX	    65520 /* in connected mode, IPOIB_CM_MTU of the kernel */

/* A number of C in the whole text; -1 for anything else. */
static int64_t number_of(const char *text)
{
	char *end;
	long long value;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtoll(text, &end, 0);
	return errno || *end ? -1 : value;
}

/* 5, 32773, "5" or "0x8005": the kernel sets the bit of full members in any case. */
static int bind_pkey(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);
	int64_t pkey = -1;

	if (text && !*text)
		return 0;
	if (text)
		pkey = number_of(text);
	else if (json_integer(value, 0, UINT16_MAX, &pkey) < 0)
		pkey = -1;
	if (pkey < 0 || pkey > UINT16_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"%s\" must be a partition key from 1 to 0xffff, a number or a text such "
			"as \"0x8001\"",
			rule->key);
	if (!(pkey & ~FULL_MEMBER))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s 0x%04x is no partition: 0 is reserved; leave the key out for the "
			"master's",
			rule->key, (unsigned int)pkey);
	*(uint16_t *)field = (uint16_t)pkey;
	return 0;
}

const struct json_field ipoib_fields[] = {
	{ "master", json_bind_string, offsetof(struct ipoib_conf, master) },
	{ "pkey", bind_pkey, offsetof(struct ipoib_conf, pkey) },
	{ "mode", json_bind_string, offsetof(struct ipoib_conf, mode_name) },
	{ "mtu", json_bind_int, offsetof(struct ipoib_conf, mtu), 0, MTU_MAX },
	{ "umcast", json_bind_bool, offsetof(struct ipoib_conf, umcast) },
	{ "linkInContainer", json_bind_bool, offsetof(struct ipoib_conf, link_in_container) },
	{ 0 },
};

const char *ipoib_mode_name(uint16_t mode)
{
	return mode == IPOIB_MODE_CONNECTED ? "connected" : "datagram";
}

static int find_mode(struct ipoib_conf *conf, struct cni_error *err)
{
	conf->mode = -1;
	if (!*conf->mode_name)
		return 0;
	for (int mode = IPOIB_MODE_DATAGRAM; mode <= IPOIB_MODE_CONNECTED; mode++)
		if (!strcmp(conf->mode_name, ipoib_mode_name((uint16_t)mode)))
			conf->mode = mode;
	if (conf->mode >= 0)
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"unknown IPoIB mode \"%s\": datagram and connected are known", conf->mode_name);
}

static bool is_dhcp(const struct cni_request *req)
{
	const char *type = json_text(json_get(json_get(req->config, "ipam"), "type"));

	return type && !strcmp(type, "dhcp");
}

bool ipoib_has_lease(const struct cni_request *req)
{
	return ipam_wanted(req) && !is_dhcp(req);
}

int ipoib_conf(const struct cni_request *req, struct ipoib_conf *conf, struct cni_error *err)
{
	*conf = (struct ipoib_conf){ .mode_name = "", .umcast = true };
	if (json_bind(req->config, ipoib_fields, conf, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	if (!conf->master || !*conf->master)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"there is no \"master\": set it to the IPoIB interface that pods get "
			"children of (`ip link show type ipoib` lists them)");
	if (conf->mtu && conf->mtu < MTU_MIN)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"mtu %" PRId64 " is too small: %d is the least that IP runs on", conf->mtu,
			MTU_MIN);
	if (is_dhcp(req))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam type dhcp is not possible on InfiniBand, where DHCP needs a client "
			"identifier that the dhcp plugin does not send (RFC 4390): use another "
			"IPAM, pool for example");
	conf->has_dns = json_get(req->config, "dns") != NULL;
	if (cni_dns_read(&conf->dns, json_get(req->config, "dns"), err) < 0)
		return -1;
	return find_mode(conf, err);
}

uint16_t ipoib_mode(const struct ipoib_conf *conf, const struct link *master)
{
	return conf->mode < 0 ? master->ipoib_mode : (uint16_t)conf->mode;
}

uint16_t ipoib_pkey(const struct ipoib_conf *conf, const struct link *master)
{
	return FULL_MEMBER | (conf->pkey ? conf->pkey : master->ipoib_pkey);
}

int ipoib_master(
	const struct ipoib_conf *conf, struct nl *nl, struct link *master, struct cni_error *err)
{
	if (iface_master(conf->master, conf->link_in_container, nl, master, err) < 0)
		return -1;
	if (master->type == ARPHRD_ETHER)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"master %s is an Ethernet interface, which has no IPoIB children: use "
			"macvlan",
			master->name);
	if (master->type != ARPHRD_INFINIBAND)
		return cni_fail(err, CNI_INVALID_CONFIG, "master %s is not an IPoIB interface",
			master->name);
	if (master->parent)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"master %s is itself a child: name its parent, and the partition with "
			"\"pkey\"",
			master->name);
	if (!(master->flags & IFF_UP))
		return cni_fail(err, CNI_TRY_LATER,
			"master %s is down: set it up (`ip link set %s up`)", master->name,
			master->name);
	/* In connected mode a child of a datagram master has its own, larger MTU. */
	if (conf->mtu > master->mtu && ipoib_mode(conf, master) == master->ipoib_mode)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"mtu %" PRId64 " is above that of master %s: up to %u is possible in "
			"%s mode",
			conf->mtu, master->name, master->mtu, ipoib_mode_name(master->ipoib_mode));
	return 0;
}
