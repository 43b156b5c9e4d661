/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel does not do or has not got: InfiniBand, old kernels, lost acknowledgements. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include "cni/iface.h"
#include "macvlan/create.h"
#include "netlink/scripted.h"

static struct script outer, inside;

static const struct cni_request request = {
	.container_id = "c1",
	.name = "rail0",
	.ifname = "net1",
	.netns_path = "/run/netns/c1",
	.netns = 99,
};

/* A link as the kernel tells it. */
struct told {
	int index, controller, parent;
	const char *name, *kind;
	uint16_t type;
};

static void answer_link(struct script *script, int ahead, struct told told)
{
	struct nl_request answer;
	struct ifinfomsg *info = nl_begin(&answer, RTM_NEWLINK, 0, sizeof(*info));
	struct nlattr *kind;

	info->ifi_index = told.index;
	info->ifi_type = told.type;
	nl_put_string(&answer, IFLA_IFNAME, told.name);
	nl_put_u32(&answer, IFLA_MTU, 1500);
	if (told.controller)
		nl_put_u32(&answer, IFLA_MASTER, (uint32_t)told.controller);
	if (told.parent)
		nl_put_u32(&answer, IFLA_LINK, (uint32_t)told.parent);
	if (told.kind) {
		kind = nl_nest(&answer, IFLA_LINKINFO);
		nl_put_string(&answer, IFLA_INFO_KIND, told.kind);
		nl_nest_end(&answer, kind);
	}
	script->ahead = ahead;
	script_answer(script, &answer, 0);
}

static void verdict(struct script *script, int ahead, int code)
{
	script->ahead = ahead;
	script_verdict(script, NLMSG_ERROR, code, NULL);
}

static void end_dump(struct script *script, int ahead)
{
	script->ahead = ahead;
	script_verdict(script, NLMSG_DONE, 0, NULL);
}

static void forget(void)
{
	script_forget(&outer);
	script_forget(&inside);
}

/* The name that an RTM_NEWLINK or RTM_SETLINK asks for; "" for none. */
static const char *asked_name(struct script *script, uint16_t type)
{
	static struct link link;
	const struct nlmsghdr *asked = script_asked(script);
	const struct nlattr *attr;

	link.name[0] = '\0';
	if (!asked || asked->nlmsg_type != type)
		return "(another request)";
	mnl_attr_for_each (attr, asked, sizeof(struct ifinfomsg))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			nl_get_string(attr, link.name, sizeof(link.name));
	return link.name;
}

