/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/range.h"

#include <errno.h>
#include <string.h>

#define MAPPED	    ((u128)0xffff << 32)
#define MAPPED_BITS 96

u128 ip_number(const struct ip *ip)
{
	u128 number = 0;

	for (int i = 0; i < ip_bits(ip) / 8; i++)
		number = number << 8 | ip->bytes[i];
	return ip->family == AF_INET ? MAPPED | number : number;
}

struct ip ip_from_number(u128 number, uint8_t prefix)
{
	struct ip ip = {
		.family = number >> 32 == MAPPED >> 32 ? AF_INET : AF_INET6,
		.prefix = prefix,
	};

	for (int i = ip_bits(&ip) / 8; i-- > 0; number >>= 8)
		ip.bytes[i] = (uint8_t)number;
	return ip;
}

struct ip ip_whole(u128 number)
{
	struct ip ip = ip_from_number(number, 0);

	ip.prefix = (uint8_t)ip_bits(&ip);
	return ip;
}

bool span_has(struct span span, u128 address)
{
	return span.first <= address && address <= span.last;
}

struct span span_common(struct span a, struct span b)
{
	return (struct span){
		.first = a.first > b.first ? a.first : b.first,
		.last = a.last < b.last ? a.last : b.last,
	};
}

uint64_t span_count(struct span span)
{
	if (span.first > span.last)
		return 0;
	return span.last - span.first < UINT64_MAX ? (uint64_t)(span.last - span.first) + 1
						   : UINT64_MAX;
}

struct span span_of_subnet(const struct ip *subnet)
{
	int host_bits = ip_bits(subnet) - subnet->prefix;
	/* Shifting by 128 is undefined. */
	u128 hosts = host_bits < 128 ? ((u128)1 << host_bits) - 1 : ~(u128)0;
	u128 first = ip_number(subnet) & ~hosts;

	return (struct span){ first, first | hosts };
}

struct span span_of_hosts(const struct ip *subnet)
{
	struct span span = span_of_subnet(subnet);

	if (ip_bits(subnet) - subnet->prefix > 1) {
		span.first++;
		span.last -= subnet->family == AF_INET;
	}
	return span;
}

static int parse_pair(const char *text, const char *dash, struct span *span)
{
	char first[IP_TEXT];
	struct ip a, b;

	if ((size_t)(dash - text) >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	if (ip_parse(first, &a) < 0 || ip_parse(dash + 1, &b) < 0 || a.family != b.family)
		return -EINVAL;
	*span = (struct span){ ip_number(&a), ip_number(&b) };
	return span->first <= span->last ? 0 : -EINVAL;
}

int span_parse(const char *text, struct span *span)
{
	const char *dash = strchr(text, '-');
	struct ip ip;

	if (dash)
		return parse_pair(text, dash, span);
	if (ip_parse(text, &ip) < 0 && ip_parse_cidr(text, &ip) < 0)
		return -EINVAL;
	*span = span_of_subnet(&ip);
	return span->first == ip_number(&ip) ? 0 : -EINVAL;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

/* Join what overlaps or touches; returns how many are left. */
static size_t merge(struct span *spans, size_t n)
{
	size_t kept = 0;

	qsort(spans, n, sizeof(*spans), compare_spans);
	for (size_t i = 0; i < n; i++) {
		struct span *last = kept ? &spans[kept - 1] : NULL;

		if (!last || (last->last < spans[i].first && last->last + 1 < spans[i].first))
			spans[kept++] = spans[i];
		else if (last->last < spans[i].last)
			last->last = spans[i].last;
	}
	return kept;
}

int range_exclude(struct range *range, const struct span *spans, size_t n)
{
	struct span *all = realloc(range->excluded, (range->n_excluded + n + 1) * sizeof(*all));
	size_t count = range->n_excluded;

	if (!all)
		return -ENOMEM;
	range->excluded = all;
	for (size_t i = 0; i < n; i++) {
		all[count] = span_common(spans[i], range->usable);
		count += all[count].first <= all[count].last;
	}
	range->n_excluded = merge(all, count);
	return 0;
}

/* How many exclusions end before the address. */
static size_t excluded_before(const struct range *range, u128 address)
{
	size_t low = 0, high = range->n_excluded;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (range->excluded[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool range_has(const struct range *range, u128 address)
{
	size_t i = excluded_before(range, address);

	return span_has(range->usable, address) &&
	       !(i < range->n_excluded && span_has(range->excluded[i], address));
}

bool range_next_gap(const struct range *range, struct span *rest, struct span *gap)
{
	struct span left = span_common(*rest, range->usable);
	size_t i = excluded_before(range, left.first);

	/* Exclusions do not touch each other: behind one there is at least one address. */
	if (i < range->n_excluded && span_has(range->excluded[i], left.first)) {
		if (range->excluded[i].last >= left.last)
			return false;
		left.first = range->excluded[i++].last + 1;
	}
	if (left.first > left.last)
		return false;
	if (i < range->n_excluded && range->excluded[i].first <= left.last)
		left.last = range->excluded[i].first - 1;
	*gap = left;
	/* The next to the highest number of all would be 0. */
	*rest = left.last < rest->last ? (struct span){ left.last + 1, rest->last }
				       : (struct span){ 1, 0 };
	return true;
}
