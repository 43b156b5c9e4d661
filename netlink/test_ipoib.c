/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, and what the kernels of the lab answered (testdata/netlink/record.py). */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>

#include "netlink/ipoib.h"
#include "netlink/scripted.h"

static struct script script;
static const char *recordings;

/* Queue a recording, as the answer to the next request. */
static void replay(const char *kernel, const char *what)
{
	static _Alignas(struct nlmsghdr) unsigned char bytes[16384];
	struct nlmsghdr *message = (void *)bytes;
	unsigned int byte;
	char path[512];
	size_t size = 0;
	int rest;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%s.hex", recordings, kernel, what);
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		abort();
	}
	while (size < sizeof(bytes) && fscanf(file, "%2x", &byte) == 1)
		bytes[size++] = (unsigned char)byte;
	fclose(file);
	rest = (int)size;
	for (; mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest))
		message->nlmsg_seq = script.nl.seq + 1;
	script_bytes(&script, bytes, size);
}

static void test_recorded(const char *kernel)
{
	struct link link, *links;
	size_t count;

	replay(kernel, "parent");
	ok(!link_get(&script.nl, "ib0", &link) && link.type == ARPHRD_INFINIBAND &&
			!strcmp(link.kind, KIND_IPOIB) && !strcmp(link.name, "ib0"),
		"%s: the parent is an IPoIB interface", kernel);
	ok(!link.parent && link.ipoib_pkey == 0xffff && link.mtu == 2044 &&
			link.ipoib_mode == IPOIB_MODE_DATAGRAM && !link.ipoib_umcast,
		"%s: without a parent, in the default partition, in datagram mode", kernel);
	ok(link.address_length == 20 && link.address[12] == 2 && link.address[19] == 1 &&
			link.flags & IFF_UP && link.flags & IFF_RUNNING && link.max_mtu == 65520,
		"%s: an address of twenty octets, up, with carrier", kernel);
	replay(kernel, "created");
	is_code(link_add_ipoib(&script.nl, &(struct link_ipoib){ .name = "net1", .parent = 2 }), 0,
		"created");
	replay(kernel, "child");
	ok(!link_get(&script.nl, "net1", &link) && link.index == 2 && !link.parent &&
			!link.parent_elsewhere,
		"%s: a parent of the same index is not told", kernel);
	ok(link.ipoib_pkey == 0x8001 && link.ipoib_umcast && link.mtu == 4092 &&
			!strcmp(link.alias, "fabric-cni 0123456789abcdef"),
		"%s: the child's partition, umcast, mtu and alias", kernel);
	replay(kernel, "connected");
	ok(!link_get(&script.nl, "net2", &link) && link.ipoib_mode == IPOIB_MODE_CONNECTED &&
			link.mtu == 65520 && link.parent == 2 && !link.parent_elsewhere,
		"%s: a child in connected mode, with an index of another namespace", kernel);
	replay(kernel, "pkey-zero");
	is_code(link_add_ipoib(&script.nl, &(struct link_ipoib){ .name = "net3", .parent = 2 }),
		-EINVAL, "no partition");
	replay(kernel, "taken");
	is_code(link_add_ipoib(&script.nl, &(struct link_ipoib){ .name = "net1", .parent = 2 }),
		-EEXIST, "a name that is taken");
	replay(kernel, "missing");
	is_code(link_get(&script.nl, "nosuch", &link), -ENODEV, "no such link");
	replay(kernel, "stray");
	ok(!link_get(&script.nl, "net1", &link) && link.parent == 2 && !(link.flags & IFF_UP) &&
			!strcmp(link.alias, "fabric-cni 0123456789abcdef"),
		"%s: a stray is down and has its alias", kernel);
	replay(kernel, "list");
	ok(!link_list(&script.nl, KIND_IPOIB, &links, &count) && count == 3 &&
			!strcmp(links[0].name, "ib0") && !strcmp(links[1].kind, KIND_IPOIB),
		"%s: the list of all has three", kernel);
	free(links);
	script_forget(&script);
}

