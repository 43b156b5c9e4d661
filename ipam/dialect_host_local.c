/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialect of host-local (plugins/ipam/host-local of the CNI project's plugins): its keys, its
 * words, its files. Messages that begin as its own do are matched by programs.
 */
#include <stdio.h>
#include <string.h>

#include "ipam/dialect.h"
#include "ipam/lease.h"
#include "ipam/release.h"

#define DATA_DIR "/var/lib/cni/networks"

struct words {
	const struct json *ranges, *routes;
	const char *data_dir, *resolv_conf;
};

struct range_words {
	const char *subnet, *start, *end, *gateway;
};

const struct json_field dialect_host_local_range_fields[] = {
	{ "subnet", json_bind_string, offsetof(struct range_words, subnet) },
	{ "rangeStart", json_bind_string, offsetof(struct range_words, start) },
	{ "rangeEnd", json_bind_string, offsetof(struct range_words, end) },
	{ "gateway", json_bind_string, offsetof(struct range_words, gateway) },
	{ 0 },
};

const struct json_field dialect_host_local_fields[] = {
	{ "type", json_bind_value },
	{ "ranges", json_bind_list, offsetof(struct words, ranges),
		.fields = dialect_host_local_range_fields },
	{ "routes", json_bind_list, offsetof(struct words, routes) },
	{ "dataDir", json_bind_string, offsetof(struct words, data_dir) },
	{ "resolvConf", json_bind_string, offsetof(struct words, resolv_conf) },
	{ 0 },
};

/* ---- Ranges ---- */

/* "A-B" */
static const char *print_span(struct span span, char out[2 * IP_TEXT])
{
	struct ip first = ip_from_number(span.first, 0), last = ip_from_number(span.last, 0);
	char from[IP_TEXT], to[IP_TEXT];

	snprintf(out, 2 * IP_TEXT, "%s-%s", ip_print(&first, from), ip_print(&last, to));
	return out;
}

static int read_subnet(struct range *range, const char *text, struct cni_error *err)
{
	char network[IP_TEXT];
	struct ip masked;

	if (!text || ip_parse_cidr(text, &range->subnet) < 0)
		return cni_fail(
			err, CNI_INVALID_CONFIG, "invalid CIDR address: %s", text ? text : "");
	if (range->subnet.prefix > ip_bits(&range->subnet) - 2)
		return cni_fail(err, CNI_INVALID_CONFIG, "Network %s too small to allocate from",
			ip_print_cidr(&range->subnet, network));
	masked = range->subnet;
	ip_mask(&masked);
	if (!ip_same(&masked, &range->subnet))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"Network has host bits set. For a subnet mask of length %d the network "
			"address is %s",
			range->subnet.prefix, ip_print(&masked, network));
	if (config_has_mapped(&range->subnet))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"Network %s has the IPv4-mapped addresses ::ffff:0:0/96 in it",
			ip_print_cidr(&range->subnet, network));
	return 0;
}

/* 1 if it is given, 0 if not. */
static int read_address(const char *text, struct ip *ip, struct cni_error *err)
{
	if (!text || !*text)
		return 0;
	if (ip_parse(text, ip) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "invalid IP address: %s", text);
	return 1;
}

/* The gateway is the first address, unless it is given: then it may be anywhere. */
static int read_gateway(struct range *range, const char *text, struct cni_error *err)
{
	int given = read_address(text, &range->gateway, err);

	if (!given)
		range->gateway =
			ip_from_number(ip_number(&range->subnet) + 1, range->subnet.prefix);
	return given < 0 ? -1 : 0;
}

static int read_bounds(struct range *range, const struct range_words *words, struct cni_error *err)
{
	struct ip start = { 0 }, end = { 0 };
	int has_start = read_address(words->start, &start, err);
	int has_end = has_start < 0 ? -1 : read_address(words->end, &end, err);
	char subnet[IP_TEXT], text[IP_TEXT];

	if (has_start < 0 || has_end < 0)
		return -1;
	range->usable = span_of_hosts(&range->subnet);
	if (has_end)
		range->usable.last = ip_number(&end);
	if (has_start)
		range->usable.first = ip_number(&start);
	ip_print_cidr(&range->subnet, subnet);
	if (has_start &&
		(!ip_contains(&range->subnet, &start) || range->usable.first > range->usable.last))
		return cni_fail(err, CNI_INVALID_CONFIG, "RangeStart %s not in network %s",
			ip_print(&start, text), subnet);
	if (has_end &&
		(!ip_contains(&range->subnet, &end) || range->usable.first > range->usable.last))
		return cni_fail(err, CNI_INVALID_CONFIG, "RangeEnd %s not in network %s",
			ip_print(&end, text), subnet);
	return 0;
}

static int read_range(
	struct range *range, const struct json *object, const char *path, struct cni_error *err)
{
	struct range_words words = { 0 };

	snprintf(range->path, sizeof(range->path), "%s", path);
	if (json_type(object) != JSON_OBJECT)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"a range, {\"subnet\": ...}, is expected, not %s", json_type_name(object));
	if (json_bind(object, dialect_host_local_range_fields, &words, CNI_INVALID_CONFIG, err) <
			0 ||
		read_subnet(range, words.subnet, err) < 0 ||
		read_gateway(range, words.gateway, err) < 0)
		return -1;
	return read_bounds(range, &words, err);
}

static bool is_overlap(const struct range *a, const struct range *b)
{
	struct span both = span_common(a->usable, b->usable);

	return both.first <= both.last;
}

