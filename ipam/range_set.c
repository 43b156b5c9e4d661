/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ipam/range.h"

const struct range *range_set_find(const struct range_set *set, u128 address)
{
	for (size_t i = 0; i < set->n_ranges; i++)
		if (range_has(&set->ranges[i], address))
			return &set->ranges[i];
	return NULL;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

struct range_counts range_set_counts(const struct range_set *set)
{
	struct range_counts counts = { 0 };

	for (size_t i = 0; i < set->n_ranges; i++) {
		const struct range *range = &set->ranges[i];
		struct span rest = range->usable, gap;

		while (range_next_gap(range, &rest, &gap))
			counts.usable = add(counts.usable, span_count(gap));
		for (size_t k = 0; k < range->n_excluded; k++)
			counts.excluded = add(counts.excluded, span_count(range->excluded[k]));
	}
	return counts;
}

static int check_families(const struct range_sets *sets, struct cni_error *err)
{
	for (size_t i = 0; i < sets->n_sets; i++) {
		const struct range_set *set = &sets->sets[i];

		for (size_t k = 1; k < set->n_ranges; k++)
			if (set->ranges[k].subnet.family != set->ranges[0].subnet.family)
				return cni_fail(err, CNI_INVALID_CONFIG,
					"%s and %s are of different families: a set is the "
					"alternatives for one address; give each family a set of "
					"its own", set->ranges[0].path, set->ranges[k].path);
	}
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *left = *(struct range *const *)a, *right = *(struct range *const *)b;

	return (left->usable.first > right->usable.first) -
	       (left->usable.first < right->usable.first);
}

/* All ranges by their first address. NULL: no memory. */
static struct range **sort_ranges(const struct range_sets *sets, size_t *n)
{
	struct range **sorted;

	*n = 0;
	for (size_t i = 0; i < sets->n_sets; i++)
		*n += sets->sets[i].n_ranges;
	sorted = calloc(*n + 1, sizeof(struct range *));
	if (!sorted)
		return NULL;
	*n = 0;
	for (size_t i = 0; i < sets->n_sets; i++)
		for (size_t k = 0; k < sets->sets[i].n_ranges; k++)
			sorted[(*n)++] = &sets->sets[i].ranges[k];
	qsort(sorted, *n, sizeof(struct range *), compare_ranges);
	return sorted;
}

static int check_overlaps(struct range *const *sorted, size_t n, struct cni_error *err)
{
	for (size_t i = 1; i < n; i++) {
		struct ip first = ip_from_number(sorted[i]->usable.first, 0);
		char text[IP_TEXT];

		if (sorted[i - 1]->usable.last >= sorted[i]->usable.first)
			return cni_fail(err, CNI_INVALID_CONFIG, "%s overlaps %s: both have %s",
				sorted[i]->path, sorted[i - 1]->path, ip_print(&first, text));
	}
	return 0;
}

/* The range whose usable span has the address, among sorted ones that do not overlap. */
static struct range *find(struct range *const *sorted, size_t n, u128 address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle]->usable.last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && span_has(sorted[low]->usable, address) ? sorted[low] : NULL;
}

static int reserve_gateways(struct range *const *sorted, size_t n, struct cni_error *err)
{
	for (size_t i = 0; i < n; i++) {
		u128 gateway = ip_number(&sorted[i]->gateway);
		struct range *range;

		if (!sorted[i]->gateway.family)
			continue;
		range = find(sorted, n, gateway);
		if (range && range_exclude(range, &(struct span){ gateway, gateway }, 1) < 0)
			return cni_fail(err, CNI_INTERNAL, "%s: out of memory", range->path);
	}
	return 0;
}

int range_sets_check(struct range_sets *sets, struct cni_error *err)
{
	CLEANUP(freep) struct range **sorted = NULL;
	size_t n;

	if (check_families(sets, err) < 0)
		return -1;
	sorted = sort_ranges(sets, &n);
	if (!sorted)
		return cni_fail(err, CNI_INTERNAL, "sort the ranges: out of memory");
	if (check_overlaps(sorted, n, err) < 0)
		return -1;
	return reserve_gateways(sorted, n, err);
}

void range_sets_done(struct range_sets *sets)
{
	for (size_t i = 0; i < sets->n_sets; i++) {
		for (size_t k = 0; k < sets->sets[i].n_ranges; k++)
			free(sets->sets[i].ranges[k].excluded);
		free(sets->sets[i].ranges);
	}
	free(sets->sets);
	*sets = (struct range_sets){ 0 };
}
