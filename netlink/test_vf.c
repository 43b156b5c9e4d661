/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netlink/recorded.h"
#include "netlink/vf.h"

#define PF 7

static struct script script;
static struct record record;
static const char *directory;

static int get(const char *file, uint32_t number, struct vf *vf)
{
	record_read(&record, directory, file);
	record_play(&script, &record);
	return vf_get(&script.nl, PF, number, vf);
}

static void test_ethernet(void)
{
	static const uint8_t mac[] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };
	struct nl_request want;
	struct ifinfomsg *info;
	struct vf vf;

	is_code(get("vf-igb.hex", 3, &vf), 0, "VF 3 of igb");
	info = nl_begin(&want, RTM_GETLINK, 0, sizeof(*info));
	info->ifi_index = PF;
	nl_put_u32(&want, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	script_compare(&script, &want, 0, "VFs without statistics");
	ok(vf.number == 3 && vf.mac_length == 6 && !memcmp(vf.mac, mac, 6), "its MAC");
	ok(vf.vlan == 42 && vf.qos == 3 && vf.proto == ETH_P_8021Q, "its VLAN");
	ok(vf.max_tx_rate == 100 && !vf.min_tx_rate, "its rates");
	ok(!vf.spoofchk && vf.trust && vf.link_state == IFLA_VF_LINK_STATE_AUTO, "its switches");
	ok(vf.has == (VF_VLAN | VF_MAC | VF_RATE | VF_SPOOFCHK | VF_TRUST | VF_LINK_STATE),
		"it tells all but the GUIDs: %#x", vf.has);
	is_code(get("vf-igb.hex", 6, &vf), 0, "the last VF");
	ok(vf.number == 6 && !vf.vlan && vf.spoofchk && !vf.trust, "its own settings");
	vf.number = 99;
	is_code(get("vf-igb.hex", 7, &vf), -ENOENT, "a VF that it has not got");
	ok(vf.number == 99, "nothing is written");
	is_code(vf_get(&script.nl, 0, 1, &vf), -EINVAL, "no index");
	script_forget(&script);
}

static void test_infiniband(void)
{
	static const uint8_t node[] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x00 };
	static const uint8_t zero[8];
	struct vf vf;

	is_code(get("vf-infiniband.hex", 1, &vf), 0, "VF 1 of an InfiniBand PF");
	ok(vf.mac_length == 20, "an address of 20 octets");
	ok((vf.has & (VF_NODE_GUID | VF_PORT_GUID)) == (VF_NODE_GUID | VF_PORT_GUID), "GUIDs");
	ok(!memcmp(vf.node_guid, node, 8) && !memcmp(vf.port_guid, node, 7) && vf.port_guid[7] == 1,
		"in network order");
	ok(vf.link_state == IFLA_VF_LINK_STATE_ENABLE, "its link state");
	is_code(get("vf-infiniband.hex", 2, &vf), 0, "VF 2 of an InfiniBand PF");
	ok(!memcmp(vf.node_guid, zero, 8), "a GUID that was never set");
	script_forget(&script);
}

/* Places in the list say nothing, and its length may have wrapped. */
static void answer_list(uint32_t count, const uint32_t *numbers, uint32_t vfs, bool wrapped)
{
	struct nl_request answer;
	struct ifinfomsg *info = nl_begin(&answer, RTM_NEWLINK, 0, sizeof(*info));
	struct nlattr *list, *vf;

	info->ifi_index = PF;
	info->ifi_type = ARPHRD_ETHER;
	nl_put_u32(&answer, IFLA_NUM_VF, count);
	list = nl_nest(&answer, IFLA_VFINFO_LIST);
	for (uint32_t i = 0; i < vfs; i++) {
		struct ifla_vf_mac mac = { .vf = numbers[i], .mac = { 2, [5] = (uint8_t)i } };
		struct ifla_vf_trust trust = { .vf = numbers[i], .setting = UINT32_MAX };

		vf = nl_nest(&answer, IFLA_VF_INFO);
		nl_put(&answer, IFLA_VF_MAC, &mac, sizeof(mac));
		nl_put(&answer, IFLA_VF_TRUST, &trust, sizeof(trust));
		nl_nest_end(&answer, vf);
	}
	nl_nest_end(&answer, list);
	if (wrapped)
		list->nla_len = 20;
	script_answer(&script, &answer, 0);
}

static void test_list(void)
{
	static const uint32_t numbers[] = { 4, 9, 2 };
	struct vf vf;

	answer_list(3, numbers, 3, false);
	is_code(vf_get(&script.nl, PF, 2, &vf), 0, "numbers with gaps");
	ok(vf.number == 2 && vf.mac[5] == 2, "matched by number");
	ok(vf.has == VF_MAC, "a switch that the driver does not tell is unknown");
	answer_list(3, numbers, 3, true);
	is_code(vf_get(&script.nl, PF, 2, &vf), 0, "a list longer than its length field");
	answer_list(3, numbers, 2, false);
	is_code(vf_get(&script.nl, PF, 2, &vf), -EBADMSG, "fewer than announced");
	answer_list(0, numbers, 0, false);
	is_code(vf_get(&script.nl, PF, 0, &vf), -ENOENT, "no VFs");
	script_verdict(&script, NLMSG_ERROR, -ENODEV, NULL);
	is_code(vf_get(&script.nl, PF, 0, &vf), -ENODEV, "no PF");
	script_forget(&script);
}

