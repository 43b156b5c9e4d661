/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialect of static (plugins/ipam/static of the CNI project's plugins): addresses as they are
 * configured, and nothing is stored. Messages that begin as its own do are matched by programs.
 */
#include <stdio.h>
#include <string.h>

#include "ipam/dialect.h"

struct words {
	const struct json *addresses, *routes, *dns;
};

struct address_words {
	const char *address, *gateway;
};

static const struct json_field address_fields[] = {
	{ "address", json_bind_string, offsetof(struct address_words, address) },
	{ "gateway", json_bind_string, offsetof(struct address_words, gateway) },
	{ 0 },
};

const struct json_field dialect_static_fields[] = {
	{ "type", json_bind_value },
	{ "addresses", json_bind_list, offsetof(struct words, addresses),
		.fields = address_fields },
	{ "routes", json_bind_list, offsetof(struct words, routes) },
	{ "dns", json_bind_value, offsetof(struct words, dns) },
	{ 0 },
};

/* The next address, for which there is room; NULL with err filled. what: see the calls. */
static struct cni_address *add(
	struct pool_config *config, const char *text, const char *what, struct cni_error *err)
{
	struct cni_address *next = &config->extra[config->n_extra];

	if (config->n_extra == CONFIG_EXTRA_MAX) {
		cni_fail(err, CNI_INVALID_CONFIG, "ipam: more than %d addresses", CONFIG_EXTRA_MAX);
		return NULL;
	}
	*next = (struct cni_address){ .interface = -1 };
	if (!text || ip_parse_cidr(text, &next->ip) < 0) {
		cni_fail(err, CNI_INVALID_CONFIG, "%s in CIDR notation, got: '%s'", what,
			text ? text : "");
		return NULL;
	}
	config->n_extra++;
	return next;
}

int dialect_extra_addresses(
	struct pool_config *config, const struct json *list, struct cni_error *err)
{
	json_each (item, list) {
		struct address_words words = { 0 };
		struct cni_address *address;

		if (json_type(item) != JSON_OBJECT)
			return cni_fail(err, CNI_INVALID_CONFIG,
				"ipam.addresses: {\"address\": ...} is expected, not %s",
				json_type_name(item));
		if (json_bind(item, address_fields, &words, CNI_INVALID_CONFIG, err) < 0)
			return config_under(err, "ipam.addresses");
		address = add(config, words.address, "the 'address' field is expected to be", err);
		if (!address)
			return -1;
		if (words.gateway && *words.gateway &&
			ip_parse(words.gateway, &address->gateway) < 0)
			return cni_fail(err, CNI_INVALID_CONFIG, "invalid gateway address: %s",
				words.gateway);
	}
	return 0;
}

#define PART_TEXT 256 /* cut behind it: no address is that long */

/* The next part of a list with commas, without the blanks around; false at its end. */
static bool next_part(const char **list, char part[PART_TEXT])
{
	const char *start = *list;
	size_t length;

	if (!start)
		return false;
	length = strcspn(start, ",");
	*list = start[length] ? start + length + 1 : NULL;
	for (; length && strchr(" \t", *start); length--)
		start++;
	while (length && strchr(" \t", start[length - 1]))
		length--;
	snprintf(part, PART_TEXT, "%.*s", (int)length, start);
	return true;
}

/* IP and GATEWAY of CNI_ARGS: more addresses, and the gateways of those. */
int dialect_extra_args(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const char *ips = cni_request_arg(req, "IP"), *gateways = cni_request_arg(req, "GATEWAY");
	size_t first = config->n_extra;
	char part[PART_TEXT];
	struct ip gateway;

	if (config_check_args(req, err) < 0)
		return -1;
	ips = ips && *ips ? ips : NULL;
	gateways = gateways && *gateways ? gateways : NULL;
	while (next_part(&ips, part))
		if (!add(config, part, "CNI_ARGS: the 'ip' field is expected to be", err))
			return -1;
	while (next_part(&gateways, part)) {
		if (ip_parse(part, &gateway) < 0)
			return cni_fail(err, CNI_INVALID_CONFIG,
				"CNI_ARGS: invalid gateway address: %s", part);
		for (size_t i = first; i < config->n_extra; i++)
			if (ip_contains(&config->extra[i].ip, &gateway))
				config->extra[i].gateway = gateway;
	}
	return 0;
}

/* A list of addresses that takes the place of all others, if it has any. */
static int replace(const struct cni_request *req, struct pool_config *config, const char *path,
	struct cni_error *err)
{
	const struct json *list;

	if (config_list(req, path, &list, err) < 0)
		return -1;
	if (json_first(list))
		config->n_extra = 0;
	json_each (item, list)
		if (!add(config, json_text(item), "an entry in the 'ips' field is NOT", err))
			return config_under(err, path);
	return 0;
}

static bool is_given(const struct cni_request *req, const char *path)
{
	struct cni_error ignored = { 0 };
	const struct json *list;

	return !config_list(req, path, &list, &ignored) && json_first(list);
}

static int read_config(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const struct json *ipam = json_get(req->config, "ipam");
	struct words words = { 0 };
	size_t n_ipv4 = 0;

	if (!ipam)
		return cni_fail(err, CNI_INVALID_CONFIG, "IPAM config missing 'ipam' key");
	if (json_bind(ipam, dialect_static_fields, &words, CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, "ipam");
	/* Addresses that others take the place of are not looked at. */
	if (!is_given(req, "args.cni.ips") && !is_given(req, "runtimeConfig.ips") &&
		dialect_extra_addresses(config, words.addresses, err) < 0)
		return -1;
	if (dialect_extra_args(req, config, err) < 0 ||
		replace(req, config, "args.cni.ips", err) < 0 ||
		replace(req, config, "runtimeConfig.ips", err) < 0)
		return -1;
	config->routes = words.routes;
	config->dns = words.dns;
	for (size_t i = 0; i < config->n_extra; i++)
		n_ipv4 += config->extra[i].ip.family == AF_INET;
	return dialect_check_families(req, n_ipv4, config->n_extra - n_ipv4, err);
}

static int lease(const struct cni_request *req, struct ipam_guard *guard, struct cni_result *result,
	struct cni_error *err)
{
	CLEANUP(config_done) struct pool_config config;

	*guard = (struct ipam_guard){ .request = req };
	return config_read(req, &config, err) < 0 || config_result(&config, result, err) < 0 ||
			       config_extra_result(&config, result, err) < 0
		       ? -1
		       : 0;
}

static int del(const struct cni_request *req, struct cni_error *err)
{
	(void)req;
	(void)err;
	return 0;
}

static bool has_address(const struct cni_result *result, const struct cni_address *wanted)
{
	for (size_t i = 0; i < result->n_addresses; i++)
		if (ip_same(&result->addresses[i].ip, &wanted->ip) &&
			(!wanted->gateway.family ||
				ip_same(&result->addresses[i].gateway, &wanted->gateway)))
			return true;
	return false;
}

static int check(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(config_done) struct pool_config config;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	char text[IP_TEXT];

	if (config_read(req, &config, err) < 0 || cni_result_previous(&result, req, err) < 0)
		return -1;
	for (size_t i = 0; i < config.n_extra; i++)
		if (!has_address(&result, &config.extra[i]))
			return cni_fail(err, CNI_INTERNAL,
				"static: Failed to match addr %s on interface %s: prevResult does "
				"not have it with this gateway",
				ip_print(&config.extra[i].ip, text), req->ifname);
	return 0;
}

static int gc(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(freep) struct cni_attachment *valid = NULL;
	size_t n;

	return cni_request_attachments(req, &valid, &n, err);
}

static int status(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(config_done) struct pool_config config;
	CLEANUP(cni_result_done) struct cni_result result = { 0 };

	return config_read(req, &config, err) < 0 ? -1 : config_result(&config, &result, err);
}

const struct dialect dialect_static = {
	.name = "static",
	.lease = lease,
	.del = del,
	.check = check,
	.gc = gc,
	.status = status,
	.read = read_config,
};
