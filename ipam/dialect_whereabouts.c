/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialect of whereabouts (k8snetworkplumbingwg/whereabouts), for pools that belong to one node:
 * no kubeconfig, no etcd, no slices. All such networks share a pool, because whereabouts gives no
 * address twice over all its ranges; but a network_name without enable_overlapping_ranges has its
 * own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "ipam/dialect.h"
#include "ipam/lease.h"
#include "ipam/release.h"

struct range_words {
	const char *range, *start, *end;
	const struct json *exclude;
};

struct words {
	const struct json *ranges, *addresses, *routes, *dns;
	const char *gateway, *datastore, *etcd, *slices, *path, *kubeconfig;
	/* Only their types are looked at here: read_store() needs them where all else may be wrong.
	 */
	const char *network;
	bool overlapping;
};

const struct json_field dialect_whereabouts_range_fields[] = {
	{ "range", json_bind_string, offsetof(struct range_words, range) },
	{ "range_start", json_bind_string, offsetof(struct range_words, start) },
	{ "range_end", json_bind_string, offsetof(struct range_words, end) },
	{ "exclude", json_bind_list, offsetof(struct range_words, exclude) },
	{ 0 },
};

static const struct json_field kubernetes_fields[] = {
	{ "kubeconfig", json_bind_string, 0 },
	{ 0 },
};

const struct json_field dialect_whereabouts_fields[] = {
	{ "ipRanges", json_bind_list, offsetof(struct words, ranges),
		.fields = dialect_whereabouts_range_fields },
	{ "addresses", json_bind_list, offsetof(struct words, addresses) },
	{ "routes", json_bind_list, offsetof(struct words, routes) },
	{ "dns", json_bind_value, offsetof(struct words, dns) },
	{ "gateway", json_bind_string, offsetof(struct words, gateway) },
	{ "datastore", json_bind_string, offsetof(struct words, datastore) },
	{ "etcd_host", json_bind_string, offsetof(struct words, etcd) },
	{ "node_slice_size", json_bind_string, offsetof(struct words, slices) },
	{ "configuration_path", json_bind_string, offsetof(struct words, path) },
	{ "kubernetes", json_bind_object, offsetof(struct words, kubeconfig),
		.fields = kubernetes_fields },
	{ "network_name", json_bind_string, offsetof(struct words, network) },
	{ "enable_overlapping_ranges", json_bind_bool, offsetof(struct words, overlapping) },
	{ 0 },
};

/* ---- Whose addresses must they be unique among? ---- */

static bool is_given(const char *text)
{
	return text && *text;
}

/* The key that asks for a cluster, NULL if there is none. */
static const char *cluster_key(const struct words *words)
{
	if (is_given(words->kubeconfig))
		return "kubernetes.kubeconfig";
	if (is_given(words->datastore))
		return "datastore";
	if (is_given(words->etcd))
		return "etcd_host";
	return is_given(words->slices) ? "node_slice_size" : NULL;
}

static int refuse(const char *key, const char *place, struct cni_error *err)
{
	return cni_fail(err, CNI_INVALID_CONFIG,
		"%s: \"%s\" asks whereabouts for addresses that are unique in the cluster, which "
		"this "
		"version cannot give, and node-local ones would not be: nothing is leased. Let the "
		"whereabouts plugin serve this network, or leave the key out where each node has "
		"ranges of its own",
		place, key);
}

/* The file that whereabouts fills empty keys from: where it is installed, it tells the cluster. */
static int check_file(const char *path, bool *found, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(freep) char *text = NULL;
	struct words words = { 0 };
	const char *key;
	size_t length;
	int rc = file_read(path, &text, &length);

	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "read %s", path);
	*found = true;
	if (json_parse(&tree, path, text, length, err) < 0)
		return -1;
	if (json_bind(tree, dialect_whereabouts_fields, &words, CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, path);
	key = cluster_key(&words);
	return key ? refuse(key, path, err) : 0;
}

