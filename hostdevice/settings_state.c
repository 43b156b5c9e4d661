/* SPDX-License-Identifier: Apache-2.0 */
/* A plan in the state file. */
#include <linux/if_ether.h>
#include <string.h>

#include "cni/ip.h"
#include "hostdevice/settings.h"

/* The file's view. A key that is not there was not changed. */
struct stored {
	const char *vf, *pf, *driver, *mac, *node_guid, *port_guid;
	int64_t vlan, qos, proto, min_tx_rate, max_tx_rate, spoofchk, trust, link_state;
};

#define NUMBER(key, member, max)                                                                   \
	{                                                                                          \
		key, json_bind_int, offsetof(struct stored, member), -1, max                       \
	}
#define TEXT(key, member)                                                                          \
	{                                                                                          \
		key, json_bind_string, offsetof(struct stored, member)                             \
	}

static const struct json_field fields[] = {
	{ "vf", json_bind_string, offsetof(struct stored, vf), .required = true },
	TEXT("pf", pf),
	TEXT("driver", driver),
	NUMBER("vlan", vlan, 4095),
	NUMBER("vlanQoS", qos, 7),
	NUMBER("vlanProto", proto, UINT16_MAX),
	TEXT("mac", mac),
	NUMBER("minTxRate", min_tx_rate, UINT32_MAX),
	NUMBER("maxTxRate", max_tx_rate, UINT32_MAX),
	NUMBER("spoofchk", spoofchk, 1),
	NUMBER("trust", trust, 1),
	TEXT("nodeGUID", node_guid),
	TEXT("portGUID", port_guid),
	NUMBER("linkState", link_state, UINT32_MAX),
	{ 0 },
};

static void put_octets(
	struct json_writer *w, const char *key, const uint8_t *octets, uint8_t length)
{
	struct hwaddr address = { .length = length };
	char text[HWADDR_TEXT];

	memcpy(address.bytes, octets, length);
	json_put_string(w, key, hwaddr_print(&address, text));
}

static void write_before(const struct vf *before, struct json_writer *w)
{
	if (before->has & VF_VLAN) {
		json_put_int(w, "vlan", before->vlan);
		json_put_int(w, "vlanQoS", before->qos);
		json_put_int(w, "vlanProto", before->proto);
	}
	if (before->has & VF_MAC)
		put_octets(w, "mac", before->mac, before->mac_length);
	if (before->has & VF_RATE) {
		json_put_int(w, "minTxRate", before->min_tx_rate);
		json_put_int(w, "maxTxRate", before->max_tx_rate);
	}
	if (before->has & VF_SPOOFCHK)
		json_put_int(w, "spoofchk", before->spoofchk);
	if (before->has & VF_TRUST)
		json_put_int(w, "trust", before->trust);
	if (before->has & VF_NODE_GUID)
		put_octets(w, "nodeGUID", before->node_guid, sizeof(before->node_guid));
	if (before->has & VF_PORT_GUID)
		put_octets(w, "portGUID", before->port_guid, sizeof(before->port_guid));
	if (before->has & VF_LINK_STATE)
		json_put_int(w, "linkState", before->link_state);
}

void settings_write(const struct settings_plan *plan, struct json_writer *w, const char *key)
{
	json_open(w, key, '{');
	json_put_string(w, "vf", plan->vf);
	if (*plan->pf)
		json_put_string(w, "pf", plan->pf);
	if (*plan->driver)
		json_put_string(w, "driver", plan->driver);
	write_before(&plan->before, w);
	json_close(w, '}');
}

static int copy(const char *key, const char *text, char out[PCI_NAME], struct cni_error *err)
{
	if (text && (strlen(text) >= PCI_NAME || strchr(text, '/')))
		return cni_fail(err, CNI_DECODING_FAILURE, "\"%s\" is no name: %s", key, text);
	strcpy(out, text ? text : "");
	return 0;
}

static int read_octets(const char *key, const char *text, unsigned int bit, uint8_t *octets,
	uint8_t most, struct vf *vf, struct cni_error *err)
{
	struct hwaddr address;

	if (!text)
		return 0;
	if (hwaddr_parse(text, &address) < 0 || address.length > most)
		return cni_fail(err, CNI_DECODING_FAILURE, "\"%s\" is no address: %s", key, text);
	memcpy(octets, address.bytes, address.length);
	if (bit == VF_MAC)
		vf->mac_length = address.length;
	vf->has |= bit;
	return 0;
}

static void read_numbers(const struct stored *stored, struct vf *vf)
{
	if (stored->vlan >= 0) {
		vf->vlan = (uint32_t)stored->vlan;
		vf->qos = stored->qos < 0 ? 0 : (uint32_t)stored->qos;
		vf->proto = stored->proto < 0 ? ETH_P_8021Q : (uint16_t)stored->proto;
		vf->has |= VF_VLAN;
	}
	if (stored->max_tx_rate >= 0) {
		vf->min_tx_rate = stored->min_tx_rate < 0 ? 0 : (uint32_t)stored->min_tx_rate;
		vf->max_tx_rate = (uint32_t)stored->max_tx_rate;
		vf->has |= VF_RATE;
	}
	if (stored->spoofchk >= 0) {
		vf->spoofchk = stored->spoofchk == 1;
		vf->has |= VF_SPOOFCHK;
	}
	if (stored->trust >= 0) {
		vf->trust = stored->trust == 1;
		vf->has |= VF_TRUST;
	}
	if (stored->link_state >= 0) {
		vf->link_state = (uint32_t)stored->link_state;
		vf->has |= VF_LINK_STATE;
	}
}

int settings_load(const struct json *json, struct settings_plan *out, struct cni_error *err)
{
	struct stored stored = { .vlan = -1,
		.qos = -1,
		.proto = -1,
		.min_tx_rate = -1,
		.max_tx_rate = -1,
		.spoofchk = -1,
		.trust = -1,
		.link_state = -1 };
	struct settings_plan plan = { 0 };
	struct vf *vf = &plan.before;

	if (json_bind(json, fields, &stored, CNI_DECODING_FAILURE, err) < 0 ||
		copy("vf", stored.vf, plan.vf, err) < 0 ||
		copy("pf", stored.pf, plan.pf, err) < 0 ||
		copy("driver", stored.driver, plan.driver, err) < 0)
		return -1;
	read_numbers(&stored, vf);
	if (read_octets("mac", stored.mac, VF_MAC, vf->mac, sizeof(vf->mac), vf, err) < 0 ||
		read_octets("nodeGUID", stored.node_guid, VF_NODE_GUID, vf->node_guid, 8, vf, err) <
			0 ||
		read_octets("portGUID", stored.port_guid, VF_PORT_GUID, vf->port_guid, 8, vf, err) <
			0)
		return -1;
	*out = plan;
	return 0;
}
