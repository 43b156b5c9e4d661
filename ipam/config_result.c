/* SPDX-License-Identifier: Apache-2.0 */
/* What of the configuration goes into the result: routes and dns. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipam/config.h"

#define BLANK " \t\r\n"

/* The next word of the line at *at; false at its end. */
static bool next_word(const char **at, char *word, size_t size)
{
	size_t length;

	*at += strspn(*at, BLANK);
	length = strcspn(*at, BLANK);
	if (!length || length >= size)
		return false;
	memcpy(word, *at, length);
	word[length] = '\0';
	*at += length;
	return true;
}

/* The values of a keyword of resolv.conf(5) as a member; lists have all, "domain" the last. */
static void put_keyword(
	struct json_writer *w, FILE *file, const char *keyword, const char *key, bool only_first)
{
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;
	char word[1024];

	rewind(file);
	json_open(w, key, '[');
	while (getline(&line, &size, file) >= 0) {
		const char *at = line;

		/* Comments start with ';' or '#' and so are no keyword. */
		if (!next_word(&at, word, sizeof(word)) || strcmp(word, keyword) != 0)
			continue;
		while (next_word(&at, word, sizeof(word))) {
			json_put_string(w, NULL, word);
			if (only_first)
				break;
		}
	}
	json_close(w, ']');
}

/* The file in the shape of "dns". "domain" comes as a list, of which the last one counts. */
static int read_resolv_conf(const char *path, struct json **tree, struct cni_error *err)
{
	struct json_writer w = { 0 };
	FILE *file = fopen(path, "re");
	int rc;

	if (!file)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, -errno, NULL, "read ipam.resolvConf %s", path);
	json_open(&w, NULL, '{');
	put_keyword(&w, file, "nameserver", "nameservers", true);
	put_keyword(&w, file, "domain", "domains", true);
	put_keyword(&w, file, "search", "search", false);
	put_keyword(&w, file, "options", "options", false);
	json_close(&w, '}');
	rc = ferror(file) ? -errno : json_writer_end(&w);
	fclose(file);
	if (rc < 0)
		cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "read ipam.resolvConf %s", path);
	else
		rc = json_parse(tree, path, w.text, w.length, err);
	json_writer_done(&w);
	return rc < 0 ? -1 : 0;
}

/* What "dns" leaves open comes from the file. */
static int add_resolv_conf(const char *path, struct cni_result *result, struct cni_error *err)
{
	struct cni_dns file, *dns = &result->dns;

	if (read_resolv_conf(path, &result->tree, err) < 0 ||
		cni_dns_read(&file, result->tree, err) < 0)
		return -1;
	json_each (domain, json_get(result->tree, "domains"))
		file.domain = json_text(domain);
	if (!dns->nameservers)
		dns->nameservers = file.nameservers;
	if (!dns->search)
		dns->search = file.search;
	if (!dns->options)
		dns->options = file.options;
	if (!dns->domain)
		dns->domain = file.domain;
	return 0;
}

static int add_route(struct cni_result *result, const struct json *json, struct cni_error *err)
{
	struct cni_route *route = cni_result_route(result);
	char path[48];

	if (!route)
		return cni_fail(err, CNI_INTERNAL, "make the result: out of memory");
	if (!cni_route_read(route, json, err))
		return 0;
	snprintf(path, sizeof(path), "ipam.routes[%zu]", result->n_routes - 1);
	return config_under(err, path);
}

int config_result(
	const struct pool_config *config, struct cni_result *result, struct cni_error *err)
{
	json_each (item, config->routes)
		if (add_route(result, item, err) < 0)
			return -1;
	if (cni_dns_read(&result->dns, config->dns, err) < 0)
		return config_under(err, "ipam");
	return config->resolv_conf ? add_resolv_conf(config->resolv_conf, result, err) : 0;
}

int config_extra_result(
	const struct pool_config *config, struct cni_result *result, struct cni_error *err)
{
	for (size_t i = 0; i < config->n_extra; i++) {
		struct cni_address *address = cni_result_address(result);

		if (!address)
			return cni_fail(err, CNI_INTERNAL, "make the result: out of memory");
		*address = config->extra[i];
	}
	return 0;
}

static bool has_default(const struct cni_result *result, uint8_t family)
{
	for (size_t i = 0; i < result->n_routes; i++)
		if (result->routes[i].dst.family == family && !result->routes[i].dst.prefix)
			return true;
	return false;
}

int config_default_routes(
	const struct pool_config *config, struct cni_result *result, struct cni_error *err)
{
	for (size_t i = 0; config->default_gateway && i < result->n_addresses; i++) {
		const struct ip *gateway = &result->addresses[i].gateway;
		struct cni_route *route;

		if (!gateway->family || has_default(result, gateway->family))
			continue;
		route = cni_result_route(result);
		if (!route)
			return cni_fail(err, CNI_INTERNAL, "make the result: out of memory");
		route->dst.family = gateway->family;
		route->gateway = *gateway;
	}
	return 0;
}
