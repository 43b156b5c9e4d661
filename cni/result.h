/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of ADD, read from and written to the shape of every version of the specification
 * (0.1.0 to 1.1.0, section "Result Types").
 *
 * Strings are borrowed: from the request, from a parsed tree, or from the result's own tree.
 * Start with { 0 } and end with cni_result_done().
 */
#ifndef CNI_RESULT_H
#define CNI_RESULT_H

#include "cni/ip.h"
#include "cni/request.h"

struct cni_interface {
	const char *name;
	const char *mac;     /* lower-case with colons; NULL: none */
	const char *sandbox; /* CNI_NETNS as it came; NULL: on the host */
	uint32_t mtu;	     /* 0: not told. This and the next two from 1.1.0 */
	const char *socket_path;
	const char *pci_id;
};

struct cni_address {
	struct ip ip;	   /* with its prefix */
	struct ip gateway; /* family 0: none */
	int interface;	   /* index into interfaces; -1: none */
};

/* Attributes that are not told are -1; from 1.1.0. */
struct cni_route {
	struct ip dst;
	struct ip gateway; /* family 0: none */
	int64_t mtu, advmss, priority, table, scope;
};

#define CNI_ROUTE_UNSET                                                                            \
	{                                                                                          \
		.mtu = -1, .advmss = -1, .priority = -1, .table = -1, .scope = -1                  \
	}

struct cni_dns {
	/* Each an array of strings, or NULL. */
	const struct json *nameservers, *search, *options;
	const char *domain;
};

struct cni_result {
	struct cni_interface *interfaces;
	struct cni_address *addresses;
	struct cni_route *routes;
	size_t n_interfaces, n_addresses, n_routes;
	struct cni_dns dns;
	struct json *tree; /* owned: what a parsed result borrows from */
};

void cni_result_done(struct cni_result *); /* frees the content */

/* Append a zeroed element (a route: attributes -1; an address: interface -1). NULL: no memory. */
struct cni_interface *cni_result_interface(struct cni_result *);
struct cni_address *cni_result_address(struct cni_result *);
struct cni_route *cni_result_route(struct cni_result *);

/*
 * Read a result of any version. Without cniVersion in it, it has the one given. The strings are
 * borrowed from json, which must outlive the result.
 */
int cni_result_read(struct cni_result *, const struct json *json, enum cni_version fallback,
	struct cni_error *err);

/*
 * Write in the shape of a version. Up to 0.2.0 only the first address of each family fits: a
 * further one is CNI_INVALID_CONFIG (what would be lost would still be leased); interfaces are
 * left out there.
 */
int cni_result_write(
	const struct cni_result *, enum cni_version, struct json_writer *, struct cni_error *err);

/* Write it to fd for the request's version, as one write(2). */
int cni_result_print(
	const struct cni_result *, const struct cni_request *, int fd, struct cni_error *err);

/* Read the members of a "dns" object. NULL gives an empty one. */
int cni_dns_read(struct cni_dns *, const struct json *json, struct cni_error *err);
bool cni_dns_is_empty(const struct cni_dns *);

/* One object of a "routes" list: dst, gw and the attributes of 1.1.0. */
int cni_route_read(struct cni_route *, const struct json *json, struct cni_error *err);

/* prevResult of the configuration; CNI_INVALID_CONFIG without one. */
int cni_result_previous(struct cni_result *, const struct cni_request *, struct cni_error *err);

/*
 * Put what the earlier plugins of a chain made, if there are any, in front of what this one made:
 * a plugin that is given a prevResult passes it on (specification 1.1.0, section 2, ADD). Its dns
 * counts where the result has none.
 */
int cni_result_pass_on(struct cni_result *, const struct cni_request *, struct cni_error *err);

#endif
