/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of our own plugins come from their tables; the others' are those of their documentation and
 * sources.
 */
#include "libcni/known_rules.h"

#include <string.h>
#include <strings.h>

#include "cni/result.h"
#include "hostdevice/conf.h"
#include "hostdevice/settings.h"
#include "ipoib/conf.h"
#include "macvlan/conf.h"
#include "meta/rdma/conf.h"

int known_routes(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	struct cni_route route;

	if (json_bind_list(value, rule, field, err) < 0)
		return -1;
	json_each (item, value)
		if (cni_route_read(&route, item, err) < 0)
			return -1;
	return 0;
}

int known_dns(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	struct cni_dns dns;

	(void)rule;
	(void)field;
	return cni_dns_read(&dns, value, err);
}

/* "" asks for a link without addresses, as {} does. */
static int bind_ipam(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);

	return text && !*text ? 0 : json_bind_object(value, rule, field, err);
}

/* A boolean, or its name in any case. */
static int bind_flag(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);

	if (text && (!strcasecmp(text, "true") || !strcasecmp(text, "false")))
		return 0;
	return json_bind_bool(value, rule, field, err);
}

static int bind_capabilities(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	if (json_type(value) != JSON_OBJECT)
		return cni_fail(err, CNI_INVALID_CONFIG, "\"%s\" must be an object, not %s",
			rule->key, json_type_name(value));
	json_each (capability, value) {
		const struct json_field member = { .key = json_key(capability) };

		if (json_type(capability) != JSON_NULL &&
			json_bind_bool(capability, &member, field, err) < 0)
			return -1;
	}
	return 0;
}

static int bind_version(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	enum cni_version version;

	if (json_bind_string(value, rule, field, err) < 0)
		return -1;
	if (!cni_version_parse(json_text(value), &version))
		return 0;
	return cni_fail(err, CNI_INCOMPATIBLE_VERSION,
		"\"%s\" is no version that plugins know: the newest is %s", json_text(value),
		cni_version_name(CNI_NEWEST));
}

/* ---- Lists, and what every plugin may have ---- */

static const struct json_field list_fields[] = {
	STRING("name"),
	{ .key = "cniVersion", .bind = bind_version },
	LIST("cniVersions"),
	LIST("plugins"),
	{ .key = "disableCheck", .bind = bind_flag },
	{ .key = "disableGC", .bind = bind_flag },
	{ .key = "loadOnlyInlinedPlugins", .bind = bind_flag },
	{ 0 },
};
const struct json_field *const known_list[] = { list_fields, NULL };

/* deviceID and pciBusID are what Multus adds to the object of every delegate. */
static const struct json_field common[] = {
	STRING("name"),
	{ .key = "type", .bind = json_bind_string, .required = true },
	{ .key = "cniVersion", .bind = bind_version },
	{ .key = "capabilities", .bind = bind_capabilities },
	{ .key = "ipam", .bind = bind_ipam },
	DNS,
	OBJECT("args"),
	OBJECT("runtimeConfig"),
	OBJECT("prevResult"),
	STRING("deviceID"),
	STRING("pciBusID"),
	{ 0 },
};

static const struct json_field tuning[] = {
	OBJECT("sysctl"),
	STRING("mac"),
	INTEGER("mtu"),
	BOOLEAN("promisc"),
	BOOLEAN("allmulti"),
	INTEGER("txQLen"),
	STRING("dataDir"),
	{ 0 },
};

static const struct json_field sbr[] = {
	RANGE("table", 0, UINT32_MAX),
	LIST("gateways"),
	BOOLEAN("addSourceHints"),
	{ 0 },
};

/* ---- By type ---- */

static const struct known_type plugins[] = {
	{ "macvlan", TABLES(common, macvlan_fields) },
	{ "host-device", TABLES(common, hostdev_fields) },
	{ "ipoib", TABLES(common, ipoib_fields) },
	{ "sriov", TABLES(common, settings_sriov_fields) },
	{ "ib-sriov", TABLES(common, settings_ib_sriov_fields) },
	{ "rdma", TABLES(common, rdma_fields) },
	{ "tuning", TABLES(common, tuning) },
	{ "sbr", TABLES(common, sbr) },
	{ 0 },
};

const struct known_type *known_find(const struct known_type *known, const char *type)
{
	while (known->type && strcmp(known->type, type) != 0)
		known++;
	return known->type ? known : NULL;
}

const struct known_type *known_plugin(const char *type)
{
	return known_find(plugins, type);
}
