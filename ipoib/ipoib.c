/* SPDX-License-Identifier: Apache-2.0 */
#include "ipoib/ipoib.h"

#include <string.h>

#include "cni/iface.h"
#include "ipam/ipam.h"
#include "ipoib/conf.h"
#include "ipoib/create.h"

struct sockets {
	struct nl host, inside;
	struct nl *outer; /* where the master is */
};

#define SOCKETS_CLOSED                                                                             \
	{                                                                                          \
		NL_CLOSED, NL_CLOSED, NULL                                                         \
	}

/* They live as long as the process. */
static int open_sockets(const struct cni_request *req, const struct ipoib_conf *conf,
	struct sockets *nl, struct cni_error *err)
{
	nl->outer = conf->link_in_container ? &nl->inside : &nl->host;
	return iface_open(req, &nl->host, -1, err) < 0
		       ? -1
		       : iface_open(req, &nl->inside, req->netns, err);
}

static int ipoib_add(const struct cni_request *req, int out, struct cni_error *err)
{
	struct sockets nl = SOCKETS_CLOSED;
	/* Undone last declared first: the address is given back when no link has it any more. */
	CLEANUP(ipam_guard_end) struct ipam_guard lease = { 0 };
	CLEANUP(link_guard_end) struct link_guard created = { 0 };
	struct cni_error ignored = { 0 };
	struct ipoib_conf conf;
	struct link link;

	if (ipoib_conf(req, &conf, err) < 0 || open_sockets(req, &conf, &nl, err) < 0)
		return -1;
	/* What a dead namespace or a killed ADD left may be in the way. */
	if (!req->netns_is_own)
		iface_remove_strays(req, &nl.host, KIND_IPOIB, &ignored);
	if (ipoib_create(req, &conf, nl.outer, &nl.inside, &created, &link, err) < 0 ||
		ipam_attach(req, out, &nl.inside, &link, conf.has_dns ? &conf.dns : NULL, &lease,
			err) < 0)
		return -1;
	created.nl = NULL;
	lease.request = NULL;
	return 0;
}

/* A link on the host is the attachment's: its namespace is gone, or an ADD was killed. */
static bool is_attachments(const struct link *link, const void *data)
{
	const struct cni_request *req = data;
	char alias[IFACE_ALIAS], temporary[IFNAMSIZ];

	return !strcmp(link->alias, iface_alias(req, alias)) ||
	       (!*link->alias && !strcmp(link->name, iface_temporary_name(req, temporary)));
}

static int ipoib_del(const struct cni_request *req, struct cni_error *err)
{
	struct sockets nl = SOCKETS_CLOSED;
	struct cni_error stray = { 0 }, more = { 0 };

	if (req->netns >= 0 && !iface_open(req, &nl.inside, req->netns, err))
		iface_remove(req, &nl.inside, KIND_IPOIB, err);
	if (!iface_open(req, &nl.host, -1, &stray)) {
		if (req->netns >= 0)
			iface_remove_strays(req, &nl.host, KIND_IPOIB, &stray);
		else
			iface_sweep(&nl.host, KIND_IPOIB, is_attachments, req, &stray);
	}
	cni_fail_join(err, &stray);
	if (ipoib_has_lease(req))
		ipam_del(req, &more);
	return cni_fail_join(err, &more);
}

static int check_parent(const struct cni_request *req, const struct link *master,
	const struct link *link, struct cni_error *err)
{
	/* See netlink/ipoib.h: no namespace is told, and equal indices are not told at all. */
	int parent = link->parent ? link->parent : link->index;

	if (parent == master->index)
		return 0;
	return cni_fail(
		err, CNI_INTERNAL, "%s is not a child of master %s", req->ifname, master->name);
}

/* The kernel lowers the MTU to that of the partition's broadcast group in datagram mode. */
static int check_mtu(const struct ipoib_conf *conf, const struct link *link,
	const struct cni_interface *promised, struct cni_error *err)
{
	uint32_t mtu = promised->mtu ? promised->mtu : (uint32_t)conf->mtu;

	if (!mtu || (link->ipoib_mode == IPOIB_MODE_DATAGRAM && link->mtu < mtu))
		return 0;
	return iface_check_number(link, "mtu", link->mtu, mtu, err);
}

