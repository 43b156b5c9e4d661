/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a VF: the keys of `sriov` and `ib-sriov`, applied through the PF, and put back.
 *
 * settings_plan() reads what is to be changed as it is now; the caller writes that plan to its
 * state file (settings_write) before settings_apply() changes anything. Whoever comes next, in this
 * process or in another, calls settings_restore() with it: it puts back exactly those settings,
 * however far the change had come.
 */
#ifndef HOSTDEVICE_SETTINGS_H
#define HOSTDEVICE_SETTINGS_H

#include "cni/request.h"
#include "hostdevice/pci.h"
#include "netlink/link.h"
#include "netlink/vf.h"

enum settings_dialect { SETTINGS_SRIOV, SETTINGS_IB_SRIOV };

struct settings_runtime {
	const char *mac, *guid, *device_id;
};

struct vf_settings {
	/* As the configuration has them; NULL and -1: not given. */
	int64_t vlan, qos, min_tx_rate, max_tx_rate;
	const char *proto, *mac, *spoofchk, *trust, *link_state, *guid;
	const char *device_id; /* runtimeConfig.deviceID before deviceID */
	const char *pkey;      /* ib-kubernetes reads it; nothing here is done with it */
	bool rdma_isolation, ib_kubernetes, vfio_pci_mode;
	struct settings_runtime runtime;
	const char *log_level, *log_file; /* accepted, not used */

	struct vf wanted; /* what the VF is to have; its number is not known yet */
};

/* The keys of each dialect, for whoever checks configurations without running them. */
extern const struct json_field settings_sriov_fields[], settings_ib_sriov_fields[];

/*
 * Bind and check. MAC: runtimeConfig.mac, args.cni.mac, MAC of CNI_ARGS, "mac". GUID:
 * runtimeConfig.infinibandGUID, args.cni.guid, "guid". With ibKubernetesEnabled, CNI_TRY_LATER
 * until ib-kubernetes has marked the pod (args.cni["mellanox.infiniband.app"]).
 */
int settings_read(const struct cni_request *, enum settings_dialect, struct vf_settings *,
	struct cni_error *);

struct settings_plan {
	char vf[PCI_NAME], pf[PCI_NAME]; /* PCI addresses; vf "": nothing was planned */
	struct vf before;		 /* has: what is changed; the values are those of before */
	/*
	 * The driver that is bound anew to see a new GUID, and may have to be for a new MAC; "":
	 * none is. A VF that is passed through (vfio-pci) has none that could see it.
	 */
	char driver[PCI_NAME];
};

/*
 * Find the VF's PF and number, and read what differs from what is wanted: settings that are so
 * already are not touched, because many drivers refuse even a setting that changes nothing. nl is a
 * route socket on the host. A device that is no VF is CNI_INVALID_CONFIG if anything is wanted of
 * it; without wishes the plan is empty.
 */
int settings_plan(const struct vf_settings *, const struct pci *vf, struct nl *nl,
	struct settings_plan *, struct cni_error *);

/* Change what the plan names. After a failure the caller restores. A new GUID takes a rebind. */
int settings_apply(const struct vf_settings *, const struct settings_plan *, const char *sys,
	struct nl *nl, struct cni_error *);

/* Is the VF as the configuration wants it, as far as its driver tells? 0 or -1. */
int settings_check(const struct vf_settings *, const struct pci *vf, struct nl *nl,
	struct cni_error *);

/*
 * Put back what the plan names, and bind a driver that was left unbound. Tries everything; what is
 * so already is not touched. A VF or PF that is gone needs nothing: 0.
 */
int settings_restore(
	const struct settings_plan *, const char *sys, struct nl *nl, struct cni_error *);

/*
 * Bind the driver to the VF again and wait, ten seconds at the most, for its netdev: name is the
 * new one, which may differ. Whoever holds the old name or index of the netdev, or of the RDMA
 * device, looks again. CNI_TRY_LATER if it does not come back.
 */
int settings_rebind(
	const struct pci *vf, const char *driver, char name[IFNAMSIZ], struct cni_error *);

/* The plan as an object of the state file, and back. It holds copies. */
void settings_write(const struct settings_plan *, struct json_writer *, const char *key);
int settings_load(const struct json *, struct settings_plan *, struct cni_error *);

/* What a bit of vf.has is called in a configuration: "vlan", "mac", ... */
const char *settings_name(unsigned int bit);

#endif
