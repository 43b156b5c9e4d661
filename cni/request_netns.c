/* SPDX-License-Identifier: Apache-2.0 */
/* CNI_NETNS of a request: compared with our own namespace before anything is touched. */
#include "cni/request.h"

/* 1 if CNI_NETNS is the namespace that we are in, 0 or -errno. */
static int is_own_netns(struct cni_request *req)
{
	struct netns_id own;
	int rc;

	req->home = netns_home();
	if (req->home < 0)
		return req->home;
	rc = netns_identify(req->home, &own);
	if (!rc)
		rc = netns_identify(req->netns, &req->netns_id);
	return rc < 0 ? rc : own.device == req->netns_id.device && own.inode == req->netns_id.inode;
}

int cni_request_netns(struct cni_request *req, bool required, struct cni_error *err)
{
	bool deleting = req->command == CNI_DEL;
	int netns, own;

	if (!*req->netns_path)
		return 0;
	netns = netns_open(req->netns_path);
	if (netns < 0) {
		if (!required || (deleting && netns_is_gone(netns)))
			return 0;
		return netns_fail(err, req->netns_path, netns);
	}
	req->netns = netns;
	own = is_own_netns(req);
	req->netns_is_own = own == 1;
	if (own == 0 || (own == 1 && req->netns_override))
		return 0;
	closep(&req->netns);
	req->netns = -1;
	if (own < 0)
		return netns_fail(err, req->netns_path, own);
	if (deleting)
		return 0;
	return cni_fail(err, CNI_INVALID_NETNS,
		"plugin's netns and netns from CNI_NETNS should not be the same (%s)",
		req->netns_path);
}
