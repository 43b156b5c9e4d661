/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipam/ is the pool IPAM: range arithmetic, the allocator (no I/O), the store (lock, journal,
 * index), the configuration dialects and the executables. It includes cni/ and nothing else;
 * plugins include this header only.
 *
 * The addresses of an attachment. When "ipam.type" resolves in CNI_PATH to the `pool` that was
 * installed beside the calling executable, or to a link to it (same file), the engine is called
 * in-process, in the dialect that the type names; any
 * other type is executed with the original bytes. Same result, same store.
 */
#ifndef IPAM_IPAM_H
#define IPAM_IPAM_H

#include "cni/iface.h"
#include "cni/plugin.h"
#include "cni/result.h"
#include "ipam/range.h"

/*
 * The attachment has addresses: "ipam" has a type. Layer 2 only is what is meant where "ipam" is
 * absent, null, {} or "", or its type is absent, null or "".
 */
bool ipam_wanted(const struct cni_request *);

/*
 * A lease that is given back when its scope ends, unless it is kept by setting request to NULL.
 * ipam_add() arms it before the act. What an earlier ADD of the same attachment leased in our own
 * store is not given back: that ADD has succeeded. A delegate gets a DEL: what it does is its own.
 */
struct ipam_guard {
	const struct cni_request *request;
	bool delegated;
	bool inherited;	 /* the rest is of an older sandbox of the pod, which goes on keeping it */
	size_t n_leased; /* in our own store, by this call */
	struct ip leased[RANGE_SETS_MAX];
};
void ipam_guard_end(struct ipam_guard *);

/*
 * Lease addresses. result gets addresses without interface, routes and dns; no address at all is an
 * error. A delegate that failed gets its DEL when the guard ends.
 */
int ipam_add(const struct cni_request *, struct ipam_guard *, struct cni_result *,
	struct cni_error *err);

/*
 * The end of every ADD that made a link: lease addresses, unless the attachment is layer 2 only,
 * configure the link with them (cni/iface.h), and print the result, with the link as its one
 * interface. nl is a socket in the link's namespace. dns replaces that of the IPAM; NULL: it does
 * not. Whoever called keeps the lease.
 */
int ipam_attach(const struct cni_request *, int out, struct nl *nl, const struct link *,
	const struct cni_dns *dns, struct ipam_guard *lease, struct cni_error *err);

/* Give them back. Success where the IPAM is not installed any more: nobody could be asked. */
int ipam_del(const struct cni_request *, struct cni_error *err);

/* Forwarded as they are; an IPAM that is not installed is CNI_INVALID_CONFIG. */
int ipam_check(const struct cni_request *, struct cni_error *err);
int ipam_gc(const struct cni_request *, struct cni_error *err);
int ipam_status(const struct cni_request *, struct cni_error *err);

/* The engine as a plugin of its own. */
extern const struct cni_plugin pool_plugin;

/*
 * The same under the name by which the executable was called, argv[0]: a configuration that names
 * no other dialect is in that of the name.
 */
const struct cni_plugin *ipam_plugin(const char *called_as);

#endif
