/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/settings.h"

#include <linux/if_ether.h>
#include <string.h>
#include <strings.h>

#include "cni/ip.h"

#define RATE_MAX UINT32_MAX

static const struct json_field runtime_fields[] = {
	{ "mac", json_bind_string, offsetof(struct settings_runtime, mac) },
	{ "infinibandGUID", json_bind_string, offsetof(struct settings_runtime, guid) },
	{ "deviceID", json_bind_string, offsetof(struct settings_runtime, device_id) },
	{ 0 },
};

#define FIELD(key, bind, member)                                                                   \
	{                                                                                          \
		key, bind, offsetof(struct vf_settings, member)                                    \
	}
#define COMMON                                                                                     \
	FIELD("deviceID", json_bind_string, device_id),                                            \
		FIELD("link_state", json_bind_string, link_state),                                 \
		FIELD("logLevel", json_bind_string, log_level),                                    \
		FIELD("logFile", json_bind_string, log_file),                                      \
	{                                                                                          \
		"runtimeConfig", json_bind_object, offsetof(struct vf_settings, runtime),          \
			.fields = runtime_fields                                                   \
	}

const struct json_field settings_sriov_fields[] = {
	COMMON,
	{ "vlan", json_bind_int, offsetof(struct vf_settings, vlan), 0, 4094 },
	{ "vlanQoS", json_bind_int, offsetof(struct vf_settings, qos), 0, 7 },
	FIELD("vlanProto", json_bind_string, proto),
	FIELD("mac", json_bind_string, mac),
	FIELD("spoofchk", json_bind_string, spoofchk),
	FIELD("trust", json_bind_string, trust),
	{ "min_tx_rate", json_bind_int, offsetof(struct vf_settings, min_tx_rate), 0, RATE_MAX },
	{ "max_tx_rate", json_bind_int, offsetof(struct vf_settings, max_tx_rate), 0, RATE_MAX },
	{ 0 },
};

const struct json_field settings_ib_sriov_fields[] = {
	COMMON,
	FIELD("guid", json_bind_string, guid),
	FIELD("pkey", json_bind_string, pkey),
	FIELD("rdmaIsolation", json_bind_bool, rdma_isolation),
	FIELD("ibKubernetesEnabled", json_bind_bool, ib_kubernetes),
	FIELD("vfioPciMode", json_bind_bool, vfio_pci_mode),
	{ 0 },
};

static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static const char *first(const char *a, const char *b, const char *c)
{
	return given(a) ? a : given(b) ? b : given(c);
}

/* The place of text among words, which end with NULL; -1 with err filled if it is none of them. */
static int find_word(const char *key, const char *text, const char *const words[],
	const char *listed, struct cni_error *err)
{
	for (int i = 0; words[i]; i++)
		if (!strcasecmp(text, words[i]))
			return i;
	return cni_fail(
		err, CNI_INVALID_CONFIG, "\"%s\" must be %s, not \"%s\"", key, listed, text);
}

static int want_switch(const char *key, const char *text, unsigned int bit, bool *on, struct vf *vf,
	struct cni_error *err)
{
	static const char *const words[] = { "off", "on", NULL };
	int word = given(text) ? find_word(key, text, words, "on or off", err) : 0;

	if (word < 0)
		return -1;
	if (given(text)) {
		*on = word == 1;
		vf->has |= bit;
	}
	return 0;
}

static int want_link_state(const char *text, struct vf *vf, struct cni_error *err)
{
	/* In the order of IFLA_VF_LINK_STATE_*. */
	static const char *const words[] = { "auto", "enable", "disable", NULL };
	int word = given(text)
			   ? find_word("link_state", text, words, "auto, enable or disable", err)
			   : 0;

	if (word < 0)
		return -1;
	if (given(text)) {
		vf->link_state = (uint32_t)word;
		vf->has |= VF_LINK_STATE;
	}
	return 0;
}

static int want_vlan(const struct vf_settings *settings, struct vf *vf, struct cni_error *err)
{
	static const char *const words[] = { "802.1q", "802.1ad", NULL };
	int proto = given(settings->proto) ? find_word("vlanProto", settings->proto, words,
						     "802.1q or 802.1ad", err)
					   : 0;

	if (proto < 0)
		return -1;
	if (settings->vlan <= 0 && (settings->qos > 0 || proto == 1))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"%s\" needs a \"vlan\" from 1 to 4094: without one there is nothing that "
			"could carry it",
			proto == 1 ? "vlanProto" : "vlanQoS");
	if (settings->vlan < 0)
		return 0;
	vf->vlan = (uint32_t)settings->vlan;
	vf->qos = settings->qos > 0 ? (uint32_t)settings->qos : 0;
	vf->proto = proto ? ETH_P_8021AD : ETH_P_8021Q;
	vf->has |= VF_VLAN;
	return 0;
}

