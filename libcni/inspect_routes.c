/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/route/rtnl.h>
#include <netlink/route/rule.h>
#include <stdio.h>

#include "libcni/inspect.h"
#include "libcni/inspect_nl.h"

static void put_table(struct json_writer *w, uint32_t table)
{
	static const char *const names[] = {
		[RT_TABLE_DEFAULT] = "default",
		[RT_TABLE_MAIN] = "main",
		[RT_TABLE_LOCAL] = "local",
	};

	if (table < sizeof(names) / sizeof(*names) && names[table])
		json_put_string(w, "table", names[table]);
	else
		json_put_format(w, "table", "%u", table);
}

static void put_family(struct json_writer *w, int family)
{
	json_put_string(w, "family", family == AF_INET6 ? "inet6" : "inet");
}

/* libnl calls an address of no bits "none", or writes zeros. */
static void put_address(
	struct json_writer *w, const char *key, struct nl_addr *addr, const char *otherwise)
{
	char text[128];

	if (addr && nl_addr_get_prefixlen(addr) > 0)
		json_put_string(w, key, nl_addr2str(addr, text, sizeof(text)));
	else if (otherwise)
		json_put_string(w, key, otherwise);
}

static void put_hops(struct json_writer *w, struct nl_cache *links, struct rtnl_route *route)
{
	char name[IFNAMSIZ];

	json_open(w, "via", '[');
	for (int i = 0; i < rtnl_route_get_nnexthops(route); i++) {
		struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, i);

		json_open(w, NULL, '{');
		put_address(w, "gateway", rtnl_route_nh_get_gateway(hop), NULL);
		if (rtnl_link_i2name(links, rtnl_route_nh_get_ifindex(hop), name, sizeof(name)))
			json_put_string(w, "link", name);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_route(struct json_writer *w, struct nl_cache *links, struct rtnl_route *route)
{
	char text[64];

	json_open(w, NULL, '{');
	put_table(w, rtnl_route_get_table(route));
	put_family(w, rtnl_route_get_family(route));
	json_put_string(w, "type", nl_rtntype2str(rtnl_route_get_type(route), text, sizeof(text)));
	put_address(w, "dst", rtnl_route_get_dst(route), "default");
	put_hops(w, links, route);
	put_address(w, "source", rtnl_route_get_pref_src(route), NULL);
	json_put_string(w, "protocol",
		rtnl_route_proto2str(rtnl_route_get_protocol(route), text, sizeof(text)));
	json_put_string(
		w, "scope", rtnl_scope2str(rtnl_route_get_scope(route), text, sizeof(text)));
	json_put_int(w, "priority", rtnl_route_get_priority(route));
	json_close(w, '}');
}

static void put_rule(struct json_writer *w, struct rtnl_rule *rule)
{
	static const char *const actions[] = {
		[FR_ACT_TO_TBL] = "lookup",
		[FR_ACT_GOTO] = "goto",
		[FR_ACT_NOP] = "nop",
		[FR_ACT_BLACKHOLE] = "blackhole",
		[FR_ACT_UNREACHABLE] = "unreachable",
		[FR_ACT_PROHIBIT] = "prohibit",
	};
	uint8_t action = rtnl_rule_get_action(rule);
	bool is_known = action < sizeof(actions) / sizeof(*actions) && actions[action];

	json_open(w, NULL, '{');
	json_put_int(w, "priority", rtnl_rule_get_prio(rule));
	put_family(w, rtnl_rule_get_family(rule));
	put_address(w, "from", rtnl_rule_get_src(rule), "all");
	put_address(w, "to", rtnl_rule_get_dst(rule), NULL);
	if (rtnl_rule_get_iif(rule))
		json_put_string(w, "iif", rtnl_rule_get_iif(rule));
	if (rtnl_rule_get_oif(rule))
		json_put_string(w, "oif", rtnl_rule_get_oif(rule));
	if (rtnl_rule_get_mark(rule))
		json_put_format(w, "mark", "0x%x", rtnl_rule_get_mark(rule));
	json_put_string(w, "action", is_known ? actions[action] : "other");
	if (action == FR_ACT_TO_TBL)
		put_table(w, rtnl_rule_get_table(rule));
	json_close(w, '}');
}

/* The kernel adds those of multicast routing, which are families of their own. */
static bool is_ip(int family)
{
	return family == AF_INET || family == AF_INET6;
}

/* Copies of routes that sockets have used are none. */
static bool is_real(struct rtnl_route *route)
{
	return is_ip(rtnl_route_get_family(route)) && !(rtnl_route_get_flags(route) & RTM_F_CLONED);
}

int inspect_routes(struct json_writer *w, struct nl_sock *socket, struct cni_error *err)
{
	CLEANUP(cache_freep) struct nl_cache *links = NULL, *routes = NULL, *rules = NULL;
	int rc = rtnl_link_alloc_cache(socket, AF_UNSPEC, &links);

	if (!rc)
		rc = rtnl_route_alloc_cache(socket, AF_UNSPEC, 0, &routes);
	if (!rc)
		rc = rtnl_rule_alloc_cache(socket, AF_UNSPEC, &rules);
	if (rc < 0)
		return cni_fail(
			err, CNI_INTERNAL, "cannot read the routes and rules: %s", nl_geterror(rc));
	json_open(w, "routes", '[');
	for (struct nl_object *o = nl_cache_get_first(routes); o; o = nl_cache_get_next(o))
		if (is_real((struct rtnl_route *)o))
			put_route(w, links, (struct rtnl_route *)o);
	json_close(w, ']');
	json_open(w, "rules", '[');
	for (struct nl_object *o = nl_cache_get_first(rules); o; o = nl_cache_get_next(o))
		if (is_ip(rtnl_rule_get_family((struct rtnl_rule *)o)))
			put_rule(w, (struct rtnl_rule *)o);
	json_close(w, ']');
	return 0;
}
