/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "cni/iface.h"

int iface_find(
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

int iface_check_link(const struct link *link, const char *kind,
	const struct cni_interface *promised, struct cni_error *err)
{
	char mac[HWADDR_TEXT];

	if (strcmp(link->kind, kind) != 0)
		return cni_fail(err, CNI_INTERNAL, "%s is a link of kind %s, not a %s", link->name,
			*link->kind ? link->kind : "(hardware)", kind);
	if (promised->mac && strcasecmp(promised->mac, iface_mac(link, mac)) != 0)
		return cni_fail(err, CNI_INTERNAL, "MAC of %s is %s, not %s", link->name, mac,
			promised->mac);
	if (!(link->flags & IFF_UP))
		return cni_fail(err, CNI_INTERNAL, "%s is down", link->name);
	return 0;
}

int iface_check_number(const struct link *link, const char *what, uint64_t is, uint64_t promised,
	struct cni_error *err)
{
	if (is == promised)
		return 0;
	return cni_fail(err, CNI_INTERNAL, "%s of %s is %" PRIu64 ", not %" PRIu64, what,
		link->name, is, promised);
}
