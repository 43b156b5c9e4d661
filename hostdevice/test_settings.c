/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include "hostdevice/settings.h"
#include "hostdevice/test_tree.h"
#include "netlink/scripted.h"

#define PF_INDEX 2

static struct script script;

/* Bind a configuration, with CNI_ARGS MAC=mac unless that is NULL. */
static int read_config(const char *text, enum settings_dialect dialect, const char *mac,
	struct json **tree, struct vf_settings *settings, struct cni_error *err)
{
	struct cni_arg pair = { "MAC", mac };
	struct cni_request req = { .pairs = &pair, .n_pairs = mac ? 1 : 0 };

	*err = (struct cni_error){ 0 };
	if (json_parse(tree, "test", text, strlen(text), err) < 0)
		abort();
	req.config = *tree;
	return settings_read(&req, dialect, settings, err);
}

static void test_wishes(void)
{
	static const struct {
		const char *config;
		bool infiniband;
		unsigned int has;
	} cases[] = {
		{ "{}", false, 0 },
		{ "{\"vlan\":0,\"vlanQoS\":0,\"logLevel\":\"info\",\"ipam\":{}}", false, VF_VLAN },
		{ "{\"vlan\":0,\"spoofchk\":\"off\",\"trust\":\"on\",\"vlanQoS\":0}", false,
			VF_VLAN | VF_SPOOFCHK | VF_TRUST },
		{ "{\"vlan\":4094,\"vlanQoS\":7,\"vlanProto\":\"802.1AD\",\"min_tx_rate\":100,"
		  "\"max_tx_rate\":200,\"link_state\":\"enable\",\"logFile\":\"/x\","
		  "\"mac\":\"CA:FE:C0:FF:EE:00\"}",
			false, VF_VLAN | VF_RATE | VF_LINK_STATE | VF_MAC },
		{ "{\"vlanQoS\":0,\"vlanProto\":\"\",\"spoofchk\":\"\",\"mac\":\"\"}", false, 0 },
		{ "{\"max_tx_rate\":0}", false, VF_RATE },
		{ "{\"min_tx_rate\":5,\"max_tx_rate\":0}", false, VF_RATE },
		{ "{\"guid\":\"02:00:00:00:00:00:00:01\"}", false, 0 },
		{ "{\"guid\":\"02:00:00:00:00:00:00:01\",\"pkey\":\"0x6\",\"rdmaIsolation\":true}",
			true, VF_NODE_GUID | VF_PORT_GUID },
		{ "{\"mac\":\"02:00:00:00:00:01\",\"vlan\":7,\"vfioPciMode\":true}", true, 0 },
		{ "{\"link_state\":\"disable\",\"args\":{\"cni\":{\"guid\":7}}}", true,
			VF_LINK_STATE },
		{ "{\"ibKubernetesEnabled\":true,\"runtimeConfig\":{\"infinibandGUID\":"
		  "\"02:00:00:00:00:00:00:42\"},\"args\":{\"cni\":{\"mellanox.infiniband.app\":"
		  "\"configured\",\"pkey\":\"0x6\"}}}",
			true, VF_NODE_GUID | VF_PORT_GUID },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		struct vf_settings settings;
		struct cni_error err;
		int rc = read_config(cases[i].config,
			cases[i].infiniband ? SETTINGS_IB_SRIOV : SETTINGS_SRIOV, NULL, &tree,
			&settings, &err);

		ok(!rc && settings.wanted.has == cases[i].has, "%s: %#x %s", cases[i].config,
			rc ? 0 : settings.wanted.has, err.msg);
	}
}

