/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of this folder on the running kernel, inside namespaces of their own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/stat.h>

#include "netlink/addr.h"
#include "netlink/guard.h"
#include "netlink/route.h"
#include "netlink/scripted.h"

#define LONG_NAME "an-alternative-name-that-is-longer-than-ifnamsiz"

static struct nl host = NL_CLOSED, pod = NL_CLOSED;
static int pod_netns = -1, home = -1;

static int open_netns(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Two namespaces: this process is in the host's, pod_netns is the pod's. */
static int set_up(void)
{
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -errno;
	if ((home = open_netns()) < 0)
		return -errno;
	if (unshare(CLONE_NEWNET) < 0 || (pod_netns = open_netns()) < 0)
		return -errno;
	nl_leave(home);
	return 0;
}

/* A parent that needs no second end. */
static int add_ifb(const char *name)
{
	struct nl_request req;
	struct nlattr *info;

	nl_begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	nl_put_string(&req, IFLA_IFNAME, name);
	info = nl_nest(&req, IFLA_LINKINFO);
	nl_put_string(&req, IFLA_INFO_KIND, "ifb");
	nl_nest_end(&req, info);
	return nl_do(&host, &req, NULL, NULL);
}

static int same_file(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void test_namespaces(void)
{
	struct link link;
	int before = open_netns(), here;

	is_code(nl_open(&host, NETLINK_ROUTE, -1, -1), 0, "open a socket where we are");
	is_code(nl_open(&pod, NETLINK_ROUTE, pod_netns, home), 0, "open a socket in the pod");
	here = open_netns();
	ok(same_file(before, here), "opening it left us where we were");
	close(here);

	is_code(nl_enter(pod_netns), 0, "enter the pod");
	here = open_netns();
	ok(same_file(here, pod_netns), "we are in the pod");
	close(here);
	nl_leave(home);
	here = open_netns();
	ok(same_file(before, here), "leave the pod");
	close(here);
	close(before);
	ok(fcntl(host.fd, F_GETFD) & FD_CLOEXEC, "sockets are closed on exec");
	is_code(link_get(&pod, "lo", &link), 0, "lo is in the pod");
	ok(link.index == 1 && link.flags & IFF_LOOPBACK && !link.kind[0] && !link.parent,
		"lo looks like lo");
}

static void test_create(struct link *parent)
{
	static const uint8_t mac[] = { 2, 0, 0, 0, 0, 9 };
	struct link_macvlan macvlan = { .name = "net1", .mode = MACVLAN_MODE_BRIDGE, .mtu = 1400,
		.bc_queue_len = 2000, .address = mac, .netns = pod_netns };
	struct link link, same = { 0 };

	is_code(add_ifb("net1"), 0, "a link with the pod's name in the host");
	is_code(add_ifb("fabric0"), 0, "a parent");
	is_code(link_get(&host, "fabric0", parent), 0, "look it up");
	is(parent->kind, "ifb", "its kind");
	ok(parent->max_mtu >= 1500 || !parent->max_mtu, "its MTU bound");
	is_code(link_find_child(&host, parent->index, &link), -ENODEV, "nothing on top of it");

	macvlan.parent = parent->index;
	is_code(link_add_macvlan(&host, &macvlan), 0, "create under the final name in the pod");
	is_code(link_add_macvlan(&host, &macvlan), -EEXIST, "once more");
	is_code(link_get(&pod, "net1", &link), 0, "it is in the pod");
	is(link.kind, "macvlan", "its kind");
	ok(link.parent == parent->index && link.parent_elsewhere, "its parent");
	ok(link.mtu == 1400 && link.macvlan_mode == MACVLAN_MODE_BRIDGE &&
		link.bc_queue_len == 2000, "its MTU, mode and queue");
	ok(link.address_length == 6 && !memcmp(link.address, mac, 6), "its address");
	is_code(link_get_index(&pod, link.index, &same), 0, "look it up by index");
	ok(same.index == link.index && !strcmp(same.name, "net1"), "the same link");
	is_code(link_get_index(&pod, 4711, &same), -ENODEV, "an index that is not there");
	is_code(link_find_child(&host, parent->index, &link), -ENODEV,
		"a child in another namespace is not seen");

	macvlan = (struct link_macvlan){ .name = "child0", .parent = parent->index,
		.mode = MACVLAN_MODE_BRIDGE, .netns = -1 };
	is_code(link_add_macvlan(&host, &macvlan), 0, "create one beside the parent");
	is_code(link_find_child(&host, parent->index, &link), 0, "it is found");
	is(link.name, "child0", "by its name");
	is_code(link_del(&host, link.index), 0, "delete it");
	is_code(link_get(&host, "child0", &link), -ENODEV, "it is gone");

	macvlan.mtu = 65535;
	is_code(link_add_macvlan(&host, &macvlan), -EINVAL, "an MTU above the parent's");
	macvlan.mtu = 0;
	macvlan.mode = 3;
	is_code(link_add_macvlan(&host, &macvlan), -EINVAL, "a mode that is none");
}

static void test_change(int index)
{
	char alias[256];
	struct link link;

	memset(alias, 'a', 255);
	alias[255] = '\0';
	is_code(link_set(&pod, index, &(struct link_state){ .up = true, .alias = alias }), 0,
		"up, with an alias of 255 octets");
	link_get_index(&pod, index, &link);
	ok(link.flags & IFF_UP, "it is up");
	is(link.alias, alias, "the alias");
	is_code(link_set(&pod, index, &(struct link_state){ .down = true }), 0,
		"down, the alias unchanged");
	link_get_index(&pod, index, &link);
	ok(!(link.flags & IFF_UP), "it is down");
	is(link.alias, alias, "the alias is there");
	is_code(link_set(&pod, index, &(struct link_state){ .alias = "" }), 0, "no alias");
	link_get_index(&pod, index, &link);
	is(link.alias, "", "it is gone");

	is_code(link_rename(&pod, index, "lo"), -EEXIST, "rename to a name that is taken");
	is_code(link_rename(&pod, index, "tmp1"), 0, "rename");
	is_code(link_get(&pod, "net1", &link), -ENODEV, "the old name");
	is_code(link_get(&pod, "tmp1", &link), 0, "the new name");
	ok(link.index == index, "the same link");
	is_code(link_rename(&pod, index, "net1"), 0, "and back");
}

static void test_altname(int index)
{
	static const char *const names[] = { "short", "fifteen-octets-", "sixteen-octets--",
		LONG_NAME };
	struct link link;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		is_code(link_add_altname(&pod, index, names[i]), 0, names[i]);
		is_code(link_add_altname(&pod, index, names[i]), -EEXIST, "once more");
		is_code(link_get(&pod, names[i], &link), 0, "found by it");
		ok(link.index == index && !strcmp(link.name, "net1"), "the same link");
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		is_code(link_del_altname(&pod, index, names[i]), 0, "delete the name");
		is_code(link_get(&pod, names[i], &link), -ENODEV, "not found by it");
		is_code(link_del_altname(&pod, index, names[i]), -ENOENT, "delete it again");
	}
}

static void test_addresses(int index)
{
	const struct addr v4 = { .index = index, .family = AF_INET, .prefix = 24,
		.bytes = { 10, 1, 0, 5 } };
	const struct addr v6 = { .index = index, .family = AF_INET6, .prefix = 64,
		.bytes = { 0xfd, [15] = 5 }, .flags = IFA_F_NODAD };
	struct addr other = v4;

	is_code(addr_has(&pod, &v4), 0, "no IPv4 address yet");
	is_code(addr_has(&pod, &v6), 0, "no IPv6 address yet");
	is_code(addr_add(&pod, &v4), 0, "add 10.1.0.5/24");
	is_code(addr_add(&pod, &v4), -EEXIST, "once more");
	is_code(addr_add(&pod, &v6), 0, "add fd00::5/64 without detection of duplicates");
	is_code(addr_add(&pod, &v6), -EEXIST, "once more");
	is_code(addr_has(&pod, &v4), 1, "the IPv4 address is there");
	is_code(addr_has(&pod, &v6), 1, "the IPv6 address is there");
	other.prefix = 16;
	is_code(addr_has(&pod, &other), 0, "not with another prefix");
	other = v4;
	other.bytes[3] = 6;
	is_code(addr_has(&pod, &other), 0, "not another one");
	other = v4;
	other.index = 1;
	is_code(addr_has(&pod, &other), 0, "not on lo");
	other.index = 4711;
	is_code(addr_has(&pod, &other), -ENODEV, "a link that is not there");
	other = v4;
	other.prefix = 31;
	other.bytes[2] = 3;
	is_code(addr_add(&pod, &other), 0, "add a /31");
	is_code(addr_has(&pod, &other), 1, "it is there");
}

static void check_route(const struct route *route, const char *name)
{
	is_code(route_has(&pod, route), 0, "not there yet");
	if (!ok(route_add(&pod, route) == 0, "add %s", name))
		printf("# %s\n", pod.extack);
	is_code(route_has(&pod, route), 1, "it is there");
	is_code(route_add(&pod, route), -EEXIST, "once more");
}

static void test_routes(int index)
{
	static const struct {
		const char *name;
		struct route route;
	} cases[] = {
		{ "IPv4 in a table of its own", { .family = AF_INET, .prefix = 16,
			.dst = { 10, 2 }, .table = 1000, .scope = RT_SCOPE_LINK } },
		{ "IPv4 with everything", { .family = AF_INET, .prefix = 16, .dst = { 10, 3 },
			.has_gateway = true, .gateway = { 10, 1, 0, 1 }, .priority = 77,
			.mtu = 1300, .advmss = 1200 } },
		{ "IPv4 default", { .family = AF_INET, .has_gateway = true,
			.gateway = { 10, 1, 0, 1 } } },
		{ "IPv6 with everything", { .family = AF_INET6, .prefix = 32,
			.dst = { 0xfd, 2 }, .has_gateway = true,
			.gateway = { 0xfd, [15] = 1 }, .priority = 77, .mtu = 1300,
			.advmss = 1200, .table = 100, .scope = RT_SCOPE_LINK } },
		{ "IPv6 without priority", { .family = AF_INET6, .prefix = 32,
			.dst = { 0xfd, 3 } } },
		{ "IPv6 in a table of its own", { .family = AF_INET6, .prefix = 32,
			.dst = { 0xfd, 4 }, .table = 1000 } },
		{ "IPv6 default", { .family = AF_INET6, .has_gateway = true,
			.gateway = { 0xfd, [15] = 1 } } },
	};
	struct route route;
	int found = 0;
	size_t i;

	is_code(route_default_link(&pod, AF_INET, &found), -ENODEV, "no IPv4 default route");
	is_code(route_default_link(&pod, AF_INET6, &found), -ENODEV, "no IPv6 default route");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		route = cases[i].route;
		route.index = index;
		check_route(&route, cases[i].name);
		route.table = 2000;
		is_code(route_has(&pod, &route), 0, "not in another table");
		route.table = cases[i].route.table;
		route.priority += 1;
		is_code(route_has(&pod, &route), 0, "not with another priority");
		route.priority -= 1;
		route.mtu += 1;
		is_code(route_has(&pod, &route), 0, "not with another MTU");
		route.mtu -= 1;
		route.index = 1;
		is_code(route_has(&pod, &route), 0, "not by lo");
	}
	is_code(route_default_link(&pod, AF_INET, &found), 0, "the IPv4 default route");
	ok(found == index, "is by the link");
	found = 0;
	is_code(route_default_link(&pod, AF_INET6, &found), 0, "the IPv6 default route");
	ok(found == index, "is by the link");
}

