/* SPDX-License-Identifier: Apache-2.0 */
#include "macvlan/macvlan.h"

#include <inttypes.h>
#include <linux/netlink.h>
#include <string.h>
#include <strings.h>

#include "cni/iface.h"
#include "ipam/ipam.h"
#include "macvlan/conf.h"
#include "macvlan/create.h"

static int open_socket(
	struct nl *nl, const struct cni_request *req, int netns, struct cni_error *err)
{
	int rc = nl_open(nl, NETLINK_ROUTE, netns, req->home);

	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL, "open a netlink socket %s",
			netns < 0 ? "on the host" : "in the container");
	return 0;
}

/*
 * Open a socket in the pod and one where the master is, which is the same with linkInContainer.
 * They live as long as the process.
 */
static int open_sockets(const struct cni_request *req, const struct macvlan_conf *conf,
	struct nl *host, struct nl *inside, struct nl **outer, struct cni_error *err)
{
	*outer = conf->link_in_container ? inside : host;
	if (open_socket(inside, req, req->netns, err) < 0)
		return -1;
	return conf->link_in_container ? 0 : open_socket(host, req, -1, err);
}

static int add_addresses(const struct cni_request *req, struct nl *inside, const struct link *link,
	struct ipam_guard *lease, struct cni_result *result, struct cni_error *err)
{
	if (ipam_wanted(req) && ipam_add(req, lease, result, err) < 0)
		return -1;
	for (size_t i = 0; i < result->n_addresses; i++)
		result->addresses[i].interface = 0;
	return iface_configure(req, inside, link, result, err);
}

static int macvlan_add(const struct cni_request *req, int out, struct cni_error *err)
{
	struct nl host = NL_CLOSED, inside = NL_CLOSED;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	/* Undone last declared first: the address is given back when no link has it any more. */
	CLEANUP(ipam_guard_end) struct ipam_guard lease = { 0 };
	CLEANUP(link_guard_end) struct link_guard created = { 0 };
	struct cni_interface *interface;
	struct macvlan_conf conf;
	struct link link;
	struct nl *outer;
	char mac[HWADDR_TEXT];

	if (macvlan_conf(req, &conf, err) < 0 ||
		open_sockets(req, &conf, &host, &inside, &outer, err) < 0)
		return -1;
	if (macvlan_create(req, &conf, outer, &inside, &created, &link, err) < 0 ||
		add_addresses(req, &inside, &link, &lease, &result, err) < 0)
		return -1;
	interface = cni_result_interface(&result);
	if (!interface)
		return cni_fail(err, CNI_INTERNAL, "make the result: out of memory");
	*interface = (struct cni_interface){
		.name = req->ifname,
		.mac = iface_mac(&link, mac),
		.sandbox = req->netns_path,
		.mtu = link.mtu,
	};
	if (conf.has_dns)
		result.dns = conf.dns;
	if (cni_result_pass_on(&result, req, err) < 0 ||
		cni_result_print(&result, req, out, err) < 0)
		return -1;
	created.nl = NULL;
	lease.request = NULL;
	return 0;
}

static int macvlan_del(const struct cni_request *req, struct cni_error *err)
{
	struct nl inside = NL_CLOSED;
	struct cni_error more = { 0 };

	if (req->netns >= 0 && !open_socket(&inside, req, req->netns, err))
		iface_remove(req, &inside, "macvlan", err);
	if (ipam_wanted(req))
		ipam_del(req, &more);
	return cni_fail_join(err, &more);
}

/* The index of the attachment's interface in what ADD returned. */
static int find_interface(
	const struct cni_request *req, const struct cni_result *result, struct cni_error *err)
{
	for (size_t i = 0; i < result->n_interfaces; i++) {
		const struct cni_interface *interface = &result->interfaces[i];

		if (interface->sandbox && !strcmp(interface->sandbox, req->netns_path) &&
			!strcmp(interface->name, req->ifname))
			return (int)i;
	}
	return cni_fail(err, CNI_INVALID_CONFIG, "prevResult has no interface %s in %s",
		req->ifname, req->netns_path);
}

