/* SPDX-License-Identifier: Apache-2.0 */
/* Leases for a store that is measured. */
#ifndef BENCH_FILL_H
#define BENCH_FILL_H

#include <netinet/in.h>

#include "ipam/store.h"

/* Open a pool of ours, or end the program. */
struct store *fill_open(const char *directory, const char *pool);

/* The i-th address from one on. */
struct in_addr fill_nth(struct in_addr first, unsigned long i);

/* Lease an address to a container with that ID, or end the program. */
void fill_put(struct store *, const char *network, const char *id, struct in_addr address);

/* Lease the first count addresses to "preload-0" and so on. */
void fill_pool(const char *directory, const char *pool, struct in_addr first, unsigned long count);

#endif