static void test_refusals(void)
{
	static const struct {
		const char *config;
		bool infiniband;
		int code;
		const char *message;
	} cases[] = {
		{ "{\"vlan\":4095}", false, 7, "\"vlan\" must be an integer from 0 to 4094" },
		{ "{\"vlan\":-1}", false, 7, "\"vlan\" must be" },
		{ "{\"vlan\":\"5\"}", false, 7, "\"vlan\" must be" },
		{ "{\"vlan\":5,\"vlanQoS\":8}", false, 7, "\"vlanQoS\" must be" },
		{ "{\"vlanQoS\":1}", false, 7, "\"vlanQoS\" needs a \"vlan\"" },
		{ "{\"vlan\":0,\"vlanQoS\":1}", false, 7, "\"vlanQoS\" needs a \"vlan\"" },
		{ "{\"vlan\":0,\"vlanProto\":\"802.1ad\"}", false, 7,
			"\"vlanProto\" needs a \"vlan\"" },
		{ "{\"vlan\":1,\"vlanProto\":\"qinq\"}", false, 7, "802.1q or 802.1ad" },
		{ "{\"spoofchk\":\"yes\"}", false, 7, "\"spoofchk\" must be on or off" },
		{ "{\"trust\":true}", false, 7, "\"trust\" must be a string" },
		{ "{\"link_state\":\"up\"}", true, 7, "auto, enable or disable" },
		{ "{\"min_tx_rate\":200,\"max_tx_rate\":100}", false, 7, "is above" },
		{ "{\"max_tx_rate\":4294967296}", false, 7, "\"max_tx_rate\" must be" },
		{ "{\"mac\":\"01:00:00:00:00:01\"}", false, 7, "a group address" },
		{ "{\"mac\":\"00:00:00:00:00:00\"}", false, 7, "it is zero" },
		{ "{\"mac\":\"02:00:00:00:00:00:00:01\"}", false, 7, "not an Ethernet address" },
		{ "{\"guid\":\"00:00:00:00:00:00:00:00\"}", true, 7, "it is zero" },
		{ "{\"guid\":\"ff:ff:ff:ff:ff:ff:ff:ff\"}", true, 7, "group or broadcast" },
		{ "{\"guid\":\"01:00:00:00:00:00:00:01\"}", true, 7, "group or broadcast" },
		{ "{\"guid\":\"02:00:00:00:00:01\"}", true, 7, "not eight octets" },
		{ "{\"guid\":\"02-00-00-00-00-00-00-01\"}", true, 7, "not eight octets" },
		{ "{\"ibKubernetesEnabled\":true}", true, 11, "not configured this pod yet" },
		{ "{\"ibKubernetesEnabled\":true,\"args\":{\"cni\":{\"mellanox.infiniband.app\":"
		  "\"configured\"}}}",
			true, 7, "gave it no GUID" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		struct vf_settings settings;
		struct cni_error err;
		int rc = read_config(cases[i].config,
			cases[i].infiniband ? SETTINGS_IB_SRIOV : SETTINGS_SRIOV, NULL, &tree,
			&settings, &err);

		ok(rc < 0 && err.code == cases[i].code && strstr(err.msg, cases[i].message),
			"%s: %s", cases[i].config, err.msg);
	}
}

static void test_precedence(void)
{
	static const struct {
		const char *config, *args;
		uint8_t last;
	} cases[] = {
		{ "{\"mac\":\"02:00:00:00:00:01\"}", NULL, 1 },
		{ "{\"mac\":\"02:00:00:00:00:01\"}", "02:00:00:00:00:02", 2 },
		{ "{\"mac\":\"02:00:00:00:00:01\",\"args\":{\"cni\":{\"mac\":\"02:00:00:00:00:03\"}"
		  "}"
		  "}",
			"02:00:00:00:00:02", 3 },
		{ "{\"runtimeConfig\":{\"mac\":\"02:00:00:00:00:04\"},\"args\":{\"cni\":{\"mac\":"
		  "\"02:00:00:00:00:03\"}}}",
			"02:00:00:00:00:02", 4 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		struct vf_settings settings;
		struct cni_error err;
		int rc = read_config(
			cases[i].config, SETTINGS_SRIOV, cases[i].args, &tree, &settings, &err);

		ok(!rc && settings.wanted.mac[5] == cases[i].last, "%s", cases[i].config);
	}
}

/* The PF's link, asked for by name. */
static void answer_pf(int ahead)
{
	struct nl_request answer;
	struct ifinfomsg *info = nl_begin(&answer, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = PF_INDEX;
	info->ifi_type = ARPHRD_ETHER;
	nl_put_string(&answer, IFLA_IFNAME, "ens1f0np0");
	script.ahead = ahead;
	script_answer(&script, &answer, 0);
}

/* VF 0 as the PF tells it. */
static void answer_vf(int ahead, uint32_t vlan, uint32_t trust, uint64_t guid)
{
	struct nl_request answer;
	struct ifinfomsg *info = nl_begin(&answer, RTM_NEWLINK, 0, sizeof(*info));
	const struct ifla_vf_mac mac = { 0, { 2, 0, 0, 0, 0, 9 } };
	const struct ifla_vf_vlan_info vlans = { 0, vlan, 0, htobe16(ETH_P_8021Q) };
	const struct ifla_vf_trust trusted = { 0, trust };
	struct ifla_vf_guid guids;
	struct nlattr *list, *vf, *nest;

	memset(&guids, 0, sizeof(guids));
	guids.guid = guid;
	info->ifi_index = PF_INDEX;
	info->ifi_type = ARPHRD_ETHER;
	nl_put_u32(&answer, IFLA_NUM_VF, 1);
	list = nl_nest(&answer, IFLA_VFINFO_LIST);
	vf = nl_nest(&answer, IFLA_VF_INFO);
	nl_put(&answer, IFLA_VF_MAC, &mac, sizeof(mac));
	nl_put(&answer, IFLA_VF_TRUST, &trusted, sizeof(trusted));
	nl_put(&answer, IFLA_VF_IB_NODE_GUID, &guids, sizeof(guids));
	nl_put(&answer, IFLA_VF_IB_PORT_GUID, &guids, sizeof(guids));
	nest = nl_nest(&answer, IFLA_VF_VLAN_LIST);
	nl_put(&answer, IFLA_VF_VLAN_INFO, &vlans, sizeof(vlans));
	nl_nest_end(&answer, nest);
	nl_nest_end(&answer, vf);
	nl_nest_end(&answer, list);
	script.ahead = ahead;
	script_answer(&script, &answer, 0);
}

static void verdict(int ahead, int code)
{
	script.ahead = ahead;
	script_verdict(&script, NLMSG_ERROR, code, NULL);
	script.ahead = 0;
}

static const struct vf_settings wishes = {
	.wanted = { .has = VF_VLAN | VF_MAC | VF_TRUST | VF_SPOOFCHK,
		.vlan = 100,
		.proto = ETH_P_8021Q,
		.mac_length = 6,
		.mac = { 2, 0, 0, 0, 0, 9 },
		.trust = true },
};

static int make_plan(const struct vf_settings *settings, const char *id, struct settings_plan *plan,
	struct cni_error *err)
{
	struct pci vf;

	*err = (struct cni_error){ 0 };
	if (pci_find(tree_root, id, &vf) < 0)
		abort();
	return settings_plan(settings, &vf, &script.nl, plan, err);
}

static void test_plan(void)
{
	static const struct vf_settings none = { .vlan = -1 };
	struct settings_plan plan, untouched = { .vf = "x" };
	struct cni_error err;

	answer_pf(0);
	answer_vf(1, 5, 0, 0);
	ok(!make_plan(&wishes, "0000:3b:00.2", &plan, &err), "a plan: %s", err.msg);
	ok(plan.before.has == (VF_VLAN | VF_TRUST | VF_SPOOFCHK), "without what is so already: %#x",
		plan.before.has);
	ok(plan.before.vlan == 5 && !plan.before.trust && plan.before.spoofchk,
		"with the values of before; spoofchk, which is not told, by its default");
	is(plan.pf, "0000:3b:00.0", "the PF");
	is(plan.driver, "", "no rebind without a GUID");
	script_forget(&script);

	ok(!make_plan(&none, "0000:3b:00.0", &plan, &err) && !*plan.vf && !plan.before.has,
		"a PF without wishes");
	script_silent(&script, "without wishes");
	ok(make_plan(&wishes, "0000:3b:00.0", &untouched, &err) < 0 && err.code == 7 &&
			strstr(err.msg, "0000:3b:00.0 is no VF but a PF"),
		"a PF: %s", err.msg);
	is(untouched.vf, "x", "nothing is written");
	ok(make_plan(&wishes, "mlx5_core.sf.2", &plan, &err) < 0 && err.code == 7 &&
			strstr(err.msg, "is no VF:"),
		"a scalable function: %s", err.msg);
	verdict(0, -ENODEV);
	ok(make_plan(&wishes, "0000:3b:00.2", &plan, &err) < 0 && err.code == 11, "%s", err.msg);
	answer_pf(0);
	verdict(1, -EPERM);
	ok(make_plan(&wishes, "0000:3b:00.2", &plan, &err) < 0 && err.code == 999, "%s", err.msg);
	script_forget(&script);
}

static int count_sets(void)
{
	const struct nlmsghdr *asked;
	int sets = 0;

	while ((asked = script_asked(&script)))
		sets += asked->nlmsg_type == RTM_SETLINK;
	return sets;
}

static const struct settings_plan changed = {
	.vf = "0000:3b:00.2",
	.pf = "0000:3b:00.0",
	.before = { .has = VF_VLAN | VF_TRUST, .vlan = 5, .proto = ETH_P_8021Q },
};

static void test_apply(void)
{
	struct cni_error err = { 0 };

	answer_pf(0);
	verdict(1, 0);
	verdict(2, 0);
	ok(!settings_apply(&wishes, &changed, tree_root, &script.nl, &err), "apply: %s", err.msg);
	ok(count_sets() == 2, "what the plan names is set, nothing else");
	answer_pf(0);
	verdict(1, 0);
	verdict(2, -EOPNOTSUPP);
	ok(settings_apply(&wishes, &changed, tree_root, &script.nl, &err) < 0 &&
			strstr(err.msg,
				"set trust of VF 0 (0000:3b:00.2) through its PF ens1f0np0"),
		"%s", err.msg);
	script_forget(&script);
}

static void test_restore(void)
{
	struct settings_plan gone = changed, empty = { 0 };
	struct cni_error err = { 0 };

	answer_pf(0);
	answer_vf(1, 100, 1, 0);
	verdict(2, 0);
	verdict(3, 0);
	ok(!settings_restore(&changed, tree_root, &script.nl, &err), "restore: %s", err.msg);
	ok(count_sets() == 2, "both are put back");
	answer_pf(0);
	answer_vf(1, 100, 0, 0);
	verdict(2, 0);
	ok(!settings_restore(&changed, tree_root, &script.nl, &err) && count_sets() == 1,
		"what was not changed yet is not touched");
	answer_pf(0);
	answer_vf(1, 100, 1, 0);
	verdict(2, -EIO);
	verdict(3, 0);
	ok(settings_restore(&changed, tree_root, &script.nl, &err) < 0 && count_sets() == 2,
		"a failure keeps the rest from nothing: %s", err.msg);
	err = (struct cni_error){ 0 };
	answer_pf(0);
	answer_vf(1, 100, 1, 0);
	verdict(2, 0);
	verdict(3, -EOPNOTSUPP);
	ok(!settings_restore(&changed, tree_root, &script.nl, &err) && count_sets() == 2,
		"a setting that the driver has not was never changed");
	strcpy(gone.vf, "0000:3b:00.6");
	err = (struct cni_error){ 0 };
	ok(!settings_restore(&gone, tree_root, &script.nl, &err), "a VF that is gone");
	ok(!settings_restore(&empty, tree_root, &script.nl, &err), "nothing planned");
	script_silent(&script, "gone, and nothing");
}

/* A new GUID needs the driver anew; killed in between, the driver is bound again. */
static void test_guid(void)
{
	struct vf_settings guid = { .wanted = { .has = VF_NODE_GUID | VF_PORT_GUID } };
	struct settings_plan plan;
	struct cni_error err;

	guid.wanted.node_guid[7] = guid.wanted.port_guid[7] = 1;
	answer_pf(0);
	answer_vf(1, 0, 0, 0);
	ok(!make_plan(&guid, "0000:3b:00.2", &plan, &err), "a plan: %s", err.msg);
	is(plan.driver, "mlx5_core", "the driver is to be bound anew");
	script_forget(&script);
	tree_file("bus/pci/drivers/mlx5_core/unbind", "");
	tree_file("bus/pci/drivers/mlx5_core/bind", "");
	answer_pf(0);
	verdict(1, 0);
	verdict(2, 0);
	ok(!settings_apply(&guid, &plan, tree_root, &script.nl, &err), "apply: %s", err.msg);
	ok(count_sets() == 2, "node and port");
	is(tree_text("bus/pci/drivers/mlx5_core/unbind"), "0000:3b:00.2", "unbound");
	is(tree_text("bus/pci/drivers/mlx5_core/bind"), "0000:3b:00.2", "bound");

	tree_file("bus/pci/drivers/mlx5_core/bind", "");
	unlink(tree_path("bus/pci/devices/0000:3b:00.2/driver"));
	answer_pf(0);
	answer_vf(1, 0, 0, 0);
	ok(!settings_restore(&plan, tree_root, &script.nl, &err) && !count_sets(),
		"killed before the first change: %s", err.msg);
	is(tree_text("bus/pci/drivers/mlx5_core/bind"), "0000:3b:00.2", "the driver is bound");
}

static void test_state(void)
{
	static const char *const bad[] = { "{}", "{\"vf\":\"a/b\"}", "{\"vf\":\"x\",\"mac\":\"?\"}",
		"{\"vf\":\"x\",\"vlan\":9999}",
		"{\"vf\":\"x\",\"nodeGUID\":\"02:00:00:00:00:01:02:03:04:05:06:07:08:09:0a:0b\"}" };
	struct settings_plan plan = { .vf = "0000:3b:00.2",
		.pf = "0000:3b:00.0",
		.driver = "igbvf",
		.before = { .has = 0xff,
			.vlan = 4095,
			.qos = 7,
			.proto = ETH_P_8021AD,
			.mac_length = 6,
			.mac = { 2, 3 },
			.min_tx_rate = 1,
			.max_tx_rate = UINT32_MAX,
			.spoofchk = true,
			.link_state = 2,
			.node_guid = { 9 },
			.port_guid = { 8 } } };
	struct settings_plan read;
	struct cni_error err = { 0 };

	for (unsigned int has = 0; has < 0x100; has += 0x11) {
		CLEANUP(json_writer_done) struct json_writer w = { 0 };
		CLEANUP(json_writer_done) struct json_writer again = { 0 };
		CLEANUP(json_freep) struct json *tree = NULL;
		int rc;

		plan.before.has = has;
		settings_write(&plan, &w, NULL);
		rc = json_writer_end(&w) < 0 ||
		     json_parse(&tree, "x", w.text, w.length, &err) < 0 ||
		     settings_load(tree, &read, &err) < 0;
		if (!rc)
			settings_write(&read, &again, NULL);
		ok(!rc && read.before.has == has, "settings %#x are kept: %s", has, err.msg);
		is(again.text, w.text, "with their values");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;

		json_parse(&tree, "x", bad[i], strlen(bad[i]), &err);
		ok(settings_load(tree, &read, &err) < 0 && err.code == 6, "%s: %s", bad[i],
			err.msg);
	}
}

int main(void)
{
	script_open(&script);
	tree_make();
	tree_sriov();
	tree_directory("bus/auxiliary/devices/mlx5_core.sf.2");
	test_wishes();
	test_refusals();
	test_precedence();
	test_plan();
	test_apply();
	test_restore();
	test_guid();
	test_state();
	tree_remove();
	script_close(&script);
	return tap_done();
}
