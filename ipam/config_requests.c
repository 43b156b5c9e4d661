/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses a pod asks for. */
#include <string.h>

#include "ipam/config.h"

static int add(
	struct pool_config *config, const char *source, const char *text, struct cni_error *err)
{
	struct ip ip;

	/* A prefix is tolerated: the subnet's counts. */
	if (ip_parse(text, &ip) < 0 && ip_parse_cidr(text, &ip) < 0)
		return cni_fail(
			err, CNI_INVALID_CONFIG, "%s: \"%s\" is no IP address", source, text);
	for (size_t i = 0; i < config->n_requested; i++)
		if (ip_same(&config->requested[i], &ip))
			return cni_fail(
				err, CNI_INVALID_CONFIG, "%s: %s is requested twice", source, text);
	if (config->n_requested == RANGE_SETS_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s: more than %d addresses are requested",
			source, RANGE_SETS_MAX);
	config->requested[config->n_requested++] = ip;
	return 0;
}

static int read_list(struct pool_config *config, const char *source, const struct json *list,
	struct cni_error *err)
{
	if (json_type(list) != JSON_NULL && json_type(list) != JSON_ARRAY)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s: a list of addresses is expected, not %s", source,
			json_type_name(list));
	json_each (item, list) {
		if (!json_text(item))
			return cni_fail(err, CNI_INVALID_CONFIG,
				"%s: an address is a string, not %s", source, json_type_name(item));
		if (add(config, source, json_text(item), err) < 0)
			return -1;
	}
	return 0;
}

/* "10.1.0.5,fd00::5/64" */
static int read_args(struct pool_config *config, const char *text, struct cni_error *err)
{
	while (*text) {
		size_t length = strcspn(text, ",");
		char address[IP_TEXT];

		if (length >= sizeof(address))
			return cni_fail(err, CNI_INVALID_CONFIG,
				"CNI_ARGS: IP: \"%s\" is no IP address", text);
		memcpy(address, text, length);
		address[length] = '\0';
		if (add(config, "CNI_ARGS: IP", address, err) < 0)
			return -1;
		text += length + (text[length] == ',');
	}
	return 0;
}

int config_requests(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const struct json *cni = json_get(json_get(req->config, "args"), "cni");
	const char *text = cni_request_arg(req, "IP");

	if (read_list(config, "runtimeConfig.ips",
		    json_get(json_get(req->config, "runtimeConfig"), "ips"), err) < 0)
		return -1;
	if (!config->n_requested &&
		read_list(config, "args.cni.ips", json_get(cni, "ips"), err) < 0)
		return -1;
	return config->n_requested || !text ? 0 : read_args(config, text, err);
}
