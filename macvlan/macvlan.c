/* SPDX-License-Identifier: Apache-2.0 */
#include "macvlan/macvlan.h"

#include "cni/iface.h"
#include "ipam/ipam.h"
#include "macvlan/conf.h"
#include "macvlan/create.h"

/*
 * Open a socket in the pod and one where the master is, which is the same with linkInContainer.
 * They live as long as the process.
 */
static int open_sockets(const struct cni_request *req, const struct macvlan_conf *conf,
	struct nl *host, struct nl *inside, struct nl **outer, struct cni_error *err)
{
	*outer = conf->link_in_container ? inside : host;
	if (iface_open(req, inside, req->netns, err) < 0)
		return -1;
	return conf->link_in_container ? 0 : iface_open(req, host, -1, err);
}

static int macvlan_add(const struct cni_request *req, int out, struct cni_error *err)
{
	struct nl host = NL_CLOSED, inside = NL_CLOSED;
	/* Undone last declared first: the address is given back when no link has it any more. */
	CLEANUP(ipam_guard_end) struct ipam_guard lease = { 0 };
	CLEANUP(link_guard_end) struct link_guard created = { 0 };
	struct macvlan_conf conf;
	struct link link;
	struct nl *outer;

	if (macvlan_conf(req, &conf, err) < 0 ||
		open_sockets(req, &conf, &host, &inside, &outer, err) < 0 ||
		macvlan_create(req, &conf, outer, &inside, &created, &link, err) < 0 ||
		ipam_attach(
			req, out, &inside, &link, conf.has_dns ? &conf.dns : NULL, &lease, err) < 0)
		return -1;
	created.nl = NULL;
	lease.request = NULL;
	return 0;
}

static int macvlan_del(const struct cni_request *req, struct cni_error *err)
{
	struct nl inside = NL_CLOSED;
	struct cni_error more = { 0 };

	if (req->netns >= 0 && !iface_open(req, &inside, req->netns, err))
		iface_remove(req, &inside, "macvlan", err);
	if (ipam_wanted(req))
		ipam_del(req, &more);
	return cni_fail_join(err, &more);
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
	uint32_t mtu = promised->mtu ? promised->mtu : (uint32_t)conf->mtu;

	if (iface_check_link(link, "macvlan", promised, err) < 0)
		return -1;
	if (link->macvlan_mode != conf->mode)
		return cni_fail(err, CNI_INTERNAL, "%s is not in mode %s", link->name,
			*conf->mode_name ? conf->mode_name : "bridge");
	if (conf->bc_queue_len && iface_check_number(link, "bcqueuelen", link->bc_queue_len,
					  (uint64_t)conf->bc_queue_len, err) < 0)
		return -1;
	return mtu ? iface_check_number(link, "mtu", link->mtu, mtu, err) : 0;
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
	index = iface_find(req, &result, err);
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
		if (iface_open(req, &host, -1, err) < 0)
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
