/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the configuration to sets of ranges. */
#include <stdio.h>
#include <string.h>

#include "ipam/config.h"

struct words {
	const char *subnet, *start, *end, *gateway;
	const struct json *exclude;
};

const struct json_field config_range_fields[] = {
	{ "subnet", json_bind_string, offsetof(struct words, subnet) },
	{ "rangeStart", json_bind_string, offsetof(struct words, start) },
	{ "rangeEnd", json_bind_string, offsetof(struct words, end) },
	{ "gateway", json_bind_string, offsetof(struct words, gateway) },
	{ "exclude", json_bind_list, offsetof(struct words, exclude) },
	{ 0 },
};

bool config_has_mapped(const struct ip *subnet)
{
	static const struct span mapped = { (u128)0xffff << 32, (u128)0xffff << 32 | UINT32_MAX };
	struct span both = span_common(span_of_subnet(subnet), mapped);

	return subnet->family == AF_INET6 && both.first <= both.last;
}

static int read_subnet(struct range *range, const char *text, struct cni_error *err)
{
	char network[IP_TEXT];
	struct ip masked;

	if (!config_is_given(text))
		return cni_fail(err, CNI_INVALID_CONFIG, "%s: \"subnet\" is missing", range->path);
	if (ip_parse_cidr(text, &range->subnet) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: subnet \"%s\" is no network: an address and a prefix length are "
			"expected, as in 10.1.0.0/16",
			range->path, text);
	masked = range->subnet;
	ip_mask(&masked);
	if (!ip_same(&masked, &range->subnet))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: subnet %s has host bits set: the network address is %s", range->path,
			text, ip_print_cidr(&masked, network));
	if (config_has_mapped(&range->subnet))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: subnet %s has the IPv4-mapped addresses ::ffff:0:0/96 in it",
			range->path, text);
	range->usable = span_of_hosts(&range->subnet);
	return 0;
}

/* One end of the usable span, if it is given. */
static int read_bound(
	struct range *range, const char *key, const char *text, u128 *bound, struct cni_error *err)
{
	struct ip ip;

	if (!config_is_given(text))
		return 0;
	if (ip_parse(text, &ip) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s: %s \"%s\" is no IP address",
			range->path, key, text);
	if (!ip_contains(&range->subnet, &ip)) {
		char subnet[IP_TEXT];

		return cni_fail(err, CNI_INVALID_CONFIG, "%s: %s %s is not in subnet %s",
			range->path, key, text, ip_print_cidr(&range->subnet, subnet));
	}
	*bound = ip_number(&ip);
	return 0;
}

static int read_bounds(struct range *range, const struct words *words, struct cni_error *err)
{
	struct span usable = range->usable;

	if (read_bound(range, "rangeStart", words->start, &usable.first, err) < 0 ||
		read_bound(range, "rangeEnd", words->end, &usable.last, err) < 0)
		return -1;
	if (usable.first > usable.last) {
		struct ip first = ip_from_number(usable.first, 0),
			  last = ip_from_number(usable.last, 0);
		char start[IP_TEXT], end[IP_TEXT];

		return cni_fail(err, CNI_INVALID_CONFIG, "%s: rangeStart %s is after rangeEnd %s",
			range->path, ip_print(&first, start), ip_print(&last, end));
	}
	range->usable = usable;
	return 0;
}

static int read_gateway(struct range *range, const char *text, struct cni_error *err)
{
	if (!config_is_given(text) || !strcmp(text, "none"))
		return 0;
	if (!strcmp(text, "first")) {
		range->gateway =
			ip_from_number(span_of_hosts(&range->subnet).first, range->subnet.prefix);
		return 0;
	}
	if (ip_parse(text, &range->gateway) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: gateway \"%s\" is no IP address, nor \"first\" or \"none\"",
			range->path, text);
	if (range->gateway.family != range->subnet.family) {
		char subnet[IP_TEXT];

		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: gateway %s is not of the family of subnet %s", range->path, text,
			ip_print_cidr(&range->subnet, subnet));
	}
	return 0;
}

static int read_exclusion(const struct range *range, const struct json *item, struct span *span,
	struct cni_error *err)
{
	const char *text = json_text(item);
	struct span inside;
	char subnet[IP_TEXT];

	if (!text || span_parse(text, span) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: exclude %s%s%s is neither a network (10.1.2.0/28) nor an address nor "
			"two of them, the lower first (10.1.3.1-10.1.3.20)",
			range->path, text ? "\"" : "", text ? text : json_type_name(item),
			text ? "\"" : "");
	inside = span_common(*span, span_of_subnet(&range->subnet));
	if (inside.first != span->first || inside.last != span->last)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s: exclude %s is not in subnet %s",
			range->path, text, ip_print_cidr(&range->subnet, subnet));
	return 0;
}

