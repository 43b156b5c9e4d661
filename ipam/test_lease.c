/* SPDX-License-Identifier: Apache-2.0 */
/* What an ADD may meet: requests, changed configurations, full pools, dead owners. */
#include "cni/boot.h"
#include "ipam/test_pool.h"

#define SMALL "'subnet':'10.1.0.0/30'" /* .1 and .2 */

static void test_changed_configuration(void)
{
	test_fresh();
	is(test_call("ADD", "c1", CONFIG("'ranges':[{'subnet':'10.1.0.0/24'}]")), "10.1.0.1/24",
		"one set");
	is(test_call("ADD", "c1",
		   CONFIG("'ranges':[{'subnet':'10.1.0.0/24'},{'subnet':'fd00::/64'}]")),
		"10.1.0.1/24 fd00::1/64", "a set more: only that is leased");
	is(test_call("ADD", "c1",
		   CONFIG("'ranges':[{'subnet':'fd00::/64'},{'subnet':'10.1.0.0/24'}]")),
		"fd00::1/64 10.1.0.1/24", "the order of the sets is that of the addresses");
	is(test_call("ADD", "c1",
		   CONFIG("'ranges':[{'subnet':'10.1.0.0/16'},{'subnet':'fd00::/64'}]")),
		"10.1.0.1/16 fd00::1/64", "the prefix is the subnet's");
	is(test_call("ADD", "c1",
		   CONFIG("'ranges':[{'subnet':'10.2.0.0/24'},{'subnet':'fd00::/64'}]")),
		"10.2.0.1/24 fd00::1/64", "a range that is gone");
	is(test_leases(), "c1/net1=10.2.0.1,fd00::1", "gets its address back");
	is(test_call("ADD", "c1", CONFIG("'subnet':'10.2.0.0/24','exclude':['10.2.0.1']")),
		"10.2.0.2/24", "so does an exclusion");
	is(test_leases(), "c1/net1=10.2.0.2", "and a set that is gone");
}

static void test_order(void)
{
	test_fresh();
	test_call("ADD", "c1", CONFIG("'subnet':'10.1.0.0/24'"));
	test_call("DEL", "c1", CONFIG("'subnet':'10.1.0.0/24'"));
	is(test_call("ADD", "c2", CONFIG("'subnet':'10.1.0.0/24'")), "10.1.0.2/24", "round robin");
	is(test_call("ADD", "c3", CONFIG("'subnet':'10.1.0.0/24','allocation':'lowest'")),
		"10.1.0.1/24", "lowest");
	is(test_call("ADD", "c4", WITH("'subnet':'10.1.0.0/24'", "'10.1.0.9'")), "10.1.0.9/24",
		"a requested one");
	is(test_call("ADD", "c5", CONFIG("'subnet':'10.1.0.0/24'")), "10.1.0.3/24",
		"does not move the round robin");
}

