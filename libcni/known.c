/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules bind to nothing, so they have no offset. Keys of our own plugins come from their tables;
 * the others' are those of their documentation and sources.
 */
#include "libcni/known.h"

#include <string.h>
#include <strings.h>

#include "cni/result.h"
#include "ipam/config.h"
#include "macvlan/conf.h"

#define STRING(name)                                                                               \
	{                                                                                          \
		.key = (name), .bind = json_bind_string                                            \
	}
#define BOOLEAN(name)                                                                              \
	{                                                                                          \
		.key = (name), .bind = json_bind_bool                                              \
	}
#define INTEGER(name)                                                                              \
	{                                                                                          \
		.key = (name), .bind = json_bind_int                                               \
	}
#define RANGE(name, from, to)                                                                      \
	{                                                                                          \
		.key = (name), .bind = json_bind_int, .min = (from), .max = (to)                   \
	}
#define LIST(name)                                                                                 \
	{                                                                                          \
		.key = (name), .bind = json_bind_list                                              \
	}
#define LIST_OF(name, of)                                                                          \
	{                                                                                          \
		.key = (name), .bind = json_bind_list, .fields = (of)                              \
	}
#define OBJECT(name)                                                                               \
	{                                                                                          \
		.key = (name), .bind = json_bind_object                                            \
	}
#define OBJECT_OF(name, of)                                                                        \
	{                                                                                          \
		.key = (name), .bind = json_bind_object, .fields = (of)                            \
	}
#define ANY(name)                                                                                  \
	{                                                                                          \
		.key = (name), .bind = json_bind_value                                             \
	}
#define ROUTES                                                                                     \
	{                                                                                          \
		.key = "routes", .bind = bind_routes                                               \
	}
#define DNS                                                                                        \
	{                                                                                          \
		.key = "dns", .bind = bind_dns                                                     \
	}

