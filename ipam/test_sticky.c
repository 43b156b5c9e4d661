/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod takes over from its older sandboxes, and what is kept for it from one to the next. */
#include <sys/file.h>

#include "cni/boot.h"
#include "ipam/test_pool.h"

#define STICKY	     "'sticky':'pod',"
#define V4	     "'subnet':'10.1.0.0/24'"
#define SMALL	     "'subnet':'10.1.0.0/30'" /* .1 and .2 */
#define DUAL	     "'ranges':[[{'subnet':'10.1.0.0/30'}],[{'subnet':'fd00::/126','rangeEnd':'fd00::2'}]]"
#define VALID(list)  ",'cni.dev/valid-attachments':[" list "]"
#define ATTACHED(id) "{'containerID':'" id "','ifname':'net1'}"

/* What the following calls are made for; NULL: for no pod. */
static void pod(const char *name, const char *uid)
{
	static char args[128];

	*args = '\0';
	if (name)
		sprintf(args, "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=%s;K8S_POD_UID=%s", name, uid);
	test_env.args = args;
}

static const char *add(const char *name, const char *container, const char *config)
{
	pod(name, "u1");
	return test_call("ADD", container, config);
}

/* An ADD and the DEL of a pod: its container is called as it is. */
static void visit(const char *name, const char *config)
{
	add(name, name, config);
	test_call("DEL", name, config);
}

/* A lease of the pod whose owner lives; its namespace is test_file("netns"). */
static void lease_old(void)
{
	char id[NETNS_ID_TEXT];
	const char *netns;

	test_fresh();
	netns = test_netns("netns", id);
	test_lease("old", "10.1.0.9/24", netns, id, boot_id(), "u1");
}

/* Where there was no DEL. */
static void test_heirs(void)
{
	static const char config[] = CONFIG(STICKY V4);

	lease_old();
	pod("web", "u2");
	is(test_call("ADD", "c0", config), "10.1.0.1/24",
		"another pod of the name while the old one lives");
	lease_old();
	is(add("web", "c1", CONFIG(V4)), "10.1.0.1/24", "without sticky");
	is(add("web", "c2", WITH(STICKY V4, "'10.1.0.5'")), "10.1.0.5/24",
		"another address on request");
	is(test_leases(), "c1/net1=10.1.0.1 c2/net1=10.1.0.5 old/net1=10.1.0.9",
		"leaves the old lease alone");
	lease_old();
	is(add("web", "c2", config), "10.1.0.9/24", "the same pod in a new sandbox");
	is(test_leases(), "c2/net1=10.1.0.9", "takes the lease over");
	is(test_call("DEL", "old", config), "", "the late DEL of the old sandbox");
	is(test_leases(), "c2/net1=10.1.0.9", "does no harm");
	lease_old();
	remove(test_file("netns"));
	pod("web", "u2");
	is(test_call("ADD", "c3", config), "10.1.0.9/24",
		"another pod of the name when the old one is dead");
	is(add(NULL, "c4", config), "10.1.0.1/24", "no pod, nothing to stick to");
	is(test_call("DEL", "c4", config), "", "its DEL");
	is(test_leases(), "c3/net1=10.1.0.9", "ends the lease");
}

