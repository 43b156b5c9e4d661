/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

#include "netlink/guard.h"
#include "netlink/scripted.h"

#define NAME_15	 "fifteen-octets-"
#define NAME_16	 "sixteen-octets--"
#define NAME_127 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_16 NAME_15
#define NAME_128 NAME_127 "x"

static struct script script;

static struct ifinfomsg *begin(struct nl_request *req, uint16_t type, int index)
{
	struct ifinfomsg *info = nl_begin(req, type, 0, sizeof(*info));

	info->ifi_index = index;
	return info;
}

static void expect_get(uint16_t attr, const char *name, const char *test)
{
	struct nl_request want;

	begin(&want, RTM_GETLINK, 0);
	nl_put_string(&want, attr, name);
	nl_put_u32(&want, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	script_compare(&script, &want, 0, test);
}

static void expect_del(int index, const char *test)
{
	struct nl_request want;

	begin(&want, RTM_DELLINK, index);
	script_compare(&script, &want, NLM_F_ACK, test);
}

/* One link as the kernel would tell it. */
static void put_link(
	struct nl_request *req, int index, const char *name, const char *kind, uint32_t parent)
{
	struct nlattr *info, *data;

	begin(req, RTM_NEWLINK, index);
	nl_put_string(req, IFLA_IFNAME, name);
	if (parent)
		nl_put_u32(req, IFLA_LINK, parent);
	info = nl_nest(req, IFLA_LINKINFO);
	nl_put_string(req, IFLA_INFO_KIND, kind);
	data = nl_nest(req, IFLA_INFO_DATA);
	nl_put_u32(req, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	nl_put_u32(req, IFLA_MACVLAN_BC_QUEUE_LEN, 1000);
	nl_nest_end(req, data);
	nl_nest_end(req, info);
}

static void answer_link(int index, const char *name, const char *kind)
{
	struct nl_request req;

	put_link(&req, index, name, kind, 0);
	script_answer(&script, &req, 0);
}

static void acknowledge(void)
{
	script_verdict(&script, NLMSG_ERROR, 0, NULL);
}

static void test_names(void)
{
	static const struct {
		const char *name;
		int want;    /* of link_get */
		int created; /* of link_rename */
	} cases[] = {
		{ "a", 0, 0 },
		{ "...", 0, 0 },
		{ "eth0.100@x", 0, 0 },
		{ "\xc3\xa4", 0, 0 },
		{ NAME_15, 0, 0 },
		{ NAME_16, 0, -EINVAL },
		{ NAME_127, 0, -EINVAL },
		{ NAME_128, -EINVAL, -EINVAL },
		{ "", -EINVAL, -EINVAL },
		{ ".", -EINVAL, -EINVAL },
		{ "..", -EINVAL, -EINVAL },
		{ "a/b", -EINVAL, -EINVAL },
		{ "a:1", -EINVAL, -EINVAL },
		{ "a b", -EINVAL, -EINVAL },
		{ "a\n", -EINVAL, -EINVAL },
		{ "\ta", -EINVAL, -EINVAL },
	};
	struct link link;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i].want)
			answer_link(3, "x", "ifb");
		is_code(link_get(&script.nl, cases[i].name, &link), cases[i].want, "link_get");
		if (!cases[i].want)
			expect_get(strlen(cases[i].name) < 16 ? IFLA_IFNAME : IFLA_ALT_IFNAME,
				cases[i].name, cases[i].name);
		if (!cases[i].created)
			acknowledge();
		is_code(link_rename(&script.nl, 3, cases[i].name), cases[i].created,
			"link_rename");
		ok(!script_asked(&script) == !!cases[i].created, "asked only for a good name");
	}
}

