/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/ipoib.h"

#include <errno.h>

#include "netlink/link_message.h"

int ipoib_read(const struct nlattr *attr, void *data)
{
	struct link *link = data;
	uint16_t umcast;
	int rc;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IPOIB_PKEY:
		return nl_get_u16(attr, &link->ipoib_pkey);
	case IFLA_IPOIB_MODE:
		return nl_get_u16(attr, &link->ipoib_mode);
	case IFLA_IPOIB_UMCAST:
		if ((rc = nl_get_u16(attr, &umcast)) < 0)
			return rc;
		link->ipoib_umcast = umcast != 0;
	}
	return 0;
}

int link_add_ipoib(struct nl *nl, const struct link_ipoib *ipoib)
{
	struct nlattr *info, *data;
	struct nl_request req;

	if (ipoib->parent <= 0 || !link_is_name(ipoib->name, IFNAMSIZ))
		return -EINVAL;
	link_begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	nl_put_string(&req, IFLA_IFNAME, ipoib->name);
	nl_put_u32(&req, IFLA_LINK, (uint32_t)ipoib->parent);
	if (ipoib->netns >= 0)
		nl_put_u32(&req, IFLA_NET_NS_FD, (uint32_t)ipoib->netns);
	info = nl_nest(&req, IFLA_LINKINFO);
	nl_put_string(&req, IFLA_INFO_KIND, KIND_IPOIB);
	data = nl_nest(&req, IFLA_INFO_DATA);
	if (ipoib->pkey)
		nl_put_u16(&req, IFLA_IPOIB_PKEY, ipoib->pkey);
	nl_put_u16(&req, IFLA_IPOIB_UMCAST, ipoib->umcast);
	nl_nest_end(&req, data);
	nl_nest_end(&req, info);
	return nl_do(nl, &req, NULL, NULL);
}

int link_set_ipoib_mode(struct nl *nl, int index, uint16_t mode)
{
	struct nlattr *info, *data;
	struct nl_request req;

	if (index <= 0)
		return -EINVAL;
	/* RTM_SETLINK does not look into IFLA_LINKINFO. */
	link_begin(&req, RTM_NEWLINK, 0, index);
	info = nl_nest(&req, IFLA_LINKINFO);
	nl_put_string(&req, IFLA_INFO_KIND, KIND_IPOIB);
	data = nl_nest(&req, IFLA_INFO_DATA);
	nl_put_u16(&req, IFLA_IPOIB_MODE, mode);
	nl_nest_end(&req, data);
	nl_nest_end(&req, info);
	return nl_do(nl, &req, NULL, NULL);
}
