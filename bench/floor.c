/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what the kernel alone asks for an attachment. It does the kernel work of our macvlan
 * plugin, with -i that of ipoib, or with -d that of host-device, with the C library only: no JSON
 * is read, nothing is stored, no option of a network is known. What a plugin costs above it is the
 * plugin's own doing.
 *
 *	CNI_COMMAND=ADD CNI_NETNS=/run/netns/a CNI_IFNAME=net1 \
 *		floor [-i | -d] LINK ADDRESS/PREFIX DESTINATION/PREFIX GATEWAY
 *
 * speaks enough of CNI for the measuring driver (ADD, DEL, VERSION; IPv4 only). LINK is the master,
 * or the device. An error ends it at once: nothing is rolled back.
 *
 * There is no packet socket for the gratuitous ARP: with arp_notify set and the address there
 * before the link comes up the kernel sends it, and closing a packet socket waits for an RCU
 * grace period (8 to 20 ms).
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/message.h"

struct hardware {
	int index;
	uint32_t mtu;
	size_t length;
	unsigned char address[32];
};

struct prefix {
	struct in_addr address;
	unsigned char length;
};

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		errx(1, "%s is not set", name);
	return value;
}

static struct prefix parse_prefix(const char *text)
{
	char address[INET_ADDRSTRLEN] = "";
	unsigned int length;
	struct prefix prefix;

	if (sscanf(text, "%15[0-9.]/%u", address, &length) != 2 || length > 32 ||
		inet_pton(AF_INET, address, &prefix.address) != 1)
		errx(1, "\"%s\" is no IPv4 prefix", text);
	prefix.length = (unsigned char)length;
	return prefix;
}

static struct hardware get_link(int fd, const char *name)
{
	struct message message;
	struct message_answer answer;
	struct hardware hardware = { 0 };
	const struct nlmsghdr *head = (const void *)answer.buffer;
	const struct ifinfomsg *link = NLMSG_DATA(head);
	const struct rtattr *attribute = IFLA_RTA(link);
	size_t left;
	int rc;

