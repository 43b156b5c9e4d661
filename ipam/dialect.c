/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/dialect.h"

#include <string.h>

#include "ipam/lease.h"
#include "ipam/release.h"

static const struct dialect *called_as = &dialect_native;

const struct dialect dialect_native = {
	.name = "pool",
	.lease = lease_add,
	.del = release_owner,
	.check = pool_check,
	.gc = release_unlisted,
	.status = pool_status,
	.read = config_read_native,
	.read_store = config_store_native,
};

const struct dialect *dialect_find(const char *name)
{
	static const struct dialect *const all[] = { &dialect_native, &dialect_host_local,
		&dialect_static, &dialect_whereabouts, NULL };

	for (const struct dialect *const *one = all; name && *one; one++)
		if (!strcmp(name, (*one)->name))
			return *one;
	return NULL;
}

const struct dialect *dialect_of(const struct cni_request *req)
{
	const struct dialect *named =
		dialect_find(json_text(json_get(json_get(req->config, "ipam"), "type")));

	return named ? named : called_as;
}

static int plugin_add(const struct cni_request *req, int out, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	CLEANUP(ipam_guard_end) struct ipam_guard guard = { 0 };

	if (dialect_of(req)->lease(req, &guard, &result, err) < 0 ||
		cni_result_print(&result, req, out, err) < 0)
		return -1;
	guard.request = NULL;
	return 0;
}

static int plugin_del(const struct cni_request *req, struct cni_error *err)
{
	return dialect_of(req)->del(req, err);
}

static int plugin_check(const struct cni_request *req, struct cni_error *err)
{
	return dialect_of(req)->check(req, err);
}

static int plugin_gc(const struct cni_request *req, struct cni_error *err)
{
	return dialect_of(req)->gc(req, err);
}

static int plugin_status(const struct cni_request *req, struct cni_error *err)
{
	return dialect_of(req)->status(req, err);
}

#define PLUGIN(called)                                                                             \
	{                                                                                          \
		.name = (called), .add = plugin_add, .del = plugin_del, .check = plugin_check,     \
		.gc = plugin_gc, .status = plugin_status,                                          \
	}

const struct cni_plugin pool_plugin = PLUGIN("pool");

const struct cni_plugin *ipam_plugin(const char *name)
{
	static const struct cni_plugin others[] = { PLUGIN("host-local"), PLUGIN("static"),
		PLUGIN("whereabouts") };
	const char *slash = strrchr(name, '/');
	const struct dialect *dialect = dialect_find(slash ? slash + 1 : name);

	called_as = dialect ? dialect : &dialect_native;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(others[i].name, called_as->name))
			return &others[i];
	return &pool_plugin;
}

const char *dialect_text(const struct json *object, const char *key)
{
	const char *text = json_text(json_get(object, key));

	return text && *text ? text : NULL;
}

int dialect_check_families(
	const struct cni_request *req, size_t n_ipv4, size_t n_ipv6, struct cni_error *err)
{
	if ((n_ipv4 <= 1 && n_ipv6 <= 1) || req->version >= CNI_0_3_0)
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"CNI version %s does not support more than 1 address per family",
		req->version_text);
}
