/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result applied to a link, and compared with it. nl is a socket in the namespace of the link.
 * Kernel failures are CNI_INTERNAL with the extended ack as details.
 */
#ifndef CNI_IFACE_H
#define CNI_IFACE_H

#include "cni/result.h"
#include "netlink/guard.h"

/* Open a socket in the namespace netns, the container's; negative: on the host. */
int iface_open(const struct cni_request *, struct nl *, int netns, struct cni_error *err);

/*
 * Look a configured master up, by name or alternative name, through a socket where it lives. One
 * that is not there is CNI_TRY_LATER: drivers may still be loading.
 */
int iface_master(const char *name, bool in_container, struct nl *, struct link *master,
	struct cni_error *err);

/* Longer than any. */
#define IFACE_ALIAS 64

/*
 * The alias of a link that an attachment made: names alone do not tell whose link it is. Under the
 * temporary name it lives where the kernel refuses to create it under its own. Both are derived
 * from the attachment's ID, so that every later call finds what a killed one left.
 */
const char *iface_alias(const struct cni_request *, char out[IFACE_ALIAS]);
const char *iface_temporary_name(const struct cni_request *, char out[IFNAMSIZ]);

/* The same for an attachment of which only the ID (cni_request_id()) is known. */
const char *iface_alias_of(const char *id, char out[IFACE_ALIAS]);
const char *iface_temporary_name_of(const char *id, char out[IFNAMSIZ]);

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
 * Is this link of that kind what a dead namespace left behind on the host? The kernel pushes some
 * kinds back there, down, under the pod's name or another one, with the alias. Whose it was does
 * not matter: no pod's link lives there. With CNI_NETNS_OVERRIDE one may, but it is up.
 */
bool iface_is_stray(const struct link *, const char *kind);

/*
 * Delete strays of that kind on the host, where nl is: the one that has the attachment's name, and
 * the attachment's link under its temporary name. One request each.
 */
int iface_remove_strays(
	const struct cni_request *, struct nl *nl, const char *kind, struct cni_error *err);

/*
 * Delete, among the links of that kind on the host (this one dumps), every one that `ours` says is
 * the caller's to delete.
 */
int iface_sweep(struct nl *nl, const char *kind,
	bool (*ours)(const struct link *, const void *data), const void *data,
	struct cni_error *err);

/* How a plugin makes its link: in the pod, under that name. 0 or -errno as the kernel said it. */
struct iface_maker {
	const char *kind;
	int (*make)(const struct iface_maker *, const char *name);
	struct nl *outer, *inside; /* sockets where the master is, and in the pod */
	const void *wanted;
};

/*
 * Make the link under CNI_IFNAME, by way of its temporary name where the kernel refuses the right
 * one because of a link elsewhere. On success *link is the new link as the kernel made it and
 * guard, armed on the way, removes it. -EEXIST: the pod has an interface of that name, which stays
 * (iface_taken() says so).
 */
int iface_create(const struct cni_request *, const struct iface_maker *, struct link_guard *guard,
	struct link *link);

/* Say that the pod has an interface of that name already. Returns -1. */
int iface_taken(const struct cni_request *, struct cni_error *err);

/*
 * Mark a new link as the attachment's, with its alias, and make the kernel announce the IPv4
 * addresses that the link will have when it is set up (arp_notify). What else is to be set goes
 * with it, in the same message.
 */
int iface_mark(const struct cni_request *, struct nl *nl, const struct link *link,
	struct link_state also, struct cni_error *err);

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

/* The index of the attachment's interface in what ADD returned. */
int iface_find(const struct cni_request *, const struct cni_result *, struct cni_error *err);

/* The link is of that kind, has the MAC that was promised, if any, and is up. */
int iface_check_link(const struct link *, const char *kind, const struct cni_interface *promised,
	struct cni_error *err);

/* A number of the link is what was promised. */
int iface_check_number(const struct link *, const char *what, uint64_t is, uint64_t promised,
	struct cni_error *err);

/*
 * Every address of the result's interface with that index, and every route, is there. A route must
 * be on the link, unless plugins of the chain have made others as well.
 */
int iface_check(struct nl *nl, const struct link *link, const struct cni_result *, int interface,
	struct cni_error *err);

#endif