	message_begin(&message, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	message_put_text(&message, IFLA_IFNAME, name);
	message_put_u32(&message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	rc = message_talk(fd, &message, &answer);
	if (rc)
		errx(1, "link %s: %s", name, strerror(-rc));
	left = IFLA_PAYLOAD(head);
	hardware.index = link->ifi_index;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		size_t size = RTA_PAYLOAD(attribute);

		if (attribute->rta_type == IFLA_ADDRESS && size <= sizeof(hardware.address)) {
			memcpy(hardware.address, RTA_DATA(attribute), size);
			hardware.length = size;
		} else if (attribute->rta_type == IFLA_MTU && size == sizeof(hardware.mtu)) {
			memcpy(&hardware.mtu, RTA_DATA(attribute), size);
		}
	}
	return hardware;
}

static void put_macvlan(struct message *message)
{
	struct rtattr *data;

	message_put_text(message, IFLA_INFO_KIND, "macvlan");
	data = message_put(message, IFLA_INFO_DATA, NULL, 0);
	message_put_u32(message, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	message_end_nest(message, data);
}

static void put_ipoib(struct message *message)
{
	const uint16_t umcast = 1;
	struct rtattr *data;

	message_put_text(message, IFLA_INFO_KIND, "ipoib");
	data = message_put(message, IFLA_INFO_DATA, NULL, 0);
	message_put(message, IFLA_IPOIB_UMCAST, &umcast, sizeof(umcast));
	message_end_nest(message, data);
}

static void create(int fd, const char *name, int parent, int netns, bool ipoib)
{
	struct message message;
	struct rtattr *info;

	message_begin(&message, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		sizeof(struct ifinfomsg));
	message_put_text(&message, IFLA_IFNAME, name);
	message_put_u32(&message, IFLA_LINK, (uint32_t)parent);
	message_put_u32(&message, IFLA_NET_NS_FD, (uint32_t)netns);
	info = message_put(&message, IFLA_LINKINFO, NULL, 0);
	(ipoib ? put_ipoib : put_macvlan)(&message);
	message_end_nest(&message, info);
	message_demand(fd, &message, "create the link");
}

/* To another namespace, under another name. */
static void move(int fd, const char *from, const char *to, int netns)
{
	struct hardware device = get_link(fd, from);
	struct message message;
	struct ifinfomsg *link = message_begin(&message, RTM_SETLINK, NLM_F_ACK, sizeof(*link));

	link->ifi_index = device.index;
	message_put_u32(&message, IFLA_NET_NS_FD, (uint32_t)netns);
	message_put_text(&message, IFLA_IFNAME, to);
	message_demand(fd, &message, "move the link");
}

/* The kernel ignores the one of a creation. */
static void set_mtu(int fd, int index, uint32_t mtu)
{
	struct message message;
	struct ifinfomsg *link = message_begin(&message, RTM_SETLINK, NLM_F_ACK, sizeof(*link));

	link->ifi_index = index;
	message_put_u32(&message, IFLA_MTU, mtu);
	message_demand(fd, &message, "set the mtu");
}

static void set_sysctl(const char *name, const char *key)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", name, key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		err(1, "%s", path);
	close(fd);
}

static void add_address(int fd, int index, const struct prefix *prefix)
{
	uint32_t host = prefix->length < 32 ? 0xffffffffu >> prefix->length : 0;
	struct message message;
	struct ifaddrmsg *address = message_begin(&message, RTM_NEWADDR,
		NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(*address));

	address->ifa_family = AF_INET;
	address->ifa_prefixlen = prefix->length;
	address->ifa_index = (uint32_t)index;
	message_put(&message, IFA_LOCAL, &prefix->address, 4);
	message_put(&message, IFA_ADDRESS, &prefix->address, 4);
	message_put_u32(&message, IFA_BROADCAST, prefix->address.s_addr | htonl(host));
	message_demand(fd, &message, "add the address");
}

static void set_up(int fd, int index)
{
	struct message message;
	struct ifinfomsg *link = message_begin(&message, RTM_NEWLINK, NLM_F_ACK, sizeof(*link));

	link->ifi_index = index;
	link->ifi_flags = link->ifi_change = IFF_UP;
	message_demand(fd, &message, "set the link up");
}

static void add_route(int fd, int index, const struct prefix *to, const char *gateway)
{
	struct in_addr via;
	struct message message;
	struct rtmsg *route = message_begin(&message, RTM_NEWROUTE,
		NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(*route));

	if (inet_pton(AF_INET, gateway, &via) != 1)
		errx(1, "\"%s\" is no IPv4 address", gateway);
	route->rtm_family = AF_INET;
	route->rtm_dst_len = to->length;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_BOOT;
	route->rtm_type = RTN_UNICAST;
	message_put(&message, RTA_DST, &to->address, 4);
	message_put(&message, RTA_GATEWAY, &via, 4);
	message_put_u32(&message, RTA_OIF, (uint32_t)index);
	message_demand(fd, &message, "add the route");
}

static int enter(int netns)
{
	if (setns(netns, CLONE_NEWNET) < 0)
		err(1, "enter the namespace");
	return message_socket();
}

static void print_result(const char *name, const struct hardware *link, const char *address)
{
	printf("{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"%s\",\"mac\":\"", name);
	for (size_t i = 0; i < link->length; i++)
		printf("%s%02x", i ? ":" : "", link->address[i]);
	printf("\"}],\"ips\":[{\"address\":\"%s\"}]}\n", address);
}

static void add(int netns, const char *name, char **argv, char option)
{
	struct prefix address = parse_prefix(argv[2]), to = parse_prefix(argv[3]);
	int host = message_socket(), inside;
	struct hardware link, master = { 0 };

	if (option == 'd') {
		move(host, argv[1], name, netns);
	} else {
		master = get_link(host, argv[1]);
		create(host, name, master.index, netns, option == 'i');
	}
	inside = enter(netns);
	link = get_link(inside, name);
	set_sysctl(name, "arp_notify");
	if (option == 'i') {
		set_sysctl(name, "proxy_arp");
		set_mtu(inside, link.index, master.mtu);
	}
	add_address(inside, link.index, &address);
	set_up(inside, link.index);
	add_route(inside, link.index, &to, argv[4]);
	print_result(name, &link, argv[2]);
}

static int open_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void delete(int netns, const char *name)
{
	struct message message;

	message_begin(&message, RTM_DELLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	message_put_text(&message, IFLA_IFNAME, name);
	message_demand(enter(netns), &message, "delete the link");
}

/* The namespace undoes the rest: addresses, routes, up. */
static void give_back(int netns, const char *name, const char *device)
{
	int home = open_netns("/proc/thread-self/ns/net");

	move(enter(netns), name, device, home);
}

int main(int argc, char **argv)
{
	char option = argc > 1 && argv[1][0] == '-' ? argv[1][1] : 0;
	const char *command = variable("CNI_COMMAND");
	int netns;

	argc -= option != 0;
	argv += option != 0;
	if (!strcmp(command, "VERSION")) {
		puts("{\"cniVersion\":\"1.0.0\",\"supportedVersions\":[\"1.0.0\"]}");
		return 0;
	}
	netns = open_netns(variable("CNI_NETNS"));
	if (!strcmp(command, "ADD") && argc == 5)
		add(netns, variable("CNI_IFNAME"), argv, option);
	else if (!strcmp(command, "DEL") && option == 'd' && argc == 5)
		give_back(netns, variable("CNI_IFNAME"), argv[1]);
	else if (!strcmp(command, "DEL") && option != 'd')
		delete(netns, variable("CNI_IFNAME"));
	else
		errx(2, "usage: CNI_COMMAND=ADD|DEL|VERSION floor [-i | -d] LINK ADDRESS/PREFIX "
			"DESTINATION/PREFIX GATEWAY");
	return 0;
}