static int changed(const struct link *link, const char *what, uint64_t is, uint64_t promised,
	struct cni_error *err)
{
	if (is == promised)
		return 0;
	return cni_fail(err, CNI_INTERNAL, "%s of %s is %" PRIu64 ", not %" PRIu64, what,
		link->name, is, promised);
}

static int check_parent(const struct cni_request *req, const struct macvlan_conf *conf,
	const struct link *master, const struct link *link, struct cni_error *err)
{
	bool elsewhere = !conf->link_in_container && !req->netns_is_own;

	if (link->parent == master->index && link->parent_elsewhere == elsewhere)
		return 0;
	return cni_fail(err, CNI_INTERNAL, "%s is not on master %s", link->name, master->name);
}

static int check_link(const struct macvlan_conf *conf, const struct link *link,
	const struct cni_interface *promised, struct cni_error *err)
{
	char mac[HWADDR_TEXT];

	if (strcmp(link->kind, "macvlan") != 0)
		return cni_fail(err, CNI_INTERNAL, "%s is a link of kind %s, not a macvlan",
			link->name, *link->kind ? link->kind : "(hardware)");
	if (link->macvlan_mode != conf->mode)
		return cni_fail(err, CNI_INTERNAL, "%s is not in mode %s", link->name,
			*conf->mode_name ? conf->mode_name : "bridge");
	if (promised->mac && strcasecmp(promised->mac, iface_mac(link, mac)) != 0)
		return cni_fail(err, CNI_INTERNAL, "MAC of %s is %s, not %s", link->name, mac,
			promised->mac);
	if (!(link->flags & IFF_UP))
		return cni_fail(err, CNI_INTERNAL, "%s is down", link->name);
	if (conf->bc_queue_len && changed(link, "bcqueuelen", link->bc_queue_len,
					  (uint64_t)conf->bc_queue_len, err) < 0)
		return -1;
	if (promised->mtu)
		return changed(link, "mtu", link->mtu, promised->mtu, err);
	return conf->mtu ? changed(link, "mtu", link->mtu, (uint64_t)conf->mtu, err) : 0;
}

static int macvlan_check(const struct cni_request *req, struct cni_error *err)
{
	struct nl host = NL_CLOSED, inside = NL_CLOSED;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	struct macvlan_conf conf;
	struct link master, link;
	struct nl *outer;
	int index, rc;

	if (macvlan_conf(req, &conf, err) < 0 || cni_result_previous(&result, req, err) < 0 ||
		(ipam_wanted(req) && ipam_check(req, err) < 0))
		return -1;
	index = find_interface(req, &result, err);
	if (index < 0 || open_sockets(req, &conf, &host, &inside, &outer, err) < 0 ||
		macvlan_master(&conf, outer, &master, err) < 0)
		return -1;
	rc = link_get(&inside, req->ifname, &link);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, inside.extack, "look up %s in %s",
			req->ifname, req->netns_path);
	if (check_link(&conf, &link, &result.interfaces[index], err) < 0 ||
		check_parent(req, &conf, &master, &link, err) < 0)
		return -1;
	return iface_check(&inside, &link, &result, index, err);
}

/* A macvlan dies with its namespace: only leases can be left behind. */
static int macvlan_gc(const struct cni_request *req, struct cni_error *err)
{
	return ipam_wanted(req) ? ipam_gc(req, err) : 0;
}

static int macvlan_status(const struct cni_request *req, struct cni_error *err)
{
	struct nl host = NL_CLOSED;
	struct macvlan_conf conf;
	struct link master;

	if (macvlan_conf(req, &conf, err) < 0)
		return -1;
	/* A master inside a container cannot be asked for without one. */
	if (!conf.link_in_container) {
		if (open_socket(&host, req, -1, err) < 0)
			return -1;
		if (macvlan_master(&conf, &host, &master, err) < 0) {
			err->code = CNI_UNAVAILABLE;
			return -1;
		}
	}
	return ipam_wanted(req) ? ipam_status(req, err) : 0;
}

const struct cni_plugin macvlan_plugin = {
	.name = "macvlan",
	.enters_netns = true,
	.add = macvlan_add,
	.del = macvlan_del,
	.check = macvlan_check,
	.gc = macvlan_gc,
	.status = macvlan_status,
};