static void test_keeping(void)
{
	static const char config[] = CONFIG(STICKY V4),
			  delayed[] = CONFIG(STICKY V4 ",'reuseDelay':'1h'");
	CLEANUP(store_closep) struct store *store = NULL;
	struct cni_error err = { 0 };
	struct lease lease;
	long written;

	test_fresh();
	is(add("web", "c1", config), "10.1.0.1/24", "ADD");
	is(test_call("DEL", "c1", config), "", "DEL");
	is(test_leases(), "pod:ns/web/net1=10.1.0.1", "the pod keeps its address");
	written = test_journal();
	is(test_call("DEL", "c1", config), "", "DEL twice");
	ok(test_journal() == written, "writes nothing");
	store = test_open();
	ok(store_find(store, "pod:ns/web", "net1", &lease, &err) == 1 && lease_is_kept(&lease),
		"the kept lease");
	is(lease.pod, "ns/web", "its pod");
	is(lease.network, "rail0", "its network");
	ok(!lease.netns && lease.time > 1600000000, "no namespace, and the time");
	ok(store_counts(store).leases == 0 && store_counts(store).leased == 0 &&
			store_counts(store).kept == 1 && store_counts(store).ipv4_kept == 1,
		"is no attachment");
	store_closep(&store);
	is(add("db", "c2", config), "10.1.0.2/24", "another pod gets another one");
	is(add("web", "c3", CONFIG(V4)), "10.1.0.3/24", "and so does one that is not sticky");
	test_call("DEL", "c3", config);
	pod("web", "u2");
	is(test_call("ADD", "c4", config), "10.1.0.1/24",
		"the pod gets it again, whatever its UID");
	is(test_leases(), "c2/net1=10.1.0.2 c4/net1=10.1.0.1", "and keeps nothing beside");
	is(test_call("DEL", "c1", config), "", "the late DEL of an older sandbox");
	is(test_leases(), "c2/net1=10.1.0.2 c4/net1=10.1.0.1", "does no harm");
	is(add(NULL, "c5", config), "10.1.0.4/24", "the round robin is where it was");
	test_env.ifname = "net2";
	is(add("web", "c4", config), "10.1.0.5/24", "another interface of the pod");
	test_env.ifname = "net1";

	test_fresh();
	add("web", "c1", delayed);
	test_call("DEL", "c1", delayed);
	is(add("web", "c2", delayed), "10.1.0.1/24", "the reuse delay is for others");
	is(test_call("DEL", "c2", CONFIG("'subnet':7,'sticky':[]")), "",
		"DEL with a broken configuration");
	is(test_leases(), "pod:ns/web/net1=10.1.0.1", "keeps it all the same");
	add("web", "c3", config);
	add("web", "c3", CONFIG(V4));
	is(test_call("DEL", "c3", config), "", "when it is sticky no more");
	is(test_leases(), "", "nothing is kept");
}

/* Whatever the order of the DELs, what the pod got last is what it keeps. */
static void test_two_leases(void)
{
	static const char config[] = CONFIG(STICKY V4), request[] = WITH(STICKY V4, "'10.1.0.9'");

	for (int late = 0; late < 2; late++) {
		char id[NETNS_ID_TEXT];

		test_fresh();
		add("web", "c1", config);
		pod("web", "u2");
		/* c1 lives, for nobody knows its namespace. */
		is(test_call("ADD", "c2", config), "10.1.0.2/24", "a second pod of the name");
		test_call("DEL", late ? "c2" : "c1", config);
		test_call("DEL", late ? "c1" : "c2", config);
		is(test_leases(), "pod:ns/web/net1=10.1.0.2", "the address of the younger is kept");
		is(add("db", "c3", CONFIG(STICKY V4 ",'allocation':'lowest'")), "10.1.0.1/24",
			"that of the older is free");
		is(add("web", "c4", request), "10.1.0.9/24", "another one on request");
		is(test_leases(), "c3/net1=10.1.0.1 c4/net1=10.1.0.9 pod:ns/web/net1=10.1.0.2",
			"leaves the kept one alone");
		test_lease("old", "10.1.0.7/24", test_netns("gone", id), id, boot_id(), "u1");
		remove(test_file("gone"));
		is(add("web", "c5", config), "10.1.0.7/24",
			"the last of the leases it may take over");
		test_call("DEL", "c4", config);
		test_call("DEL", "c5", config);
		is(test_leases(), "c3/net1=10.1.0.1 pod:ns/web/net1=10.1.0.7", "one is kept");
	}
}

static void test_dry(void)
{
	static const char config[] = CONFIG(STICKY SMALL);
	char id[NETNS_ID_TEXT];

	test_fresh();
	visit("a", config);
	visit("b", config);
	is(test_call("STATUS", "", config), "", "STATUS of a pool that pods keep");
	is(add("c", "c1", config), "10.1.0.1/30", "what was released first is given up");
	is(test_leases(), "c1/net1=10.1.0.1 pod:ns/b/net1=10.1.0.2", "and no more than that");
	is(add("b", "c2", config), "10.1.0.2/30", "the other pod comes back");
	is(add("d", "c3", config),
		"11: pool rail0 exhausted: 2 usable, 2 leased, 0 cooling, 0 excluded: delete "
		"attachments or widen ipam",
		"nothing more to give up");
	is(test_call("STATUS", "", config),
		"50: pool rail0 exhausted: 2 usable, 2 leased, 0 cooling, 0 excluded: delete "
		"attachments or widen ipam",
		"and so says STATUS");

	test_fresh();
	visit("a", config);
	test_lease("old", "10.1.0.2/30", test_netns("gone", id), id, boot_id(), NULL);
	remove(test_file("gone"));
	is(add("c", "c1", config), "10.1.0.2/30", "the dead go first");
	is(test_leases(), "c1/net1=10.1.0.2 pod:ns/a/net1=10.1.0.1", "alone");

	test_fresh();
	visit("a", CONFIG(STICKY DUAL));
	visit("b", CONFIG(STICKY DUAL));
	usleep(2000);
	is(add("c", "c1", CONFIG(STICKY DUAL ",'reuseDelay':'1ms'")), "10.1.0.1/30 fd00::1/126",
		"all addresses of the oldest");
	is(test_leases(), "c1/net1=10.1.0.1,fd00::1 pod:ns/b/net1=10.1.0.2,fd00::2",
		"and no others");
}