static void begin(struct nl_request *req, int index)
{
	struct ifinfomsg *info = nl_begin(req, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
}

static void put_info(
	struct nl_request *req, uint16_t first, uint16_t one, uint16_t second, uint16_t two)
{
	struct nlattr *info = nl_nest(req, IFLA_LINKINFO), *data;

	nl_put_string(req, IFLA_INFO_KIND, "ipoib");
	data = nl_nest(req, IFLA_INFO_DATA);
	if (first)
		nl_put_u16(req, first, one);
	if (second)
		nl_put_u16(req, second, two);
	nl_nest_end(req, data);
	nl_nest_end(req, info);
}

static void test_add(void)
{
	const struct link_ipoib full = {
		.name = "net1", .parent = 4, .pkey = 0x8001, .umcast = true, .netns = 7
	};
	struct nl_request want;

	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	is_code(link_add_ipoib(&script.nl, &full), 0, "all that can be said");
	begin(&want, 0);
	nl_put_string(&want, IFLA_IFNAME, "net1");
	nl_put_u32(&want, IFLA_LINK, 4);
	nl_put_u32(&want, IFLA_NET_NS_FD, 7);
	put_info(&want, IFLA_IPOIB_PKEY, 0x8001, IFLA_IPOIB_UMCAST, 1);
	script_compare(&script, &want, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "all");

	script_verdict(&script, NLMSG_ERROR, -ENOTUNIQ, NULL);
	is_code(link_add_ipoib(
			&script.nl, &(struct link_ipoib){ .name = "a", .parent = 4, .netns = -1 }),
		-ENOTUNIQ, "as little as possible");
	begin(&want, 0);
	nl_put_string(&want, IFLA_IFNAME, "a");
	nl_put_u32(&want, IFLA_LINK, 4);
	put_info(&want, 0, 0, IFLA_IPOIB_UMCAST, 0);
	script_compare(&script, &want, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "little");

	is_code(link_add_ipoib(&script.nl, &(struct link_ipoib){ .name = "net1" }), -EINVAL,
		"no parent");
	is_code(link_add_ipoib(&script.nl,
			&(struct link_ipoib){ .name = "sixteen-letters-", .parent = 4 }),
		-EINVAL, "a name that is too long");
	script_silent(&script, "bad requests");
}

static void test_mode(void)
{
	struct nl_request want;

	script_verdict(&script, NLMSG_ERROR, -EBUSY, NULL);
	is_code(link_set_ipoib_mode(&script.nl, 5, IPOIB_MODE_CONNECTED), -EBUSY, "a busy lock");
	begin(&want, 5);
	put_info(&want, IFLA_IPOIB_MODE, IPOIB_MODE_CONNECTED, 0, 0);
	script_compare(&script, &want, NLM_F_ACK, "the mode");
	is_code(link_set_ipoib_mode(&script.nl, 0, 0), -EINVAL, "no link");
	script_silent(&script, "no link");
}

static void test_list(void)
{
	struct link *links;
	struct nl_request want;
	struct nlattr *info;
	size_t count;

	script_verdict(&script, NLMSG_DONE, 0, NULL);
	ok(!link_list(&script.nl, KIND_IPOIB, &links, &count) && !count && !links, "no links");
	nl_begin(&want, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	nl_put_u32(&want, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	info = nl_nest(&want, IFLA_LINKINFO);
	nl_put_string(&want, IFLA_INFO_KIND, "ipoib");
	nl_nest_end(&want, info);
	script_compare(&script, &want, NLM_F_DUMP, "the kernel filters by kind");
}

static void test_malformed(void)
{
	struct nl_request answer;
	struct nlattr *info, *data;
	struct link link;

	for (int type = IFLA_IPOIB_PKEY; type <= IFLA_IPOIB_UMCAST; type++) {
		begin(&answer, 7);
		info = nl_nest(&answer, IFLA_LINKINFO);
		nl_put_string(&answer, IFLA_INFO_KIND, "ipoib");
		data = nl_nest(&answer, IFLA_INFO_DATA);
		nl_put_u32(&answer, (uint16_t)type, 1);
		nl_nest_end(&answer, data);
		nl_nest_end(&answer, info);
		script_answer(&script, &answer, 0);
		is_code(link_get(&script.nl, "net1", &link), -EBADMSG,
			"an attribute of a wrong size");
	}
	script_forget(&script);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	recordings = argv[1];
	script_open(&script);
	test_recorded("6.12");
	test_recorded("6.1");
	test_add();
	test_mode();
	test_list();
	test_malformed();
	script_close(&script);
	return tap_done();
}
