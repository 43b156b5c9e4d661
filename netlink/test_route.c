/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "netlink/route.h"
#include "netlink/scripted.h"

static struct script script;

static const struct route v4 = { .family = AF_INET, .prefix = 16, .dst = { 10, 2 },
	.has_gateway = true, .gateway = { 10, 1, 0, 1 }, .index = 7, .priority = 77,
	.scope = RT_SCOPE_SITE, .mtu = 1300, .advmss = 1200 };
static const struct route v6 = { .family = AF_INET6, .prefix = 32, .dst = { 0xfd, 2 },
	.has_gateway = true, .gateway = { 0xfd, [15] = 1 }, .index = 7, .table = 1000,
	.priority = 1024 };

static size_t size_of(const struct route *route)
{
	return route->family == AF_INET ? 4 : 16;
}

static void done(int verdict)
{
	script_verdict(&script, NLMSG_DONE, verdict, NULL);
}

static struct rtmsg *begin(struct nl_request *req, uint16_t type, const struct route *route)
{
	struct rtmsg *msg = nl_begin(req, type, 0, sizeof(*msg));

	msg->rtm_family = route->family;
	msg->rtm_dst_len = route->prefix;
	msg->rtm_scope = route->scope;
	msg->rtm_type = RTN_UNICAST;
	msg->rtm_table = RT_TABLE_MAIN;
	return msg;
}

static void put_metrics(struct nl_request *req, const struct route *route)
{
	struct nlattr *metrics = nl_nest(req, RTA_METRICS);

	if (route->mtu)
		nl_put_u32(req, RTAX_MTU, route->mtu);
	if (route->advmss)
		nl_put_u32(req, RTAX_ADVMSS, route->advmss);
	nl_nest_end(req, metrics);
}

static void expect_add(struct nl_request *want, const char *name)
{
	((struct rtmsg *)(want->buffer + sizeof(struct nlmsghdr)))->rtm_protocol = RTPROT_BOOT;
	script_compare(&script, want, NLM_F_ACK | NLM_F_CREATE, name);
}

static void acknowledge_add(const struct route *route, const char *name)
{
	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(route_add(&script.nl, route), 0, name);
}

static void test_add(void)
{
	const struct route plain = { .family = AF_INET, .index = 7 };
	struct nl_request want;
	struct rtmsg *msg;

	acknowledge_add(&plain, "default route by a link");
	begin(&want, RTM_NEWROUTE, &plain);
	nl_put_u32(&want, RTA_OIF, 7);
	expect_add(&want, "default route by a link");

	acknowledge_add(&v4, "IPv4 with everything");
	begin(&want, RTM_NEWROUTE, &v4);
	nl_put(&want, RTA_DST, v4.dst, 4);
	nl_put(&want, RTA_GATEWAY, v4.gateway, 4);
	nl_put_u32(&want, RTA_OIF, 7);
	nl_put_u32(&want, RTA_PRIORITY, 77);
	put_metrics(&want, &v4);
	expect_add(&want, "IPv4 with everything");

	acknowledge_add(&v6, "IPv6 in table 1000");
	msg = begin(&want, RTM_NEWROUTE, &v6);
	msg->rtm_table = RT_TABLE_UNSPEC;
	nl_put_u32(&want, RTA_TABLE, 1000);
	nl_put(&want, RTA_DST, v6.dst, 16);
	nl_put(&want, RTA_GATEWAY, v6.gateway, 16);
	nl_put_u32(&want, RTA_OIF, 7);
	nl_put_u32(&want, RTA_PRIORITY, 1024);
	expect_add(&want, "IPv6 in table 1000");

	script_verdict(&script, NLMSG_ERROR, -ENETUNREACH, "invalid gateway");
	is_code(route_add(&script.nl, &v4), -ENETUNREACH, "refused");
	is(script.nl.extack, "invalid gateway", "the kernel's words");
	script_forget(&script);
}

static void test_tables(void)
{
	struct route route = { .family = AF_INET, .index = 7, .mtu = 1300 };
	struct nl_request want;

	route.table = 255;
	acknowledge_add(&route, "table 255");
	begin(&want, RTM_NEWROUTE, &route)->rtm_table = 255;
	nl_put_u32(&want, RTA_OIF, 7);
	put_metrics(&want, &route);
	expect_add(&want, "table 255");

	route = (struct route){ .family = AF_INET, .index = 7, .advmss = 99, .table = 256 };
	acknowledge_add(&route, "table 256");
	begin(&want, RTM_NEWROUTE, &route)->rtm_table = RT_TABLE_UNSPEC;
	nl_put_u32(&want, RTA_TABLE, 256);
	nl_put_u32(&want, RTA_OIF, 7);
	put_metrics(&want, &route);
	expect_add(&want, "table 256");
}

