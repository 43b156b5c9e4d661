/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and routes as they are: what the kernel told is what it is told again. */
#include <assert.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/move.h"

/* The largest fixed header of the two. */
#define HEADER_SIZE 12

struct saving {
	int index;
	link_config_fn *visit;
	void *data;
};

static int read_flags(const struct nlattr *attr, void *data)
{
	return mnl_attr_get_type(attr) == IFA_FLAGS ? nl_get_u32(attr, data) : 0;
}

static int save_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *msg = mnl_nlmsg_get_payload(message);
	const struct saving *saving = data;
	uint32_t flags = msg->ifa_flags;
	int rc;

	if (message->nlmsg_type != RTM_NEWADDR)
		return -EBADMSG;
	if ((rc = nl_each(message, sizeof(*msg), read_flags, &flags)) < 0)
		return rc;
	/* Kernels before 4.20 do not filter; other families than those of IP are not ours. */
	if (!nl_address_size(msg->ifa_family) || msg->ifa_index != (uint32_t)saving->index ||
		!(flags & IFA_F_PERMANENT) ||
		(msg->ifa_family == AF_INET6 && msg->ifa_scope == RT_SCOPE_LINK))
		return 0;
	return saving->visit(message, message->nlmsg_len, saving->data);
}

static int read_index(const struct nlattr *attr, void *data)
{
	return mnl_attr_get_type(attr) == RTA_OIF ? nl_get_int(attr, data) : 0;
}

/* One of several next hops has no RTA_OIF: such a route is not this link's alone. */
static int save_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *msg = mnl_nlmsg_get_payload(message);
	const struct saving *saving = data;
	int rc, index = 0;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return -EBADMSG;
	if ((rc = nl_each(message, sizeof(*msg), read_index, &index)) < 0)
		return rc;
	if (index != saving->index || msg->rtm_flags & RTM_F_CLONED ||
		msg->rtm_protocol == RTPROT_KERNEL || msg->rtm_protocol == RTPROT_REDIRECT ||
		msg->rtm_protocol == RTPROT_RA)
		return 0;
	return saving->visit(message, message->nlmsg_len, saving->data);
}

/* Told twice is no harm: the second one is -EEXIST when it is put back. */
static void keep(void *data)
{
	(void)data;
}

/* Of all families in one go. */
static int save_addresses(struct nl *nl, struct saving *saving)
{
	struct nl_request req;
	struct ifaddrmsg *msg = nl_begin(&req, RTM_GETADDR, 0, sizeof(*msg));

	msg->ifa_index = (uint32_t)saving->index;
	return nl_dump(nl, &req, save_address, keep, saving);
}

static int save_routes(struct nl *nl, uint8_t family, struct saving *saving)
{
	struct nl_request req;
	struct rtmsg *msg = nl_begin(&req, RTM_GETROUTE, 0, sizeof(*msg));
	int rc;

	msg->rtm_family = family;
	nl_put_u32(&req, RTA_OIF, (uint32_t)saving->index);
	rc = nl_dump(nl, &req, save_route, keep, saving);
	return rc == -ENOENT ? 0 : rc; /* no table */
}

int link_save_config(struct nl *nl, int index, bool up, link_config_fn *visit, void *data)
{
	struct saving saving = { .index = index, .visit = visit, .data = data };
	int rc = save_addresses(nl, &saving);

	if (!rc && up)
		rc = save_routes(nl, AF_INET, &saving);
	if (!rc && up)
		rc = save_routes(nl, AF_INET6, &saving);
	/* IPv6 may not be there at all. */
	return rc == -EOPNOTSUPP || rc == -EAFNOSUPPORT ? 0 : rc;
}

struct copying {
	struct nl_request *req;
	int index;
	bool route;
};

static int copy_attr(const struct nlattr *attr, void *data)
{
	struct copying *copying = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (copying->route && type == RTA_OIF)
		nl_put_u32(copying->req, RTA_OIF, (uint32_t)copying->index);
	/* How old it was is of no interest. */
	else if (type != (copying->route ? RTA_CACHEINFO : IFA_CACHEINFO))
		nl_put(copying->req, attr->nla_type, mnl_attr_get_payload(attr),
			mnl_attr_get_payload_len(attr));
	return 0;
}

static_assert(sizeof(struct ifaddrmsg) <= HEADER_SIZE && sizeof(struct rtmsg) <= HEADER_SIZE,
	"the header of both fits");

static bool is_ipv4_route(const struct nlmsghdr *saved)
{
	const struct rtmsg *msg = mnl_nlmsg_get_payload(saved);

	return saved->nlmsg_type == RTM_NEWROUTE && msg->rtm_family == AF_INET;
}

int link_restore_config(struct nl *nl, int index, const void *message, size_t size)
{
	struct nl_request req;
	struct copying copying = { .req = &req, .index = index };
	_Alignas(struct nlmsghdr) char copy[2048];
	const struct nlmsghdr *saved = (const void *)copy;
	size_t header = sizeof(struct ifaddrmsg);
	void *fixed;
	int rc;

	if (size > sizeof(copy) || size < sizeof(*saved) + HEADER_SIZE)
		return -EBADMSG;
	memcpy(copy, message, size);
	if (saved->nlmsg_len != size)
		return -EBADMSG;
	copying.route = saved->nlmsg_type == RTM_NEWROUTE;
	if (copying.route)
		header = sizeof(struct rtmsg);
	else if (saved->nlmsg_type != RTM_NEWADDR)
		return -EBADMSG;
	/* A second IPv4 route to one destination goes behind the first, as in the dump. */
	fixed = nl_begin(&req, saved->nlmsg_type,
		NLM_F_CREATE | (is_ipv4_route(saved) ? NLM_F_APPEND : NLM_F_EXCL), header);
	memcpy(fixed, mnl_nlmsg_get_payload(saved), header);
	if (copying.route) /* the others tell what became of it */
		((struct rtmsg *)fixed)->rtm_flags &= RTNH_F_ONLINK;
	else
		((struct ifaddrmsg *)fixed)->ifa_index = (uint32_t)index;
	if ((rc = nl_each(saved, header, copy_attr, &copying)) < 0)
		return rc;
	return nl_do(nl, &req, NULL, NULL);
}