/* What the ranges of one set must be to each other: the last one against those before it. */
static int check_range(const struct range_set *set, struct cni_error *err)
{
	const struct range *last = &set->ranges[set->n_ranges - 1];
	char one[2 * IP_TEXT], other[2 * IP_TEXT];

	if (last->subnet.family != set->ranges[0].subnet.family)
		return cni_fail(err, CNI_INVALID_CONFIG, "mixed address families");
	for (const struct range *range = set->ranges; range < last; range++)
		if (is_overlap(range, last))
			return cni_fail(err, CNI_INVALID_CONFIG, "subnets %s and %s overlap",
				print_span(range->usable, one), print_span(last->usable, other));
	return 0;
}

static int in_set(const struct range_sets *sets, struct cni_error *err)
{
	char where[48];

	snprintf(where, sizeof(where), "invalid range set %zu", sets->n_sets - 1);
	return config_under(err, where);
}

static int read_set(
	struct range_sets *sets, const struct json *list, const char *path, struct cni_error *err)
{
	char element[sizeof(((struct range *)0)->path)];
	struct range_set *set;

	if (json_type(list) != JSON_ARRAY)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s: a list of ranges is expected, not %s",
			path, json_type_name(list));
	if (!json_first(list))
		return cni_fail(err, CNI_INVALID_CONFIG, "invalid range set %zu: empty range set",
			sets->n_sets);
	if (config_add_set(sets, json_count(list), path, &set, err) < 0)
		return -1;
	json_each (item, list) {
		snprintf(element, sizeof(element), "%s[%zu]", path, set->n_ranges);
		if (read_range(&set->ranges[set->n_ranges++], item, element, err) < 0 ||
			check_range(set, err) < 0)
			return in_set(sets, err);
	}
	return 0;
}

static int read_sets(
	struct range_sets *sets, const struct json *list, const char *key, struct cni_error *err)
{
	size_t at = 0;

	json_each (item, list) {
		char path[32];

		snprintf(path, sizeof(path), "%s[%zu]", key, at++);
		if (read_set(sets, item, path, err) < 0)
			return -1;
	}
	return 0;
}

/* subnet and its friends in "ipam" itself. */
static int read_own_set(struct range_sets *sets, const struct json *ipam, struct cni_error *err)
{
	struct range_set *set;

	if (!json_get(ipam, "subnet"))
		return 0;
	if (config_add_set(sets, 1, "ipam", &set, err) < 0)
		return -1;
	set->n_ranges = 1;
	return read_range(set->ranges, ipam, "ipam", err) < 0 ? in_set(sets, err) : 0;
}

static bool is_set_overlap(const struct range_set *a, const struct range_set *b)
{
	for (size_t i = 0; i < a->n_ranges; i++)
		for (size_t k = 0; k < b->n_ranges; k++)
			if (is_overlap(&a->ranges[i], &b->ranges[k]))
				return true;
	return false;
}

static int check_sets(const struct cni_request *req, struct range_sets *sets, struct cni_error *err)
{
	size_t n_ipv4 = 0;

	for (size_t i = 0; i < sets->n_sets; i++)
		n_ipv4 += sets->sets[i].ranges[0].subnet.family == AF_INET;
	if (!sets->n_sets)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"no IP ranges specified: ipam needs a \"subnet\" or \"ranges\"");
	if (dialect_check_families(req, n_ipv4, sets->n_sets - n_ipv4, err) < 0)
		return -1;
	for (size_t i = 0; i < sets->n_sets; i++)
		for (size_t k = i + 1; k < sets->n_sets; k++)
			if (is_set_overlap(&sets->sets[i], &sets->sets[k]))
				return cni_fail(err, CNI_INVALID_CONFIG,
					"range set %zu overlaps with %zu", i, k);
	return range_sets_check(sets, err);
}

/* ---- The configuration ---- */

static int read_store(
	const struct cni_request *req, struct store_options *options, struct cni_error *err)
{
	const char *directory = dialect_text(json_get(req->config, "ipam"), "dataDir");

	*options = config_store_defaults;
	options->directory = directory ? directory : DATA_DIR;
	options->host_local = true;
	return config_check_store(req, options, err);
}

static int read_config(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const struct json *ipam = json_get(req->config, "ipam"), *runtime;
	struct words words = { 0 };

	config->rules = &lease_rules_host_local;
	if (!ipam)
		return cni_fail(err, CNI_INVALID_CONFIG, "IPAM config missing 'ipam' key");
	if (json_bind(ipam, dialect_host_local_fields, &words, CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, "ipam");
	if (read_store(req, &config->store, err) < 0 || config_requests_sum(req, config, err) < 0 ||
		config_list(req, "runtimeConfig.ipRanges", &runtime, err) < 0 ||
		read_sets(&config->sets, runtime, "runtimeConfig.ipRanges", err) < 0 ||
		read_own_set(&config->sets, ipam, err) < 0 ||
		read_sets(&config->sets, words.ranges, "ipam.ranges", err) < 0)
		return -1;
	config->routes = words.routes;
	config->resolv_conf = words.resolv_conf && *words.resolv_conf ? words.resolv_conf : NULL;
	return check_sets(req, &config->sets, err);
}

const struct dialect dialect_host_local = {
	.name = "host-local",
	.lease = lease_add,
	.del = release_owner,
	.check = pool_check,
	.gc = release_unlisted,
	.status = pool_status,
	.read = read_config,
	.read_store = read_store,
};