static int check_scope(const struct words *words, struct cni_error *err)
{
	static const char name[] = "cni/net.d/whereabouts.d/whereabouts.conf";
	static const char *const places[] = { "/etc/kubernetes/", "/etc/", "/host/etc/" };
	const char *key = cluster_key(words);
	bool found = false;

	if (key)
		return refuse(key, "ipam", err);
	if (is_given(words->path) && check_file(words->path, &found, err) < 0)
		return -1;
	for (size_t i = 0; !found && i < sizeof(places) / sizeof(*places); i++) {
		char path[80];

		snprintf(path, sizeof(path), "%s%s", places[i], name);
		if (check_file(path, &found, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- Ranges ---- */

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

	if (!is_given(text))
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

/* An address of the configuration is not given out as well. */
static int exclude_extra(struct pool_config *config, struct cni_error *err)
{
	for (size_t i = 0; i < config->n_extra; i++) {
		u128 address = ip_number(&config->extra[i].ip);

		for (size_t k = 0; k < config->sets.n_sets; k++)
			if (range_exclude(config->sets.sets[k].ranges,
				    &(struct span){ address, address }, 1) < 0)
				return cni_fail(err, CNI_INTERNAL, "out of memory");
	}
	return 0;
}

/* After range_sets_check(), which would reserve it: whereabouts gives it out, unless it is
 * excluded. */
static int set_gateway(struct range_sets *sets, const char *text, struct cni_error *err)
{
	struct ip gateway;

	if (!is_given(text))
		return 0;
	if (parse_ip(text, &gateway) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "ipam: invalid gateway IP: %s", text);
	for (size_t i = 0; i < sets->n_sets; i++)
		if (sets->sets[i].ranges->subnet.family == gateway.family)
			sets->sets[i].ranges->gateway = gateway;
	return 0;
}

static int read_ranges(const struct json *ipam, const struct words *words, struct range_sets *sets,
	struct cni_error *err)
{
	size_t at = 0;

	if (dialect_text(ipam, "range") && read_range(sets, ipam, "ipam", true, err) < 0)
		return -1;
	json_each (item, words->ranges) {
		char path[32];

		snprintf(path, sizeof(path), "ipam.ipRanges[%zu]", at++);
		if (read_range(sets, item, path, false, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- The configuration ---- */

static int read_store(
	const struct cni_request *req, struct store_options *options, struct cni_error *err)
{
	const struct json *ipam = json_get(req->config, "ipam");
	const struct json *overlapping = json_get(ipam, "enable_overlapping_ranges");
	const char *network = dialect_text(ipam, "network_name");

	*options = config_store_defaults;
	options->pool =
		overlapping && !json_is_true(overlapping) && network ? network : "whereabouts";
	return config_check_store(req, options, err);
}

static int read_config(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const struct json *ipam = json_get(req->config, "ipam");
	struct words words = { 0 };
	size_t n_ipv4 = 0;

	config->rules = &lease_rules_whereabouts;
	config->order = ALLOC_LOWEST;
	config->sticky_pod = true;
	if (json_bind(ipam, dialect_whereabouts_fields, &words, CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, "ipam");
	if (check_scope(&words, err) < 0 || read_store(req, &config->store, err) < 0 ||
		read_ranges(ipam, &words, &config->sets, err) < 0 ||
		dialect_extra_addresses(config, words.addresses, err) < 0 ||
		dialect_extra_args(req, config, err) < 0 ||
		range_sets_check(&config->sets, err) < 0 || exclude_extra(config, err) < 0 ||
		set_gateway(&config->sets, words.gateway, err) < 0)
		return -1;
	if (!config->sets.n_sets)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam: no addresses to lease: it needs a \"range\" or \"ipRanges\"");
	config->routes = words.routes;
	config->dns = words.dns;
	for (size_t i = 0; i < config->n_extra; i++)
		n_ipv4 += config->extra[i].ip.family == AF_INET;
	return dialect_check_families(req, n_ipv4, config->n_extra - n_ipv4, err);
}

const struct dialect dialect_whereabouts = {
	.name = "whereabouts",
	.lease = lease_add,
	.del = release_owner,
	.check = pool_check,
	.gc = release_unlisted,
	.status = pool_status,
	.read = read_config,
	.read_store = read_store,
};
