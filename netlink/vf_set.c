/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/link_message.h"
#include "netlink/vf.h"

static void put_vlan(struct nl_request *req, const struct vf *vf)
{
	struct nlattr *list = nl_nest(req, IFLA_VF_VLAN_LIST);
	struct ifla_vf_vlan_info wanted;

	/* The padding goes to the kernel, too. */
	memset(&wanted, 0, sizeof(wanted));
	wanted.vf = vf->number;
	wanted.vlan = vf->vlan;
	wanted.qos = vf->qos;
	wanted.vlan_proto = htons(vf->proto);
	nl_put(req, IFLA_VF_VLAN_INFO, &wanted, sizeof(wanted));
	nl_nest_end(req, list);
}

static void put_mac(struct nl_request *req, const struct vf *vf)
{
	struct ifla_vf_mac wanted = { .vf = vf->number };

	memcpy(wanted.mac, vf->mac, vf->mac_length);
	nl_put(req, IFLA_VF_MAC, &wanted, sizeof(wanted));
}

static void put_rate(struct nl_request *req, const struct vf *vf)
{
	struct ifla_vf_rate wanted = {
		.vf = vf->number,
		.min_tx_rate = vf->min_tx_rate,
		.max_tx_rate = vf->max_tx_rate,
	};

	nl_put(req, IFLA_VF_RATE, &wanted, sizeof(wanted));
}

static void put_switch(struct nl_request *req, const struct vf *vf, uint16_t type, uint32_t setting)
{
	struct ifla_vf_spoofchk wanted = { .vf = vf->number, .setting = setting };

	nl_put(req, type, &wanted, sizeof(wanted));
}

static void put_guid(
	struct nl_request *req, const struct vf *vf, uint16_t type, const uint8_t guid[8])
{
	struct ifla_vf_guid wanted;
	uint64_t value;

	memset(&wanted, 0, sizeof(wanted));
	memcpy(&value, guid, sizeof(value));
	wanted.vf = vf->number;
	wanted.guid = be64toh(value);
	nl_put(req, type, &wanted, sizeof(wanted));
}

static void put_setting(struct nl_request *req, const struct vf *vf, unsigned int bit)
{
	switch (bit) {
	case VF_VLAN:
		put_vlan(req, vf);
		return;
	case VF_MAC:
		put_mac(req, vf);
		return;
	case VF_RATE:
		put_rate(req, vf);
		return;
	case VF_SPOOFCHK:
		put_switch(req, vf, IFLA_VF_SPOOFCHK, vf->spoofchk);
		return;
	case VF_TRUST:
		put_switch(req, vf, IFLA_VF_TRUST, vf->trust);
		return;
	case VF_NODE_GUID:
		put_guid(req, vf, IFLA_VF_IB_NODE_GUID, vf->node_guid);
		return;
	case VF_PORT_GUID:
		put_guid(req, vf, IFLA_VF_IB_PORT_GUID, vf->port_guid);
		return;
	case VF_LINK_STATE:
		put_switch(req, vf, IFLA_VF_LINK_STATE, vf->link_state);
		return;
	}
}

static int set_one(struct nl *nl, int pf, const struct vf *vf, unsigned int bit)
{
	struct nl_request req;
	struct nlattr *list, *info;

	link_begin(&req, RTM_SETLINK, 0, pf);
	list = nl_nest(&req, IFLA_VFINFO_LIST);
	info = nl_nest(&req, IFLA_VF_INFO);
	put_setting(&req, vf, bit);
	nl_nest_end(&req, info);
	nl_nest_end(&req, list);
	return nl_do(nl, &req, NULL, NULL);
}

int vf_set(struct nl *nl, int pf, const struct vf *vf, unsigned int *refused)
{
	int rc;

	*refused = 0;
	if (pf <= 0 || vf->mac_length > sizeof(vf->mac))
		return -EINVAL;
	for (unsigned int bit = VF_VLAN; bit <= VF_LINK_STATE; bit <<= 1) {
		if (!(vf->has & bit))
			continue;
		if ((rc = set_one(nl, pf, vf, bit)) < 0) {
			*refused = bit;
			return rc;
		}
	}
	return 0;
}
