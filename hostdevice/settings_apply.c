/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a VF planned, changed and put back. */
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <time.h>

#include "hostdevice/settings.h"

#define GUIDS	(VF_NODE_GUID | VF_PORT_GUID)
#define REBOUND (GUIDS | VF_MAC)
#define WAIT_MS 10000
#define STEP_MS 10

/* The bits of wanted that differ, or of which nothing is known. */
static unsigned int differing(const struct vf *is, const struct vf *wanted)
{
	unsigned int same = 0;

	if (is->vlan == wanted->vlan && is->qos == wanted->qos &&
		(is->proto == wanted->proto || !wanted->vlan))
		same |= VF_VLAN;
	if (!memcmp(is->mac, wanted->mac, wanted->mac_length))
		same |= VF_MAC;
	if (is->min_tx_rate == wanted->min_tx_rate && is->max_tx_rate == wanted->max_tx_rate)
		same |= VF_RATE;
	if (is->spoofchk == wanted->spoofchk)
		same |= VF_SPOOFCHK;
	if (is->trust == wanted->trust)
		same |= VF_TRUST;
	if (is->link_state == wanted->link_state)
		same |= VF_LINK_STATE;
	if (!memcmp(is->node_guid, wanted->node_guid, sizeof(is->node_guid)))
		same |= VF_NODE_GUID;
	if (!memcmp(is->port_guid, wanted->port_guid, sizeof(is->port_guid)))
		same |= VF_PORT_GUID;
	return wanted->has & ~(is->has & same);
}

/* The link of the PF, on the host, where VFs are set. 0, or -errno: -ENODEV, -ENOENT. */
static int find_pf(
	const struct pci *vf, struct nl *nl, struct pci *pf, uint32_t *number, struct link *link)
{
	char name[IFNAMSIZ];
	int rc = pci_physfn(vf, pf);

	if (rc < 0 || (rc = pci_vf_number(pf, vf, number)) < 0 ||
		(rc = sysfs_interface(pf->directory, name)) < 0)
		return rc;
	return link_get(nl, name, link);
}

static int explain_pf(const struct pci *vf, const struct pci *pf, int rc, const char *extack,
	struct cni_error *err)
{
	uint32_t count = 0;

	if (rc == -ENOENT && !*pf->id)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"device %s is no VF%s: vlan, mac, spoofchk, trust, rates, link_state and "
			"guid "
			"are settings of VFs",
			vf->id, pci_vf_count(vf, &count) < 0 ? "" : " but a PF");
	if (rc == -ENODEV)
		return cni_fail(err, CNI_TRY_LATER,
			"the PF %s of VF %s has no network interface on this host to set the VF "
			"through: its driver may not be loaded yet, or a pod has it",
			pf->id, vf->id);
	return cni_fail_errno(err, CNI_INTERNAL, rc, extack, "find VF %s among those of its PF %s",
		vf->id, pf->id);
}

/* A driver that does not tell a setting must not keep it from being put back: its default. */
static void assume_unknown(struct vf *before)
{
	if (!(before->has & VF_LINK_STATE))
		before->link_state = IFLA_VF_LINK_STATE_AUTO;
	if (!(before->has & VF_SPOOFCHK))
		before->spoofchk = true;
	if (!(before->has & VF_VLAN))
		before->proto = ETH_P_8021Q;
}

int settings_plan(const struct vf_settings *settings, const struct pci *device, struct nl *nl,
	struct settings_plan *out, struct cni_error *err)
{
	struct settings_plan plan = { 0 };
	struct pci pf = { 0 };
	struct link link;
	uint32_t number;
	int rc;

	if (!settings->wanted.has) {
		*out = plan;
		return 0;
	}
	rc = find_pf(device, nl, &pf, &number, &link);
	if (rc < 0)
		return explain_pf(device, &pf, rc, nl->extack, err);
	rc = vf_get(nl, link.index, number, &plan.before);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack,
			"read the settings of VF %u (%s) from its PF %s", number, device->id,
			link.name);
	assume_unknown(&plan.before);
	plan.before.has = differing(&plan.before, &settings->wanted);
	/* The number is filled in even where the driver told none. */
	plan.before.number = number;
	if (!plan.before.has) {
		*out = plan;
		return 0;
	}
	strcpy(plan.vf, device->id);
	strcpy(plan.pf, pf.id);
	if (plan.before.has & REBOUND) {
		rc = pci_driver(device, plan.driver);
		if (rc < 0 && rc != -ENOENT)
			return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
				"read the driver of VF %s", device->id);
		if (rc == -ENOENT || sysfs_is_userspace(plan.driver))
			plan.driver[0] = '\0';
	}
	*out = plan;
	return 0;
}

/* 0 or -errno, with err filled. */
static int set(const struct pci *device, const struct link *pf, const struct vf *vf, struct nl *nl,
	struct cni_error *err)
{
	unsigned int refused;
	int rc = vf_set(nl, pf->index, vf, &refused);

	if (rc < 0)
		cni_error_set_errno(err, CNI_INTERNAL, rc, nl->extack,
			"set %s of VF %u (%s) through its PF %s%s", settings_name(refused),
			vf->number, device->id, pf->name,
			rc == -EOPNOTSUPP	 ? " (its driver has no such setting: leave it out)"
			: rc == -EPROTONOSUPPORT ? " (its driver does not have that vlanProto)"
						 : "");
	return rc;
}

