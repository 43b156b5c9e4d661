/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/if.h>
#include <linux/if_arp.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/ipvlan.h>
#include <netlink/route/link/macvlan.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/rtnl.h>
#include <stdio.h>
#include <string.h>

#include "cni/ip.h"
#include "libcni/inspect.h"
#include "libcni/inspect_nl.h"

#define GUID_SIZE 8

/* The GUID of an InfiniBand link's port: the last octets of its address. NULL: it is none. */
static const uint8_t *guid_of(struct rtnl_link *link)
{
	struct nl_addr *addr = rtnl_link_get_addr(link);

	if (rtnl_link_get_arptype(link) != ARPHRD_INFINIBAND || !addr ||
		nl_addr_get_len(addr) != 20)
		return NULL;
	return (const uint8_t *)nl_addr_get_binary_addr(addr) + (20 - GUID_SIZE);
}

static bool has_guid(struct nl_cache *links, int index, const uint8_t *guid, char name[IFNAMSIZ])
{
	struct rtnl_link *link = links ? rtnl_link_get(links, index) : NULL;
	const uint8_t *its = link ? guid_of(link) : NULL;
	bool is_same = its && !memcmp(its, guid, GUID_SIZE);

	if (is_same)
		snprintf(name, IFNAMSIZ, "%s", rtnl_link_get_name(link));
	rtnl_link_put(link); /* accepts NULL */
	return is_same;
}

/* The kernel does not tell in which namespace that index counts; both are on one port. */
static void put_ipoib_parent(struct json_writer *w, struct nl_cache *links, const struct home *home,
	struct rtnl_link *link)
{
	const uint8_t *guid = guid_of(link);
	int index = rtnl_link_get_link(link);
	char name[IFNAMSIZ];

	if (guid &&
		(has_guid(home->links, index, guid, name) || has_guid(links, index, guid, name)))
		json_put_string(w, "parent", name);
	else
		json_put_format(w, "parent", "if%d", index);
}

static void put_parent(struct json_writer *w, struct nl_cache *links, const struct home *home,
	struct rtnl_link *link)
{
	int index = rtnl_link_get_link(link), netns;
	const char *kind = rtnl_link_get_type(link);
	char name[IFNAMSIZ] = "";

	if (index <= 0)
		return;
	if (kind && !strcmp(kind, "ipoib")) {
		put_ipoib_parent(w, links, home, link);
		return;
	}
	/* In another namespace the index says nothing about the links of this one. */
	if (!rtnl_link_get_link_netnsid(link, &netns)) {
		if (home_name(home, netns, index, name))
			json_put_string(w, "parent", name);
		else
			json_put_format(w, "parent", "if%d", index);
		json_put_int(w, "parentNetnsID", netns);
	} else if (index != rtnl_link_get_ifindex(link) &&
		   rtnl_link_i2name(links, index, name, sizeof(name))) {
		json_put_string(w, "parent", name);
	}
}

static void put_mode(struct json_writer *w, struct rtnl_link *link)
{
	char text[32] = "";
	uint16_t mode;

	if (rtnl_link_is_macvlan(link))
		rtnl_link_macvlan_mode2str(
			(int)rtnl_link_macvlan_get_mode(link), text, sizeof(text));
	else if (rtnl_link_is_ipvlan(link) && !rtnl_link_ipvlan_get_mode(link, &mode))
		rtnl_link_ipvlan_mode2str(mode, text, sizeof(text));
	else if (rtnl_link_is_vlan(link))
		snprintf(text, sizeof(text), "id %d", rtnl_link_vlan_get_id(link));
	if (*text)
		json_put_string(w, "mode", text);
}

static void put_hardware_address(struct json_writer *w, struct rtnl_link *link)
{
	struct nl_addr *addr = rtnl_link_get_addr(link);
	const uint8_t *guid = guid_of(link);
	struct hwaddr copy = { .length = guid ? GUID_SIZE : 0 };
	char text[HWADDR_TEXT];

	if (!guid && addr && nl_addr_get_len(addr) <= sizeof(copy.bytes))
		copy.length = (uint8_t)nl_addr_get_len(addr);
	if (!copy.length)
		return;
	memcpy(copy.bytes, guid ? guid : nl_addr_get_binary_addr(addr), copy.length);
	json_put_string(w, guid ? "guid" : "mac", hwaddr_print(&copy, text));
}

static void put_link(struct json_writer *w, struct nl_cache *links, const struct home *home,
	struct rtnl_link *link, const struct json *attachments)
{
	const char *kind = rtnl_link_get_type(link), *alias = rtnl_link_get_ifalias(link);
	unsigned arptype = rtnl_link_get_arptype(link);
	char state[32];

	json_open(w, NULL, '{');
	json_put_int(w, "index", rtnl_link_get_ifindex(link));
	json_put_string(w, "name", rtnl_link_get_name(link));
	if (kind)
		json_put_string(w, "kind", kind);
	else
		json_put_string(w, "kind", arptype == ARPHRD_LOOPBACK ? "loopback" : "device");
	put_parent(w, links, home, link);
	put_mode(w, link);
	json_put_int(w, "mtu", rtnl_link_get_mtu(link));
	put_hardware_address(w, link);
	json_put_bool(w, "up", rtnl_link_get_flags(link) & IFF_UP);
	json_put_string(w, "state",
		rtnl_link_operstate2str(rtnl_link_get_operstate(link), state, sizeof(state)));
	if (alias)
		json_put_string(w, "alias", alias);
	inspect_put_attachments(attachments, rtnl_link_get_name(link), w);
	json_close(w, '}');
}

static void put_address(struct json_writer *w, struct nl_cache *links, struct rtnl_addr *addr)
{
	char text[128] = "", name[IFNAMSIZ] = "";

	json_open(w, NULL, '{');
	rtnl_link_i2name(links, rtnl_addr_get_ifindex(addr), name, sizeof(name));
	json_put_string(w, "link", name);
	nl_addr2str(rtnl_addr_get_local(addr), text, sizeof(text));
	if (strchr(text, '/'))
		json_put_string(w, "address", text);
	else
		json_put_format(w, "address", "%s/%d", text, rtnl_addr_get_prefixlen(addr));
	json_put_string(w, "scope", rtnl_scope2str(rtnl_addr_get_scope(addr), text, sizeof(text)));
	json_put_string(w, "flags",
		rtnl_addr_flags2str((int)rtnl_addr_get_flags(addr), text, sizeof(text)));
	json_close(w, '}');
}

int inspect_links(struct json_writer *w, struct nl_sock *socket, const struct home *home,
	const struct json *attachments, struct cni_error *err)
{
	CLEANUP(cache_freep) struct nl_cache *links = NULL, *addresses = NULL;
	int rc = rtnl_link_alloc_cache(socket, AF_UNSPEC, &links);

	if (!rc)
		rc = rtnl_addr_alloc_cache(socket, &addresses);
	if (rc < 0)
		return cni_fail(err, CNI_INTERNAL, "cannot read the links and addresses: %s",
			nl_geterror(rc));
	json_open(w, "links", '[');
	for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o))
		put_link(w, links, home, (struct rtnl_link *)o, attachments);
	json_close(w, ']');
	json_open(w, "addresses", '[');
	for (struct nl_object *o = nl_cache_get_first(addresses); o; o = nl_cache_get_next(o))
		put_address(w, links, (struct rtnl_addr *)o);
	json_close(w, ']');
	return 0;
}
