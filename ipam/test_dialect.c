/* SPDX-License-Identifier: Apache-2.0 */
/* The dialects in-process: their configurations, and how the store lives together with host-local.
 */
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "ipam/dialect.h"
#include "ipam/test_pool.h"

#define HOST_LOCAL(ipam, beside)                                                                   \
	"{'cniVersion':'1.1.0','name':'rail0','type':'x','ipam':{'type':'host-local',"             \
	"'dataDir':'@'," ipam "}" beside "}"
#define ONE  HOST_LOCAL("'subnet':'10.1.0.0/28'", "")
#define DUAL HOST_LOCAL("'ranges':[[{'subnet':'10.1.0.0/28'}],[{'subnet':'fd00::/64'}]]", "")
#define STATIC(ipam, beside)                                                                       \
	"{'cniVersion':'1.1.0','name':'rail0','type':'x','ipam':{'type':'static'," ipam "}" beside \
	"}"

static const struct store_options options = {
	.directory = test_dir,
	.pool = "rail0",
	.host_local = true,
	.lock_timeout_ms = 2000,
};

static void put(const char *name, const char *text)
{
	FILE *file;

	mkdir(test_file("rail0"), 0755);
	file = fopen(test_file(name), "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static const char *get(const char *name)
{
	static char text[256];
	FILE *file = fopen(test_file(name), "r");
	size_t n;

	if (!file)
		return "none";
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void test_files(void)
{
	test_fresh();
	is(test_call("ADD", "c1", DUAL), "10.1.0.2/28 fd00::2/64", "ADD");
	is(get("rail0/10.1.0.2"), "c1\r\nnet1", "an address has a file with its owner");
	is(get("rail0/fd00::2"), "c1\r\nnet1", "each has");
	is(get("rail0/last_reserved_ip.1"), "fd00::2", "the cursor is written");
	ok(strstr(test_call("ADD", "c1", DUAL), "duplicate allocation is not allowed") != NULL,
		"a second ADD is refused");
	put("rail0/last_reserved_ip.0", "10.1.0.9");
	is(test_call("ADD", "c2", DUAL), "10.1.0.10/28 fd00::3/64",
		"the cursor of others is followed");
	is(test_call("DEL", "c1", DUAL), "", "DEL");
	is(get("rail0/10.1.0.2"), "none", "DEL removes the file");
	is(get("rail0/10.1.0.10"), "c2\r\nnet1", "and no other");
}

static void test_adoption(void)
{
	test_fresh();
	put("rail0/10.1.0.2", "old");
	put("rail0/10.1.0.3", " c3\r\nnet1\n");
	put("rail0/10.1.0.4", "");
	put("rail0/10.1.0.5", "no owner at all");
	put("rail0/010.1.0.6", "not an address");
	put("rail0/last_reserved_ip.0", "10.1.0.3");
	is(test_call("ADD", "c1", ONE), "10.1.0.4/28", "an empty file holds no address");
	is(test_call("ADD", "c2", ONE), "10.1.0.6/28", "one with a text does");
	is(test_call("DEL", "old", ONE), "", "DEL of a lease without interface");
	is(get("rail0/10.1.0.2"), "none", "it ends");
	is(test_call("DEL", "c3", ONE), "", "DEL of a lease with blanks around");
	is(get("rail0/10.1.0.3"), "none", "it ends");
	is(get("rail0/10.1.0.5"), "no owner at all", "what cannot be understood stays");
	put("rail0/10.1.0.7", "other\r\nnet1");
	is(test_call("ADD", "c4", ONE), "10.1.0.8/28",
		"what others have leased meanwhile is taken");
	unlink(test_file("rail0/10.1.0.7"));
	put("rail0/last_reserved_ip.0", "10.1.0.6");
	is(test_call("ADD", "c5", ONE), "10.1.0.7/28", "what they have released is free");
}

#define GC(id, ifname)                                                                             \
	HOST_LOCAL("'subnet':'10.1.0.0/28'",                                                       \
		",'cni.dev/valid-attachments':[{'containerID':'" id "','ifname':'" ifname "'}]")

/* More than a lease of ours can have. */
#define MANY 40

static void put_many(void)
{
	test_fresh();
	for (int i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "rail0/10.2.0.%d", i);
		put(name, "big\r\nnet1");
	}
	is(test_call("DEL", "c1", ONE), "", "%d addresses of one owner are taken over", MANY);
}

static int count_many(void)
{
	int left = 0;

	for (int i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "rail0/10.2.0.%d", i);
		left += strcmp(get(name), "none") != 0;
	}
	return left;
}

static void test_many(void)
{
	const struct lease owner = {
		.container_id = "big",
		.ifname = "net1",
		.network = "rail0",
	};
	struct cni_error err = { .code = CNI_IO_FAILURE };

	put_many();
	is(test_call("GC", "", GC("big", "net1")), "", "GC of others");
	ok(count_many() == MANY, "they stay");
	is(test_call("DEL", "big", ONE), "", "DEL of all");
	ok(!count_many(), "none is left");
	put_many();
	is(test_call("GC", "", GC("big", "net2")), "", "GC where another interface is there");
	ok(!count_many(), "none is left");
	put_many();
	ok(!store_defer(NULL, &options, &owner, &err) && count_many() == MANY, "DEL is deferred");
	is(test_call("DEL", "c1", ONE), "", "DEL of another one");
	ok(!count_many(), "none is left");
}

static int hold(const char *name)
{
	int fd = open(test_file(name), O_RDWR | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		abort();
	return fd;
}

/* Ours and host-local's, one after the other, within one time. */
static void test_two_locks(void)
{
	struct timespec start, end;
	struct cni_error err = { 0 };
	struct store *store;
	pid_t child;

	test_fresh();
	test_call("ADD", "c1", ONE);
	child = fork();
	if (!child) {
		int fd = hold(".fabric-cni/ipam/rail0/lock");

		hold("rail0/lock");
		kill(getpid(), SIGSTOP);
		usleep(1500000);
		close(fd);
		usleep(30000000);
		_exit(0);
	}
	waitpid(child, NULL, WUNTRACED);
	kill(child, SIGCONT);
	clock_gettime(CLOCK_MONOTONIC, &start);
	ok(store_open(&store, &options, &err) < 0 && err.code == CNI_TRY_LATER,
		"both locks are held: %s", err.msg);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ok((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000 < 3000,
		"the second one is not waited for as long again");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* The store may vanish, the files say what there is; the files may vanish, then there is nothing.
 */
static void test_truth(void)
{
	test_fresh();
	test_call("ADD", "c1", DUAL);
	unlink(test_file(".fabric-cni/ipam/rail0/journal"));
	unlink(test_file(".fabric-cni/ipam/rail0/index"));
	ok(strstr(test_call("ADD", "c1", DUAL), "10.1.0.2 has been allocated to c1") != NULL,
		"without its store the lease is still known");
	is(test_call("DEL", "c1", DUAL), "", "and can end");
	is(get("rail0/fd00::2"), "none", "it ends");
	test_call("ADD", "c2", DUAL);
	unlink(test_file("rail0/10.1.0.3"));
	unlink(test_file("rail0/fd00::3"));
	is(test_call("ADD", "c2", DUAL), "10.1.0.4/28 fd00::4/64",
		"without its files there is no lease");
}

static void test_status(void)
{
	test_fresh();
	is(test_call("STATUS", "", ONE), "", "STATUS");
	ok(strstr(test_call("STATUS", "", HOST_LOCAL("'ranges':[[]]", "")), "empty range set") !=
			NULL,
		"STATUS of a bad configuration");
	ok(strstr(test_call("GC", "", ONE), "cni.dev/valid-attachments") != NULL,
		"GC without a list");
}

static void test_static(void)
{
	test_fresh();
	is(test_call("ADD", "c1", STATIC("'addresses':[{'address':'10.1.0.5/24'}]", "")),
		"10.1.0.5/24", "static");
	test_env.args = "IP=10.1.0.6/24, fd00::6/64";
	is(test_call("ADD", "c1", STATIC("'addresses':[{'address':'10.1.0.5/24'}]", "")),
		"10.1.0.5/24 10.1.0.6/24 fd00::6/64", "CNI_ARGS add");
	is(test_call("ADD", "c1",
		   STATIC("'addresses':[]", ",'args':{'cni':{'ips':['10.2.0.1/24']}}")),
		"10.2.0.1/24", "args.cni.ips replace");
	test_env.args = "IP=10.1.0.6/24,";
	is(test_call("ADD", "c1", STATIC("'addresses':[]", "")),
		"7: CNI_ARGS: the 'ip' field is expected to be in CIDR notation, got: ''",
		"an empty element");
	test_env.args = "";
	is(test_call("DEL", "c1", STATIC("'addresses':'x'", "")), "", "DEL needs nothing");
}

static void test_names(void)
{
	is(ipam_plugin("/opt/cni/bin/host-local")->name, "host-local", "called by a link");
	is(ipam_plugin("pool")->name, "pool", "called by its own name");
	is(ipam_plugin("whatever")->name, "pool", "called by any other");
}

int main(void)
{
	test_env.netns = "/run/netns/none";
	test_files();
	test_adoption();
	test_many();
	test_two_locks();
	test_truth();
	test_status();
	test_static();
	test_names();
	return tap_done();
}
