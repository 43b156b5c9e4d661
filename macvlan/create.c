/* SPDX-License-Identifier: Apache-2.0 */
#include "macvlan/create.h"

#include <errno.h>
#include <string.h>

#include "cni/iface.h"

/* The kernel says EBUSY or EINVAL for what a person can only mend who knows the holder. */
static int explain(const struct macvlan_conf *conf, struct nl *outer, const struct link *master,
	int rc, struct cni_error *err)
{
	char extack[sizeof(outer->extack)];
	struct link holder;

	memcpy(extack, outer->extack, sizeof(extack));
	if (rc == -EBUSY && master->controller &&
		!link_get_index(outer, master->controller, &holder))
		return cni_fail(err, CNI_INTERNAL,
			"master %s is busy: it is a port of %s %s; use %s as master, or release it",
			master->name, holder.kind, holder.name, holder.name);
	if (rc == -EBUSY && !link_find_child(outer, master->index, &holder))
		return cni_fail(err, CNI_INTERNAL, "master %s is busy: %s %s holds it",
			master->name, holder.kind, holder.name);
	if (rc == -EBUSY)
		return cni_fail(err, CNI_INTERNAL,
			"master %s is busy: an ipvlan, a bridge or a bond holds it, perhaps from "
			"another network namespace",
			master->name);
	if (rc == -EINVAL && conf->mode == MACVLAN_MODE_PASSTHRU)
		return cni_fail_errno(err, CNI_INTERNAL, rc, extack,
			"create a macvlan in mode passthru on %s, which must carry no other "
			"macvlan",
			master->name);
	if (rc == -EINVAL)
		return cni_fail_errno(err, CNI_INTERNAL, rc, extack,
			"create a macvlan on %s (does it carry one in mode passthru already?)",
			master->name);
	return cni_fail_errno(
		err, CNI_INTERNAL, rc, extack, "create a macvlan on %s", master->name);
}

/* Old kernels look the new name up in the namespace of the request, where it may be taken. */
static int create_renamed(const struct cni_request *req, struct link_macvlan *wanted,
	struct nl *outer, struct nl *inside, struct link_guard *guard)
{
	char name[IFNAMSIZ];
	struct link link;
	int rc;

	wanted->name = iface_temporary_name(req, name);
	link_guard_arm(guard, inside, name, guard->kind);
	rc = link_add_macvlan(outer, wanted);
	if (!rc)
		rc = link_get(inside, name, &link);
	if (rc)
		return rc;
	guard->index = link.index;
	return link_rename(inside, link.index, req->ifname);
}

int macvlan_create(const struct cni_request *req, const struct macvlan_conf *conf, struct nl *outer,
	struct nl *inside, struct link_guard *guard, struct link *link, struct cni_error *err)
{
	struct link_macvlan wanted = {
		.name = req->ifname,
		.mode = conf->mode,
		.mtu = (uint32_t)conf->mtu,
		.bc_queue_len = (uint32_t)conf->bc_queue_len,
		.address = conf->mac.length ? conf->mac.bytes : NULL,
		.netns = conf->link_in_container ? -1 : req->netns,
	};
	struct link master;
	int rc;

	if (macvlan_master(conf, outer, &master, err) < 0)
		return -1;
	wanted.parent = master.index;
	link_guard_arm(guard, inside, req->ifname, "macvlan");
	rc = link_add_macvlan(outer, &wanted);
	if (rc == -EEXIST) {
		guard->nl = NULL;
		if (!link_get(inside, req->ifname, link))
			return iface_taken(req, err);
		rc = create_renamed(req, &wanted, outer, inside, guard);
	}
	if (rc < 0)
		return explain(conf, outer, &master, rc, err);
	rc = link_get(inside, req->ifname, link);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, inside->extack, "look up the new %s", req->ifname);
	guard->index = link->index;
	return iface_mark(req, inside, link, err);
}
