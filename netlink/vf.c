/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/vf.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>

#include "netlink/link_message.h"

#define UNKNOWN UINT32_MAX /* a switch that the driver did not fill in */

/* Where to look for which VF. */
struct search {
	const char *end; /* of the message */
	uint16_t type;	 /* ARPHRD_* of the PF */
	uint32_t count;	 /* IFLA_NUM_VF, which the kernel puts first */
	uint32_t number;
	struct vf vf;
	bool found;
};

/* The kernel's structures, all of which begin with the number of the VF. */
static int copy(const struct nlattr *attr, void *out, size_t size)
{
	if (mnl_attr_get_payload_len(attr) < size)
		return -EBADMSG;
	memcpy(out, mnl_attr_get_payload(attr), size);
	return 0;
}

static int read_vlan(const struct nlattr *attr, void *data)
{
	struct ifla_vf_vlan_info told;
	struct vf *vf = data;

	if (mnl_attr_get_type(attr) != IFLA_VF_VLAN_INFO)
		return 0;
	if (copy(attr, &told, sizeof(told)) < 0)
		return -EBADMSG;
	vf->vlan = told.vlan;
	vf->qos = told.qos;
	vf->proto = told.vlan_proto ? ntohs(told.vlan_proto) : ETH_P_8021Q;
	vf->has |= VF_VLAN;
	return 0;
}

static int read_mac(const struct nlattr *attr, struct vf *vf)
{
	struct ifla_vf_mac told;

	if (copy(attr, &told, sizeof(told)) < 0)
		return -EBADMSG;
	vf->number = told.vf;
	memcpy(vf->mac, told.mac, sizeof(vf->mac));
	vf->has |= VF_MAC;
	return 0;
}

static int read_rate(const struct nlattr *attr, struct vf *vf)
{
	struct ifla_vf_rate told;

	if (copy(attr, &told, sizeof(told)) < 0)
		return -EBADMSG;
	vf->min_tx_rate = told.min_tx_rate;
	vf->max_tx_rate = told.max_tx_rate;
	vf->has |= VF_RATE;
	return 0;
}

/* IFLA_VF_SPOOFCHK, _TRUST and _LINK_STATE have one shape. */
static int read_switch(const struct nlattr *attr, unsigned int bit, uint32_t *value, struct vf *vf)
{
	struct ifla_vf_spoofchk told;

	if (copy(attr, &told, sizeof(told)) < 0)
		return -EBADMSG;
	*value = told.setting;
	if (told.setting != UNKNOWN)
		vf->has |= bit;
	return 0;
}

static int read_bool(const struct nlattr *attr, unsigned int bit, bool *value, struct vf *vf)
{
	uint32_t setting;
	int rc = read_switch(attr, bit, &setting, vf);

	if (!rc)
		*value = setting == 1;
	return rc;
}

static int read_guid(const struct nlattr *attr, unsigned int bit, uint8_t guid[8], struct vf *vf)
{
	struct ifla_vf_guid told;
	uint64_t value;

	if (copy(attr, &told, sizeof(told)) < 0)
		return -EBADMSG;
	value = htobe64(told.guid);
	memcpy(guid, &value, sizeof(value));
	vf->has |= bit;
	return 0;
}

static int read_setting(const struct nlattr *attr, void *data)
{
	struct vf *vf = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_VF_MAC: /* of all, and the first */
		return read_mac(attr, vf);
	case IFLA_VF_VLAN_LIST:
		return nl_each_nested(attr, read_vlan, vf);
	case IFLA_VF_RATE:
		return read_rate(attr, vf);
	case IFLA_VF_SPOOFCHK:
		return read_bool(attr, VF_SPOOFCHK, &vf->spoofchk, vf);
	case IFLA_VF_TRUST:
		return read_bool(attr, VF_TRUST, &vf->trust, vf);
	case IFLA_VF_LINK_STATE:
		return read_switch(attr, VF_LINK_STATE, &vf->link_state, vf);
	case IFLA_VF_IB_NODE_GUID:
		return read_guid(attr, VF_NODE_GUID, vf->node_guid, vf);
	case IFLA_VF_IB_PORT_GUID:
		return read_guid(attr, VF_PORT_GUID, vf->port_guid, vf);
	}
	return 0;
}

/* By their count, not by the length of the list: that has 16 bits and may have wrapped. */
static int read_list(const struct nlattr *list, struct search *search)
{
	const struct nlattr *attr = mnl_attr_get_payload(list);
	struct vf vf;
	int rc;

	for (uint32_t i = 0; i < search->count; i++, attr = mnl_attr_next(attr)) {
		if (!mnl_attr_ok(attr, (int)(search->end - (const char *)attr)) ||
			mnl_attr_get_type(attr) != IFLA_VF_INFO)
			return -EBADMSG;
		vf = (struct vf){ .number = UNKNOWN };
		if ((rc = nl_each_nested(attr, read_setting, &vf)) < 0)
			return rc;
		if (vf.number != search->number)
			continue;
		vf.mac_length = search->type == ARPHRD_INFINIBAND ? 20 : ETH_ALEN;
		search->vf = vf;
		search->found = true;
		break;
	}
	return -ECANCELED; /* what follows the list is of no interest */
}

static int read_attr(const struct nlattr *attr, void *data)
{
	struct search *search = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_NUM_VF:
		return nl_get_u32(attr, &search->count);
	case IFLA_VFINFO_LIST:
		return read_list(attr, search);
	}
	return 0;
}

static int read_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct search *search = data;
	int rc;

	if (message->nlmsg_type != RTM_NEWLINK ||
		mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return -EBADMSG;
	search->end = mnl_nlmsg_get_payload_tail(message);
	search->type = info->ifi_type;
	rc = nl_each(message, sizeof(*info), read_attr, search);
	return rc == -ECANCELED ? 0 : rc;
}

int vf_get(struct nl *nl, int pf, uint32_t number, struct vf *out)
{
	struct search search = { .number = number };
	struct nl_request req;
	int rc;

	/* Without an index the kernel would look for a name. */
	if (pf <= 0)
		return -EINVAL;
	link_begin(&req, RTM_GETLINK, 0, pf);
	nl_put_u32(&req, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	if ((rc = nl_do(nl, &req, read_link, &search)) < 0)
		return rc;
	if (!search.found)
		return -ENOENT;
	*out = search.vf;
	return 0;
}
