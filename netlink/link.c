/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/link.h"

#include <errno.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/ipoib.h"
#include "netlink/link_message.h"

/* ALTIFNAMSIZ of linux/if.h, which cannot be included beside net/if.h everywhere. */
#define ALTNAME_SIZE 128
#define ADDRESS_SIZE 6

bool link_is_name(const char *name, size_t size)
{
	size_t length = strnlen(name, size);

	return length > 0 && length < size && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       name[strcspn(name, "/: \t\n\v\f\r")] == '\0';
}

static int read_macvlan(const struct nlattr *attr, void *data)
{
	struct link *link = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_MACVLAN_MODE:
		return nl_get_u32(attr, &link->macvlan_mode);
	case IFLA_MACVLAN_BC_QUEUE_LEN:
		return nl_get_u32(attr, &link->bc_queue_len);
	}
	return 0;
}

static int read_info(const struct nlattr *attr, void *data)
{
	struct link *link = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_INFO_KIND:
		return nl_get_string(attr, link->kind, sizeof(link->kind));
	case IFLA_INFO_DATA: /* the kernel puts the kind first */
		if (!strcmp(link->kind, KIND_MACVLAN))
			return nl_each_nested(attr, read_macvlan, link);
		if (!strcmp(link->kind, KIND_IPOIB))
			return nl_each_nested(attr, ipoib_read, link);
	}
	return 0;
}

static int read_address(const struct nlattr *attr, struct link *link)
{
	size_t length = mnl_attr_get_payload_len(attr);

	if (length > sizeof(link->address))
		return -EBADMSG;
	memcpy(link->address, mnl_attr_get_payload(attr), length);
	link->address_length = (uint8_t)length;
	return 0;
}

static int read_attr(const struct nlattr *attr, void *data)
{
	struct link *link = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		return nl_get_string(attr, link->name, sizeof(link->name));
	case IFLA_IFALIAS:
		return nl_get_string(attr, link->alias, sizeof(link->alias));
	case IFLA_ADDRESS:
		return read_address(attr, link);
	case IFLA_LINK:
		return nl_get_int(attr, &link->parent);
	case IFLA_LINK_NETNSID:
		link->parent_elsewhere = true;
		return 0;
	case IFLA_MASTER:
		return nl_get_int(attr, &link->controller);
	case IFLA_MTU:
		return nl_get_u32(attr, &link->mtu);
	case IFLA_MIN_MTU:
		return nl_get_u32(attr, &link->min_mtu);
	case IFLA_MAX_MTU:
		return nl_get_u32(attr, &link->max_mtu);
	case IFLA_LINKINFO:
		return nl_each_nested(attr, read_info, link);
	}
	return 0;
}

int link_read(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct link *out = data, link = { 0 };
	int rc;

	if (message->nlmsg_type != RTM_NEWLINK ||
		mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_index <= 0)
		return -EBADMSG;
	link.index = info->ifi_index;
	link.flags = info->ifi_flags;
	link.type = info->ifi_type;
	if ((rc = nl_each(message, sizeof(*info), read_attr, &link)) < 0)
		return rc;
	*out = link;
	return 0;
}