static int read_exclusions(struct range *range, const struct json *list, struct cni_error *err)
{
	CLEANUP(freep) struct span *spans = calloc(json_count(list) + 1, sizeof(*spans));
	size_t n = 0;

	if (!spans)
		return cni_fail(err, CNI_INTERNAL, "%s: out of memory", range->path);
	json_each (item, list)
		if (read_exclusion(range, item, &spans[n++], err) < 0)
			return -1;
	if (range_exclude(range, spans, n) < 0)
		return cni_fail(err, CNI_INTERNAL, "%s: out of memory", range->path);
	return 0;
}

/* range->path is set. */
static int read_range(struct range *range, const struct json *object, struct cni_error *err)
{
	struct words words = { 0 };

	if (json_bind(object, config_range_fields, &words, CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, range->path);
	if (read_subnet(range, words.subnet, err) < 0 || read_bounds(range, &words, err) < 0 ||
		read_gateway(range, words.gateway, err) < 0)
		return -1;
	return json_first(words.exclude) ? read_exclusions(range, words.exclude, err) : 0;
}

int config_add_set(struct range_sets *sets, size_t n, const char *path, struct range_set **set,
	struct cni_error *err)
{
	if (!n)
		return cni_fail(
			err, CNI_INVALID_CONFIG, "%s: the set is empty: it needs a subnet", path);
	if (n > RANGES_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: %zu ranges are too many: a set has %d at the most", path, n,
			RANGES_MAX);
	if (sets->n_sets == RANGE_SETS_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: too many sets: an attachment has %d addresses at the most", path,
			RANGE_SETS_MAX);
	if (!sets->sets)
		sets->sets = calloc(RANGE_SETS_MAX, sizeof(*sets->sets));
	if (!sets->sets)
		return cni_fail(err, CNI_INTERNAL, "read the ranges: out of memory");
	*set = &sets->sets[sets->n_sets];
	(*set)->ranges = calloc(n, sizeof(*(*set)->ranges));
	if (!(*set)->ranges)
		return cni_fail(err, CNI_INTERNAL, "%s: out of memory", path);
	sets->n_sets++;
	return 0;
}

static int read_element(
	struct range *range, const struct json *object, const char *path, struct cni_error *err)
{
	static const struct json_field *const tables[] = { config_range_fields, NULL };

	snprintf(range->path, sizeof(range->path), "%s", path);
	if (json_type(object) != JSON_OBJECT)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: a range, {\"subnet\": ...}, is expected, not %s", path,
			json_type_name(object));
	if (config_check_keys(object, tables, path, err) < 0)
		return -1;
	return read_range(range, object, err);
}

/* A list of sets; an object in it is a set of its own. */
static int read_sets(
	struct range_sets *sets, const struct json *list, const char *key, struct cni_error *err)
{
	size_t at = 0;

	json_each (item, list) {
		bool is_list = json_type(item) == JSON_ARRAY;
		char path[sizeof(((struct range *)0)->path)];
		struct range_set *set;

		snprintf(path, sizeof(path), "%s[%zu]", key, at++);
		if (config_add_set(sets, is_list ? json_count(item) : 1, path, &set, err) < 0)
			return -1;
		if (!is_list) {
			set->n_ranges = 1;
			if (read_element(set->ranges, item, path, err) < 0)
				return -1;
			continue;
		}
		json_each (element, item) {
			snprintf(path, sizeof(path), "%s[%zu][%zu]", key, at - 1, set->n_ranges);
			if (read_element(&set->ranges[set->n_ranges++], element, path, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* subnet and its friends in "ipam" itself: a set with one range. */
static int read_own_set(struct range_sets *sets, const struct json *ipam, struct cni_error *err)
{
	struct range_set *set;
	bool any = false;

	for (const struct json_field *rule = config_range_fields; rule->key; rule++)
		any = any || json_get(ipam, rule->key);
	if (!any)
		return 0;
	if (config_add_set(sets, 1, "ipam", &set, err) < 0)
		return -1;
	set->n_ranges = 1;
	snprintf(set->ranges->path, sizeof(set->ranges->path), "ipam");
	return read_range(set->ranges, ipam, err);
}

int config_ranges(const struct cni_request *req, struct range_sets *sets, struct cni_error *err)
{
	const struct json *ipam = json_get(req->config, "ipam"), *runtime;

	if (config_list(req, "runtimeConfig.ipRanges", &runtime, err) < 0)
		return -1;
	if (read_sets(sets, runtime, "runtimeConfig.ipRanges", err) < 0 ||
		read_own_set(sets, ipam, err) < 0 ||
		read_sets(sets, json_get(ipam, "ranges"), "ipam.ranges", err) < 0)
		return -1;
	if (!sets->n_sets)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam: no addresses to lease: it needs a \"subnet\" or \"ranges\"");
	return range_sets_check(sets, err);
}
