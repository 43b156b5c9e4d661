/* SPDX-License-Identifier: Apache-2.0 */
/* Requested addresses: which set gives each, and why none can. */
#include <string.h>

#include "ipam/lease.h"

struct lookup {
	const struct ip *ip;
	/* Of the range that says most about the address. */
	const struct range *gateway, *usable, *subnet;
};

static void look_up(const struct range_sets *sets, struct lookup *lookup)
{
	const struct ip *ip = lookup->ip;

	for (size_t i = 0; i < sets->n_sets; i++) {
		for (size_t k = 0; k < sets->sets[i].n_ranges; k++) {
			const struct range *range = &sets->sets[i].ranges[k];

			if (range->gateway.family && ip_same(&range->gateway, ip))
				lookup->gateway = range;
			if (span_has(range->usable, ip_number(ip)))
				lookup->usable = range;
			if (ip_contains(&range->subnet, ip))
				lookup->subnet = range;
		}
	}
}

static int outside(const struct lookup *lookup, const char *text, struct cni_error *err)
{
	const struct range *range = lookup->subnet;
	struct ip first = ip_from_number(range->usable.first, 0);
	struct ip last = ip_from_number(range->usable.last, 0);
	struct span all = span_of_subnet(&range->subnet);
	char start[IP_TEXT], end[IP_TEXT], subnet[IP_TEXT];
	u128 number = ip_number(lookup->ip);

	ip_print_cidr(&range->subnet, subnet);
	if (number == all.first)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"requested address %s is the network address of %s, and no rangeStart "
			"says that it may be leased", text, subnet);
	if (number == all.last && range->subnet.family == AF_INET)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"requested address %s is the broadcast address of %s, and no rangeEnd "
			"says that it may be leased", text, subnet);
	return cni_fail(err, CNI_INVALID_CONFIG, "requested address %s is not within %s-%s of %s",
		text, ip_print(&first, start), ip_print(&last, end), range->path);
}

/* No set can give it: say why. */
static int refuse(const struct pool_config *config, const struct ip *ip, struct cni_error *err)
{
	struct lookup lookup = { .ip = ip };
	char text[IP_TEXT], subnet[IP_TEXT];

	look_up(&config->sets, &lookup);
	ip_print(ip, text);
	if (lookup.gateway)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"requested address %s is the gateway of %s", text,
			ip_print_cidr(&lookup.gateway->subnet, subnet));
	if (lookup.usable)
		return cni_fail(err, CNI_INVALID_CONFIG, "requested address %s is excluded from %s",
			text, lookup.usable->path);
	if (lookup.subnet)
		return outside(&lookup, text, err);
	return cni_fail(err, CNI_INVALID_CONFIG, "requested address %s is in no range of pool %s",
		text, config->store.pool);
}

static int assign(const struct pool_config *config, const struct ip *ip,
	struct lease_requests *requests, struct cni_error *err)
{
	for (size_t i = 0; i < config->sets.n_sets; i++) {
		struct ip *wanted = &requests->of_set[i];
		char text[IP_TEXT], other[IP_TEXT];

		if (!range_set_find(&config->sets.sets[i], ip_number(ip)))
			continue;
		if (wanted->family)
			return cni_fail(err, CNI_INVALID_CONFIG,
				"requested addresses %s and %s are both of the set of %s, which "
				"gives one", ip_print(wanted, other), ip_print(ip, text),
				config->sets.sets[i].ranges[0].path);
		*wanted = *ip;
		return 0;
	}
	return refuse(config, ip, err);
}

int lease_requests(
	const struct pool_config *config, struct lease_requests *requests, struct cni_error *err)
{
	*requests = (struct lease_requests){ 0 };
	for (size_t i = 0; i < config->n_requested; i++)
		if (assign(config, &config->requested[i], requests, err) < 0)
			return -1;
	return 0;
}
