/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/result.h"

#include <limits.h>
#include <string.h>

void cni_result_done(struct cni_result *result)
{
	free(result->interfaces);
	free(result->addresses);
	free(result->routes);
	json_free(result->tree);
	*result = (struct cni_result){ 0 };
}

/* One more element behind count of them; zeroed. NULL: no memory. */
static void *grow(void *list, size_t *count, size_t size)
{
	char **elements = list;
	char *grown = reallocarray(*elements, *count + 1, size);

	if (!grown)
		return NULL;
	*elements = grown;
	return memset(grown + size * (*count)++, 0, size);
}

struct cni_interface *cni_result_interface(struct cni_result *result)
{
	return grow(&result->interfaces, &result->n_interfaces, sizeof(*result->interfaces));
}

struct cni_address *cni_result_address(struct cni_result *result)
{
	struct cni_address *address =
		grow(&result->addresses, &result->n_addresses, sizeof(*result->addresses));

	if (address)
		address->interface = -1;
	return address;
}

struct cni_route *cni_result_route(struct cni_result *result)
{
	struct cni_route *route = grow(&result->routes, &result->n_routes, sizeof(*result->routes));

	if (route)
		*route = (struct cni_route)CNI_ROUTE_UNSET;
	return route;
}

static int no_memory(struct cni_error *err)
{
	return cni_fail(err, CNI_INTERNAL, "read a result: out of memory");
}

static int bind_cidr(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);

	if (text && !ip_parse_cidr(text, field))
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"\"%s\" must be an address with its prefix length (10.1.0.5/16), not %s", rule->key,
		text ? text : json_type_name(value));
}

static int bind_ip(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);

	/* Go prints and reads an address that is not there as "". */
	if (text && (!*text || !ip_parse(text, field)))
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG, "\"%s\" must be an IP address, not %s", rule->key,
		text ? text : json_type_name(value));
}

int cni_route_read(struct cni_route *route, const struct json *json, struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "dst", bind_cidr, offsetof(struct cni_route, dst), .required = true },
		{ "gw", bind_ip, offsetof(struct cni_route, gateway) },
		{ "mtu", json_bind_int, offsetof(struct cni_route, mtu), 0, UINT32_MAX },
		{ "advmss", json_bind_int, offsetof(struct cni_route, advmss), 0, UINT32_MAX },
		{ "priority", json_bind_int, offsetof(struct cni_route, priority), 0, UINT32_MAX },
		{ "table", json_bind_int, offsetof(struct cni_route, table), 0, UINT32_MAX },
		{ "scope", json_bind_int, offsetof(struct cni_route, scope), 0, UINT8_MAX },
		{ 0 },
	};

	*route = (struct cni_route)CNI_ROUTE_UNSET;
	return json_bind(json, fields, route, CNI_INVALID_CONFIG, err);
}

int cni_dns_read(struct cni_dns *dns, const struct json *json, struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "nameservers", json_bind_list, offsetof(struct cni_dns, nameservers) },
		{ "domain", json_bind_string, offsetof(struct cni_dns, domain) },
		{ "search", json_bind_list, offsetof(struct cni_dns, search) },
		{ "options", json_bind_list, offsetof(struct cni_dns, options) },
		{ 0 },
	};

	*dns = (struct cni_dns){ 0 };
	if (json && json_type(json) != JSON_OBJECT)
		return cni_fail(err, CNI_INVALID_CONFIG, "\"dns\" must be an object, not %s",
			json_type_name(json));
	return json_bind(json, fields, dns, CNI_INVALID_CONFIG, err);
}

bool cni_dns_is_empty(const struct cni_dns *dns)
{
	return !json_first(dns->nameservers) && !json_first(dns->search) &&
	       !json_first(dns->options) && !(dns->domain && *dns->domain);
}

