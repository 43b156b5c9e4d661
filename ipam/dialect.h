/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialects of the IPAM: configurations of other IPAMs, with what their users rely on. The
 * engine is one. "ipam.type" chooses, else the name by which the executable was called; what names
 * none is in the native dialect.
 */
#ifndef IPAM_DIALECT_H
#define IPAM_DIALECT_H

#include "ipam/config.h"
#include "ipam/ipam.h"

struct dialect {
	const char *name;
	int (*lease)(const struct cni_request *, struct ipam_guard *, struct cni_result *,
		struct cni_error *);
	int (*del)(const struct cni_request *, struct cni_error *);
	int (*check)(const struct cni_request *, struct cni_error *);
	int (*gc)(const struct cni_request *, struct cni_error *);
	int (*status)(const struct cni_request *, struct cni_error *);

	/* config_read_native() and config_store_native() of the dialect; NULL: it has no store */
	int (*read)(const struct cni_request *, struct pool_config *, struct cni_error *);
	int (*read_store)(const struct cni_request *, struct store_options *, struct cni_error *);
};

/* By name, NULL if there is none. */
const struct dialect *dialect_find(const char *name);

/* That of a request. */
const struct dialect *dialect_of(const struct cni_request *);

extern const struct dialect dialect_native, dialect_host_local, dialect_static, dialect_whereabouts;

/*
 * Their keys of "ipam", for whoever checks configurations without running them. Keys of a
 * range may also be directly in it.
 */
extern const struct json_field dialect_host_local_fields[], dialect_host_local_range_fields[],
	dialect_static_fields[], dialect_whereabouts_fields[], dialect_whereabouts_range_fields[];

/* ---- pool.c: what the dialects with a store have in common ---- */

int pool_check(const struct cni_request *, struct cni_error *err);
int pool_status(const struct cni_request *, struct cni_error *err);

/* ---- Between the dialects ---- */

/* A text member; NULL if it is absent, empty or no text. */
const char *dialect_text(const struct json *object, const char *key);

/* More of config->extra: a list of {address, gateway}; IP and GATEWAY of CNI_ARGS. */
int dialect_extra_addresses(struct pool_config *, const struct json *list, struct cni_error *err);
int dialect_extra_args(const struct cni_request *, struct pool_config *, struct cni_error *err);

/*
 * Ranges in the words of whereabouts: "range" of the object, and a list of objects with one each. The
 * gateway comes after range_sets_check(), which would reserve it: whereabouts gives it out, unless it
 * is excluded.
 */
int whereabouts_ranges(const struct json *ipam, const struct json *list, struct range_sets *,
	struct cni_error *err);
int whereabouts_gateway(struct range_sets *, const char *text, struct cni_error *err);

/* "CNI version X does not support more than 1 address per family", before 0.3.0. */
int dialect_check_families(
	const struct cni_request *, size_t n_ipv4, size_t n_ipv6, struct cni_error *err);

#endif
