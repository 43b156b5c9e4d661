/* SPDX-License-Identifier: Apache-2.0 */
/* ADD, DEL, CHECK, GC and STATUS of the pool plugin; test_lease.c has what ADD may meet. */
#include "ipam/test_pool.h"

#include <sys/file.h>

#define V4   "'subnet':'10.1.0.0/24'"
#define DUAL "'ranges':[[{'subnet':'10.1.0.0/24'}],[{'subnet':'fd00:1::/64'}]]"

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* The output as a whole, in the shape of the configuration's version. */
static void test_output(void)
{
	static const struct {
		const char *version, *want;
	} cases[] = {
		{ "0.2.0",
			"{\n    \"cniVersion\": \"0.2.0\",\n    \"ip4\": {\n        \"ip\": "
			"\"10.1.0.2/24\",\n        \"gateway\": \"10.1.0.1\",\n        \"routes\": "
			"[\n            {\n                \"dst\": \"10.9.0.0/16\"\n            "
			"}\n        ]\n    },\n    \"ip6\": {\n        \"ip\": "
			"\"fd00:1::1/64\"\n    },\n"
			"    \"dns\": {\n        \"domain\": \"d\"\n    }\n}" },
		{ "1.1.0", "{\n    \"cniVersion\": \"1.1.0\",\n    \"ips\": [\n        {\n"
			   "            \"address\": \"10.1.0.2/24\",\n"
			   "            \"gateway\": \"10.1.0.1\"\n        },\n        {\n"
			   "            \"address\": \"fd00:1::1/64\"\n        }\n    ],\n"
			   "    \"routes\": [\n        {\n            \"dst\": \"10.9.0.0/16\",\n"
			   "            \"mtu\": 1400\n        }\n    ],\n"
			   "    \"dns\": {\n        \"domain\": \"d\"\n    }\n}" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char config[1024];

		test_fresh();
		snprintf(config, sizeof(config),
			"{'cniVersion':'%s','name':'rail0','type':'x','ipam':{'type':'pool',"
			"'dataDir':'@','ranges':[[{'subnet':'10.1.0.0/24','gateway':'first'}],"
			"[{'subnet':'fd00:1::/64'}]],'routes':[{'dst':'10.9.0.0/16','mtu':1400}],"
			"'dns':{'domain':'d'}}}", cases[i].version);
		test_env.container = "c1";
		is(test_run("ADD", config, -1), cases[i].want, "output of %s", cases[i].version);
	}
	test_fresh();
	is(test_call("ADD", "c1",
		   "{'cniVersion':'0.2.0','name':'rail0','ipam':{'type':'pool','dataDir':'@',"
		   "'ranges':[{'subnet':'10.1.0.0/24'},{'subnet':'10.2.0.0/24'}]}}"),
		"7: CNI version 0.2.0 does not support more than 1 address per family: use 0.3.0 "
		"or newer", "what the version cannot print");
	is(test_leases(), "", "is not leased");
}

static void test_add_and_del(void)
{
	long written;

	test_fresh();
	is(test_call("ADD", "c1", CONFIG(DUAL)), "10.1.0.1/24 fd00:1::1/64",
		"ADD leases of each set");
	written = test_journal();
	is(test_call("ADD", "c1", CONFIG(DUAL)), "10.1.0.1/24 fd00:1::1/64", "ADD again: the same");
	ok(written > 0 && test_journal() == written, "and nothing is written");
	is(test_call("ADD", "c2", CONFIG(DUAL)), "10.1.0.2/24 fd00:1::2/64", "another container");
	test_env.ifname = "net2";
	is(test_call("ADD", "c1", CONFIG(DUAL)), "10.1.0.3/24 fd00:1::3/64", "another interface");
	is(test_call("DEL", "c1", CONFIG(DUAL)), "", "DEL of one interface");
	test_env.ifname = "net1";
	is(test_leases(), "c1/net1=10.1.0.1,fd00:1::1 c2/net1=10.1.0.2,fd00:1::2",
		"leaves the other");
	is(test_call("DEL", "c1", CONFIG(V4 ",'rangeStart':'nonsense','routes':7,'sticky':[]")), "",
		"DEL with broken ranges");
	is(test_leases(), "c2/net1=10.1.0.2,fd00:1::2", "releases all the same");
	written = test_journal();
	is(test_call("DEL", "c1", CONFIG(DUAL)), "", "DEL twice");
	is(test_call("DEL", "unknown", CONFIG(DUAL)), "", "DEL of what never was");
	ok(test_journal() == written, "and nothing is written");
	test_env.netns = "";
	is(test_call("DEL", "c2", CONFIG(DUAL)), "", "DEL without a namespace");
	is(test_leases(), "", "releases");
	test_env.netns = "/run/netns/none";
	is(test_call("ADD", "c3", CONFIG(DUAL)), "10.1.0.4/24 fd00:1::4/64", "round robin goes on");
}

static void test_del_without_pool(void)
{
	char config[5120], name[202] = "", path[4096] = "";

	test_fresh();
	is(test_call("DEL", "c1", CONFIG(V4)), "", "DEL without a pool");
	ok(access(test_file("ipam"), F_OK) < 0, "makes none");
	is(test_call("DEL", "c1", "{'cniVersion':'1.1.0','name':'rail0','ipam':{'dataDir':'x'}}"),
		"", "DEL where no ADD can have been");
	is(test_call("DEL", "c1",
		   "{'cniVersion':'1.1.0','name':'rail0','ipam':{'pool':'../x','dataDir':'@'}}"),
		"", "or in no pool");
	memset(name, 'n', sizeof(name) - 1);
	snprintf(config, sizeof(config), CONFIG_FOR("%s", V4, ""), name);
	ok(starts_with(test_call("ADD", "c1", config), "7: "), "a name that is too long for a pool");
	is(test_call("DEL", "c1", config), "", "DEL of such a network");
	memset(path, 'p', sizeof(path) - 1);
	snprintf(config, sizeof(config),
		"{'cniVersion':'1.1.0','name':'n','ipam':{'dataDir':'/%s'," V4 "}}", path);
	ok(starts_with(test_call("ADD", "c1", config), "7: "), "a data directory that is too long");
	is(test_call("DEL", "c1", config), "", "DEL of such a network");
}

static void test_shared_pool(void)
{
	test_fresh();
	is(test_call("ADD", "c1", CONFIG_FOR("a", "'pool':'rail0'," V4, "")), "10.1.0.1/24",
		"one network of a pool");
	is(test_call("DEL", "c1", CONFIG_FOR("b", "'pool':'rail0'," V4, "")), "",
		"DEL of an interface of that name that another network has");
	is(test_leases(), "c1/net1=10.1.0.1", "releases nothing");
	is(test_call("ADD", "c2", CONFIG_FOR("b", "'pool':'rail0'," V4, "")), "10.1.0.2/24",
		"another one does not get its address");
	is(test_call("ADD", "c3", CONFIG_FOR("b", V4, "")), "10.1.0.1/24", "another pool would");
}

static void test_lost_output(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	test_fresh();
	test_env.container = "c1";
	test_run("ADD", CONFIG(DUAL), full);
	is(test_leases(), "", "an ADD whose result cannot be told leases nothing");
	test_call("ADD", "c1", CONFIG(V4));
	is(test_leases(), "c1/net1=10.1.0.2", "after one that could");
	test_run("ADD", CONFIG(V4), full);
	is(test_leases(), "c1/net1=10.1.0.2", "a repeated one takes nothing back");
	test_run("ADD", CONFIG(DUAL), full);
	is(test_leases(), "c1/net1=10.1.0.2", "one with a new set only what it added");
	close(full);
}

#define PREVIOUS(ips) ",'prevResult':{'cniVersion':'1.1.0','ips':[" ips "]}"

static void test_check(void)
{
	static const struct {
		const char *name, *config, *want;
	} cases[] = {
		{ "what ADD returned",
			CONFIG_FOR("rail0", DUAL,
				PREVIOUS("{'address':'10.1.0.1/24'},{'address':'fd00:1::1/64'}")),
			"" },
		{ "with addresses of other plugins",
			CONFIG_FOR("rail0", DUAL,
				PREVIOUS("{'address':'10.9.0.1/24'},{'address':'10.1.0.1/24'},"
					 "{'address':'fd00:1::1/64'}")),
			"" },
		{ "with a missing address",
			CONFIG_FOR("rail0", DUAL, PREVIOUS("{'address':'10.1.0.1/24'}")),
			"999: container c1, interface net1 holds fd00:1::1 in pool rail0, which "
			"prevResult "
			"does not have" },
		{ "with one more of our range",
			CONFIG_FOR("rail0", DUAL,
				PREVIOUS("{'address':'10.1.0.1/24'},{'address':'fd00:1::1/64'},"
					 "{'address':'10.1.0.7/24'}")),
			"999: container c1, interface net1 has 10.1.0.7 in prevResult and does not "
			"hold it in "
			"pool rail0" },
		{ "without prevResult", CONFIG(DUAL),
			"7: required prevResult missing: the runtime must pass on what ADD "
			"returned" },
		{ "with a broken configuration", CONFIG_FOR("rail0", "'subnet':'x'", PREVIOUS("")),
			"7: ipam: subnet \"x\" is no network: an address and a prefix length are "
			"expected, "
			"as in 10.1.0.0/16" },
		{ "in a pool that is not there", CONFIG_FOR("none", DUAL, PREVIOUS("")),
			"999: container c1, interface net1 holds no address in pool none" },
	};

	test_fresh();
	test_env.netns = "/run/netns/none";
	test_call("ADD", "c1", CONFIG(DUAL));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is(test_call("CHECK", "c1", cases[i].config), cases[i].want, "CHECK %s",
			cases[i].name);
	is(test_call("CHECK", "c2", cases[0].config),
		"999: container c2, interface net1 holds no address in pool rail0",
		"CHECK of a stranger");
	ok(access(test_file("ipam/none"), F_OK) < 0, "CHECK makes no pool");
}

#define VALID(list) ",'cni.dev/valid-attachments':[" list "]"

static void test_gc(void)
{
	test_fresh();
	is(test_call("GC", "", CONFIG_FOR("rail0", V4, VALID(""))), "", "GC without a pool");
	for (int i = 0; i < 3; i++)
		test_call("ADD", (const char *const[]){ "c1", "c2", "c3" }[i], CONFIG(V4));
	test_call("ADD", "other", CONFIG_FOR("b", "'pool':'rail0'," V4, ""));
	test_env.ifname = "net2";
	test_call("ADD", "c2", CONFIG(V4));
	is(test_call("GC", "", CONFIG(V4)),
		"7: GC needs \"cni.dev/valid-attachments\", the list of what is still in use: "
		"without it nothing is removed", "GC without a list");
	is(test_call("GC", "",
		   CONFIG_FOR("rail0", "'subnet':'broken'",
			   VALID("{'containerID':'c3','ifname':'net1'},{'containerID':'c9','ifname'"
				 ":'net1'},"
				 "{'containerID':'c2','ifname':'net2'}"))),
		"", "GC, even with broken ranges");
	is(test_leases(), "c2/net2=10.1.0.5 c3/net1=10.1.0.3 other/net1=10.1.0.4",
		"keeps what is listed and what is of other networks");
	is(test_call("GC", "", CONFIG_FOR("rail0", V4, VALID(""))), "", "GC with an empty list");
	is(test_leases(), "other/net1=10.1.0.4", "releases all of the network");
	test_env.ifname = "net1";
}

static void test_status(void)
{
	static const char small[] =
		CONFIG("'ranges':[[{'subnet':'fd00::/64'}],[{'subnet':'10.1.0.0/31'}]]");
	int lock;

	test_fresh();
	is(test_call("STATUS", "", small), "", "STATUS of a pool that is not there yet");
	is(test_call("STATUS", "", CONFIG("'subnetz':'10.1.0.0/24'")),
		"7: ipam: unknown key \"subnetz\": did you mean \"subnet\"?", "STATUS with a slip");
	is(test_call("STATUS", "", CONFIG(V4 ",'routes':[{}]")),
		"7: ipam.routes[0]: \"dst\" is missing", "STATUS with a bad route");
	test_call("ADD", "c1", small);
	is(test_call("STATUS", "", small), "", "STATUS with one address left");
	test_call("ADD", "c2", small);
	is(test_call("STATUS", "", small),
		"50: pool rail0 exhausted: 2 usable, 4 leased, 0 cooling, 0 excluded: delete "
		"attachments or widen ipam.ranges[1][0]", "STATUS with none left");
	lock = open(test_file("ipam/rail0/lock"), O_RDWR | O_CLOEXEC);
	flock(lock, LOCK_EX);
	ok(starts_with(test_call("STATUS", "", CONFIG(V4 ",'lockTimeout':'1ms'")),
		   "50: pool \"rail0\" is still"),
		"STATUS of a locked pool");
	ok(starts_with(test_call("ADD", "c3", CONFIG(V4 ",'lockTimeout':0")),
		   "11: pool \"rail0\" is still"),
		"ADD to a locked pool");
	close(lock);
	close(open(test_file("file"), O_CREAT | O_CLOEXEC, 0600));
	ok(starts_with(
		   test_call("STATUS", "",
			   "{'cniVersion':'1.1.0','name':'n','ipam':{'dataDir':'@/file'," V4 "}}"),
		   "50: "),
		"STATUS where there can be no directory");
}

int main(void)
{
	test_env.netns = "/run/netns/none";
	test_output();
	test_add_and_del();
	test_del_without_pool();
	test_shared_pool();
	test_lost_output();
	test_check();
	test_gc();
	test_status();
	return tap_done();
}
