/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/netlink.h>

#include "cni/iface.h"

int iface_open(const struct cni_request *req, struct nl *nl, int netns, struct cni_error *err)
{
	int rc = nl_open(nl, NETLINK_ROUTE, netns, req->home);

	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL, "open a netlink socket %s",
			netns < 0 ? "on the host" : "in the container");
	return 0;
}

int iface_master(const char *name, bool in_container, struct nl *nl, struct link *master,
	struct cni_error *err)
{
	int rc = link_get(nl, name, master);

	if (rc == -ENODEV)
		return cni_fail(err, CNI_TRY_LATER,
			"master %s does not exist %s: its driver may not be loaded yet, or "
			"\"master\" names another node's interface",
			name, in_container ? "in the container" : "on this host");
	if (rc == -EINVAL)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"master \"%s\" is no name that a link can have", name);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "look up master %s", name);
	return 0;
}

int iface_taken(const struct cni_request *req, struct cni_error *err)
{
	return cni_fail(err, CNI_INTERNAL,
		"interface %s already exists in %s: DEL the attachment that made it, or choose "
		"another name",
		req->ifname, req->netns_path);
}

/* Many kernels look the new name up in the namespace of the request, where it may be taken. */
static int create_renamed(
	const struct cni_request *req, const struct iface_maker *maker, struct link_guard *guard)
{
	char name[IFNAMSIZ];
	struct link link;
	int rc;

	iface_temporary_name(req, name);
	link_guard_arm(guard, maker->inside, name, maker->kind);
	rc = maker->make(maker, name);
	if (!rc)
		rc = link_get(maker->inside, name, &link);
	if (rc)
		return rc;
	guard->index = link.index;
	return link_rename(maker->inside, link.index, req->ifname);
}

int iface_create(const struct cni_request *req, const struct iface_maker *maker,
	struct link_guard *guard, struct link *link)
{
	int rc;

	link_guard_arm(guard, maker->inside, req->ifname, maker->kind);
	rc = maker->make(maker, req->ifname);
	if (rc == -EEXIST) {
		guard->nl = NULL;
		if (!link_get(maker->inside, req->ifname, link))
			return -EEXIST;
		rc = create_renamed(req, maker, guard);
	}
	if (!rc)
		rc = link_get(maker->inside, req->ifname, link);
	if (rc < 0)
		return rc;
	guard->index = link->index;
	return 0;
}
