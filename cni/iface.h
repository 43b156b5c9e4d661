/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result applied to a link, and compared with it. nl is a socket in the namespace of the link.
 * Kernel failures are CNI_INTERNAL with the extended ack as details.
 */
#ifndef CNI_IFACE_H
#define CNI_IFACE_H

#include "cni/result.h"
#include "netlink/link.h"

/* Longer than any. */
#define IFACE_ALIAS 64

/*
 * The alias of a link that an attachment made: names alone do not tell whose link it is. Under the
 * temporary name it lives where the kernel refuses to create it under its own. Both are derived
 * from the attachment's ID, so that every later call finds what a killed one left.
 */
const char *iface_alias(const struct cni_request *, char out[IFACE_ALIAS]);
const char *iface_temporary_name(const struct cni_request *, char out[IFNAMSIZ]);

/* The link's address as results have it. Returns out. */
const char *iface_mac(const struct link *, char out[HWADDR_TEXT]);

/*
 * Is this a link that the attachment made? Of that kind, and with its alias or none: one whose ADD
 * was killed has not got it yet.
 */
bool iface_is_ours(const struct cni_request *, const struct link *, const char *kind);

/*
 * Delete the attachment's link of that kind in the namespace of nl, whichever of its two names it
 * has. One of another kind, or with the alias of another attachment, stays. Nothing there: 0.
 */
int iface_remove(
	const struct cni_request *, struct nl *nl, const char *kind, struct cni_error *err);

/*
 * Mark a new link as the attachment's, with its alias, and make the kernel announce the IPv4
 * addresses that the link will have when it is set up (arp_notify).
 */
int iface_mark(
	const struct cni_request *, struct nl *nl, const struct link *link, struct cni_error *err);

/*
 * Add the result's addresses (all of them are the link's), set the link up, add the routes.
 *
 * Routes without a gateway take the first one of their family, as the reference does. IPv6
 * addresses are added without duplicate address detection: an IPAM gave them to this pod alone,
 * and it must not wait a second for each. IPv6 that is switched off on the link is switched on.
 *
 * The neighbours are told whose link-layer address answers from now on, so that nobody keeps
 * sending to the pod that had the address before: the kernel sends gratuitous ARP (RFC 5227,
 * section 3) and unsolicited neighbour advertisements (RFC 4861, section 7.2.6) as the link comes
 * up, because arp_notify and ndisc_notify are set. A packet socket of our own would cost an RCU
 * grace period, some 10 ms, when it is closed.
 */
int iface_configure(const struct cni_request *, struct nl *nl, const struct link *link,
	const struct cni_result *, struct cni_error *err);

/*
 * Every address of the result's interface with that index, and every route, is there. A route must
 * be on the link, unless plugins of the chain have made others as well.
 */
int iface_check(struct nl *nl, const struct link *link, const struct cni_result *, int interface,
	struct cni_error *err);

#endif
