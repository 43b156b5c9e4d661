/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's own keys. */
#ifndef HOSTDEVICE_CONF_H
#define HOSTDEVICE_CONF_H

#include "cni/result.h"
#include "hostdevice/settings.h"

enum hostdev_dialect { HOSTDEV_PLAIN, HOSTDEV_SRIOV, HOSTDEV_IB_SRIOV };

struct hostdev_runtime {
	const char *device_id, *mac;
};

struct hostdev_conf {
	enum hostdev_dialect dialect;
	struct vf_settings vf; /* of sriov and ib-sriov; without wishes in host-device */
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

/* The keys of host-device (settings.h has the others'), for whoever checks configurations without running them. */
extern const struct json_field hostdev_fields[];

/*
 * Bind and check the configuration in that dialect. The MAC is that of runtimeConfig, else
 * args.cni.mac, else MAC of CNI_ARGS, else "mac". sriov and ib-sriov select by ID only.
 */
int hostdev_conf(const struct cni_request *, enum hostdev_dialect, struct hostdev_conf *,
	struct cni_error *);

/* A device is named. Where a device plugin chooses it, it is named at ADD only. */
bool hostdev_conf_selects(const struct hostdev_conf *);
int hostdev_conf_check_selector(const struct hostdev_conf *, struct cni_error *);

#endif
