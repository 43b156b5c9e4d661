/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses a pod asks for. */
#include <string.h>

#include "ipam/config.h"

static int add(struct pool_config *config, bool sum, const char *source, const char *text,
	struct cni_error *err)
{
	struct ip ip;

	/* A prefix is tolerated: the subnet's counts. */
	if (ip_parse(text, &ip) < 0 && ip_parse_cidr(text, &ip) < 0)
		return cni_fail(
			err, CNI_INVALID_CONFIG, "%s: \"%s\" is no IP address", source, text);
	for (size_t i = 0; i < config->n_requested; i++)
		if (ip_same(&config->requested[i], &ip))
			return sum ? 0
				   : cni_fail(err, CNI_INVALID_CONFIG, "%s: %s is requested twice",
					     source, text);
	if (config->n_requested == RANGE_SETS_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG, "%s: more than %d addresses are requested",
			source, RANGE_SETS_MAX);
	config->requested[config->n_requested++] = ip;
	return 0;
}

static int read_list(const struct cni_request *req, struct pool_config *config, bool sum,
	const char *path, struct cni_error *err)
{
	const struct json *list;

	if (config_list(req, path, &list, err) < 0)
		return -1;
	json_each (item, list) {
		if (!json_text(item))
			return cni_fail(err, CNI_INVALID_CONFIG,
				"%s: an address is a string, not %s", path, json_type_name(item));
		if (add(config, sum, path, json_text(item), err) < 0)
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
		if (add(config, false, "CNI_ARGS: IP", address, err) < 0)
			return -1;
		text += length + (text[length] == ',');
	}
	return 0;
}

int config_check_args(const struct cni_request *req, struct cni_error *err)
{
	/* What plugins that delegate to us may have been given for themselves is known as well. */
	static const char *const known[] = { "IP", "GATEWAY", "MAC", "K8S_POD_NAMESPACE",
		"K8S_POD_NAME", "K8S_POD_UID", "K8S_POD_INFRA_CONTAINER_ID", NULL };

	return cni_request_check_args(req, known, err);
}

int config_requests(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const char *text = cni_request_arg(req, "IP");

	if (config_check_args(req, err) < 0 ||
		read_list(req, config, false, "runtimeConfig.ips", err) < 0)
		return -1;
	if (!config->n_requested && read_list(req, config, false, "args.cni.ips", err) < 0)
		return -1;
	return config->n_requested || !text ? 0 : read_args(config, text, err);
}

int config_requests_sum(
	const struct cni_request *req, struct pool_config *config, struct cni_error *err)
{
	const char *text = cni_request_arg(req, "IP");

	if (config_check_args(req, err) < 0 ||
		(text && *text && add(config, true, "CNI_ARGS: IP", text, err) < 0))
		return -1;
	return read_list(req, config, true, "args.cni.ips", err) < 0 ||
			       read_list(req, config, true, "runtimeConfig.ips", err) < 0
		       ? -1
		       : 0;
}
