/* SPDX-License-Identifier: Apache-2.0 */
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

int iface_taken(const struct cni_request *req, struct cni_error *err)
{
	return cni_fail(err, CNI_INTERNAL,
		"interface %s already exists in %s: DEL the attachment that made it, or choose "
		"another name",
		req->ifname, req->netns_path);
}
