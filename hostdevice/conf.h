/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's own keys. */
#ifndef HOSTDEVICE_CONF_H
#define HOSTDEVICE_CONF_H

#include "cni/result.h"

struct hostdev_runtime {
	const char *device_id, *mac;
};

struct hostdev_conf {
	/* The selectors, in the order in which one wins; id is that of runtimeConfig, pciBusID or
	 * deviceID, and id_key its name. NULL: not given. */
	const char *device, *hwaddr_text, *kernelpath, *id, *id_key;
	struct hwaddr hwaddr;
	int64_t mtu; /* 0: as it is */
	const char *mac_text;
	struct hwaddr mac;		/* length 0: as it is */
	struct hostdev_runtime runtime; /* runtimeConfig */
	const char *pci_bus_id, *device_id;
	bool use_interface_network;
	bool has_dns;
	struct cni_dns dns; /* replaces that of the IPAM */
};

/* The keys, for whoever checks configurations without running them. */
extern const struct json_field hostdev_fields[];

/*
 * Bind and check the configuration. The MAC is that of runtimeConfig, else args.cni.mac, else MAC
 * of CNI_ARGS, else "mac".
 */
int hostdev_conf(const struct cni_request *, struct hostdev_conf *, struct cni_error *);

/* A device is named. Where a device plugin chooses it, it is named at ADD only. */
bool hostdev_conf_selects(const struct hostdev_conf *);
int hostdev_conf_check_selector(const struct hostdev_conf *, struct cni_error *);

#endif
