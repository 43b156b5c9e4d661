/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges as whereabouts writes them. */
#include <stdio.h>
#include <string.h>

#include "ipam/dialect.h"

struct range_words {
	const char *range, *start, *end;
	const struct json *exclude;
};

const struct json_field dialect_whereabouts_range_fields[] = {
	{ "range", json_bind_string, offsetof(struct range_words, range) },
	{ "range_start", json_bind_string, offsetof(struct range_words, start) },
	{ "range_end", json_bind_string, offsetof(struct range_words, end) },
	{ "exclude", json_bind_list, offsetof(struct range_words, exclude) },
	{ 0 },
};

/* Without the leading zeros of decimal parts, which whereabouts reads over. */
static void strip_zeros(const char *text, char out[2 * IP_TEXT])
{
	bool is_ipv6 = strchr(text, ':'), begins = true;
	size_t n = 0;

	for (; *text && n < 2 * IP_TEXT - 1; text++) {
		if (!is_ipv6 && begins && *text == '0' && text[1] >= '0' && text[1] <= '9')
			continue;
		out[n++] = *text;
		begins = *text == '.' || *text == '-';
	}
	out[n] = '\0';
}

static int parse_ip(const char *text, struct ip *ip)
{
	char clean[2 * IP_TEXT];

	strip_zeros(text, clean);
	return ip_parse(clean, ip);
}

/* "CIDR", host bits allowed, or "first-last/prefix": then *first and *last are set. */
static int read_cidr(struct range *range, const char *text, struct ip *first, struct ip *last,
	struct cni_error *err)
{
	char clean[2 * IP_TEXT] = "", subnet[IP_TEXT], *dash;

	strip_zeros(text, clean);
	dash = strchr(clean, '-');
	if (ip_parse_cidr(dash ? dash + 1 : clean, &range->subnet) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "invalid CIDR \"%s\" in range",
			dash ? dash + 1 : text);
	if (dash)
		*last = range->subnet;
	ip_mask(&range->subnet);
	if (!dash)
		return 0;
	*dash = '\0';
	if (ip_parse(clean, first) < 0 || !ip_contains(&range->subnet, first))
		return cni_fail(err, CNI_INVALID_CONFIG, "invalid range start for CIDR %s: %s",
			ip_print_cidr(&range->subnet, subnet), clean);
	return 0;
}

/*
 * An end that is not given, or is none in a range of the list; at the top it is read over. Zeros
 * may lead only there.
 */
static int read_end(
	const char *text, bool is_top, const char *key, struct ip *ip, struct cni_error *err)
{
	struct ip read;

	if (!config_is_given(text))
		return 0;
	if (!(is_top ? parse_ip(text, &read) : ip_parse(text, &read)))
		*ip = read;
	else if (!is_top)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s \"%s\" is no IP address", key, text);
	return 0;
}

/* Without network and broadcast address; for IPv6, too. */
static void set_bounds(struct range *range, const struct ip *start, const struct ip *end)
{
	struct span all = span_of_subnet(&range->subnet);
	u128 first = ip_number(start), last = ip_number(end);

	range->usable = (struct span){ all.first + 1, all.last - 1 };
	if (start->family && span_has(range->usable, first))
		range->usable.first = first;
	if (end->family && span_has(range->usable, last))
		range->usable.last = last;
}

static int exclude(struct range *range, const struct json *list, struct cni_error *err)
{
	json_each (item, list) {
		const char *text = json_text(item);
		struct span span;
		struct ip ip;

		if (!text || (ip_parse_cidr(text, &ip) < 0 && ip_parse(text, &ip) < 0))
			return cni_fail(err, CNI_INVALID_CONFIG,
				"could not parse exclude range: %s",
				text ? text : json_type_name(item));
		ip_mask(&ip);
		span = span_of_subnet(&ip);
		if (range_exclude(range, &span, 1) < 0)
			return cni_fail(err, CNI_INTERNAL, "out of memory");
	}
	return 0;
}

static int read_words(
	struct range *range, const struct json *object, bool is_top, struct cni_error *err)
{
	struct range_words words = { 0 };
	struct ip start = { 0 }, end = { 0 }, first = { 0 }, last = { 0 };

	if (json_bind(object, dialect_whereabouts_range_fields, &words, CNI_INVALID_CONFIG, err) <
		0)
		return -1;
	if (read_cidr(range, words.range ? words.range : "", &first, &last, err) < 0)
		return -1;
	if (range->subnet.prefix > ip_bits(&range->subnet) - 2)
		return cni_fail(err, CNI_INVALID_CONFIG, "net mask is too short: %s", words.range);
	if (config_has_mapped(&range->subnet))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s has the IPv4-mapped addresses ::ffff:0:0/96 in it", words.range);
	if (read_end(words.start, is_top, "range_start", &start, err) < 0 ||
		read_end(words.end, is_top, "range_end", &end, err) < 0)
		return -1;
	/* Of the ends in "range" the last one counts, and the first where there is no other. */
	start = start.family ? start : first;
	end = last.family ? last : end;
	if (start.family && end.family && ip_number(&end) < ip_number(&start))
		end.family = 0;
	set_bounds(range, &start, &end);
	return exclude(range, words.exclude, err);
}

static int read_range(struct range_sets *sets, const struct json *object, const char *path,
	bool is_top, struct cni_error *err)
{
	struct range_set *set;

	if (json_type(object) != JSON_OBJECT)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s: {\"range\": ...} is expected, not %s",
			path, json_type_name(object));
	if (config_add_set(sets, 1, path, &set, err) < 0)
		return -1;
	set->n_ranges = 1;
	snprintf(set->ranges->path, sizeof(set->ranges->path), "%s", path);
	return read_words(set->ranges, object, is_top, err) < 0 ? config_under(err, path) : 0;
}

int whereabouts_gateway(struct range_sets *sets, const char *text, struct cni_error *err)
{
	struct ip gateway;

	if (!config_is_given(text))
		return 0;
	if (parse_ip(text, &gateway) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "ipam: invalid gateway IP: %s", text);
	for (size_t i = 0; i < sets->n_sets; i++)
		if (sets->sets[i].ranges->subnet.family == gateway.family)
			sets->sets[i].ranges->gateway = gateway;
	return 0;
}

int whereabouts_ranges(const struct json *ipam, const struct json *list, struct range_sets *sets,
	struct cni_error *err)
{
	size_t at = 0;

	if (dialect_text(ipam, "range") && read_range(sets, ipam, "ipam", true, err) < 0)
		return -1;
	json_each (item, list) {
		char path[32];

		snprintf(path, sizeof(path), "ipam.ipRanges[%zu]", at++);
		if (read_range(sets, item, path, false, err) < 0)
			return -1;
	}
	return 0;
}