static void test_read(void)
{
	static const uint8_t mac[20] = { 0x80, [19] = 7 };
	struct nl_request req;
	struct ifinfomsg *info;
	struct link link;

	put_link(&req, 7, "net1", "macvlan", 2);
	info = (struct ifinfomsg *)(req.buffer + sizeof(struct nlmsghdr));
	info->ifi_flags = IFF_UP;
	info->ifi_type = 32;
	nl_put_u32(&req, IFLA_MASTER, 9);
	nl_put_u32(&req, IFLA_MTU, 1500);
	nl_put_u32(&req, IFLA_MIN_MTU, 68);
	nl_put_u32(&req, IFLA_MAX_MTU, 9000);
	nl_put_string(&req, IFLA_IFALIAS, "an alias");
	nl_put(&req, IFLA_ADDRESS, mac, sizeof(mac));
	nl_put_u32(&req, IFLA_LINK_NETNSID, 0);
	script_answer(&script, &req, 0);
	is_code(link_get(&script.nl, "net1", &link), 0, "a link with everything");
	ok(link.index == 7 && link.parent == 2 && link.parent_elsewhere && link.controller == 9,
		"indices");
	ok(link.flags == IFF_UP && link.type == 32, "flags and type");
	ok(link.mtu == 1500 && link.min_mtu == 68 && link.max_mtu == 9000, "MTU and its bounds");
	is(link.name, "net1", "name");
	is(link.alias, "an alias", "alias");
	is(link.kind, "macvlan", "kind");
	ok(link.address_length == 20 && !memcmp(link.address, mac, 20), "address");
	ok(link.macvlan_mode == MACVLAN_MODE_BRIDGE && link.bc_queue_len == 1000,
		"what a macvlan has");
	script_asked(&script);

	put_link(&req, 7, "net1", "ipvlan", 0);
	script_answer(&script, &req, 0);
	is_code(link_get_index(&script.nl, 7, &link), 0, "a link of another kind");
	ok(!link.macvlan_mode && !link.bc_queue_len && !link.parent && !link.alias[0] &&
		!link.address_length, "has none of that");
	begin(&req, RTM_GETLINK, 7);
	nl_put_u32(&req, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	script_compare(&script, &req, 0, "by index");
}

static void test_malformed(void)
{
	static const struct {
		const char *name;
		uint16_t type;
		uint16_t size;
		const char *bytes;
	} cases[] = {
		{ "an index of two octets", IFLA_LINK, 2, "\1" },
		{ "a controller of eight octets", IFLA_MASTER, 8, "\1\0\0\0\0\0\0" },
		{ "an MTU of none", IFLA_MTU, 0, "" },
		{ "a lower bound of three", IFLA_MIN_MTU, 3, "\1\1" },
		{ "an upper bound of five", IFLA_MAX_MTU, 5, "\1\1\1\1" },
		{ "a name without NUL", IFLA_IFNAME, 4, "net1" },
		{ "a name too long", IFLA_IFNAME, 17, NAME_16 },
		{ "an alias without NUL", IFLA_IFALIAS, 1, "a" },
		{ "an address of 33 octets", IFLA_ADDRESS, 33, NAME_127 },
		{ "link info cut off", IFLA_LINKINFO, 6, "\x7\0\1\0a" },
		{ "link info with a lying length", IFLA_LINKINFO, 8, "\xff\0\1\0abc" },
		{ "a kind without NUL", IFLA_LINKINFO, 8, "\x8\0\1\0abcd" },
		{ "a mode of one octet", IFLA_LINKINFO, 24,
			"\x0c\0\1\0macvlan\0\x0c\0\2\0\x5\0\1\0\4\0\0" },
		{ "a queue of six octets", IFLA_LINKINFO, 28,
			"\x0c\0\1\0macvlan\0\x10\0\2\0\x0a\0\7\0\4\0\0\0\0\0\0" },
	};
	struct link link = { .index = 99 };
	struct nl_request req;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(&req, RTM_NEWLINK, 7);
		nl_put(&req, cases[i].type, cases[i].bytes, cases[i].size);
		script_answer(&script, &req, 0);
		is_code(link_get_index(&script.nl, 7, &link), -EBADMSG, cases[i].name);
		script_asked(&script);
	}
	begin(&req, RTM_NEWADDR, 7);
	script_answer(&script, &req, 0);
	is_code(link_get_index(&script.nl, 7, &link), -EBADMSG, "an answer of another type");
	nl_begin(&req, RTM_NEWLINK, 0, sizeof(struct ifinfomsg) - 4);
	script_answer(&script, &req, 0);
	is_code(link_get_index(&script.nl, 7, &link), -EBADMSG, "an answer cut off");
	begin(&req, RTM_NEWLINK, 0);
	script_answer(&script, &req, 0);
	is_code(link_get_index(&script.nl, 7, &link), -EBADMSG, "a link without index");
	acknowledge();
	is_code(link_get_index(&script.nl, 7, &link), -EBADMSG, "no answer but an ack");
	script_verdict(&script, NLMSG_ERROR, -ENODEV, NULL);
	is_code(link_get_index(&script.nl, 7, &link), -ENODEV, "no such link");
	ok(link.index == 99, "failures leave the output alone");
	script_forget(&script);
}