static void test_master(void)
{
	static const struct {
		struct macvlan_conf conf;
		struct told told;
		int code;
		const char *message;
	} cases[] = {
		{ { .master = "eth0" }, { .index = 2, .name = "eth0", .type = ARPHRD_ETHER } },
		{ { .master = "eth0", .mtu = 1500 },
			{ .index = 2, .name = "eth0", .type = ARPHRD_ETHER } },
		{ { .master = "ib0" }, { .index = 2, .name = "ib0", .type = ARPHRD_INFINIBAND },
			CNI_INVALID_CONFIG, "ib0 is an InfiniBand interface, which cannot carry a "
					    "macvlan: use ipoib" },
		{ { .master = "lo" }, { .index = 1, .name = "lo", .type = ARPHRD_LOOPBACK },
			CNI_INVALID_CONFIG, "lo is not an Ethernet interface" },
		{ { .master = "eth0", .mtu = 1501 },
			{ .index = 2, .name = "eth0", .type = ARPHRD_ETHER }, CNI_INVALID_CONFIG,
			"mtu 1501 is above that of master eth0: 0 to 1500 is possible" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_error err = { 0 };
		struct link master;
		int rc;

		answer_link(&outer, 0, cases[i].told);
		rc = macvlan_master(&cases[i].conf, &outer.nl, &master, &err);
		ok(cases[i].code ? rc < 0 && err.code == cases[i].code &&
					   strstr(err.msg, cases[i].message)
				 : !rc && master.index == cases[i].told.index,
			"master %s: %s", cases[i].conf.master, *err.msg ? err.msg : "fine");
		forget();
	}
}

static void test_no_master(void)
{
	struct cni_error err = { 0 };
	struct link master;

	verdict(&outer, 0, -ENODEV);
	ok(macvlan_master(&(struct macvlan_conf){ .master = "eth9" }, &outer.nl, &master, &err) <
				0 &&
			err.code == CNI_TRY_LATER && strstr(err.msg, "eth9"),
		"a master that is not there yet: %s", err.msg);
	forget();
	end_dump(&outer, 0);
	end_dump(&outer, 1);
	ok(macvlan_master(&(struct macvlan_conf){ 0 }, &outer.nl, &master, &err) < 0 &&
			err.code == CNI_TRY_LATER && strstr(err.msg, "default route"),
		"no default route of either family: %s", err.msg);
	forget();
}

static const struct told eth0 = { .index = 2, .name = "eth0", .type = ARPHRD_ETHER };
static const struct told net1 = { .index = 7, .name = "net1", .type = ARPHRD_ETHER,
	.kind = "macvlan" };

static int create(struct link_guard *guard, uint32_t mode, struct cni_error *err)
{
	const struct macvlan_conf conf = { .master = "eth0", .mode = mode };
	struct link link;

	*err = (struct cni_error){ 0 };
	*guard = (struct link_guard){ 0 };
	return macvlan_create(&request, &conf, &outer.nl, &inside.nl, guard, &link, err);
}

static void test_create(void)
{
	struct link_guard guard;
	struct cni_error err;

	answer_link(&outer, 0, eth0);
	verdict(&outer, 1, 0);
	answer_link(&inside, 0, net1);
	verdict(&inside, 1, 0);
	ok(!create(&guard, MACVLAN_MODE_BRIDGE, &err) && guard.nl && guard.index == 7,
		"created under its own name, and guarded by its index");
	script_asked(&outer);
	is(asked_name(&outer, RTM_NEWLINK), "net1", "it is asked for under its own name");
	forget();

	/* An old kernel: the name is taken on the host, and free in the pod. */
	answer_link(&outer, 0, eth0);
	verdict(&outer, 1, -EEXIST);
	verdict(&inside, 0, -ENODEV);
	verdict(&outer, 2, 0);
	answer_link(&inside, 1, net1);
	verdict(&inside, 2, 0);
	answer_link(&inside, 3, net1);
	verdict(&inside, 4, 0);
	ok(!create(&guard, MACVLAN_MODE_BRIDGE, &err) && guard.nl && guard.index == 7,
		"created under a temporary name where the kernel looks in the wrong namespace");
	script_asked(&outer);
	script_asked(&outer);
	ok(!strncmp(asked_name(&outer, RTM_NEWLINK), "cni", 3), "the name is derived");
	script_asked(&inside);
	script_asked(&inside);
	is(asked_name(&inside, RTM_SETLINK), "net1", "and changed to its own");
	forget();
}

/* What a failure leaves behind: somebody else's link stays, ours goes. */
static void test_undo(void)
{
	struct link_guard guard;
	struct cni_error err;

	answer_link(&outer, 0, eth0);
	verdict(&outer, 1, -EEXIST);
	answer_link(&inside, 0, net1);
	ok(create(&guard, MACVLAN_MODE_BRIDGE, &err) < 0 && strstr(err.msg, "already exists"),
		"the name is taken in the pod: %s", err.msg);
	forget();
	link_guard_end(&guard);
	script_silent(&inside, "the link that has the name stays");

	/* The rename happened, and its acknowledgement says otherwise. */
	answer_link(&outer, 0, eth0);
	verdict(&outer, 1, -EEXIST);
	verdict(&inside, 0, -ENODEV);
	verdict(&outer, 2, 0);
	answer_link(&inside, 1, net1);
	verdict(&inside, 2, -EIO);
	ok(create(&guard, MACVLAN_MODE_BRIDGE, &err) < 0 && guard.index == 7,
		"a rename that fails: %s", err.msg);
	forget();
	verdict(&inside, 0, 0);
	link_guard_end(&guard);
	is(asked_name(&inside, RTM_DELLINK), "", "the guard deletes by index, whatever the name");
}

static void test_busy(void)
{
	static const struct told port = { .index = 2, .controller = 5, .name = "eth0",
		.type = ARPHRD_ETHER };
	static const struct told bridge = { .index = 5, .name = "br0", .kind = "bridge" };
	static const struct told ipvlan = { .index = 9, .parent = 2, .name = "ipv0",
		.kind = "ipvlan" };
	struct link_guard guard;
	struct cni_error err;

	answer_link(&outer, 0, port);
	verdict(&outer, 1, -EBUSY);
	answer_link(&outer, 2, bridge);
	ok(create(&guard, MACVLAN_MODE_BRIDGE, &err) < 0 && strstr(err.msg, "port of bridge br0"),
		"a master that is a port: %s", err.msg);
	forget();

	answer_link(&outer, 0, eth0);
	verdict(&outer, 1, -EBUSY);
	answer_link(&outer, 2, ipvlan);
	end_dump(&outer, 2);
	ok(create(&guard, MACVLAN_MODE_BRIDGE, &err) < 0 && strstr(err.msg, "ipvlan ipv0 holds it"),
		"a master that carries an ipvlan: %s", err.msg);
	forget();

	answer_link(&outer, 0, eth0);
	verdict(&outer, 1, -EBUSY);
	end_dump(&outer, 2);
	ok(create(&guard, MACVLAN_MODE_BRIDGE, &err) < 0 &&
			strstr(err.msg, "another network namespace"),
		"a holder that cannot be seen: %s", err.msg);
	forget();

	answer_link(&outer, 0, eth0);
	verdict(&outer, 1, -EINVAL);
	ok(create(&guard, MACVLAN_MODE_PASSTHRU, &err) < 0 && strstr(err.msg, "no other macvlan"),
		"passthru on a master in use: %s", err.msg);
	forget();
}

int main(void)
{
	script_open(&outer);
	script_open(&inside);
	test_master();
	test_no_master();
	test_create();
	test_undo();
	test_busy();
	script_close(&outer);
	script_close(&inside);
	return tap_done();
}