struct ifinfomsg *link_begin(struct nl_request *req, uint16_t type, uint16_t flags, int index)
{
	struct ifinfomsg *info = nl_begin(req, type, flags, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	return info;
}

static int get(struct nl *nl, struct nl_request *req, struct link *out)
{
	struct link link = { 0 };
	int rc;

	nl_put_u32(req, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if ((rc = nl_do(nl, req, link_read, &link)) < 0)
		return rc;
	if (!link.index)
		return -EBADMSG;
	*out = link;
	return 0;
}

int link_begin_get(struct nl_request *req, const char *name)
{
	if (!link_is_name(name, ALTNAME_SIZE))
		return -EINVAL;
	link_begin(req, RTM_GETLINK, 0, 0);
	/* IFLA_IFNAME finds alternative names too, but takes no longer ones than its own. */
	nl_put_string(req, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	return 0;
}

int link_get(struct nl *nl, const char *name, struct link *out)
{
	struct nl_request req;
	int rc = link_begin_get(&req, name);

	return rc < 0 ? rc : get(nl, &req, out);
}

int link_get_index(struct nl *nl, int index, struct link *out)
{
	struct nl_request req;

	/* Without an index the kernel would look for a name. */
	if (index <= 0)
		return -EINVAL;
	link_begin(&req, RTM_GETLINK, 0, index);
	return get(nl, &req, out);
}

static void put_macvlan(struct nl_request *req, const struct link_macvlan *macvlan)
{
	struct nlattr *info = nl_nest(req, IFLA_LINKINFO), *data;

	nl_put_string(req, IFLA_INFO_KIND, KIND_MACVLAN);
	data = nl_nest(req, IFLA_INFO_DATA);
	nl_put_u32(req, IFLA_MACVLAN_MODE, macvlan->mode);
	if (macvlan->bc_queue_len)
		nl_put_u32(req, IFLA_MACVLAN_BC_QUEUE_LEN, macvlan->bc_queue_len);
	nl_nest_end(req, data);
	nl_nest_end(req, info);
}

int link_add_macvlan(struct nl *nl, const struct link_macvlan *macvlan)
{
	struct nl_request req;

	if (!link_is_name(macvlan->name, IFNAMSIZ))
		return -EINVAL;
	link_begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	nl_put_string(&req, IFLA_IFNAME, macvlan->name);
	nl_put_u32(&req, IFLA_LINK, (uint32_t)macvlan->parent);
	if (macvlan->netns >= 0)
		nl_put_u32(&req, IFLA_NET_NS_FD, (uint32_t)macvlan->netns);
	if (macvlan->mtu)
		nl_put_u32(&req, IFLA_MTU, macvlan->mtu);
	if (macvlan->address)
		nl_put(&req, IFLA_ADDRESS, macvlan->address, ADDRESS_SIZE);
	put_macvlan(&req, macvlan);
	return nl_do(nl, &req, NULL, NULL);
}

int link_rename(struct nl *nl, int index, const char *name)
{
	struct nl_request req;

	if (index <= 0 || !link_is_name(name, IFNAMSIZ))
		return -EINVAL;
	link_begin(&req, RTM_SETLINK, 0, index);
	nl_put_string(&req, IFLA_IFNAME, name);
	return nl_do(nl, &req, NULL, NULL);
}

/* By netlink, they need no visit to the namespace. */
void link_put_inet(struct nl_request *req, bool arp_notify, bool proxy_arp)
{
	struct nlattr *inet = nl_nest(req, AF_INET), *conf = nl_nest(req, IFLA_INET_CONF);

	if (proxy_arp)
		nl_put_u32(req, IPV4_DEVCONF_PROXY_ARP, 1);
	if (arp_notify)
		nl_put_u32(req, IPV4_DEVCONF_ARP_NOTIFY, 1);
	nl_nest_end(req, conf);
	nl_nest_end(req, inet);
}

static void put_families(struct nl_request *req, const struct link_state *state)
{
	struct nlattr *families = nl_nest(req, IFLA_AF_SPEC);

	link_put_inet(req, state->arp_notify, state->proxy_arp);
	nl_nest_end(req, families);
}

int link_set(struct nl *nl, int index, const struct link_state *state)
{
	struct nl_request req;
	struct ifinfomsg *info;

	if (index <= 0 ||
		(state->alias && strlen(state->alias) >= sizeof(((struct link *)0)->alias)))
		return -EINVAL;
	info = link_begin(&req, RTM_SETLINK, 0, index);
	info->ifi_flags = state->up ? IFF_UP : 0;
	info->ifi_change = state->up || state->down ? IFF_UP : 0;
	/* Without its NUL: that would be an octet of the alias, and "" an alias of one. */
	if (state->alias)
		nl_put(&req, IFLA_IFALIAS, state->alias, strlen(state->alias));
	if (state->mtu)
		nl_put_u32(&req, IFLA_MTU, state->mtu);
	if (state->arp_notify || state->proxy_arp)
		put_families(&req, state);
	return nl_do(nl, &req, NULL, NULL);
}

int link_move(struct nl *nl, int index, int netns)
{
	struct nl_request req;

	if (index <= 0 || netns < 0)
		return -EINVAL;
	link_begin(&req, RTM_SETLINK, 0, index);
	nl_put_u32(&req, IFLA_NET_NS_FD, (uint32_t)netns);
	return nl_do(nl, &req, NULL, NULL);
}

int link_del(struct nl *nl, int index)
{
	struct nl_request req;

	if (index <= 0)
		return -EINVAL;
	link_begin(&req, RTM_DELLINK, 0, index);
	return nl_do(nl, &req, NULL, NULL);
}

static int change_altname(struct nl *nl, uint16_t type, uint16_t flags, int index, const char *name)
{
	struct nl_request req;
	struct nlattr *list;

	if (index <= 0 || !link_is_name(name, ALTNAME_SIZE))
		return -EINVAL;
	link_begin(&req, type, flags, index);
	list = nl_nest(&req, IFLA_PROP_LIST);
	nl_put_string(&req, IFLA_ALT_IFNAME, name);
	nl_nest_end(&req, list);
	return nl_do(nl, &req, NULL, NULL);
}

int link_add_altname(struct nl *nl, int index, const char *name)
{
	return change_altname(
		nl, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, index, name);
}

int link_del_altname(struct nl *nl, int index, const char *name)
{
	return change_altname(nl, RTM_DELLINKPROP, 0, index, name);
}
