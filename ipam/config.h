/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The member "ipam" of a network configuration, with what CNI_ARGS, args.cni and runtimeConfig add
 * to it: the native schema of the pool IPAM here, those of other IPAMs in dialect_*.c. Everything
 * that is wrong is CNI_INVALID_CONFIG, and the message starts with the path of the key. Strings are
 * borrowed from the request.
 */
#ifndef IPAM_CONFIG_H
#define IPAM_CONFIG_H

#include "cni/result.h"
#include "ipam/alloc.h"
#include "ipam/store.h"

#define CONFIG_DATA_DIR "/var/lib/cni/fabric-cni"

#define CONFIG_EXTRA_MAX 32

struct lease_rules;

struct pool_config {
	const struct lease_rules *rules;
	struct store_options store;
	struct range_sets sets;
	enum alloc_order order;
	bool sticky_pod; /* the pod's name keeps its addresses, not the container ID */
	bool keep;	 /* ... also after a DEL, see store_release() */
	bool default_gateway;
	const struct json *routes, *dns;
	const char *resolv_conf;	     /* path; NULL: none */
	struct ip requested[RANGE_SETS_MAX]; /* in no order */
	size_t n_requested;
	/* Addresses that go into the result as they are: not leased, but nobody else may have them.
	 */
	struct cni_address extra[CONFIG_EXTRA_MAX];
	size_t n_extra;
};

/*
 * The keys of "ipam", for whoever checks configurations without running them: tables up to NULL.
 * A list whose rule has fields is one of objects, or of lists of them.
 */
extern const struct json_field *const config_fields[];

/*
 * All of it in the dialect of the request (ipam/dialect.h), for ADD, CHECK and STATUS; to be ended
 * with config_done().
 */
int config_read(const struct cni_request *, struct pool_config *, struct cni_error *err);
void config_done(struct pool_config *);

/*
 * Only where the pool is, for DEL and GC. A bad duration or durability is taken for the default; a
 * bad pool or dataDir fails: no ADD can have leased anything there.
 */
int config_read_store(const struct cni_request *, struct store_options *, struct cni_error *err);

/*
 * Routes and dns of the configuration, resolvConf read. The result may borrow from the
 * request and owns the rest.
 */
int config_result(const struct pool_config *, struct cni_result *, struct cni_error *err);

/* The addresses of config->extra. */
int config_extra_result(const struct pool_config *, struct cni_result *, struct cni_error *err);

/*
 * defaultGateway: a default route of each family through the gateway of the first address that has
 * one, unless there is a default route already.
 */
int config_default_routes(const struct pool_config *, struct cni_result *, struct cni_error *err);

/* ---- The native dialect ---- */

/* config is zeroed; the caller ends it, whatever is returned. */
int config_read_native(const struct cni_request *, struct pool_config *, struct cni_error *err);
int config_store_native(const struct cni_request *, struct store_options *, struct cni_error *err);

/* ---- Between the files of the configuration ---- */

/* Absent and "" are the same. */
static inline bool config_is_given(const char *text)
{
	return text && *text;
}

/* Put "path: " before the message of an error. Returns -1. */
int config_under(struct cni_error *err, const char *path);

/*
 * Refuse members whose key is one slip away from one that is known: they would be ignored. tables
 * ends with NULL.
 */
int config_check_keys(const struct json *object, const struct json_field *const tables[],
	const char *path, struct cni_error *err);

/*
 * The list at a path of the configuration, "args.cni.ips"; NULL if it or anything on the way is
 * absent or null.
 */
int config_list(const struct cni_request *, const char *path, const struct json **list,
	struct cni_error *err);

/* The ranges of runtimeConfig.ipRanges, of "ipam" itself and of ipam.ranges; checked. */
int config_ranges(const struct cni_request *, struct range_sets *, struct cni_error *err);
extern const struct json_field config_range_fields[];

/* runtimeConfig.ips, else args.cni.ips, else IP of CNI_ARGS. */
int config_requests(const struct cni_request *, struct pool_config *, struct cni_error *err);

/* A duration on a command line. */
int config_duration(const char *text, int64_t *ms, struct cni_error *err);

/* Are the keys of CNI_ARGS known? */
int config_check_args(const struct cni_request *, struct cni_error *err);

/* All three of them; an address may be requested twice. */
int config_requests_sum(const struct cni_request *, struct pool_config *, struct cni_error *err);

/* Has an IPv6 subnet addresses that stand for IPv4? */
bool config_has_mapped(const struct ip *subnet);

/* The next set, with room for n ranges. */
int config_add_set(struct range_sets *sets, size_t n, const char *path, struct range_set **set,
	struct cni_error *err);

/* Check what has defaults: the pool is named after the network, a path is absolute. */
int config_check_store(
	const struct cni_request *, struct store_options *options, struct cni_error *err);
extern const struct store_options config_store_defaults;

int config_store(const struct cni_request *, struct store_options *, struct cni_error *err);
extern const struct json_field config_store_fields[];

#endif