static void nap(void)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	nanosleep(&step, NULL);
}

int settings_rebind(
	const struct pci *vf, const char *driver, char name[IFNAMSIZ], struct cni_error *err)
{
	int rc = pci_unbind(vf, driver), waited = 0;

	/* ENODEV: somebody has unbound it already. */
	if (!rc || rc == -ENODEV)
		rc = pci_bind(vf, driver);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL,
			"bind driver %s to VF %s again, so that it sees its new settings", driver,
			vf->id);
	while ((rc = sysfs_interface(vf->directory, name)) == -ENODEV && waited < WAIT_MS) {
		nap();
		waited += STEP_MS;
	}
	if (rc < 0)
		return cni_fail_errno(err, rc == -ENODEV ? CNI_TRY_LATER : CNI_IO_FAILURE, rc, NULL,
			"wait for the network interface of VF %s after driver %s was bound again",
			vf->id, driver);
	return 0;
}

int settings_apply(const struct vf_settings *settings, const struct settings_plan *plan,
	const char *sys, struct nl *nl, struct cni_error *err)
{
	struct vf change = settings->wanted;
	struct pci device, pf = { 0 };
	char name[IFNAMSIZ];
	struct link link;
	uint32_t number;
	int rc;

	if (!*plan->vf)
		return 0;
	rc = pci_find(sys, plan->vf, &device);
	if (rc < 0)
		return cni_fail(err, CNI_TRY_LATER, "VF %s has just gone", plan->vf);
	rc = find_pf(&device, nl, &pf, &number, &link);
	if (rc < 0)
		return explain_pf(&device, &pf, rc, nl->extack, err);
	change.number = number;
	change.has = plan->before.has;
	if (set(&device, &link, &change, nl, err) < 0)
		return -1;
	return *plan->driver && plan->before.has & GUIDS
		       ? settings_rebind(&device, plan->driver, name, err)
		       : 0;
}

int settings_check(const struct vf_settings *settings, const struct pci *device, struct nl *nl,
	struct cni_error *err)
{
	struct pci pf = { 0 };
	struct link link;
	unsigned int wrong;
	uint32_t number;
	struct vf now;
	int rc;

	if (!settings->wanted.has)
		return 0;
	rc = find_pf(device, nl, &pf, &number, &link);
	if (rc < 0)
		return explain_pf(device, &pf, rc, nl->extack, err);
	rc = vf_get(nl, link.index, number, &now);
	if (rc < 0)
		return explain_pf(device, &pf, rc, nl->extack, err);
	wrong = differing(&now, &settings->wanted) & now.has;
	if (!wrong)
		return 0;
	return cni_fail(err, CNI_INTERNAL,
		"%s of VF %u (%s) is no longer what the configuration says; ip link show %s tells",
		settings_name(wrong & -wrong), number, device->id, link.name);
}

/* What mlx5 takes to mean its own default, where no GUID had ever been set: it refuses zero. */
static void unset_guids(struct vf *vf)
{
	static const uint8_t zero[sizeof(vf->node_guid)];

	if (!memcmp(vf->node_guid, zero, sizeof(zero)))
		memset(vf->node_guid, 0xff, sizeof(zero));
	if (!memcmp(vf->port_guid, zero, sizeof(zero)))
		memset(vf->port_guid, 0xff, sizeof(zero));
}

/* One by one, so that one refusal keeps no other from being tried. */
static void put_back(const struct pci *device, const struct link *pf, const struct vf *before,
	struct nl *nl, struct cni_error *err)
{
	for (unsigned int bit = VF_VLAN; bit <= VF_LINK_STATE; bit <<= 1) {
		struct vf one = *before;
		struct cni_error more = { 0 };

		one.has &= bit;
		/* What the driver cannot set was refused when it was to be changed, too. */
		if (set(device, pf, &one, nl, &more) != -EOPNOTSUPP)
			cni_fail_join(err, &more);
	}
}

static void restore_values(const struct settings_plan *plan, const struct pci *device,
	struct nl *nl, struct cni_error *err)
{
	struct vf before = plan->before, now;
	struct pci pf = { 0 };
	struct link link;
	int rc = find_pf(device, nl, &pf, &before.number, &link);

	/* No longer a VF: what was set is gone with it. */
	if (rc == -ENOENT)
		return;
	if (rc < 0) {
		explain_pf(device, &pf, rc, nl->extack, err);
		return;
	}
	rc = vf_get(nl, link.index, before.number, &now);
	if (!rc)
		before.has = differing(&now, &before);
	unset_guids(&before);
	put_back(device, &link, &before, nl, err);
}

int settings_restore(
	const struct settings_plan *plan, const char *sys, struct nl *nl, struct cni_error *err)
{
	char name[IFNAMSIZ], driver[PCI_NAME];
	struct cni_error more = { 0 };
	struct pci device;

	if (!*plan->vf || pci_find(sys, plan->vf, &device) < 0)
		return 0;
	restore_values(plan, &device, nl, err);
	/*
	 * Killed between unbind and bind it has no driver; another one is somebody else's choice.
	 * GUIDs that are right at the PF already need not be what the driver saw.
	 */
	if (*plan->driver &&
		(pci_driver(&device, driver) < 0 ||
			(plan->before.has & GUIDS && !strcmp(driver, plan->driver))))
		settings_rebind(&device, plan->driver, name, &more);
	return cni_fail_join(err, &more);
}
