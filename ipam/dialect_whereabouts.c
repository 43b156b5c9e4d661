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

struct words {
	const struct json *ranges, *addresses, *routes, *dns;
	const char *gateway, *datastore, *etcd, *slices, *path, *kubeconfig;
	/* Only their types are looked at here: read_store() needs them where all else may be wrong.
	 */
	const char *network;
	bool overlapping;
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

/* The key that asks for a cluster, NULL if there is none. */
static const char *cluster_key(const struct words *words)
{
	if (config_is_given(words->kubeconfig))
		return "kubernetes.kubeconfig";
	if (config_is_given(words->datastore))
		return "datastore";
	if (config_is_given(words->etcd))
		return "etcd_host";
	return config_is_given(words->slices) ? "node_slice_size" : NULL;
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
	if (config_is_given(words->path) && check_file(words->path, &found, err) < 0)
		return -1;
	for (size_t i = 0; !found && i < sizeof(places) / sizeof(*places); i++) {
		char path[80];

		snprintf(path, sizeof(path), "%s%s", places[i], name);
		if (check_file(path, &found, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- The configuration ---- */

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
		whereabouts_ranges(ipam, words.ranges, &config->sets, err) < 0 ||
		dialect_extra_addresses(config, words.addresses, err) < 0 ||
		dialect_extra_args(req, config, err) < 0 ||
		range_sets_check(&config->sets, err) < 0 || exclude_extra(config, err) < 0 ||
		whereabouts_gateway(&config->sets, words.gateway, err) < 0)
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