static void test_invalid(void)
{
	static const struct {
		const char *name;
		struct route route;
	} cases[] = {
		{ "no family", { .index = 7 } },
		{ "another family", { .index = 7, .family = AF_UNIX } },
		{ "an IPv4 prefix of 33", { .index = 7, .family = AF_INET, .prefix = 33 } },
		{ "an IPv6 prefix of 129", { .index = 7, .family = AF_INET6, .prefix = 129 } },
		{ "a negative link", { .index = -1, .family = AF_INET, .prefix = 24 } },
	};
	const struct route nowhere = { .family = AF_INET, .prefix = 24 };
	int index = 99;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_code(route_add(&script.nl, &cases[i].route), -EINVAL, cases[i].name);
		is_code(route_has(&script.nl, &cases[i].route), -EINVAL, cases[i].name);
	}
	is_code(route_add(&script.nl, &nowhere), -EINVAL, "no link");
	is_code(route_default_link(&script.nl, AF_UNIX, &index), -EINVAL, "another family");
	script_silent(&script, "invalid");
}

/* A route as the kernel tells it, complete; the next hop as attributes unless hops follow. */
static struct rtmsg *tell(struct nl_request *req, const struct route *route, bool hops)
{
	struct rtmsg *msg = begin(req, RTM_NEWROUTE, route);

	if (route->table > 255)
		msg->rtm_table = RT_TABLE_COMPAT;
	nl_put_u32(req, RTA_TABLE, route->table ? route->table : RT_TABLE_MAIN);
	if (route->prefix)
		nl_put(req, RTA_DST, route->dst, size_of(route));
	nl_put_u32(req, RTA_PRIORITY, route->priority);
	put_metrics(req, route);
	if (!hops && route->has_gateway)
		nl_put(req, RTA_GATEWAY, route->gateway, size_of(route));
	if (!hops && route->index)
		nl_put_u32(req, RTA_OIF, (uint32_t)route->index);
	return msg;
}

static void answer(const struct route *route, int flags)
{
	struct nl_request req;

	tell(&req, route, false);
	script_answer(&script, &req, (uint16_t)(NLM_F_MULTI | flags));
}

static void has(const struct route *there, const struct route *asked, int want, const char *name)
{
	answer(there, 0);
	done(0);
	is_code(route_has(&script.nl, asked), want, name);
	script_asked(&script);
}