/* The second route to one destination: IPv6's kernel tells both as one with two next hops. */
static void test_siblings(int index)
{
	struct route v4 = { .family = AF_INET, .prefix = 16, .dst = { 10, 9 }, .index = index,
		.has_gateway = true, .gateway = { 10, 1, 0, 1 } };
	struct route v6 = { .family = AF_INET6, .prefix = 32, .dst = { 0xfd, 9 },
		.index = index, .has_gateway = true, .gateway = { 0xfd, [15] = 1 } };

	check_route(&v4, "an IPv4 route");
	v4.gateway[3] = 2;
	check_route(&v4, "a second gateway");
	v4.gateway[3] = 1;
	is_code(route_has(&pod, &v4), 1, "the first is there");
	check_route(&v6, "an IPv6 route");
	v6.gateway[15] = 2;
	check_route(&v6, "a second gateway");
	v6.gateway[15] = 1;
	is_code(route_has(&pod, &v6), 1, "the first is there");
	v6.gateway[15] = 3;
	is_code(route_has(&pod, &v6), 0, "a third is not");

	v4.gateway[2] = 77;
	is_code(route_add(&pod, &v4), -ENETUNREACH, "a gateway that cannot be reached");
	ok(strstr(pod.extack, "gateway") != NULL, "the kernel says: %s", pod.extack);
	v4.prefix = 8;
	is_code(route_add(&pod, &v4), -EINVAL, "host bits in the destination");
	ok(pod.extack[0], "the kernel says: %s", pod.extack);
	is_code(route_has(&pod, &v4), 0, "an answer without failure");
	is(pod.extack, "", "the words are gone");
}

