/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's own keys, and the master that they name. */
#ifndef IPOIB_CONF_H
#define IPOIB_CONF_H

#include "cni/result.h"
#include "netlink/ipoib.h"

struct ipoib_conf {
	const char *master;
	const char *mode_name;
	int mode;      /* IPOIB_MODE_*; negative: the master's */
	int64_t mtu;   /* 0: the master's */
	uint16_t pkey; /* 0: the master's */
	bool umcast;
	bool link_in_container;
	bool has_dns;
	struct cni_dns dns; /* replaces that of the IPAM */
};

/* The keys, for whoever checks configurations without running them. */
extern const struct json_field ipoib_fields[];

/* Bind and check the configuration. */
int ipoib_conf(const struct cni_request *, struct ipoib_conf *, struct cni_error *);

/* Leases to give back: there are none of an IPAM that ADD refuses. */
bool ipoib_has_lease(const struct cni_request *);

/*
 * Look the master up through nl, a socket in the namespace where it lives. One that is not there,
 * or is down, is CNI_TRY_LATER. Fails as well if it cannot carry a child of this configuration.
 */
int ipoib_master(const struct ipoib_conf *, struct nl *, struct link *master, struct cni_error *);

/* The mode of the child of this master, and its partition with the full member's bit. */
uint16_t ipoib_mode(const struct ipoib_conf *, const struct link *master);
uint16_t ipoib_pkey(const struct ipoib_conf *, const struct link *master);
const char *ipoib_mode_name(uint16_t mode);

#endif
