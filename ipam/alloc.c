/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/alloc.h"

/* The first free address of a range within span. */
static bool free_within(
	const struct range *range, struct span span, const struct alloc_view *view, u128 *address)
{
	struct span gap;

	while (range_next_gap(range, &span, &gap))
		if (view->next_free(view->data, gap, address))
			return true;
	return false;
}

/* Ranges first..n-1 of the set. */
static bool free_in_order(const struct range_set *set, size_t first, size_t n,
	const struct alloc_view *view, u128 *address)
{
	for (size_t i = first; i < n; i++)
		if (free_within(&set->ranges[i], set->ranges[i].usable, view, address))
			return true;
	return false;
}

/* Behind the address that was chosen last, which range number at has, and around. */
static bool free_around(const struct range_set *set, size_t at, u128 last,
	const struct alloc_view *view, u128 *address)
{
	const struct range *range = &set->ranges[at];
	struct span behind = { last + 1, range->usable.last };
	struct span before = { range->usable.first, last };

	/* The next to the highest number of all would be 0. */
	return (last < range->usable.last && free_within(range, behind, view, address)) ||
	       free_in_order(set, at + 1, set->n_ranges, view, address) ||
	       free_in_order(set, 0, at, view, address) ||
	       free_within(range, before, view, address);
}

bool alloc_free(const struct range_set *set, size_t index, enum alloc_order order,
	const struct alloc_view *view, u128 *address)
{
	u128 last;

	if (order == ALLOC_ROUND_ROBIN && view->cursor(view->data, index, &last))
		for (size_t i = 0; i < set->n_ranges; i++)
			if (span_has(set->ranges[i].usable, last))
				return free_around(set, i, last, view, address);
	/* No cursor, or one of ranges that are not configured any more. */
	return free_in_order(set, 0, set->n_ranges, view, address);
}

bool alloc_cooling(const struct range_set *set, const struct alloc_view *view, u128 *address)
{
	int64_t oldest = INT64_MAX;
	bool found = false;

	for (size_t i = 0; i < set->n_ranges; i++) {
		struct span rest = set->ranges[i].usable, gap;

		while (range_next_gap(&set->ranges[i], &rest, &gap)) {
			int64_t released;
			u128 candidate;

			if (!view->oldest_cooling(view->data, gap, &candidate, &released) ||
				(found && released >= oldest))
				continue;
			found = true;
			oldest = released;
			*address = candidate;
		}
	}
	return found;
}
