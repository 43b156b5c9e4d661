/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result applied to a link, and compared with it. nl is a socket in the namespace of the link.
 */
#ifndef CNI_IFACE_H
#define CNI_IFACE_H

#include "cni/result.h"
#include "netlink/link.h"

/*
 * Add the addresses that belong to interface 0 of the result, set the link up with the alias
 * given (NULL: none), add the routes.
 * Routes without a gateway take the first one of their family, as the reference does. IPv6
 * addresses are added without duplicate address detection: our IPAM owns them, and a pod must
 * not wait a second for each. IPv6 that is switched off on the link is switched on.
 */
int iface_configure(const struct cni_request *, struct nl *nl, const struct link *link,
	const char *alias, const struct cni_result *, struct cni_error *err);

/* Every address with its prefix and every route of the result is there. */
int iface_check(struct nl *nl, const struct link *link, const struct cni_result *,
	struct cni_error *err);

#endif