static void test_requests(void)
{
	static const struct {
		const char *config, *want;
	} cases[] = {
		{ WITH("'ranges':[{'subnet':'10.1.0.0/24'},{'subnet':'fd00::/64'}]",
			  "'fd00::9','10.1.0.9/8'"),
			"10.1.0.9/24 fd00::9/64" },
		{ WITH("'ranges':[{'subnet':'10.1.0.0/24'},{'subnet':'fd00::/64'}]", "'fd00::9'"),
			"10.1.0.1/24 fd00::9/64" },
		{ WITH("'ranges':[[{'subnet':'10.2.0.0/24'},{'subnet':'10.1.0.0/24'}]]",
			  "'10.1.0.9'"),
			"10.1.0.9/24" },
		{ WITH("'subnet':'10.1.0.0/24','rangeStart':'10.1.0.0'", "'10.1.0.0'"),
			"10.1.0.0/24" },
		{ WITH("'subnet':'10.1.0.0/24','rangeEnd':'10.1.0.255'", "'10.1.0.255'"),
			"10.1.0.255/24" },
		{ WITH("'subnet':'10.1.0.0/31'", "'10.1.0.0'"), "10.1.0.0/31" },

		{ WITH("'subnet':'10.1.0.0/24'", "'10.2.0.9'"),
			"7: requested address 10.2.0.9 is in no range of pool rail0" },
		{ WITH("'subnet':'10.1.0.0/24'", "'10.1.0.9','10.1.0.8'"),
			"7: requested addresses 10.1.0.9 and 10.1.0.8 are both of the set of ipam, "
			"which gives "
			"one" },
		{ WITH("'subnet':'10.1.0.0/24'", "'10.1.0.9','fd00::9'"),
			"7: requested address fd00::9 is in no range of pool rail0" },
		{ WITH("'subnet':'10.1.0.0/24'", "'10.1.0.0'"),
			"7: requested address 10.1.0.0 is the network address of 10.1.0.0/24, and "
			"no rangeStart "
			"says that it may be leased" },
		{ WITH("'subnet':'10.1.0.0/24'", "'10.1.0.255'"),
			"7: requested address 10.1.0.255 is the broadcast address of 10.1.0.0/24, "
			"and no "
			"rangeEnd says that it may be leased" },
		{ WITH("'subnet':'10.1.0.0/24','rangeStart':'10.1.0.20'", "'10.1.0.19'"),
			"7: requested address 10.1.0.19 is not within 10.1.0.20-10.1.0.254 of "
			"ipam" },
		{ WITH("'subnet':'10.1.0.0/24','exclude':['10.1.0.8/30']", "'10.1.0.9'"),
			"7: requested address 10.1.0.9 is excluded from ipam" },
		{ WITH("'subnet':'10.1.0.0/24','gateway':'10.1.0.9'", "'10.1.0.9'"),
			"7: requested address 10.1.0.9 is the gateway of 10.1.0.0/24" },
		{ WITH("'subnet':'10.1.0.0/24','rangeStart':'10.1.0.9','gateway':'10.1.0.1'",
			  "'10.1.0.1'"),
			"7: requested address 10.1.0.1 is the gateway of 10.1.0.0/24" },
		{ WITH("'subnet':'fd00::/64'", "'fd00::'"),
			"7: requested address fd00:: is the network address of fd00::/64, and no "
			"rangeStart "
			"says that it may be leased" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		test_fresh();
		is(test_call("ADD", "c1", cases[i].config), cases[i].want, "%s", cases[i].config);
		ok(*cases[i].want != '7' || access(test_file("ipam"), F_OK) < 0,
			"a refusal touches nothing");
	}
	test_fresh();
	test_env.args = "IgnoreUnknown=1;IP=10.1.0.9,fd00::9;K8S_POD_NAME=web";
	is(test_call("ADD", "c1",
		   CONFIG("'ranges':[{'subnet':'10.1.0.0/24'},{'subnet':'fd00::/64'}]")),
		"10.1.0.9/24 fd00::9/64", "CNI_ARGS request");
	test_env.args = "IP=10.1.0.9=10.1.0.8";
	is(test_call("ADD", "c2", CONFIG("'subnet':'10.1.0.0/24'")),
		"4: CNI_ARGS: invalid pair \"IP=10.1.0.9=10.1.0.8\" in \"IP=10.1.0.9=10.1.0.8\": "
		"K=V;K=V is expected", "a broken request is not overlooked");
	is(test_call("DEL", "c1", CONFIG("'x':0")), "", "DEL does not care");
	test_env.args = "";
}

static void test_requested_and_held(void)
{
	test_fresh();
	test_env.args = "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web";
	test_call("ADD", "c1", WITH("'subnet':'10.1.0.0/24'", "'10.1.0.9'"));
	test_env.args = "";
	is(test_call("ADD", "c2", WITH("'subnet':'10.1.0.0/24'", "'10.1.0.9'")),
		"11: requested address 10.1.0.9 is leased to container c1, interface net1, pod "
		"ns/web, of network rail0", "requested from its owner");
	is(test_call("ADD", "c1", WITH("'subnet':'10.1.0.0/24'", "'10.1.0.9'")), "10.1.0.9/24",
		"requested and held");
	is(test_call("ADD", "c1", CONFIG("'subnet':'10.1.0.0/24'")), "10.1.0.9/24",
		"held, not requested");
	is(test_call("ADD", "c1", WITH("'subnet':'10.1.0.0/24'", "'10.1.0.8'")),
		"7: container c1, interface net1 holds 10.1.0.9 in pool rail0 and requested "
		"10.1.0.8: DEL it first", "holds another one");
	is(test_leases(), "c1/net1=10.1.0.9", "which stays");
	test_call("DEL", "c1", CONFIG("'reuseDelay':'1h'"));
	is(test_call("ADD", "c2", WITH("'subnet':'10.1.0.0/24','reuseDelay':'1h'", "'10.1.0.9'")),
		"10.1.0.9/24", "a request does not wait for the delay");
}

static void test_exhaustion(void)
{
	static const char both[] = CONFIG("'ranges':[[{'subnet':'fd00::/64'}],[{" SMALL "}]]");

	test_fresh();
	test_call("ADD", "c1", CONFIG(SMALL));
	test_call("ADD", "c2", CONFIG(SMALL));
	is(test_call("ADD", "c3", CONFIG(SMALL)),
		"11: pool rail0 exhausted: 2 usable, 2 leased, 0 cooling, 0 excluded: delete "
		"attachments or widen ipam", "a full pool");
	is(test_call("ADD", "c3", both),
		"11: pool rail0 exhausted: 2 usable, 2 leased, 0 cooling, 0 excluded: delete "
		"attachments or widen ipam.ranges[1][0]", "a full set");
	is(test_leases(), "c1/net1=10.1.0.1 c2/net1=10.1.0.2", "all or nothing");
	is(test_call("ADD", "c1", CONFIG(SMALL)), "10.1.0.1/30", "a repeated ADD needs no room");
	is(test_call("ADD", "c3", CONFIG("'ranges':[[{" SMALL "},{'subnet':'10.2.0.0/30'}]]")),
		"10.2.0.1/30", "the next alternative");
	is(test_call("ADD", "c4", CONFIG(SMALL ",'exclude':['10.1.0.0/30']")),
		"11: pool rail0 exhausted: 0 usable, 3 leased, 0 cooling, 2 excluded: delete "
		"attachments or widen ipam", "everything excluded");
}

static void test_reuse(void)
{
	static const char config[] = CONFIG(SMALL ",'reuseDelay':'1h'");

	test_fresh();
	test_call("ADD", "c1", config);
	test_call("ADD", "c2", config);
	test_call("DEL", "c2", config);
	usleep(2000); /* the time of a release counts in ms */
	test_call("DEL", "c1", config);
	is(test_call("STATUS", "", config), "", "cooling addresses are addresses");
	is(test_call("ADD", "c3", config), "10.1.0.2/30", "cooling: what was released first");
	is(test_call("ADD", "c4", config), "10.1.0.1/30", "then the other");
	is(test_call("ADD", "c5", config),
		"11: pool rail0 exhausted: 2 usable, 2 leased, 0 cooling, 0 excluded: delete "
		"attachments or widen ipam", "then none");
}

static void test_reclaim(void)
{
	const char *boot = boot_id();
	char id[NETNS_ID_TEXT];

	ok(*boot, "the boot has an ID");
	for (int i = 0; i < 6; i++) {
		const struct {
			const char *name, *netns, *id, *boot;
			bool dead;
		} cases[] = {
			{ "another boot", NULL, "", "other", true },
			{ "the namespace is gone", "/run/netns/gone", "4:1", boot, true },
			{ "it is another one", NULL, "4:1", boot, true },
			{ "it is there", NULL, id, boot, false },
			{ "it was never seen", "/run/netns/gone", "", boot, false },
			{ "nothing is known", "", "", "", false },
		};
		const char *netns;

		test_fresh();
		netns = test_netns("netns", id);
		test_lease("old", "10.1.0.1/32", cases[i].netns ? cases[i].netns : netns,
			cases[i].id, cases[i].boot, NULL);
		is(test_call("STATUS", "", CONFIG("'subnet':'10.1.0.1/32'")),
			cases[i].dead ? ""
				      : "50: pool rail0 exhausted: 1 usable, 1 leased, 0 cooling, "
					"0 excluded: delete attachments or widen ipam",
			"STATUS of a full pool: %s", cases[i].name);
		is(test_leases(), "old/net1=10.1.0.1", "changes nothing");
		is(test_call("ADD", "c1", CONFIG("'subnet':'10.1.0.1/32'")),
			cases[i].dead ? "10.1.0.1/32"
				      : "11: pool rail0 exhausted: 1 usable, 1 leased, 0 cooling, "
					"0 excluded: delete attachments or widen ipam",
			"ADD: %s", cases[i].name);
		is(test_leases(), cases[i].dead ? "c1/net1=10.1.0.1" : "old/net1=10.1.0.1",
			"the lease");
	}
}

static void test_reclaim_order(void)
{
	static const char config[] = CONFIG("'subnet':'10.1.0.0/29','reuseDelay':'1h'");

	test_fresh();
	test_call("ADD", "c1", config);
	test_call("DEL", "c1", config);
	for (int i = 2; i < 6; i++) {
		char container[32], address[32];

		sprintf(container, "old%d", i);
		sprintf(address, "10.1.0.%d/29", i);
		test_lease(container, address, "", "", "other", NULL);
	}
	is(test_call("ADD", "c2", config), "10.1.0.6/29", "first what is free");
	ok(strstr(test_leases(), "old2") != NULL, "dead owners stay as long as there is room");
	is(test_call("ADD", "c3", WITH("'subnet':'10.1.0.0/29','reuseDelay':'1h'", "'10.1.0.4'")),
		"10.1.0.4/29", "the requested address of a dead owner");
	ok(strstr(test_leases(), "old2") && !strstr(test_leases(), "old4"), "of that one alone");
	is(test_call("ADD", "c4", config), "10.1.0.2/29", "then a dead one's, before cooling ones");
	ok(!strstr(test_leases(), "old"), "the dead go together");
	test_fresh();
	test_lease("c1", "10.1.0.1/32", "", "", "other", NULL);
	is(test_call("ADD", "c1", CONFIG("'subnet':'10.1.0.1/32'")), "10.1.0.1/32",
		"an owner under another boot is still the owner");
	is(test_call("ADD", "c2", CONFIG("'subnet':'10.1.0.1/32'")),
		"11: pool rail0 exhausted: 1 usable, 1 leased, 0 cooling, 0 excluded: delete "
		"attachments or widen ipam", "and lives again");
}

static void test_identity(void)
{
	char id[NETNS_ID_TEXT] = "";
	struct lease lease;
	struct cni_error err = { 0 };
	struct store *store;
	struct netns_id identity = { 0 };
	int own = netns_home();

	test_fresh();
	test_env.netns = "/proc/self/ns/net";
	test_env.override = "1";
	test_env.args = "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web;K8S_POD_UID=u1";
	test_call("ADD", "c1", CONFIG(SMALL));
	test_env.netns = "/run/netns/none";
	test_env.override = NULL;
	test_env.args = "";
	netns_identify(own, &identity);
	close(own);
	netns_print_id(&identity, id);
	store = test_open();
	ok(store_find(store, "c1", "net1", &lease, &err) == 1, "the lease is found");
	is(lease.netns_id, id, "identity of the namespace");
	is(lease.netns, "/proc/self/ns/net", "its path");
	is(lease.boot, boot_id(), "the boot");
	is(lease.pod, "ns/web", "the pod");
	is(lease.pod_uid, "u1", "its UID");
	is(lease.network, "rail0", "the network");
	ok(lease.time > 1600000000, "the time");
	store_closep(&store);
}

/* A repeated ADD from another namespace: the lease would otherwise pass for a dead one's. */
static void test_new_namespace(void)
{
	static const struct {
		const char *netns, *netns_id, *boot;
		bool same;
	} cases[] = {
		{ "/run/netns/none", "", NULL, true },
		{ "/run/netns/other", "", NULL, false },
		{ "/run/netns/none", "4:1", NULL, false },
		{ "/run/netns/none", "", "other", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_error err = { 0 };
		struct store *store;
		struct lease lease;
		long written;

		test_fresh();
		test_lease("c1", "10.1.0.2/30", cases[i].netns, cases[i].netns_id,
			cases[i].boot ? cases[i].boot : boot_id(), NULL);
		written = test_journal();
		is(test_call("ADD", "c1", CONFIG(SMALL)), "10.1.0.2/30", "the address stays");
		ok((test_journal() == written) == cases[i].same, "written if anything is new");
		store = test_open();
		ok(store_find(store, "c1", "net1", &lease, &err) == 1 &&
				!(lease.netns_id && *lease.netns_id) &&
				!strcmp(lease.netns, "/run/netns/none") &&
				!strcmp(lease.boot, boot_id()),
			"the lease is of now");
		store_closep(&store);
	}
}

int main(void)
{
	test_env.netns = "/run/netns/none";
	test_changed_configuration();
	test_order();
	test_requests();
	test_requested_and_held();
	test_exhaustion();
	test_reuse();
	test_reclaim();
	test_reclaim_order();
	test_identity();
	test_new_namespace();
	return tap_done();
}