static void test_has(void)
{
	struct route route;
	struct nl_request want;
	struct rtmsg *msg;

	has(&v4, &v4, 1, "IPv4 with everything");
	has(&v6, &v6, 1, "IPv6 in table 1000");
	has(&v4, &(struct route){ .family = AF_INET, .prefix = 16, .dst = { 10, 2 }, .index = 7 },
		1, "what is not asked for matches anything");
	route = v4;
	route.index = 0;
	has(&v4, &route, 1, "on any link where none is asked for");
	has(&v6, &v4, 0, "another family");
#define CHANGED(origin, member, value)                                                             \
	(route = (origin), route.member = (value), has(&route, &(origin), 0, "another " #member))
	CHANGED(v4, prefix, 17);
	CHANGED(v4, dst[1], 3);
	CHANGED(v4, gateway[3], 2);
	CHANGED(v4, has_gateway, false);
	CHANGED(v4, index, 8);
	CHANGED(v4, priority, 78);
	CHANGED(v4, scope, RT_SCOPE_UNIVERSE);
	CHANGED(v4, mtu, 0);
	CHANGED(v4, advmss, 1201);
	CHANGED(v6, table, 1001);
	CHANGED(v6, dst[15], 1);
	CHANGED(v6, gateway[0], 1);
#undef CHANGED
	route = v4;
	route.table = 100;
	has(&route, &v4, 1, "any table will do where none is asked for");
	route = v6;
	route.scope = RT_SCOPE_LINK;
	has(&v6, &route, 1, "IPv6 routes have no scope");

	msg = tell(&want, &v4, false);
	msg->rtm_type = RTN_BLACKHOLE;
	script_answer(&script, &want, NLM_F_MULTI);
	msg->rtm_type = RTN_UNICAST;
	msg->rtm_flags = RTM_F_CLONED;
	script_answer(&script, &want, NLM_F_MULTI);
	done(0);
	is_code(route_has(&script.nl, &v4), 0, "neither a blackhole nor a cached route");
	script_forget(&script);
}

static void test_has_asks(void)
{
	struct route route = { .family = AF_INET, .index = 7, .table = 100 };
	struct nl_request want;
	struct rtmsg *msg;

	done(0);
	is_code(route_has(&script.nl, &route), 0, "no route at all");
	msg = nl_begin(&want, RTM_GETROUTE, 0, sizeof(*msg));
	msg->rtm_family = AF_INET;
	msg->rtm_table = 100;
	nl_put_u32(&want, RTA_OIF, 7);
	script_compare(&script, &want, NLM_F_DUMP, "table 100");

	done(0);
	route = (struct route){ .family = AF_INET };
	is_code(route_has(&script.nl, &route), 0, "no route at all, on any link");
	msg = nl_begin(&want, RTM_GETROUTE, 0, sizeof(*msg));
	msg->rtm_family = AF_INET;
	script_compare(&script, &want, NLM_F_DUMP, "all links");

	done(-ENOENT);
	is_code(route_has(&script.nl, &v6), 0, "a table that is not there");
	msg = nl_begin(&want, RTM_GETROUTE, 0, sizeof(*msg));
	msg->rtm_family = AF_INET6;
	nl_put_u32(&want, RTA_TABLE, 1000);
	nl_put_u32(&want, RTA_OIF, 7);
	script_compare(&script, &want, NLM_F_DUMP, "table 1000");

	answer(&v4, NLM_F_DUMP_INTR);
	done(0);
	script.ahead = 1;
	done(0);
	script.ahead = 0;
	is_code(route_has(&script.nl, &v4), 0, "gone after an interruption");
	done(-EIO);
	is_code(route_has(&script.nl, &v4), -EIO, "a dump that fails");
	script_forget(&script);
}

/* Next hops as the kernel tells several: by fd00::1 and index 7, by fd00::2 and index 8. */
static const char hops[] = "\x1c\0\0\0\7\0\0\0"
			   "\x14\0\5\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
			   "\x1c\0\0\0\x8\0\0\0"
			   "\x14\0\5\0\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2";

static void test_multipath(void)
{
	static const struct {
		const char *name;
		int index;
		uint8_t gateway;
		int want;
	} cases[] = {
		{ "the first next hop", 7, 1, 1 },
		{ "the second next hop", 8, 2, 1 },
		{ "a gateway by the other's link", 8, 1, 0 },
		{ "a gateway of neither", 7, 3, 0 },
		{ "a link of neither", 9, 1, 0 },
	};
	struct route route = v6;
	struct nl_request req;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		route.index = cases[i].index;
		route.gateway[15] = cases[i].gateway;
		tell(&req, &v6, true);
		nl_put(&req, RTA_MULTIPATH, hops, sizeof(hops) - 1);
		script_answer(&script, &req, NLM_F_MULTI);
		done(0);
		is_code(route_has(&script.nl, &route), cases[i].want, cases[i].name);
	}
	script_forget(&script);
}

static void malformed(struct nl_request *req, const char *name)
{
	script_answer(&script, req, NLM_F_MULTI);
	done(0);
	is_code(route_has(&script.nl, &v6), -EBADMSG, name);
	script_asked(&script);
}

static void test_malformed(void)
{
	static const struct {
		const char *name;
		uint16_t type;
		uint16_t size;
		const char *bytes;
	} cases[] = {
		{ "a link of two octets", RTA_OIF, 2, "\7" },
		{ "a table of five", RTA_TABLE, 5, "\1\1\1\1" },
		{ "a priority of none", RTA_PRIORITY, 0, "" },
		{ "an MTU of three", RTA_METRICS, 8, "\x7\0\2\0\1\1\1" },
		{ "an advmss of none", RTA_METRICS, 4, "\4\0\x8" },
		{ "metrics cut off", RTA_METRICS, 3, "\4\0" },
		{ "next hops of four octets", RTA_MULTIPATH, 4, "\x8\0\0" },
		{ "a next hop of length 0", RTA_MULTIPATH, 8, "\0\0\0\0\x9\0\0" },
		{ "a next hop longer than all", RTA_MULTIPATH, 8, "\xc\0\0\0\x9\0\0" },
		{ "a next hop's attribute cut off", RTA_MULTIPATH, 12,
			"\xc\0\0\0\x9\0\0\0\5\0\5" },
		{ "octets behind the next hops", RTA_MULTIPATH, 10, "\x8\0\0\0\x9\0\0\0\1" },
	};
	struct nl_request req;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tell(&req, &v6, true);
		nl_put(&req, cases[i].type, cases[i].bytes, cases[i].size);
		malformed(&req, cases[i].name);
	}
	begin(&req, RTM_NEWADDR, &v6);
	malformed(&req, "another type");
	nl_begin(&req, RTM_NEWROUTE, 0, 8);
	malformed(&req, "cut off");
}

