/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which a lease ends. */
#ifndef IPAM_RELEASE_H
#define IPAM_RELEASE_H

#include "ipam/ipam.h"

/*
 * DEL: by owner and network, without a look at the ranges; a pod may keep what it held. Success
 * where there is nothing to release, and where the release cannot be written but has been deferred:
 * a DEL that failed may never be repeated.
 */
int release_owner(const struct cni_request *, struct cni_error *err);

/*
 * GC: what the network leased to attachments that are not listed ends as by a DEL. Where none is
 * listed nobody keeps anything. Tries all, joins the errors.
 */
int release_unlisted(const struct cni_request *, struct cni_error *err);

/*
 * The end of an ADD that failed after its commit: release guard->leased, leave what the attachment
 * held before, and what its pod kept. Nobody is left to be told of a failure.
 */
void release_guarded(const struct ipam_guard *);

#endif