static int bind_routes(
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

static int bind_dns(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	struct cni_dns dns;

	(void)rule;
	(void)field;
	return cni_dns_read(&dns, value, err);
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
	OBJECT("ipam"),
	DNS,
	OBJECT("args"),
	OBJECT("runtimeConfig"),
	OBJECT("prevResult"),
	STRING("deviceID"),
	STRING("pciBusID"),
	{ 0 },
};

static const struct json_field host_device[] = {
	STRING("device"),
	STRING("hwaddr"),
	STRING("kernelpath"),
	BOOLEAN("useInterfaceNetwork"),
	{ 0 },
};

static const struct json_field ipoib[] = {
	STRING("master"),
	RANGE("mtu", 0, 65535),
	STRING("mode"),
	ANY("pkey"),
	ANY("umcast"),
	BOOLEAN("linkInContainer"),
	{ 0 },
};

static const struct json_field sriov[] = {
	RANGE("vlan", 0, 4094),
	RANGE("vlanQoS", 0, 7),
	STRING("vlanProto"),
	STRING("mac"),
	STRING("spoofchk"),
	STRING("trust"),
	STRING("link_state"),
	RANGE("min_tx_rate", 0, INT32_MAX),
	RANGE("max_tx_rate", 0, INT32_MAX),
	STRING("logLevel"),
	STRING("logFile"),
	{ 0 },
};

static const struct json_field ib_sriov[] = {
	STRING("link_state"),
	STRING("guid"),
	STRING("pkey"),
	BOOLEAN("rdmaIsolation"),
	BOOLEAN("ibKubernetesEnabled"),
	BOOLEAN("vfioPciMode"),
	{ 0 },
};

static const struct json_field rdma_qos[] = { RANGE("tos", 0, 255), RANGE("tc", 0, 255), { 0 } };
static const struct json_field rdma[] = { OBJECT_OF("rdmaQoS", rdma_qos), { 0 } };

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

/* ---- IPAM ---- */

static const struct json_field ipam_common[] = {
	{ .key = "type", .bind = json_bind_string, .required = true },
	{ 0 },
};

static const struct json_field host_local_range[] = {
	STRING("subnet"),
	STRING("rangeStart"),
	STRING("rangeEnd"),
	STRING("gateway"),
	{ 0 },
};

static const struct json_field host_local[] = {
	LIST_OF("ranges", host_local_range),
	ROUTES,
	STRING("dataDir"),
	STRING("resolvConf"),
	{ 0 },
};

static const struct json_field static_address[] = {
	{ .key = "address", .bind = json_bind_string, .required = true },
	STRING("gateway"),
	{ 0 },
};

static const struct json_field static_ipam[] = {
	LIST_OF("addresses", static_address),
	ROUTES,
	DNS,
	{ 0 },
};

static const struct json_field whereabouts_range[] = {
	STRING("range"),
	STRING("range_start"),
	STRING("range_end"),
	LIST("exclude"),
	{ 0 },
};

static const struct json_field whereabouts_kubernetes[] = {
	STRING("kubeconfig"),
	STRING("k8s_api_root"),
	{ 0 },
};

static const struct json_field whereabouts[] = {
	LIST_OF("ipRanges", whereabouts_range),
	LIST_OF("addresses", static_address),
	OBJECT_OF("kubernetes", whereabouts_kubernetes),
	ROUTES,
	DNS,
	STRING("gateway"),
	STRING("node_slice_size"),
	STRING("network_name"),
	BOOLEAN("enable_overlapping_ranges"),
	INTEGER("leader_lease_duration"),
	INTEGER("leader_renew_deadline"),
	INTEGER("leader_retry_period"),
	STRING("log_file"),
	STRING("log_level"),
	INTEGER("sleep_for_race"),
	STRING("reconciler_cron_expression"),
	STRING("configuration_path"),
	STRING("datastore"),
	STRING("etcd_host"),
	STRING("etcd_username"),
	STRING("etcd_password"),
	STRING("etcd_key_file"),
	STRING("etcd_cert_file"),
	STRING("etcd_ca_cert_file"),
	{ 0 },
};

static const struct json_field nv_ipam[] = {
	BOOLEAN("forcePoolName"),
	STRING("poolName"),
	STRING("poolType"),
	STRING("daemonSocket"),
	INTEGER("daemonCallTimeoutSeconds"),
	STRING("confDir"),
	STRING("logFile"),
	STRING("logLevel"),
	{ 0 },
};

static const struct json_field dhcp[] = {
	STRING("daemonSocketPath"),
	LIST("request"),
	LIST("provide"),
	INTEGER("priority"),
	{ 0 },
};

/* ---- By type ---- */

#define TABLES(...)                                                                                \
	(const struct json_field *const[])                                                         \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static const struct known_type plugins[] = {
	{ "macvlan", TABLES(common, macvlan_fields) },
	{ "host-device", TABLES(common, host_device) },
	{ "ipoib", TABLES(common, ipoib) },
	{ "sriov", TABLES(common, sriov) },
	{ "ib-sriov", TABLES(common, ib_sriov) },
	{ "rdma", TABLES(common, rdma) },
	{ "tuning", TABLES(common, tuning) },
	{ "sbr", TABLES(common, sbr) },
	{ 0 },
};

static const struct known_type ipams[] = {
	{ "pool", config_fields, .strict = true },
	{ "host-local", TABLES(ipam_common, host_local, host_local_range) },
	{ "static", TABLES(ipam_common, static_ipam) },
	{ "whereabouts", TABLES(ipam_common, whereabouts, whereabouts_range) },
	{ "nv-ipam", TABLES(ipam_common, nv_ipam) },
	{ "dhcp", TABLES(ipam_common, dhcp) },
	{ 0 },
};

static const struct known_type *find(const struct known_type *known, const char *type)
{
	while (known->type && strcmp(known->type, type) != 0)
		known++;
	return known->type ? known : NULL;
}

const struct known_type *known_plugin(const char *type)
{
	return find(plugins, type);
}

const struct known_type *known_ipam(const char *type)
{
	return find(ipams, type);
}
