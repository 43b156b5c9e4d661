/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/iface.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "netlink/addr.h"
#include "netlink/route.h"

/* Inside the namespace of the link. What cannot be written stays as it is. */
static int set_sysctl(const char *ifname, const char *key, char value)
{
	char path[PATH_MAX];
	ssize_t written;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", ifname, key);
	fd = file_open(path, O_WRONLY, 0);
	if (fd < 0)
		return -errno;
	written = write(fd, &value, 1);
	close(fd);
	return written == 1 ? 0 : -EIO;
}

/* What only /proc/sys can change for IPv6 addresses: a courtesy, but for disable_ipv6. */
static int prepare_ipv6(const struct cni_request *req, const char *ifname, bool enable)
{
	int rc = nl_enter(req->netns);

	if (rc < 0)
		return rc;
	if (enable)
		rc = set_sysctl(ifname, "disable_ipv6", '0');
	(void)set_sysctl(ifname, "ndisc_notify", '1');
	(void)set_sysctl(ifname, "keep_addr_on_down", '1');
	nl_leave(req->home);
	return rc;
}

static struct addr addr_of(const struct link *link, const struct ip *ip)
{
	struct addr addr = {
		.index = link->index,
		.family = ip->family,
		.prefix = ip->prefix,
		.flags = ip->family == AF_INET6 ? IFA_F_NODAD : 0,
	};

	memcpy(addr.bytes, ip->bytes, sizeof(addr.bytes));
	return addr;
}

static int add_address(const struct cni_request *req, struct nl *nl, const struct link *link,
	const struct ip *ip, struct cni_error *err)
{
	struct addr addr = addr_of(link, ip);
	char text[IP_TEXT];
	int rc = addr_add(nl, &addr);

	if (rc == -EACCES && ip->family == AF_INET6 && !prepare_ipv6(req, link->name, true))
		rc = addr_add(nl, &addr);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "add address %s to %s",
			ip_print_cidr(ip, text), link->name);
	return 0;
}

static const struct ip *first_gateway(const struct cni_result *result, uint8_t family)
{
	for (size_t i = 0; i < result->n_addresses; i++)
		if (result->addresses[i].gateway.family == family)
			return &result->addresses[i].gateway;
	return NULL;
}

/*
 * Attributes that the result does not tell are 0 in both readings: the kernel's default, and "any".
 * A chained plugin (sbr) may have moved such a route to a table of its own.
 */
static uint32_t told(int64_t attribute)
{
	return attribute < 0 ? 0 : (uint32_t)attribute;
}

static struct route route_of(
	const struct link *link, const struct cni_result *result, const struct cni_route *from)
{
	/* What is told to be on the link has no gateway. */
	bool on_link = from->scope >= RT_SCOPE_LINK;
	const struct ip *gateway = from->gateway.family || on_link
					   ? &from->gateway
					   : first_gateway(result, from->dst.family);
	struct route route = {
		.family = from->dst.family,
		.prefix = from->dst.prefix,
		.has_gateway = gateway && gateway->family,
		.index = link->index,
		.table = told(from->table),
		.priority = told(from->priority),
		.scope = (uint8_t)told(from->scope),
		.mtu = told(from->mtu),
		.advmss = told(from->advmss),
	};
	struct ip network = from->dst;

	ip_mask(&network);
	memcpy(route.dst, network.bytes, sizeof(route.dst));
	if (gateway)
		memcpy(route.gateway, gateway->bytes, sizeof(route.gateway));
	return route;
}

static int add_route(struct nl *nl, const struct link *link, const struct cni_result *result,
	const struct cni_route *from, struct cni_error *err)
{
	struct route route = route_of(link, result, from);
	char dst[IP_TEXT];
	int rc = route_add(nl, &route);

	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "add route to %s on %s",
			ip_print_cidr(&from->dst, dst), link->name);
	return 0;
}

static bool has_family(const struct cni_result *result, uint8_t family)
{
	for (size_t i = 0; i < result->n_addresses; i++)
		if (result->addresses[i].ip.family == family)
			return true;
	return false;
}

int iface_configure(const struct cni_request *req, struct nl *nl, const struct link *link,
	const struct cni_result *result, struct cni_error *err)
{
	int rc;

	if (has_family(result, AF_INET6))
		(void)prepare_ipv6(req, link->name, false);
	for (size_t i = 0; i < result->n_addresses; i++)
		if (add_address(req, nl, link, &result->addresses[i].ip, err) < 0)
			return -1;
	rc = link_set(nl, link->index, &(struct link_state){ .up = true });
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "set %s up", link->name);
	for (size_t i = 0; i < result->n_routes; i++)
		if (add_route(nl, link, result, &result->routes[i], err) < 0)
			return -1;
	return 0;
}

static int check_address(
	struct nl *nl, const struct link *link, const struct ip *ip, struct cni_error *err)
{
	struct addr addr = addr_of(link, ip);
	char text[IP_TEXT];
	int rc = addr_has(nl, &addr);

	if (rc > 0)
		return 0;
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "read the addresses of %s", link->name);
	return cni_fail(err, CNI_INTERNAL, "address %s is no longer on %s", ip_print_cidr(ip, text),
		link->name);
}

/* Another plugin of the chain has made links, too: whose a route is, the result does not tell. */
static bool is_shared(const struct cni_result *result, int interface)
{
	for (size_t i = 0; i < result->n_interfaces; i++)
		if ((int)i != interface && result->interfaces[i].sandbox)
			return true;
	return false;
}

static struct route route_to_check(const struct link *link, const struct cni_result *result,
	int interface, const struct cni_route *from)
{
	struct route route = route_of(link, result, from);

	if (is_shared(result, interface)) {
		route.index = 0;
		route.has_gateway = from->gateway.family != 0;
	}
	return route;
}

int iface_check(struct nl *nl, const struct link *link, const struct cni_result *result,
	int interface, struct cni_error *err)
{
	char text[IP_TEXT];

	for (size_t i = 0; i < result->n_addresses; i++)
		if (result->addresses[i].interface == interface &&
			check_address(nl, link, &result->addresses[i].ip, err) < 0)
			return -1;
	for (size_t i = 0; i < result->n_routes; i++) {
		struct route route = route_to_check(link, result, interface, &result->routes[i]);
		int rc = route_has(nl, &route);

		if (rc < 0)
			return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack,
				"read the routes of %s", link->name);
		if (!rc)
			return cni_fail(err, CNI_INTERNAL, "route to %s is no longer on %s",
				ip_print_cidr(&result->routes[i].dst, text), link->name);
	}
	return 0;
}