static int check_link(const struct ipoib_conf *conf, const struct link *master,
	const struct link *link, const struct cni_interface *promised, struct cni_error *err)
{
	uint16_t pkey = ipoib_pkey(conf, master);

	if (iface_check_link(link, KIND_IPOIB, promised, err) < 0)
		return -1;
	if (link->ipoib_mode != ipoib_mode(conf, master))
		return cni_fail(err, CNI_INTERNAL, "%s is not in %s mode", link->name,
			ipoib_mode_name(ipoib_mode(conf, master)));
	if (link->ipoib_pkey != pkey)
		return cni_fail(err, CNI_INTERNAL, "%s is in partition 0x%04x, not 0x%04x",
			link->name, link->ipoib_pkey, pkey);
	if (iface_check_number(link, "umcast", link->ipoib_umcast, conf->umcast, err) < 0 ||
		check_mtu(conf, link, promised, err) < 0)
		return -1;
	if (!(link->flags & IFF_RUNNING))
		return cni_fail(err, CNI_INTERNAL,
			"%s has no carrier: the subnet manager has not let it join the broadcast "
			"group of partition 0x%04x, or the port of master %s is not active",
			link->name, pkey, master->name);
	return 0;
}

static int ipoib_check(const struct cni_request *req, struct cni_error *err)
{
	struct sockets nl = SOCKETS_CLOSED;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	struct ipoib_conf conf;
	struct link master, link;
	int index, rc;

	if (ipoib_conf(req, &conf, err) < 0 || cni_result_previous(&result, req, err) < 0 ||
		(ipam_wanted(req) && ipam_check(req, err) < 0))
		return -1;
	index = iface_find(req, &result, err);
	if (index < 0 || open_sockets(req, &conf, &nl, err) < 0 ||
		ipoib_master(&conf, nl.outer, &master, err) < 0)
		return -1;
	rc = link_get(&nl.inside, req->ifname, &link);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl.inside.extack, "look up %s in %s",
			req->ifname, req->netns_path);
	if (check_parent(req, &master, &link, err) < 0 ||
		check_link(&conf, &master, &link, &result.interfaces[index], err) < 0)
		return -1;
	return iface_check(&nl.inside, &link, &result, index, err);
}

struct valid {
	const struct cni_request *req;
	struct cni_attachment *list;
	size_t count;
};

/* "cni" and twelve digits: the name of what an ADD that was killed has not marked yet. */
static bool is_temporary(const char *name)
{
	return strlen(name) == IFNAMSIZ - 1 && !strncmp(name, "cni", 3) &&
	       strspn(name + 3, "0123456789abcdef") == IFNAMSIZ - 1 - 3;
}

static bool is_orphan(const struct link *link, const void *data)
{
	const struct valid *valid = data;
	struct cni_request req = *valid->req;

	if (!iface_is_stray(link, KIND_IPOIB) &&
		(*link->alias || link->flags & IFF_UP || !is_temporary(link->name)))
		return false;
	for (size_t i = 0; i < valid->count; i++) {
		req.container_id = valid->list[i].container_id;
		req.ifname = valid->list[i].ifname;
		if (is_attachments(link, &req))
			return false;
	}
	return true;
}

/* Runtimes run GC while no ADD runs: CNI specification, section 2, "GC". */
static int ipoib_gc(const struct cni_request *req, struct cni_error *err)
{
	struct nl host = NL_CLOSED;
	struct valid valid = { .req = req };
	struct cni_error more = { 0 };

	if (!cni_request_attachments(req, &valid.list, &valid.count, err) &&
		!iface_open(req, &host, -1, err))
		iface_sweep(&host, KIND_IPOIB, is_orphan, &valid, err);
	free(valid.list);
	if (ipoib_has_lease(req))
		ipam_gc(req, &more);
	return cni_fail_join(err, &more);
}

static int check_master(
	const struct cni_request *req, const struct ipoib_conf *conf, struct cni_error *err)
{
	struct nl host = NL_CLOSED;
	struct link master;

	if (iface_open(req, &host, -1, err) < 0)
		return -1;
	if (ipoib_master(conf, &host, &master, err) < 0) {
		err->code = CNI_UNAVAILABLE;
		return -1;
	}
	if (!(master.flags & IFF_RUNNING))
		return cni_fail(err, CNI_LIMITED,
			"master %s has no carrier: its port is not active, or no subnet manager "
			"runs on the fabric",
			master.name);
	return 0;
}

static int ipoib_status(const struct cni_request *req, struct cni_error *err)
{
	struct ipoib_conf conf;

	/* A master inside a container cannot be asked for without one. */
	if (ipoib_conf(req, &conf, err) < 0 ||
		(!conf.link_in_container && check_master(req, &conf, err) < 0))
		return -1;
	return ipam_wanted(req) ? ipam_status(req, err) : 0;
}

const struct cni_plugin ipoib_plugin = {
	.name = "ipoib",
	.enters_netns = true,
	.add = ipoib_add,
	.del = ipoib_del,
	.check = ipoib_check,
	.gc = ipoib_gc,
	.status = ipoib_status,
};