static void guard(const char *name, const char *kind, int keep)
{
	CLEANUP(link_guard_end) struct link_guard link;

	link_guard_arm(&link, &pod, name, kind);
	if (keep)
		link.nl = NULL;
}

static void test_guard(void)
{
	struct link link;

	guard("net1", "macvlan", true);
	is_code(link_get(&pod, "net1", &link), 0, "a guarded link that is kept");
	guard("net1", "ipvlan", false);
	is_code(link_get(&pod, "net1", &link), 0, "a guarded link of another kind");
	guard("net1", "macvlan", false);
	is_code(link_get(&pod, "net1", &link), -ENODEV, "a guarded link that is not kept");
	guard("net1", "macvlan", false);
	is_code(link_get(&host, "net1", &link), 0, "the link of that name in the host");
	is_code(link_del(&pod, 4711), -ENODEV, "delete a link that is not there");
}

/* Root in the pod sends our socket a refusal for the request to come. */
static void test_forged(void)
{
	CLEANUP(nl_closep) struct nl stranger = NL_CLOSED;
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(to);
	struct nl_request req;
	struct nlmsgerr *err = nl_begin(&req, NLMSG_ERROR, 0, sizeof(*err));
	struct link link;

	err->error = -EACCES;
	req.header.nlmsg_seq = pod.seq + 1;
	req.header.nlmsg_flags = NLM_F_CAPPED;
	nl_open(&stranger, NETLINK_ROUTE, pod_netns, home);
	getsockname(pod.fd, (struct sockaddr *)&to, &length);
	ok(to.nl_pid && sendto(stranger.fd, req.buffer, req.header.nlmsg_len, 0,
				(struct sockaddr *)&to, sizeof(to)) > 0, "a forged answer");
	is_code(link_get(&pod, "lo", &link), 0, "is passed over");
}

int main(void)
{
	struct link parent = { 0 }, link = { 0 };
	int rc = set_up();

	if (rc < 0) {
		tap_skip("netlink on the running kernel", strerror(-rc));
		return tap_done();
	}
	test_namespaces();
	test_create(&parent);
	if (link_get(&pod, "net1", &link) < 0)
		return tap_done();
	test_change(link.index);
	test_altname(link.index);
	link_set(&host, parent.index, &(struct link_state){ .up = true });
	test_addresses(link.index);
	link_set(&pod, link.index, &(struct link_state){ .up = true });
	test_routes(link.index);
	test_siblings(link.index);
	test_guard();
	test_forged();
	nl_closep(&host);
	nl_closep(&pod);
	close(pod_netns);
	return tap_done();
}
