/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's own keys, and the master that they name. */
#ifndef MACVLAN_CONF_H
#define MACVLAN_CONF_H

#include "cni/result.h"
#include "netlink/link.h"

struct macvlan_runtime {
	const char *mac;
};

struct macvlan_conf {
	const char *master; /* NULL: the default route's link */
	const char *mode_name;
	uint32_t mode;	      /* MACVLAN_MODE_* */
	int64_t mtu;	      /* 0: the master's */
	int64_t bc_queue_len; /* 0: the kernel's default */
	const char *mac_text;
	struct hwaddr mac;		/* length 0: the kernel's choice */
	struct macvlan_runtime runtime; /* runtimeConfig */
	bool link_in_container;
	bool has_dns;
	struct cni_dns dns; /* replaces that of the IPAM */
};

/* The keys, for whoever checks configurations without running them. */
extern const struct json_field macvlan_fields[];

/*
 * Bind and check the configuration. The MAC is that of runtimeConfig.mac, then args.cni.mac, then
 * MAC of CNI_ARGS, then "mac".
 */
int macvlan_conf(const struct cni_request *, struct macvlan_conf *, struct cni_error *);

/*
 * Look the master up through nl, a socket in the namespace where it lives. One that is not there
 * is CNI_TRY_LATER: drivers may still be loading. Fails as well if it cannot carry a macvlan of
 * this configuration.
 */
int macvlan_master(
	const struct macvlan_conf *, struct nl *nl, struct link *master, struct cni_error *);

#endif
