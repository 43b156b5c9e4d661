/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/move.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/link_message.h"

static int put_altname(const struct nlattr *attr, struct link_details *details)
{
	char *end = details->altnames, *limit = end + sizeof(details->altnames) - 1;

	while (*end)
		end += strlen(end) + 1;
	if (mnl_attr_get_payload_len(attr) > limit - end)
		return -EMSGSIZE;
	return nl_get_string(attr, end, (size_t)(limit - end));
}

static int read_property(const struct nlattr *attr, void *data)
{
	return mnl_attr_get_type(attr) == IFLA_ALT_IFNAME ? put_altname(attr, data) : 0;
}

static int read_permanent(const struct nlattr *attr, struct link_details *details)
{
	size_t length = mnl_attr_get_payload_len(attr);

	if (length > sizeof(details->permanent))
		return -EBADMSG;
	memcpy(details->permanent, mnl_attr_get_payload(attr), length);
	details->permanent_length = (uint8_t)length;
	return 0;
}

static int read_inet6(const struct nlattr *attr, void *data)
{
	struct link_details *details = data;

	if (mnl_attr_get_type(attr) != IFLA_INET6_ADDR_GEN_MODE)
		return 0;
	if (mnl_attr_get_payload_len(attr) != sizeof(uint8_t))
		return -EBADMSG;
	details->addr_gen_mode = mnl_attr_get_u8(attr);
	return 0;
}

static int read_family(const struct nlattr *attr, void *data)
{
	return mnl_attr_get_type(attr) == AF_INET6 ? nl_each_nested(attr, read_inet6, data) : 0;
}

static int read_detail(const struct nlattr *attr, void *data)
{
	struct link_details *details = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_TXQLEN:
		return nl_get_u32(attr, &details->txqlen);
	case IFLA_PERM_ADDRESS:
		return read_permanent(attr, details);
	case IFLA_PARENT_DEV_NAME:
		return nl_get_string(attr, details->parent, sizeof(details->parent));
	case IFLA_PHYS_PORT_NAME:
		return nl_get_string(attr, details->port, sizeof(details->port));
	case IFLA_AF_SPEC:
		return nl_each_nested(attr, read_family, details);
	case IFLA_PROP_LIST:
		return nl_each_nested(attr, read_property, details);
	}
	return 0;
}

struct answer {
	struct link *link;
	struct link_details *details;
};

static int read_details(const struct nlmsghdr *message, void *data)
{
	struct answer *answer = data;
	int rc = link_read(message, answer->link);

	return rc < 0 ? rc
		      : nl_each(message, sizeof(struct ifinfomsg), read_detail, answer->details);
}

static int get(
	struct nl *nl, struct nl_request *req, struct link *link, struct link_details *details)
{
	struct link unwanted;
	struct answer answer = { link ? link : &unwanted, details };

	*details = (struct link_details){ .addr_gen_mode = -1 };
	nl_put_u32(req, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nl_do(nl, req, read_details, &answer);
}

int link_details(struct nl *nl, int index, struct link *link, struct link_details *details)
{
	struct nl_request req;

	if (index <= 0)
		return -EINVAL;
	link_begin(&req, RTM_GETLINK, 0, index);
	return get(nl, &req, link, details);
}

int link_details_of(
	struct nl *nl, const char *name, struct link *link, struct link_details *details)
{
	struct nl_request req;
	int rc = link_begin_get(&req, name);

	return rc < 0 ? rc : get(nl, &req, link, details);
}

static void put_families(struct nl_request *req, const struct link_transfer *move)
{
	struct nlattr *families = nl_nest(req, IFLA_AF_SPEC), *inet6;

	if (move->arp_notify)
		link_put_inet(req, true, false);
	if (move->has_addr_gen_mode) {
		inet6 = nl_nest(req, AF_INET6);
		nl_put(req, IFLA_INET6_ADDR_GEN_MODE, &move->addr_gen_mode, 1);
		nl_nest_end(req, inet6);
	}
	nl_nest_end(req, families);
}

int link_transfer(struct nl *nl, int index, const struct link_transfer *move)
{
	struct nl_request req;
	struct ifinfomsg *info;

	if (index <= 0 || (move->name && strlen(move->name) >= IFNAMSIZ))
		return -EINVAL;
	info = nl_begin(&req, RTM_SETLINK, 0, sizeof(*info));
	info->ifi_index = index;
	info->ifi_flags = move->flags & move->change;
	info->ifi_change = move->change;
	if (move->netns >= 0)
		nl_put_u32(&req, IFLA_NET_NS_FD, (uint32_t)move->netns);
	if (move->name)
		nl_put_string(&req, IFLA_IFNAME, move->name);
	/* Without its NUL: that would be an octet of the alias. */
	if (move->alias)
		nl_put(&req, IFLA_IFALIAS, move->alias, strlen(move->alias));
	if (move->mtu)
		nl_put_u32(&req, IFLA_MTU, move->mtu);
	if (move->address)
		nl_put(&req, IFLA_ADDRESS, move->address->address, move->address->address_length);
	if (move->has_txqlen)
		nl_put_u32(&req, IFLA_TXQLEN, move->txqlen);
	if (move->arp_notify || move->has_addr_gen_mode)
		put_families(&req, move);
	if (move->controller)
		nl_put_u32(&req, IFLA_MASTER, (uint32_t)move->controller);
	return nl_do(nl, &req, NULL, NULL);
}

struct address_search {
	const uint8_t *address;
	size_t length;
	int rank; /* of found: 0 none, 1 stacked, 2 hardware that has it for now, 3 for good */
	struct link found;
};

static bool is_address(const struct address_search *search, const uint8_t *address, size_t length)
{
	return length == search->length && !memcmp(address, search->address, length);
}

static int match_address(const struct nlmsghdr *message, void *data)
{
	struct address_search *search = data;
	struct link_details details = { 0 };
	struct link link;
	struct answer answer = { &link, &details };
	int rc = read_details(message, &answer), rank = 0;

	if (rc < 0)
		return rc;
	if (is_address(search, link.address, link.address_length))
		rank = *link.kind ? 1 : 2;
	/* One that it has lost to another link now is no way to name it. */
	else if (is_address(search, details.permanent, details.permanent_length))
		rank = 1;
	if (rank == 2 && is_address(search, details.permanent, details.permanent_length))
		rank = 3;
	if (rank <= search->rank)
		return 0;
	search->rank = rank;
	search->found = link;
	return 0;
}

static void forget_found(void *data)
{
	struct address_search *search = data;

	search->rank = 0;
}

int link_find_address(struct nl *nl, const uint8_t *address, size_t length, struct link *out)
{
	struct address_search search = { .address = address, .length = length };
	struct nl_request req;
	int rc;

	nl_begin(&req, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	nl_put_u32(&req, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if ((rc = nl_dump(nl, &req, match_address, forget_found, &search)) < 0)
		return rc;
	if (!search.rank)
		return -ENODEV;
	*out = search.found;
	return 0;
}