static int read_interface(struct cni_result *result, const struct json *json, struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "name", json_bind_string, offsetof(struct cni_interface, name),
			.required = true },
		{ "mac", json_bind_string, offsetof(struct cni_interface, mac) },
		{ "sandbox", json_bind_string, offsetof(struct cni_interface, sandbox) },
		{ "socketPath", json_bind_string, offsetof(struct cni_interface, socket_path) },
		{ "pciID", json_bind_string, offsetof(struct cni_interface, pci_id) },
		{ 0 },
	};
	struct cni_interface *interface = cni_result_interface(result);
	const struct json *mtu = json_get(json, "mtu");
	int64_t bytes = 0;

	if (!interface)
		return no_memory(err);
	if (json_bind(json, fields, interface, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	if (mtu && json_integer(mtu, 0, UINT32_MAX, &bytes) < 0)
		return cni_fail(err, CNI_INVALID_CONFIG, "\"mtu\" of interface %s is no MTU",
			interface->name);
	interface->mtu = (uint32_t)bytes;
	return 0;
}

static int read_address(
	struct cni_result *result, const struct json *json, const char *key, struct cni_error *err)
{
	const struct json_field fields[] = {
		{ key, bind_cidr, offsetof(struct cni_address, ip), .required = true },
		{ "gateway", bind_ip, offsetof(struct cni_address, gateway) },
		{ 0 },
	};
	struct cni_address *address = cni_result_address(result);
	const struct json *index = json_get(json, "interface");
	int64_t number = -1;

	if (!address)
		return no_memory(err);
	if (json_bind(json, fields, address, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	if (index && json_integer(index, INT_MIN, INT_MAX, &number) < 0)
		return cni_fail(
			err, CNI_INVALID_CONFIG, "\"interface\" of an address must be an integer");
	address->interface = (int)number;
	return 0;
}

static int read_routes(struct cni_result *result, const struct json *list, struct cni_error *err)
{
	json_each (item, list) {
		struct cni_route *route = cni_result_route(result);

		if (!route)
			return no_memory(err);
		if (cni_route_read(route, item, err) < 0)
			return -1;
	}
	return 0;
}

/* 0.1.0 and 0.2.0 have one object for each family. */
static int read_old(struct cni_result *result, const struct json *json, struct cni_error *err)
{
	static const char *const keys[] = { "ip4", "ip6" };

	for (size_t i = 0; i < 2; i++) {
		const struct json *family = json_get(json, keys[i]);

		if (family && (read_address(result, family, "ip", err) < 0 ||
				      read_routes(result, json_get(family, "routes"), err) < 0))
			return -1;
	}
	return 0;
}

static int read_new(struct cni_result *result, const struct json *json, struct cni_error *err)
{
	json_each (item, json_get(json, "interfaces"))
		if (read_interface(result, item, err) < 0)
			return -1;
	json_each (item, json_get(json, "ips"))
		if (read_address(result, item, "address", err) < 0)
			return -1;
	return read_routes(result, json_get(json, "routes"), err);
}

static void result_donep(struct cni_result *result)
{
	cni_result_done(result);
}

int cni_result_read(struct cni_result *result, const struct json *json, enum cni_version fallback,
	struct cni_error *err)
{
	CLEANUP(result_donep) struct cni_result read = { 0 };
	const char *text = json_text(json_get(json, "cniVersion"));
	enum cni_version version = fallback;

	if (json_type(json) != JSON_OBJECT && json_type(json) != JSON_NULL)
		return cni_fail(err, CNI_DECODING_FAILURE, "a result must be an object, not %s",
			json_type_name(json));
	if (!text && json_get(json, "cniVersion"))
		return cni_fail(err, CNI_DECODING_FAILURE,
			"\"cniVersion\" must be a string, not %s",
			json_type_name(json_get(json, "cniVersion")));
	if (text && *text && cni_version_parse(text, &version) < 0)
		return cni_fail(err, CNI_INCOMPATIBLE_VERSION,
			"unsupported CNI result version \"%s\"", text);
	if ((version < CNI_0_3_0 ? read_old : read_new)(&read, json, err) < 0 ||
		cni_dns_read(&read.dns, json_get(json, "dns"), err) < 0)
		return -1;
	*result = read;
	read = (struct cni_result){ 0 };
	return 0;
}

int cni_result_previous(
	struct cni_result *result, const struct cni_request *req, struct cni_error *err)
{
	const struct json *json = json_get(req->config, "prevResult");

	if (!json)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"required prevResult missing: the runtime must pass on what ADD returned");
	return cni_result_read(result, json, req->version, err);
}

/* Append what the own plugin made. */
static int append(struct cni_result *whole, const struct cni_result *own, struct cni_error *err)
{
	int before = (int)whole->n_interfaces;

	for (size_t i = 0; i < own->n_interfaces; i++) {
		struct cni_interface *interface = cni_result_interface(whole);

		if (!interface)
			return no_memory(err);
		*interface = own->interfaces[i];
	}
	for (size_t i = 0; i < own->n_addresses; i++) {
		struct cni_address *address = cni_result_address(whole);

		if (!address)
			return no_memory(err);
		*address = own->addresses[i];
		if (address->interface >= 0)
			address->interface += before;
	}
	for (size_t i = 0; i < own->n_routes; i++) {
		struct cni_route *route = cni_result_route(whole);

		if (!route)
			return no_memory(err);
		*route = own->routes[i];
	}
	return 0;
}

int cni_result_pass_on(
	struct cni_result *result, const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(result_donep) struct cni_result whole = { 0 };
	struct cni_result own = *result;

	if (!json_get(req->config, "prevResult"))
		return 0;
	if (cni_result_previous(&whole, req, err) < 0 || append(&whole, result, err) < 0)
		return -1;
	if (!cni_dns_is_empty(&own.dns))
		whole.dns = own.dns;
	whole.tree = own.tree;
	own.tree = NULL;
	*result = whole;
	whole = own;
	return 0;
}