static void test_add(void)
{
	static const uint8_t mac[] = { 2, 0, 0, 0, 0, 1 };
	struct link_macvlan macvlan = { .name = "net1", .parent = 2,
		.mode = MACVLAN_MODE_PASSTHRU, .netns = -1 };
	struct nl_request want;
	struct nlattr *info, *data;

	begin(&want, RTM_NEWLINK, 0);
	nl_put_string(&want, IFLA_IFNAME, "net1");
	nl_put_u32(&want, IFLA_LINK, 2);
	info = nl_nest(&want, IFLA_LINKINFO);
	nl_put_string(&want, IFLA_INFO_KIND, "macvlan");
	data = nl_nest(&want, IFLA_INFO_DATA);
	nl_put_u32(&want, IFLA_MACVLAN_MODE, MACVLAN_MODE_PASSTHRU);
	nl_nest_end(&want, data);
	nl_nest_end(&want, info);
	acknowledge();
	is_code(link_add_macvlan(&script.nl, &macvlan), 0, "a macvlan with defaults");
	script_compare(&script, &want, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "its request");

	macvlan = (struct link_macvlan){ .name = NAME_15, .parent = 2, .mtu = 1400,
		.mode = MACVLAN_MODE_BRIDGE, .bc_queue_len = 500, .address = mac, .netns = 0 };
	begin(&want, RTM_NEWLINK, 0);
	nl_put_string(&want, IFLA_IFNAME, NAME_15);
	nl_put_u32(&want, IFLA_LINK, 2);
	nl_put_u32(&want, IFLA_NET_NS_FD, 0);
	nl_put_u32(&want, IFLA_MTU, 1400);
	nl_put(&want, IFLA_ADDRESS, mac, sizeof(mac));
	info = nl_nest(&want, IFLA_LINKINFO);
	nl_put_string(&want, IFLA_INFO_KIND, "macvlan");
	data = nl_nest(&want, IFLA_INFO_DATA);
	nl_put_u32(&want, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	nl_put_u32(&want, IFLA_MACVLAN_BC_QUEUE_LEN, 500);
	nl_nest_end(&want, data);
	nl_nest_end(&want, info);
	script_verdict(&script, NLMSG_ERROR, -EEXIST, "taken");
	is_code(link_add_macvlan(&script.nl, &macvlan), -EEXIST, "a macvlan with everything");
	is(script.nl.extack, "taken", "the kernel's words");
	script_compare(&script, &want, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "its request");

	macvlan.name = NAME_16;
	is_code(link_add_macvlan(&script.nl, &macvlan), -EINVAL, "a name too long");
	script_silent(&script, "a name too long");
}

static void expect_set(unsigned int flags, const char *alias, const char *test)
{
	struct nl_request want;
	struct ifinfomsg *info = begin(&want, RTM_SETLINK, 7);

	info->ifi_flags = flags;
	info->ifi_change = IFF_UP;
	if (alias)
		nl_put(&want, IFLA_IFALIAS, alias, strlen(alias));
	script_compare(&script, &want, NLM_F_ACK, test);
}

static void test_set(void)
{
	char alias[257];
	struct nl_request want;
	struct nlattr *families, *inet, *conf;

	memset(alias, 'a', sizeof(alias));
	alias[256] = '\0';
	is_code(link_set(&script.nl, 7, &(struct link_state){ .alias = alias }), -EINVAL,
		"an alias of 256 octets");
	script_silent(&script, "an alias too long");
	alias[255] = '\0';
	acknowledge();
	is_code(link_set(&script.nl, 7, &(struct link_state){ .up = true, .alias = alias }), 0,
		"up, with an alias of 255");
	expect_set(IFF_UP, alias, "up with an alias");
	acknowledge();
	is_code(link_set(&script.nl, 7, &(struct link_state){ .down = true }), 0, "down");
	expect_set(0, NULL, "down");
	acknowledge();
	is_code(link_set(&script.nl, 7, &(struct link_state){ .up = true, .alias = "" }), 0,
		"without alias");
	expect_set(IFF_UP, "", "without alias");

	acknowledge();
	is_code(link_set(&script.nl, 7, &(struct link_state){ .arp_notify = true }), 0,
		"arp_notify alone");
	begin(&want, RTM_SETLINK, 7);
	families = nl_nest(&want, IFLA_AF_SPEC);
	inet = nl_nest(&want, AF_INET);
	conf = nl_nest(&want, IFLA_INET_CONF);
	nl_put_u32(&want, IPV4_DEVCONF_ARP_NOTIFY, 1);
	nl_nest_end(&want, conf);
	nl_nest_end(&want, inet);
	nl_nest_end(&want, families);
	script_compare(&script, &want, NLM_F_ACK, "arp_notify alone");

	acknowledge();
	is_code(link_rename(&script.nl, 7, NAME_15), 0, "rename");
	begin(&want, RTM_SETLINK, 7);
	nl_put_string(&want, IFLA_IFNAME, NAME_15);
	script_compare(&script, &want, NLM_F_ACK, "rename");
	acknowledge();
	is_code(link_del(&script.nl, 7), 0, "delete");
	expect_del(7, "delete");
}

static void test_altnames(void)
{
	struct nl_request want;
	struct nlattr *list;

	begin(&want, RTM_NEWLINKPROP, 7);
	list = nl_nest(&want, IFLA_PROP_LIST);
	nl_put_string(&want, IFLA_ALT_IFNAME, NAME_127);
	nl_nest_end(&want, list);
	acknowledge();
	is_code(link_add_altname(&script.nl, 7, NAME_127), 0, "add a name");
	script_compare(&script, &want,
		NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, "add a name");
	want.header.nlmsg_type = RTM_DELLINKPROP;
	script_verdict(&script, NLMSG_ERROR, -ENOENT, NULL);
	is_code(link_del_altname(&script.nl, 7, NAME_127), -ENOENT, "delete a name");
	script_compare(&script, &want, NLM_F_ACK, "delete a name");
	is_code(link_add_altname(&script.nl, 7, NAME_128), -EINVAL, "add a name too long");
	is_code(link_del_altname(&script.nl, 7, NAME_128), -EINVAL, "delete a name too long");
	script_silent(&script, "a name too long");
}

/* 0 in a request means "by name" or worse. */
static void test_indices(void)
{
	struct link link;

	is_code(link_get_index(&script.nl, 0, &link), -EINVAL, "get index 0");
	is_code(link_rename(&script.nl, 0, "x"), -EINVAL, "rename index 0");
	is_code(link_set(&script.nl, -1, &(struct link_state){ .up = true }), -EINVAL, "set index -1");
	is_code(link_del(&script.nl, 0), -EINVAL, "delete index 0");
	is_code(link_add_altname(&script.nl, 0, "x"), -EINVAL, "name index 0");
	script_silent(&script, "no index");
}

static void answer_child(int index, const char *kind, uint32_t parent, int elsewhere, int flags)
{
	struct nl_request req;

	put_link(&req, index, "x", kind, parent);
	if (elsewhere)
		nl_put_u32(&req, IFLA_LINK_NETNSID, 0);
	script_answer(&script, &req, (uint16_t)(NLM_F_MULTI | flags));
}

static void test_find_child(void)
{
	struct link link = { .index = 99 };
	struct nl_request want;

	answer_child(3, "macvlan", 5, false, 0);
	answer_child(4, "macvlan", 2, true, 0);
	answer_child(5, "veth", 2, false, 0);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	is_code(link_find_child(&script.nl, 2, &link), -ENODEV, "no child among three links");
	begin(&want, RTM_GETLINK, 0);
	nl_put_u32(&want, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	script_compare(&script, &want, NLM_F_DUMP, "find a child");

	answer_child(6, "ipvlan", 2, false, NLM_F_DUMP_INTR);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	script.ahead = 1;
	answer_child(7, "macvtap", 2, false, 0);
	answer_child(8, "ipvtap", 2, false, 0);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	script.ahead = 0;
	is_code(link_find_child(&script.nl, 2, &link), 0, "the first child of two");
	ok(link.index == 7, "what came before the interruption is forgotten");

	script_verdict(&script, NLMSG_DONE, -EIO, NULL);
	is_code(link_find_child(&script.nl, 2, &link), -EIO, "a dump that fails");
	nl_begin(&want, RTM_NEWLINK, 0, 4);
	script_answer(&script, &want, NLM_F_MULTI);
	script_verdict(&script, NLMSG_DONE, 0, NULL);
	is_code(link_find_child(&script.nl, 2, &link), -EBADMSG, "a dump that is malformed");
	ok(link.index == 7, "failures leave the output alone");
	script_forget(&script);
}

static void end_guard(bool keep, int index)
{
	CLEANUP(link_guard_end) struct link_guard link;

	link_guard_arm(&link, &script.nl, "net1", "macvlan");
	link.index = index;
	if (keep)
		link.nl = NULL;
}

static void test_guard(void)
{
	end_guard(true, 0);
	script_silent(&script, "a guard that is kept");

	acknowledge();
	end_guard(false, 9);
	expect_del(9, "a guard that knows the index, whatever the name is by now");

	answer_link(7, "net1", "macvlan");
	script.ahead = 1;
	acknowledge();
	script.ahead = 0;
	end_guard(false, 0);
	expect_get(IFLA_IFNAME, "net1", "a guard looks");
	expect_del(7, "a guard deletes");

	answer_link(7, "net1", "ipvlan");
	end_guard(false, 0);
	expect_get(IFLA_IFNAME, "net1", "a guard of another kind looks");
	script_silent(&script, "and leaves it");

	script_verdict(&script, NLMSG_ERROR, -ENODEV, NULL);
	end_guard(false, 0);
	expect_get(IFLA_IFNAME, "net1", "a guard of what is gone looks");
	script_silent(&script, "and is done");
}

int main(void)
{
	script_open(&script);
	test_names();
	test_read();
	test_malformed();
	test_add();
	test_set();
	test_altnames();
	test_indices();
	test_find_child();
	test_guard();
	script_close(&script);
	return tap_done();
}
