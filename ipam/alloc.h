/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which address of a set to lease. No I/O: what is leased is asked through struct alloc_view,
 * which the store answers, or a test.
 */
#ifndef IPAM_ALLOC_H
#define IPAM_ALLOC_H

#include "ipam/range.h"

/* The questions of store.h under the same names; data is handed through. */
struct alloc_view {
	void *data;
	bool (*next_free)(void *data, struct span span, u128 *address);
	bool (*oldest_cooling)(void *data, struct span span, u128 *address, int64_t *released);
	bool (*cursor)(void *data, size_t set, u128 *address);
};

enum alloc_order {
	/* The next one behind the address that was chosen last, through all ranges and around. */
	ALLOC_ROUND_ROBIN,
	ALLOC_LOWEST, /* the lowest of the first range that has one */
};

/* An address that is neither leased nor cooling. index: of the set, for its cursor. */
bool alloc_free(const struct range_set *, size_t index, enum alloc_order, const struct alloc_view *,
	u128 *address);

/* The cooling address of the set that was released first. */
bool alloc_cooling(const struct range_set *, const struct alloc_view *, u128 *address);

#endif
