/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ipam/dialect.h"
#include "ipam/lease.h"

struct words {
	const char *type, *allocation, *sticky, *scope, *resolv_conf;
	const struct json *ranges, *routes, *dns, *cluster;
	bool default_gateway;
};

static const struct json_field native_fields[] = {
	{ "type", json_bind_string, offsetof(struct words, type) },
	{ "ranges", json_bind_list, offsetof(struct words, ranges), .fields = config_range_fields },
	{ "allocation", json_bind_string, offsetof(struct words, allocation) },
	{ "sticky", json_bind_string, offsetof(struct words, sticky) },
	{ "routes", json_bind_list, offsetof(struct words, routes) },
	{ "dns", json_bind_value, offsetof(struct words, dns) },
	{ "resolvConf", json_bind_string, offsetof(struct words, resolv_conf) },
	{ "defaultGateway", json_bind_bool, offsetof(struct words, default_gateway) },
	{ "scope", json_bind_string, offsetof(struct words, scope) },
	{ "cluster", json_bind_value, offsetof(struct words, cluster) },
	{ 0 },
};

const struct json_field *const config_fields[] = { native_fields, config_store_fields,
	config_range_fields, NULL };

int config_under(struct cni_error *err, const char *path)
{
	struct cni_error inner = *err;

	cni_fail(err, inner.code, "%s: %s", path, inner.msg);
	return cni_fail_details(err, "%s", inner.details);
}

int config_list(const struct cni_request *req, const char *path, const struct json **list,
	struct cni_error *err)
{
	const struct json *value = req->config;
	const char *at = path;

	while (value && *at) {
		size_t length = strcspn(at, ".");
		char key[32];

		if (json_type(value) != JSON_OBJECT)
			return cni_fail(err, CNI_INVALID_CONFIG, "%.*s must be an object, not %s",
				(int)(at - path - 1), path, json_type_name(value));
		snprintf(key, sizeof(key), "%.*s", (int)length, at);
		value = json_get(value, key);
		at += length + (at[length] == '.');
	}
	if (value && json_type(value) != JSON_ARRAY)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s must be an array, not %s", path,
			json_type_name(value));
	*list = value;
	return 0;
}

static bool same_letter(char a, char b)
{
	return !strncasecmp(&a, &b, 1);
}

/* One letter changed, inserted or left out, or two neighbours swapped; the case is no matter. */
static bool is_one_slip(const char *a, const char *b)
{
	size_t m, n;

	while (*a && same_letter(*a, *b)) {
		a++;
		b++;
	}
	m = strlen(a);
	n = strlen(b);
	while (m && n && same_letter(a[m - 1], b[n - 1])) {
		m--;
		n--;
	}
	if (m == 2 && n == 2)
		return same_letter(a[0], b[1]) && same_letter(a[1], b[0]);
	return m <= 1 && n <= 1;
}

/* The known key that was meant; NULL if the key is known, or is none of ours. */
static const char *meant(const char *key, const struct json_field *const tables[])
{
	const char *nearest = NULL;

	for (; *tables; tables++) {
		for (const struct json_field *rule = *tables; rule->key; rule++) {
			if (json_is_key(key, rule->key))
				return NULL;
			if (is_one_slip(key, rule->key))
				nearest = rule->key;
		}
	}
	return nearest;
}

int config_check_keys(const struct json *object, const struct json_field *const tables[],
	const char *path, struct cni_error *err)
{
	json_each (member, object) {
		const char *nearest = meant(json_key(member), tables);

		if (nearest)
			return cni_fail(err, CNI_INVALID_CONFIG,
				"%s: unknown key \"%s\": did you mean \"%s\"?", path,
				json_key(member), nearest);
	}
	return 0;
}

/* The position of the value in a list of two or more, 0 for none or "". -1: not in it. */
static int choose(
	const char *key, const char *value, const char *const names[], struct cni_error *err)
{
	if (!value || !*value)
		return 0;
	for (int i = 0; names[i]; i++)
		if (!strcmp(value, names[i]))
			return i;
	return cni_fail(err, CNI_INVALID_CONFIG, "ipam: \"%s\" must be %s or %s, not \"%s\"", key,
		names[0], names[1], value);
}

static int read_choices(
	const struct words *words, struct pool_config *config, struct cni_error *err)
{
	static const char *const orders[] = { "roundRobin", "lowest", NULL };
	static const char *const keepers[] = { "container", "pod", NULL };
	static const char *const scopes[] = { "node", "cluster", NULL };
	int order = choose("allocation", words->allocation, orders, err);
	int keeper = choose("sticky", words->sticky, keepers, err);
	int scope = choose("scope", words->scope, scopes, err);

	if (order < 0 || keeper < 0 || scope < 0)
		return -1;
	/* Parameters of a cluster engine ask for one just as well. */
	if (scope == 1 || (words->cluster && !words->scope))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam: scope \"cluster\" needs the cluster engine, which this version does "
			"not have, and node-local addresses would not be unique: nothing is "
			"leased. "
			"\"scope\": \"node\" is right where each node has ranges of its own");
	config->order = order == 1 ? ALLOC_LOWEST : ALLOC_ROUND_ROBIN;
	config->sticky_pod = config->keep = keeper == 1;
	return 0;
}

/* Whether there is a default route must not depend on the alternative that is taken. */
static int check_default_gateway(const struct range_sets *sets, struct cni_error *err)
{
	bool found = false;

	for (size_t i = 0; i < sets->n_sets; i++) {
		const struct range *ranges = sets->sets[i].ranges;

		found = found || ranges[0].gateway.family;
		for (size_t k = 1; k < sets->sets[i].n_ranges; k++)
			if (!ranges[k].gateway.family != !ranges[0].gateway.family)
				return cni_fail(err, CNI_INVALID_CONFIG,
					"ipam: defaultGateway needs a gateway in all ranges of a "
					"set: of %s and %s only one has it",
					ranges[0].path, ranges[k].path);
	}
	if (!found)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam: defaultGateway needs a range with a \"gateway\"");
	return 0;
}

int config_read_native(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const struct json *ipam = json_get(req->config, "ipam");
	struct words words = { 0 };

	config->rules = &lease_rules_native;
	if (json_bind(ipam, native_fields, &words, CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, "ipam");
	if (words.type && !strcmp(words.type, "nv-ipam"))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam: pools of nv-ipam are blocks that its controller gives to nodes, and "
			"pool "
			"cannot ask it: let the nv-ipam plugin serve this network, or give pool "
			"the "
			"node's ranges under type \"pool\"");
	if (config_check_keys(ipam, config_fields, "ipam", err) < 0 ||
		read_choices(&words, config, err) < 0 ||
		config_store(req, &config->store, err) < 0 ||
		config_ranges(req, &config->sets, err) < 0 || config_requests(req, config, err) < 0)
		return -1;
	config->default_gateway = words.default_gateway;
	config->routes = words.routes;
	config->dns = words.dns;
	config->resolv_conf = words.resolv_conf && *words.resolv_conf ? words.resolv_conf : NULL;
	return config->default_gateway ? check_default_gateway(&config->sets, err) : 0;
}

int config_read(const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	*config = (struct pool_config){ 0 };
	if (dialect_of(req)->read(req, config, err) < 0) {
		config_done(config);
		return -1;
	}
	return 0;
}

int config_read_store(
	const struct cni_request *req, struct store_options *options, struct cni_error *err)
{
	return dialect_of(req)->read_store(req, options, err);
}

void config_done(struct pool_config *config)
{
	range_sets_done(&config->sets);
}
