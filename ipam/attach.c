/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/ipam.h"

static int add_addresses(const struct cni_request *req, struct nl *nl, const struct link *link,
	struct ipam_guard *lease, struct cni_result *result, struct cni_error *err)
{
	if (ipam_wanted(req) && ipam_add(req, lease, result, err) < 0)
		return -1;
	for (size_t i = 0; i < result->n_addresses; i++)
		result->addresses[i].interface = 0;
	return iface_configure(req, nl, link, result, err);
}

int ipam_attach(const struct cni_request *req, int out, struct nl *nl, const struct link *link,
	const struct cni_dns *dns, struct ipam_guard *lease, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	struct cni_interface *interface;
	char mac[HWADDR_TEXT];

	if (add_addresses(req, nl, link, lease, &result, err) < 0)
		return -1;
	interface = cni_result_interface(&result);
	if (!interface)
		return cni_fail(err, CNI_INTERNAL, "make the result: out of memory");
	*interface = (struct cni_interface){
		.name = req->ifname,
		.mac = iface_mac(link, mac),
		.sandbox = req->netns_path,
		.mtu = link->mtu,
	};
	if (dns)
		result.dns = *dns;
	if (cni_result_pass_on(&result, req, err) < 0)
		return -1;
	return cni_result_print(&result, req, out, err);
}