/* RTM_SETLINK with one setting of VF 5. */
static void expect(uint16_t type, const void *value, size_t size, const char *name)
{
	struct nl_request want;
	struct ifinfomsg *info = nl_begin(&want, RTM_SETLINK, 0, sizeof(*info));
	struct nlattr *list = nl_nest(&want, IFLA_VFINFO_LIST);
	struct nlattr *vf = nl_nest(&want, IFLA_VF_INFO), *vlans;

	info->ifi_index = PF;
	if (type == IFLA_VF_VLAN_LIST) {
		vlans = nl_nest(&want, type);
		nl_put(&want, IFLA_VF_VLAN_INFO, value, size);
		nl_nest_end(&want, vlans);
	} else {
		nl_put(&want, type, value, size);
	}
	nl_nest_end(&want, vf);
	nl_nest_end(&want, list);
	script_compare(&script, &want, NLM_F_ACK, name);
}

static const struct vf all = {
	.number = 5,
	.has = 0xff,
	.vlan = 100,
	.qos = 4,
	.proto = ETH_P_8021AD,
	.mac_length = 6,
	.mac = { 2, 0, 0, 0, 0, 1 },
	.min_tx_rate = 100,
	.max_tx_rate = 200,
	.spoofchk = false,
	.trust = true,
	.link_state = IFLA_VF_LINK_STATE_DISABLE,
	.node_guid = { 2, 0, 0, 0, 0, 0, 0, 7 },
	.port_guid = { 2, 0, 0, 0, 0, 0, 0, 8 },
};

static void expect_all(void)
{
	const struct ifla_vf_mac mac = { 5, { 2, 0, 0, 0, 0, 1 } };
	const struct ifla_vf_rate rate = { 5, 100, 200 };
	const struct ifla_vf_spoofchk off = { 5, 0 }, on = { 5, 1 }, disable = { 5, 2 };
	struct ifla_vf_vlan_info vlan;
	struct ifla_vf_guid guid;

	memset(&vlan, 0, sizeof(vlan));
	vlan.vf = 5;
	vlan.vlan = 100;
	vlan.qos = 4;
	vlan.vlan_proto = htons(0x88a8);
	memset(&guid, 0, sizeof(guid));
	guid.vf = 5;
	guid.guid = 0x0200000000000007;
	expect(IFLA_VF_VLAN_LIST, &vlan, sizeof(vlan), "VLAN with its protocol");
	expect(IFLA_VF_MAC, &mac, sizeof(mac), "MAC");
	expect(IFLA_VF_RATE, &rate, sizeof(rate), "both rates in one");
	expect(IFLA_VF_SPOOFCHK, &off, sizeof(off), "spoofchk");
	expect(IFLA_VF_TRUST, &on, sizeof(on), "trust");
	expect(IFLA_VF_IB_NODE_GUID, &guid, sizeof(guid), "node GUID");
	guid.guid++;
	expect(IFLA_VF_IB_PORT_GUID, &guid, sizeof(guid), "port GUID");
	expect(IFLA_VF_LINK_STATE, &disable, sizeof(disable), "link state");
}

static void test_set(void)
{
	unsigned int refused = 99;
	struct vf vf = all;

	for (script.ahead = 0; script.ahead < 8; script.ahead++)
		script_verdict(&script, NLMSG_ERROR, 0, NULL);
	script.ahead = 0;
	is_code(vf_set(&script.nl, PF, &all, &refused), 0, "all settings");
	ok(!refused, "none is refused");
	expect_all();

	script_verdict(&script, NLMSG_ERROR, 0, NULL);
	script.ahead = 1;
	script_verdict(&script, NLMSG_ERROR, -EOPNOTSUPP, "not here");
	script.ahead = 0;
	is_code(vf_set(&script.nl, PF, &all, &refused), -EOPNOTSUPP, "the second is refused");
	ok(refused == VF_MAC && script_forget(&script) == 2, "which one, and nothing after it");
	is(script.nl.extack, "not here", "the kernel's words");

	vf.has = 0;
	is_code(vf_set(&script.nl, PF, &vf, &refused), 0, "nothing to change");
	vf.mac_length = 33;
	is_code(vf_set(&script.nl, PF, &vf, &refused), -EINVAL, "an address too long");
	is_code(vf_set(&script.nl, 0, &all, &refused), -EINVAL, "no PF");
	script_silent(&script, "nothing and nonsense");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return EXIT_FAILURE;
	directory = argv[1];
	script_open(&script);
	test_ethernet();
	test_infiniband();
	test_list();
	test_set();
	script_close(&script);
	return tap_done();
}