static void test_wrong_sizes(void)
{
	struct nl_request req;

	begin(&req, RTM_NEWROUTE, &v4);
	nl_put(&req, RTA_DST, v4.dst, 3);
	nl_put_u32(&req, RTA_OIF, 7);
	script_answer(&script, &req, NLM_F_MULTI);
	done(0);
	is_code(route_has(&script.nl, &v4), 0, "a destination of three octets is another");
	tell(&req, &v4, true);
	nl_put(&req, RTA_GATEWAY, v4.gateway, 3);
	nl_put_u32(&req, RTA_OIF, 7);
	script_answer(&script, &req, NLM_F_MULTI);
	done(0);
	is_code(route_has(&script.nl, &v4), 0, "a gateway of three octets is another");
	script_forget(&script);
}

static void test_default_link(void)
{
	const struct route by[] = {
		{ .family = AF_INET, .prefix = 8, .dst = { 10 }, .index = 3 },
		{ .family = AF_INET, .table = 100, .index = 4 },
		{ .family = AF_INET }, /* by no link */
		{ .family = AF_INET, .index = 5 },
		{ .family = AF_INET, .index = 6, .priority = 9 },
	};
	struct nl_request req;
	struct rtmsg *msg;
	int index = 99;
	size_t i;

	for (i = 0; i < 3; i++)
		answer(&by[i], 0);
	done(0);
	is_code(route_default_link(&script.nl, AF_INET, &index), -ENODEV, "no default route");
	msg = nl_begin(&req, RTM_GETROUTE, 0, sizeof(*msg));
	msg->rtm_family = AF_INET;
	msg->rtm_table = RT_TABLE_MAIN;
	script_compare(&script, &req, NLM_F_DUMP, "no default route");
	msg = tell(&req, &by[3], false);
	msg->rtm_type = RTN_UNREACHABLE;
	script_answer(&script, &req, NLM_F_MULTI);
	done(-ENOENT);
	is_code(route_default_link(&script.nl, AF_INET, &index), -ENODEV, "unreachable");
	done(-EIO);
	is_code(route_default_link(&script.nl, AF_INET, &index), -EIO, "a dump that fails");
	ok(index == 99, "failures leave the output alone");

	for (i = 0; i < 5; i++)
		answer(&by[i], 0);
	done(0);
	is_code(route_default_link(&script.nl, AF_INET, &index), 0, "several routes");
	ok(index == 5, "the first default route of the main table by a link");
	answer(&by[3], NLM_F_DUMP_INTR);
	done(0);
	script.ahead = 1;
	answer(&by[4], 0);
	done(0);
	script.ahead = 0;
	is_code(route_default_link(&script.nl, AF_INET, &index), 0, "interrupted");
	ok(index == 6, "what came before the interruption is forgotten");
	script_forget(&script);
}

static void test_default_multipath(void)
{
	const struct route plain = { .family = AF_INET6 };
	struct nl_request req;
	int index = 99;

	tell(&req, &plain, true);
	nl_put(&req, RTA_MULTIPATH, hops, sizeof(hops) - 1);
	script_answer(&script, &req, NLM_F_MULTI);
	done(0);
	is_code(route_default_link(&script.nl, AF_INET6, &index), 0, "several next hops");
	ok(index == 7, "the first one's link");
	tell(&req, &plain, true);
	nl_put(&req, RTA_MULTIPATH, "\x8\0\0\0\0\0\0\0\x8\0\0\0\x9\0\0", 16);
	script_answer(&script, &req, NLM_F_MULTI);
	done(0);
	is_code(route_default_link(&script.nl, AF_INET6, &index), 0, "a next hop by no link");
	ok(index == 9, "the second one's link");
	nl_begin(&req, RTM_NEWROUTE, 0, 4);
	script_answer(&script, &req, NLM_F_MULTI);
	done(0);
	is_code(route_default_link(&script.nl, AF_INET6, &index), -EBADMSG, "cut off");
	script_forget(&script);
}

int main(void)
{
	script_open(&script);
	test_add();
	test_tables();
	test_invalid();
	test_has();
	test_has_asks();
	test_multipath();
	test_malformed();
	test_wrong_sizes();
	test_default_link();
	test_default_multipath();
	script_close(&script);
	return tap_done();
}
