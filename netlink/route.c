/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static size_t size_of(const struct route *route)
{
	return nl_address_size(route->family);
}

static bool is_valid(const struct route *route)
{
	return route->index >= 0 && size_of(route) && route->prefix <= 8 * size_of(route);
}

/* In a request for a dump the table is a filter. */
static struct rtmsg *begin(
	struct nl_request *req, uint16_t type, uint16_t flags, uint8_t family, uint32_t table)
{
	struct rtmsg *msg = nl_begin(req, type, flags, sizeof(*msg));

	msg->rtm_family = family;
	if (table <= UINT8_MAX)
		msg->rtm_table = (uint8_t)table;
	else
		nl_put_u32(req, RTA_TABLE, table);
	return msg;
}

static void put_metrics(struct nl_request *req, const struct route *route)
{
	struct nlattr *metrics;

	if (!route->mtu && !route->advmss)
		return;
	metrics = nl_nest(req, RTA_METRICS);
	if (route->mtu)
		nl_put_u32(req, RTAX_MTU, route->mtu);
	if (route->advmss)
		nl_put_u32(req, RTAX_ADVMSS, route->advmss);
	nl_nest_end(req, metrics);
}

int route_add(struct nl *nl, const struct route *route)
{
	struct nl_request req;
	struct rtmsg *msg;

	if (!is_valid(route) || !route->index)
		return -EINVAL;
	/* Neither NLM_F_EXCL, which would refuse a second gateway, nor NLM_F_APPEND: as CNI's
	 * reference plugins do it, so that the same route of several is preferred. */
	msg = begin(&req, RTM_NEWROUTE, NLM_F_CREATE, route->family,
		route->table ? route->table : RT_TABLE_MAIN);
	msg->rtm_dst_len = route->prefix;
	msg->rtm_protocol = RTPROT_BOOT;
	msg->rtm_scope = route->scope;
	msg->rtm_type = RTN_UNICAST;
	if (route->prefix)
		nl_put(&req, RTA_DST, route->dst, size_of(route));
	if (route->has_gateway)
		nl_put(&req, RTA_GATEWAY, route->gateway, size_of(route));
	nl_put_u32(&req, RTA_OIF, (uint32_t)route->index);
	if (route->priority)
		nl_put_u32(&req, RTA_PRIORITY, route->priority);
	put_metrics(&req, route);
	return nl_do(nl, &req, NULL, NULL);
}

/* A route as the kernel tells it. The next hops are one pair of attributes or a list. */
struct answer {
	const struct rtmsg *msg;
	uint32_t table, priority, mtu, advmss;
	const struct nlattr *dst, *multipath;
};

struct hop {
	int index; /* 0: none */
	const struct nlattr *gateway;
};

static int read_metric(const struct nlattr *attr, void *data)
{
	struct answer *answer = data;

	switch (mnl_attr_get_type(attr)) {
	case RTAX_MTU:
		return nl_get_u32(attr, &answer->mtu);
	case RTAX_ADVMSS:
		return nl_get_u32(attr, &answer->advmss);
	}
	return 0;
}

static int read_attr(const struct nlattr *attr, void *data)
{
	struct answer *answer = data;

	switch (mnl_attr_get_type(attr)) {
	case RTA_TABLE:
		return nl_get_u32(attr, &answer->table);
	case RTA_PRIORITY:
		return nl_get_u32(attr, &answer->priority);
	case RTA_METRICS:
		return nl_each_nested(attr, read_metric, answer);
	case RTA_DST:
		answer->dst = attr;
		break;
	case RTA_MULTIPATH:
		answer->multipath = attr;
		break;
	}
	return 0;
}

static int read_hop(const struct nlattr *attr, void *data)
{
	struct hop *hop = data;

	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		return nl_get_int(attr, &hop->index);
	case RTA_GATEWAY:
		hop->gateway = attr;
		break;
	}
	return 0;
}

static int read_route(const struct nlmsghdr *message, struct answer *answer)
{
	int rc;

	*answer = (struct answer){ .msg = mnl_nlmsg_get_payload(message) };
	if (message->nlmsg_type != RTM_NEWROUTE)
		return -EBADMSG;
	if ((rc = nl_each(message, sizeof(*answer->msg), read_attr, answer)) < 0)
		return rc;
	if (!answer->table)
		answer->table = answer->msg->rtm_table;
	return 0;
}

