/* SPDX-License-Identifier: Apache-2.0 */
/* The member "ipam", by its type. */
#include "ipam/dialect.h"
#include "libcni/known_rules.h"

static const struct json_field ipam_common[] = {
	{ .key = "type", .bind = json_bind_string, .required = true },
	{ 0 },
};

static const struct json_field static_address[] = {
	{ .key = "address", .bind = json_bind_string, .required = true },
	STRING("gateway"),
	{ 0 },
};

/* They come before the plugin's own rules of the same keys, which look less closely. */
static const struct json_field host_local[] = { ROUTES, { 0 } };
static const struct json_field static_ipam[] = {
	ROUTES,
	DNS,
	LIST_OF("addresses", static_address),
	{ 0 },
};

static const struct json_field whereabouts_kubernetes[] = {
	STRING("kubeconfig"),
	STRING("k8s_api_root"),
	{ 0 },
};

static const struct json_field whereabouts[] = {
	LIST_OF("addresses", static_address),
	OBJECT_OF("kubernetes", whereabouts_kubernetes),
	ROUTES,
	DNS,
	INTEGER("leader_lease_duration"),
	INTEGER("leader_renew_deadline"),
	INTEGER("leader_retry_period"),
	STRING("log_file"),
	STRING("log_level"),
	INTEGER("sleep_for_race"),
	STRING("reconciler_cron_expression"),
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

static const struct known_type ipams[] = {
	{ "pool", config_fields, .strict = true },
	{ "host-local", TABLES(ipam_common, host_local, dialect_host_local_fields,
				dialect_host_local_range_fields) },
	{ "static", TABLES(ipam_common, static_ipam, dialect_static_fields) },
	{ "whereabouts", TABLES(ipam_common, whereabouts, dialect_whereabouts_fields,
				 dialect_whereabouts_range_fields) },
	{ "nv-ipam", TABLES(ipam_common, nv_ipam) },
	{ "dhcp", TABLES(ipam_common, dhcp) },
	{ 0 },
};

const struct known_type *known_ipam(const char *type)
{
	return known_find(ipams, type);
}
