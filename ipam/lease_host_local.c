/* SPDX-License-Identifier: Apache-2.0 */
/* What host-local refuses, in its words. */
#include <stdio.h>
#include <string.h>

#include "ipam/lease.h"

/* "A-B,C-D" of the usable spans; cut if it is very long. */
#define SET_TEXT 256
static const char *print_set(const struct range_set *set, char out[SET_TEXT])
{
	size_t length = 0;

	*out = '\0';
	for (size_t i = 0; i < set->n_ranges && length < SET_TEXT; i++) {
		struct ip first = ip_from_number(set->ranges[i].usable.first, 0);
		struct ip last = ip_from_number(set->ranges[i].usable.last, 0);
		char from[IP_TEXT], to[IP_TEXT];

		length += (size_t)snprintf(out + length, SET_TEXT - length, "%s%s-%s", i ? "," : "",
			ip_print(&first, from), ip_print(&last, to));
	}
	return out;
}

static bool is_gateway(const struct range_set *set, const struct ip *ip)
{
	for (size_t i = 0; i < set->n_ranges; i++)
		if (span_has(set->ranges[i].usable, ip_number(ip)) &&
			!range_has(&set->ranges[i], ip_number(ip)))
			return true;
	return false;
}

/* Each set takes the first address that it could give, and there must not be any left. */
static int requests(
	const struct pool_config *config, struct lease_requests *requests, struct cni_error *err)
{
	bool taken[RANGE_SETS_MAX] = { 0 };
	char left[256] = "";
	size_t length = 0;

	*requests = (struct lease_requests){ 0 };
	for (size_t set = 0; set < config->sets.n_sets; set++) {
		for (size_t i = 0; i < config->n_requested; i++) {
			const struct ip *ip = &config->requested[i];
			char text[IP_TEXT];

			if (taken[i] || requests->of_set[set].family)
				continue;
			if (is_gateway(&config->sets.sets[set], ip))
				return cni_fail(err, CNI_INVALID_CONFIG,
					"failed to allocate for range %zu: requested ip %s is "
					"subnet's gateway",
					set, ip_print(ip, text));
			if (!range_set_find(&config->sets.sets[set], ip_number(ip)))
				continue;
			requests->of_set[set] = *ip;
			taken[i] = true;
		}
	}
	for (size_t i = 0; i < config->n_requested && length < sizeof(left); i++) {
		char text[IP_TEXT];

		if (!taken[i])
			length += (size_t)snprintf(left + length, sizeof(left) - length, " %s",
				ip_print(&config->requested[i], text));
	}
	if (!length)
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG, "failed to allocate all requested IPs:%s", left);
}

/* The specification forbids a second ADD, and unlike ours its users see to it that there is none.
 */
static int repeated(const struct cni_request *req, const struct pool_config *config, size_t set,
	const struct ip *held, const struct ip *wanted, struct cni_error *err)
{
	char text[IP_TEXT];

	(void)config;
	(void)wanted;
	return cni_fail(err, CNI_INTERNAL,
		"failed to allocate for range %zu: %s has been allocated to %s, duplicate "
		"allocation "
		"is not allowed",
		set, ip_print(held, text), req->container_id);
}

static int taken(const struct pool_config *config, size_t set, const struct ip *wanted,
	const struct lease *owner, struct cni_error *err)
{
	char text[IP_TEXT], ranges[SET_TEXT];

	return cni_fail(err, CNI_TRY_LATER,
		"failed to allocate for range %zu: requested IP address %s is not available in "
		"range "
		"set %s: container %s, interface %s has it",
		set, ip_print(wanted, text), print_set(&config->sets.sets[set], ranges),
		owner->container_id, owner->ifname);
}

static int exhausted(
	struct store *store, const struct pool_config *config, size_t set, struct cni_error *err)
{
	char ranges[SET_TEXT];

	(void)store;
	return cni_fail(err, CNI_TRY_LATER,
		"failed to allocate for range %zu: no IP addresses available in range set: %s", set,
		print_set(&config->sets.sets[set], ranges));
}

static int unknown(
	const struct cni_request *req, const struct pool_config *config, struct cni_error *err)
{
	(void)config;
	return cni_fail(err, CNI_INTERNAL,
		"host-local: Failed to find address added by container %s", req->container_id);
}

const struct lease_rules lease_rules_host_local = {
	.requests = requests,
	.repeated = repeated,
	.taken = taken,
	.exhausted = exhausted,
	.unknown = unknown,
	.cursor_follows = true,
};
