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

static int make(const struct iface_maker *maker, const char *name)
{
	struct link_macvlan wanted = *(const struct link_macvlan *)maker->wanted;

	wanted.name = name;
	return link_add_macvlan(maker->outer, &wanted);
}

int macvlan_create(const struct cni_request *req, const struct macvlan_conf *conf, struct nl *outer,
	struct nl *inside, struct link_guard *guard, struct link *link, struct cni_error *err)
{
	struct link_macvlan wanted = {
		.mode = conf->mode,
		.mtu = (uint32_t)conf->mtu,
		.bc_queue_len = (uint32_t)conf->bc_queue_len,
		.address = conf->mac.length ? conf->mac.bytes : NULL,
		.netns = conf->link_in_container ? -1 : req->netns,
	};
	const struct iface_maker maker = { "macvlan", make, outer, inside, &wanted };
	struct link master;
	int rc;

	if (macvlan_master(conf, outer, &master, err) < 0)
		return -1;
	wanted.parent = master.index;
	rc = iface_create(req, &maker, guard, link);
	if (rc == -EEXIST)
		return iface_taken(req, err);
	if (rc < 0)
		return explain(conf, outer, &master, rc, err);
	return iface_mark(req, inside, link, (struct link_state){ 0 }, err);
}
