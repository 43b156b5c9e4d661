/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipam/ is the pool IPAM: range arithmetic, the allocator (no I/O), the store (lock, journal,
 * index), the configuration dialects and the executables. It includes cni/ and nothing else;
 * plugins include this header only.
 *
 * The addresses of an attachment. When "ipam.type" resolves in CNI_PATH to the `pool` that was
 * installed beside the calling executable (same file), the engine is called in-process; any
 * other type is executed with the original bytes. Same result, same store.
 */
#ifndef IPAM_IPAM_H
#define IPAM_IPAM_H

#include "cni/plugin.h"
#include "cni/result.h"

/* "ipam" has a type: absent, null, {} and "" mean layer 2 only. */
bool ipam_wanted(const struct cni_request *);

/*
 * A lease that is given back when its scope ends, unless it is kept by setting request to NULL.
 * ipam_add() arms it before the act. What an earlier ADD of the same attachment leased in our own
 * store is not given back: that ADD has succeeded.
 */
struct ipam_guard {
	const struct cni_request *request;
};
void ipam_guard_end(struct ipam_guard *);

/* Lease addresses. result gets addresses, routes and dns; no address at all is an error. */
int ipam_add(const struct cni_request *, struct ipam_guard *, struct cni_result *,
	struct cni_error *err);

/* Give them back. A delegate that is not installed is an error, told after everything else. */
int ipam_del(const struct cni_request *, struct cni_error *err);
int ipam_check(const struct cni_request *, struct cni_error *err);
int ipam_gc(const struct cni_request *, struct cni_error *err);
int ipam_status(const struct cni_request *, struct cni_error *err);

/* The engine as a plugin of its own. */
extern const struct cni_plugin pool_plugin;

#endif