/* The machine has booted since. */
static void make_old(const char *container)
{
	CLEANUP(store_closep) struct store *store = test_open();
	struct cni_error err = { 0 };
	struct lease lease;

	ok(store_find(store, container, "net1", &lease, &err) == 1, "the lease of %s", container);
	lease.boot = "other";
	ok(!store_put(store, &lease, NULL, &err), "is an old one");
}

static void test_dry_and_dead(void)
{
	static const char config[] = CONFIG(STICKY "'subnet':'10.1.0.0/29'");

	test_fresh();
	add("a", "c1", config);
	add("b", "c2", config);
	visit("c", config);
	for (int i = 4; i < 7; i++)
		add(NULL, (const char *const[]){ "c4", "c5", "c6" }[i - 4], config);
	make_old("c1");
	make_old("c2");
	make_old("c6");
	is(add("d", "c7", config), "10.1.0.6/29", "a dead one's whose pod would not have kept it");
	is(add("e", "c8", config), "10.1.0.3/29", "what a pod keeps");
	is(test_call("STATUS", "", config), "", "STATUS");
	ok(!strncmp(add("f", "c9", config), "10.1.0.", 7), "a dead one's whose pod may come back");
	ok(!!strstr(test_leases(), "c1/") + !!strstr(test_leases(), "c2/") == 1, "of one pod");
}

/* Pods that a delay protects go last. */
static void test_dry_and_cooling(void)
{
	static const char config[] = CONFIG(STICKY "'subnet':'10.1.0.0/29','reuseDelay':'1h'");
	static const char loose[] = CONFIG("'subnet':'10.1.0.0/29','reuseDelay':'1h'");

	test_fresh();
	visit("a", config);
	visit("b", loose);
	visit("c", CONFIG(STICKY "'subnet':'10.1.0.0/29'"));
	for (int i = 4; i < 7; i++)
		add(NULL, (const char *const[]){ "c4", "c5", "c6" }[i - 4], loose);
	is(test_leases(),
		"c4/net1=10.1.0.4 c5/net1=10.1.0.5 c6/net1=10.1.0.6 pod:ns/a/net1=10.1.0.1 "
		"pod:ns/c/net1=10.1.0.3",
		"a full pool");
	is(add("d", "c7", config), "10.1.0.2/29",
		"an address that cools, before one kept that does");
	is(test_call("STATUS", "", config), "", "STATUS");
	test_call("DEL", "c7", CONFIG("'reuseDelay':'1h'"));
	is(test_leases(),
		"c4/net1=10.1.0.4 c5/net1=10.1.0.5 c6/net1=10.1.0.6 pod:ns/a/net1=10.1.0.1 "
		"pod:ns/c/net1=10.1.0.3 pod:ns/d/net1=10.1.0.2",
		"all kept");
	is(add("e", "c8", config), "10.1.0.1/29", "the oldest");
	test_call("DEL", "c4", loose);
	is(add("f", "c9", config), "10.1.0.3/29",
		"one that has cooled, before an address that cools");
	is(add("g", "c10", config), "10.1.0.4/29", "that");
	is(add("h", "c11", config), "10.1.0.2/29", "and one kept that cools at the end");
}

static void test_requested(void)
{
	static const char dual[] = CONFIG(STICKY DUAL);

	test_fresh();
	visit("a", dual);
	is(add("b", "c1", WITH(STICKY DUAL, "'fd00::1'")), "10.1.0.2/30 fd00::1/126",
		"an address that a pod keeps, on request");
	is(test_leases(), "c1/net1=10.1.0.2,fd00::1", "that pod keeps nothing");
	is(add("a", "c2", dual), "10.1.0.1/30 fd00::2/126", "and leases anew");
	is(test_call("DEL", "c2", dual), "", "DEL");
	is(add("a", "c3", WITH(STICKY DUAL, "'10.1.0.1'")), "10.1.0.1/30 fd00::2/126",
		"its own on request");
	test_call("DEL", "c3", dual);
	is(add("a", "c4", CONFIG(STICKY "'subnet':'10.2.0.0/24'")), "10.2.0.1/24",
		"ranges that moved");
	is(test_leases(), "c1/net1=10.1.0.2,fd00::1 c4/net1=10.2.0.1", "give up what was kept");
}

