/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/result.h"

static void put_optional(struct json_writer *w, const char *key, const char *text)
{
	if (text && *text)
		json_put_string(w, key, text);
}

static void put_gateway(struct json_writer *w, const char *key, const struct ip *gateway)
{
	char text[IP_TEXT];

	if (gateway->family)
		json_put_string(w, key, ip_print(gateway, text));
}

static void put_number(struct json_writer *w, const char *key, int64_t number)
{
	if (number >= 0)
		json_put_int(w, key, number);
}

static void put_routes(struct json_writer *w, const struct cni_result *result, uint8_t family,
	enum cni_version version)
{
	char text[IP_TEXT];
	bool open = false;

	for (size_t i = 0; i < result->n_routes; i++) {
		const struct cni_route *route = &result->routes[i];

		if (family && route->dst.family != family)
			continue;
		if (!open)
			json_open(w, "routes", '[');
		open = true;
		json_open(w, NULL, '{');
		json_put_string(w, "dst", ip_print_cidr(&route->dst, text));
		put_gateway(w, "gw", &route->gateway);
		if (version >= CNI_1_1_0) {
			put_number(w, "mtu", route->mtu);
			put_number(w, "advmss", route->advmss);
			put_number(w, "priority", route->priority);
			put_number(w, "table", route->table);
			put_number(w, "scope", route->scope);
		}
		json_close(w, '}');
	}
	if (open)
		json_close(w, ']');
}

static void put_dns(struct json_writer *w, const struct cni_dns *dns, enum cni_version version)
{
	/* Up to 0.4.0 the member is always there. */
	if (cni_dns_is_empty(dns) && version >= CNI_1_0_0)
		return;
	json_open(w, "dns", '{');
	if (json_first(dns->nameservers))
		json_put(w, "nameservers", dns->nameservers);
	put_optional(w, "domain", dns->domain);
	if (json_first(dns->search))
		json_put(w, "search", dns->search);
	if (json_first(dns->options))
		json_put(w, "options", dns->options);
	json_close(w, '}');
}

static void put_interfaces(
	struct json_writer *w, const struct cni_result *result, enum cni_version version)
{
	if (!result->n_interfaces)
		return;
	json_open(w, "interfaces", '[');
	for (size_t i = 0; i < result->n_interfaces; i++) {
		const struct cni_interface *interface = &result->interfaces[i];

		json_open(w, NULL, '{');
		json_put_string(w, "name", interface->name);
		put_optional(w, "mac", interface->mac);
		if (version >= CNI_1_1_0 && interface->mtu)
			json_put_int(w, "mtu", interface->mtu);
		put_optional(w, "sandbox", interface->sandbox);
		if (version >= CNI_1_1_0) {
			put_optional(w, "socketPath", interface->socket_path);
			put_optional(w, "pciID", interface->pci_id);
		}
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_addresses(
	struct json_writer *w, const struct cni_result *result, enum cni_version version)
{
	char text[IP_TEXT];

	if (!result->n_addresses)
		return;
	json_open(w, "ips", '[');
	for (size_t i = 0; i < result->n_addresses; i++) {
		const struct cni_address *address = &result->addresses[i];

		json_open(w, NULL, '{');
		if (version < CNI_1_0_0)
			json_put_string(w, "version", address->ip.family == AF_INET ? "4" : "6");
		if (address->interface >= 0)
			json_put_int(w, "interface", address->interface);
		json_put_string(w, "address", ip_print_cidr(&address->ip, text));
		put_gateway(w, "gateway", &address->gateway);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* 0.1.0 and 0.2.0: "ip4" and "ip6", each with one address and the routes of its family. */
static int put_old(struct json_writer *w, const struct cni_result *result, enum cni_version version,
	struct cni_error *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	char text[IP_TEXT];

	for (size_t i = 0; i < 2; i++) {
		const struct cni_address *first = NULL;

		for (size_t k = 0; k < result->n_addresses; k++) {
			if (result->addresses[k].ip.family != families[i])
				continue;
			if (first)
				return cni_fail(err, CNI_INVALID_CONFIG,
					"CNI version %s does not support more than 1 address per "
					"family: use 0.3.0 or newer",
					cni_version_name(version));
			first = &result->addresses[k];
		}
		if (!first)
			continue;
		json_open(w, families[i] == AF_INET ? "ip4" : "ip6", '{');
		json_put_string(w, "ip", ip_print_cidr(&first->ip, text));
		put_gateway(w, "gateway", &first->gateway);
		put_routes(w, result, families[i], version);
		json_close(w, '}');
	}
	return 0;
}

int cni_result_write(const struct cni_result *result, enum cni_version version,
	struct json_writer *w, struct cni_error *err)
{
	json_open(w, NULL, '{');
	json_put_string(w, "cniVersion", cni_version_name(version));
	if (version < CNI_0_3_0) {
		if (put_old(w, result, version, err) < 0)
			return -1;
	} else {
		put_interfaces(w, result, version);
		put_addresses(w, result, version);
		put_routes(w, result, 0, version);
	}
	put_dns(w, &result->dns, version);
	json_close(w, '}');
	if (json_writer_end(w) < 0)
		return cni_fail(err, CNI_INTERNAL, "write the result: out of memory");
	return 0;
}

int cni_result_print(const struct cni_result *result, const struct cni_request *req, int fd,
	struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };
	int rc;

	if (cni_result_write(result, req->version, &w, err) < 0)
		return -1;
	rc = json_writer_print(&w, fd);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "print the result on stdout");
	return 0;
}
