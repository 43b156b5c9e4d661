/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file "ranges" of a pool: what its networks may lease, for people. The store needs no ranges:
 * this is how poolctl learns what a pool could give. It may be deleted at any time.
 *
 *	{"format":1,"networks":[{"name":"rail0","ipam":{"reuseDelay":"60000ms","ranges":[...]}}]}
 *
 * Each element is a network configuration in the native schema, whatever dialect it came from.
 */
#ifndef IPAM_RECORDED_H
#define IPAM_RECORDED_H

#include "ipam/config.h"

/*
 * ADD: record the ranges of its network if they are not what was recorded last, which the index
 * knows: no system call where they are. Those of runtimeConfig are the pod's and are not recorded.
 * Failing changes nothing, and the next ADD tries again. A newer program's file is left alone.
 */
void recorded_update(struct store *, const char *network, const struct pool_config *);

struct recorded {
	bool newer; /* recorded_read() failed because a newer program wrote the file */
	size_t n_networks;
	struct recorded_network {
		char *name;
		int64_t reuse_delay_ms;
		struct range_sets sets;
	} * networks;
};

/* 0 with nothing in *recorded if there is no such file, -1 if it is none of ours. */
int recorded_read(struct store *, struct recorded *, struct cni_error *err);

/* The same from a network configuration (list) that somebody wrote: those of the pool. */
int recorded_read_config(
	const char *path, const char *pool, struct recorded *, struct cni_error *err);
void recorded_done(struct recorded *);

/* Is the address in one of the ranges, excluded or not? */
bool recorded_spans(const struct recorded *, u128 address);

/* Remove the file; the next ADD writes it anew. */
void recorded_forget(struct store *);

#endif