static void test_gc(void)
{
	static const char config[] = CONFIG(STICKY V4);

	test_fresh();
	visit("a", config);
	add("b", "c2", config);
	add("c", "c3", config);
	visit("d", CONFIG_FOR("other", "'pool':'rail0'," STICKY V4, ""));
	is(test_call("GC", "", CONFIG_FOR("rail0", V4, VALID(ATTACHED("c3")))), "", "GC");
	is(test_leases(),
		"c3/net1=10.1.0.3 pod:ns/a/net1=10.1.0.1 pod:ns/b/net1=10.1.0.2 "
		"pod:ns/d/net1=10.1.0.4",
		"leaves what is kept, and keeps what had no DEL");
	is(test_call("GC", "", CONFIG_FOR("rail0", V4, VALID(""))), "",
		"GC where nothing is in use");
	is(test_leases(), "pod:ns/d/net1=10.1.0.4", "ends all of the network");
}

/* A DEL that cannot be written. */
static void defer(const char *container)
{
	int lock = open(test_file("ipam/rail0/lock"), O_RDWR | O_CLOEXEC);

	flock(lock, LOCK_EX);
	is(test_call("DEL", container, CONFIG("'lockTimeout':'1ms'")), "", "a deferred DEL of %s",
		container);
	close(lock);
}

static void test_deferred(void)
{
	static const char config[] = CONFIG(STICKY V4);

	for (int i = 0; i < 2; i++) {
		test_fresh();
		add("web", "c1", config);
		defer("c1");
		is(test_leases(), "c1/net1=10.1.0.1", "the lease is there");
		pod("web", "u2");
		is(test_call(i ? "STATUS" : "ADD", "c2", config), i ? "" : "10.1.0.1/24",
			"settled");
		is(test_leases(), i ? "pod:ns/web/net1=10.1.0.1" : "c2/net1=10.1.0.1",
			"the pod keeps its address");
	}
}

/* A full set makes up for what was deferred: not for the DEL of who comes back meanwhile. */
static void test_deferred_own(void)
{
	static const char *const configs[] = { CONFIG(STICKY DUAL),
		WITH(STICKY DUAL, "'fd00::2'") };

	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		test_fresh();
		add("web", "c1", CONFIG(STICKY SMALL));
		add("db", "c2", CONFIG("'subnet':'fd00::/126','rangeEnd':'fd00::2'"));
		add("db", "c3", CONFIG("'subnet':'fd00::/126','rangeEnd':'fd00::2'"));
		defer("c1");
		defer("c3");
		is(add("web", "c1", configs[i]), "10.1.0.1/30 fd00::2/126",
			"an address of another one");
		is(test_leases(), "c1/net1=10.1.0.1,fd00::2 c2/net1=fd00::1",
			"is leased beside its own");
		is(test_call("STATUS", "", CONFIG(SMALL)), "", "its deferred DEL is void");
		is(test_leases(), "c1/net1=10.1.0.1,fd00::2 c2/net1=fd00::1", "then, too");
	}
}

/* An ADD that fails after its commit. */
static void test_failure(void)
{
	static const char config[] = CONFIG(STICKY SMALL);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	test_fresh();
	pod("web", "u1");
	test_env.container = "c1";
	test_run("ADD", config, full);
	is(test_leases(), "", "what is leased newly is undone");
	add("web", "c1", config);
	test_call("DEL", "c1", config);
	test_env.container = "c2";
	test_run("ADD", CONFIG(STICKY DUAL), full);
	is(test_leases(), "pod:ns/web/net1=10.1.0.2", "what the pod kept it keeps, and no more");
	is(add("web", "c3", config), "10.1.0.2/30", "for the next try");
	close(full);
}

int main(void)
{
	test_env.netns = "/run/netns/none";
	test_heirs();
	test_keeping();
	test_two_leases();
	test_dry();
	test_dry_and_dead();
	test_dry_and_cooling();
	test_requested();
	test_gc();
	test_deferred();
	test_deferred_own();
	test_failure();
	return tap_done();
}