/* Call accept for each next hop until it returns 1. Returns 0 or -errno. */
static int each_hop(const struct nlmsghdr *message, const struct answer *answer,
	int (*accept)(const struct hop *, void *data), void *data)
{
	const struct rtnexthop *next;
	struct hop hop = { 0 };
	int rc, rest;

	if (!answer->multipath) {
		rc = nl_each(message, sizeof(struct rtmsg), read_hop, &hop);
		if (!rc)
			accept(&hop, data);
		return rc;
	}
	rest = mnl_attr_get_payload_len(answer->multipath);
	next = mnl_attr_get_payload(answer->multipath);
	while (rest >= (int)sizeof(*next) && RTNH_OK(next, rest)) {
		hop = (struct hop){ .index = next->rtnh_ifindex };
		rc = nl_each_in(RTNH_DATA(next), next->rtnh_len - sizeof(*next), read_hop, &hop);
		if (rc < 0 || accept(&hop, data))
			return rc;
		rest -= NLMSG_ALIGN(next->rtnh_len);
		next = RTNH_NEXT(next);
	}
	return rest > 0 ? -EBADMSG : 0;
}

static bool is_bytes(const struct nlattr *attr, const uint8_t *bytes, size_t size)
{
	return attr && mnl_attr_get_payload_len(attr) == size &&
	       !memcmp(mnl_attr_get_payload(attr), bytes, size);
}

/* 0 is any. */
static bool is_value(uint32_t want, uint32_t got)
{
	return !want || want == got;
}

static bool is_route(const struct answer *answer, const struct route *want)
{
	const struct rtmsg *msg = answer->msg;

	return msg->rtm_family == want->family && msg->rtm_type == RTN_UNICAST &&
	       !(msg->rtm_flags & RTM_F_CLONED) && msg->rtm_dst_len == want->prefix &&
	       (!want->prefix || is_bytes(answer->dst, want->dst, size_of(want))) &&
	       is_value(want->table, answer->table) && is_value(want->priority, answer->priority) &&
	       (want->family == AF_INET6 || is_value(want->scope, msg->rtm_scope)) &&
	       is_value(want->mtu, answer->mtu) && is_value(want->advmss, answer->advmss);
}

struct route_search {
	const struct route *want;
	bool found;
};

static int match_hop(const struct hop *hop, void *data)
{
	struct route_search *search = data;
	const struct route *want = search->want;

	if (!is_value((uint32_t)want->index, (uint32_t)hop->index) ||
		(want->has_gateway && !is_bytes(hop->gateway, want->gateway, size_of(want))))
		return 0;
	return search->found = true;
}

static int match(const struct nlmsghdr *message, void *data)
{
	struct route_search *search = data;
	struct answer answer;
	int rc;

	if ((rc = read_route(message, &answer)) < 0)
		return rc;
	/* The filter may be missing (kernels before 4.20), and it does not cover the rest. */
	return is_route(&answer, search->want) ? each_hop(message, &answer, match_hop, search) : 0;
}

static void forget(void *data)
{
	struct route_search *search = data;

	search->found = false;
}

int route_has(struct nl *nl, const struct route *route)
{
	struct route_search search = { .want = route };
	struct nl_request req;
	int rc;

	if (!is_valid(route))
		return -EINVAL;
	begin(&req, RTM_GETROUTE, 0, route->family, route->table);
	if (route->index)
		nl_put_u32(&req, RTA_OIF, (uint32_t)route->index);
	rc = nl_dump(nl, &req, match, forget, &search);
	if (rc == -ENOENT) /* a table that nothing was ever put into */
		return 0;
	return rc < 0 ? rc : search.found;
}

static int take_index(const struct hop *hop, void *data)
{
	int *index = data;

	*index = hop->index;
	return hop->index > 0;
}

static int match_default(const struct nlmsghdr *message, void *data)
{
	struct answer answer;
	int *index = data, rc;

	if (*index)
		return 0;
	if ((rc = read_route(message, &answer)) < 0)
		return rc;
	if (answer.msg->rtm_dst_len || answer.msg->rtm_type != RTN_UNICAST ||
		answer.msg->rtm_flags & RTM_F_CLONED || answer.table != RT_TABLE_MAIN)
		return 0;
	return each_hop(message, &answer, take_index, index);
}

static void forget_index(void *data)
{
	int *index = data;

	*index = 0;
}

int route_default_link(struct nl *nl, uint8_t family, int *out)
{
	struct nl_request req;
	int rc, index = 0;

	if (!nl_address_size(family))
		return -EINVAL;
	begin(&req, RTM_GETROUTE, 0, family, RT_TABLE_MAIN);
	if ((rc = nl_dump(nl, &req, match_default, forget_index, &index)) < 0 && rc != -ENOENT)
		return rc;
	if (!index)
		return -ENODEV;
	*out = index;
	return 0;
}