static int want_rate(const struct vf_settings *settings, struct vf *vf, struct cni_error *err)
{
	int64_t min = settings->min_tx_rate, max = settings->max_tx_rate;

	if (min < 0 && max < 0)
		return 0;
	if (max > 0 && min > max)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"min_tx_rate\" %lld is above \"max_tx_rate\" %lld", (long long)min,
			(long long)max);
	/* Both are one setting of the kernel; 0 is no limit. */
	vf->min_tx_rate = min > 0 ? (uint32_t)min : 0;
	vf->max_tx_rate = max > 0 ? (uint32_t)max : 0;
	vf->has |= VF_RATE;
	return 0;
}

static int want_mac(
	const struct cni_request *req, struct vf_settings *settings, struct cni_error *err)
{
	struct vf *vf = &settings->wanted;
	struct hwaddr mac;

	if (cni_request_mac(req, settings->runtime.mac, settings->mac, &settings->mac, &mac, err) < 0)
		return -1;
	if (!mac.length)
		return 0;
	memcpy(vf->mac, mac.bytes, mac.length);
	vf->mac_length = mac.length;
	vf->has |= VF_MAC;
	return 0;
}

/* EUI-64: IEEE's individual/group bit is that of its first octet, as in a MAC. */
static int want_guid(const char *text, struct vf *vf, struct cni_error *err)
{
	static const uint8_t zero[sizeof(vf->node_guid)];
	struct hwaddr guid;
	bool group;

	if (!text)
		return 0;
	if (strlen(text) != 23 || hwaddr_parse(text, &guid) < 0 ||
		guid.length != sizeof(vf->node_guid) ||
		strspn(text, "0123456789abcdefABCDEF:") != 23)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"GUID \"%s\" is not eight octets (02:00:00:00:00:00:00:01)", text);
	group = guid.bytes[0] & 1;
	if (group || !memcmp(guid.bytes, zero, sizeof(zero)))
		return cni_fail(err, CNI_INVALID_CONFIG, "GUID \"%s\" cannot be a port's: it is %s",
			text, group ? "a group or broadcast address" : "zero");
	memcpy(vf->node_guid, guid.bytes, sizeof(vf->node_guid));
	memcpy(vf->port_guid, guid.bytes, sizeof(vf->port_guid));
	vf->has |= VF_NODE_GUID | VF_PORT_GUID;
	return 0;
}

static int check_ib_kubernetes(
	const struct cni_request *req, const struct vf_settings *settings, struct cni_error *err)
{
	const char *mark = cni_request_cni_arg(req, "mellanox.infiniband.app");

	if (!settings->ib_kubernetes)
		return 0;
	if (!mark || strcmp(mark, "configured") != 0)
		return cni_fail(err, CNI_TRY_LATER,
			"ibKubernetesEnabled is set, but ib-kubernetes has not configured this pod "
			"yet "
			"(args.cni[\"mellanox.infiniband.app\"]): is it running?");
	if (!(settings->wanted.has & VF_NODE_GUID))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ib-kubernetes has configured this pod, but gave it no GUID: neither "
			"runtimeConfig.infinibandGUID nor args.cni.guid is there");
	return 0;
}

static int want_ethernet(
	const struct cni_request *req, struct vf_settings *settings, struct cni_error *err)
{
	struct vf *vf = &settings->wanted;

	if (want_vlan(settings, vf, err) < 0 || want_mac(req, settings, err) < 0 ||
		want_rate(settings, vf, err) < 0)
		return -1;
	if (want_switch("spoofchk", settings->spoofchk, VF_SPOOFCHK, &vf->spoofchk, vf, err) < 0)
		return -1;
	return want_switch("trust", settings->trust, VF_TRUST, &vf->trust, vf, err);
}

static int want_infiniband(
	const struct cni_request *req, struct vf_settings *settings, struct cni_error *err)
{
	settings->guid = first(settings->runtime.guid, cni_request_cni_arg(req, "guid"), settings->guid);
	if (want_guid(settings->guid, &settings->wanted, err) < 0)
		return -1;
	return check_ib_kubernetes(req, settings, err);
}

int settings_read(const struct cni_request *req, enum settings_dialect dialect,
	struct vf_settings *settings, struct cni_error *err)
{
	bool infiniband = dialect == SETTINGS_IB_SRIOV;

	*settings =
		(struct vf_settings){ .vlan = -1, .qos = -1, .min_tx_rate = -1, .max_tx_rate = -1 };
	if (json_bind(req->config, infiniband ? settings_ib_sriov_fields : settings_sriov_fields,
		    settings, CNI_INVALID_CONFIG, err) < 0)
		return -1;
	settings->device_id = first(settings->runtime.device_id, settings->device_id, NULL);
	if (want_link_state(settings->link_state, &settings->wanted, err) < 0)
		return -1;
	return infiniband ? want_infiniband(req, settings, err) : want_ethernet(req, settings, err);
}

const char *settings_name(unsigned int bit)
{
	switch (bit) {
	case VF_VLAN:
		return "vlan";
	case VF_MAC:
		return "mac";
	case VF_RATE:
		return "min_tx_rate and max_tx_rate";
	case VF_SPOOFCHK:
		return "spoofchk";
	case VF_TRUST:
		return "trust";
	case VF_NODE_GUID:
		return "guid (node)";
	case VF_PORT_GUID:
		return "guid (port)";
	case VF_LINK_STATE:
		return "link_state";
	}
	return "(nothing)";
}
