/* SPDX-License-Identifier: Apache-2.0 */
/* Listing the cache and collecting garbage. Through the public header alone. */
#include <sched.h>
#include <sys/mount.h>

#include "libcni/test_plugins.h"

#define RESULTS "cache/results/"

#define NET(version, more)                                                                         \
	"{\"name\":\"n\",\"cniVersion\":\"" version "\"" more                                      \
	",\"plugins\":[{\"type\":\"a\",\"x\":12345678901234567890,\"capabilities\":{\"mac\":true}" \
	"},"                                                                                       \
	"{\"type\":\"b\"}]}"

/* As ADD writes it. config is {"name":"n","type":"t"}. */
#define RECORD(network, id, ifname, more)                                                          \
	"{\"kind\":\"cniCacheV1\",\"containerId\":\"" id                                           \
	"\",\"config\":\"eyJuYW1lIjoibiIsInR5cGUiOiJ0In0=\",\"ifName\":\"" ifname                  \
	"\",\"networkName\":\"" network "\"" more "}"

static void make_cache(void)
{
	test_remove("cache");
	test_remove("log");
	test_remove("environments");
	test_mkdir("cache");
	test_mkdir("cache/results");
}

static void write_plugins(const char *script)
{
	static const char prefix[] = "echo \"$CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME $CNI_ARGS\" "
				     ">>${0%/*}/../environments";
	char text[768];

	snprintf(text, sizeof(text), "%s\n%s", prefix, script);
	write_plugin("a", text);
	write_plugin("b", text);
}

/* ---- The list ---- */

static int print_one(void *data, const struct libcni_cached *cached)
{
	FILE *f = data;

	fprintf(f, "%s: %s %s %s [%s] [%s] [%s] %s %s\n", strrchr(cached->file, '/') + 1,
		cached->network, cached->at.container_id, cached->at.ifname, cached->at.netns,
		cached->at.args, cached->at.capability_args, cached->config,
		cached->result ? cached->result : "-");
	return strcmp(cached->at.ifname, "stop") != 0 ? 0 : 9;
}

static int list_cache(char **got, struct libcni_error *err)
{
	size_t size;
	FILE *f = open_memstream(got, &size);
	int rc = libcni_attachments(&runtime, print_one, f, err);

	fclose(f);
	return rc;
}

static void test_list(void)
{
	CLEANUP(freep) char *none = NULL, *all = NULL, *some = NULL, *no = NULL;
	struct libcni_error err;

	test_remove("cache");
	ok(!list_cache(&none, &err) && !*none, "no cache: no attachments");
	make_cache();
	test_write(RESULTS "n-c-eth1", 0600, RECORD("n", "c", "eth1", ""));
	test_write(RESULTS "n-c-eth0", 0600,
		RECORD("n", "c", "eth0",
			",\"netns\":\"/run/netns/x\",\"cniArgs\":[[\"K\",\"V\"],[\"K2\",\"\"]],"
			"\"capabilityArgs\":{\"mac\":1.50,\"u\":12345678901234567890},"
			"\"result\":{\"n\":12345678901234567890,\"f\":1.50}"));
	test_write(RESULTS "n-c-d-eth0", 0600, RECORD("n-c", "d", "eth0", ""));
	/* None of these is an attachment. */
	test_write(RESULTS "n-c-eth0.bak", 0600, RECORD("n", "c", "eth0", ""));
	test_write(RESULTS ".n-c-eth2", 0600, RECORD("n", "c", "eth2", ""));
	test_write(RESULTS "n-c-eth3", 0600, "");
	test_write(RESULTS "n-c-eth4", 0600, "{\"cniVersion\":\"1.0.0\"}");
	test_write(RESULTS "n-c-eth5", 0600, "{\"kind\":\"cniCacheV1\",\"networkName\":\"n\"");
	test_write(RESULTS "n-c-eth6", 0600, "[]");
	test_write(RESULTS "n-c-eth7", 0600, "{\"kind\":\"cniCacheV1\",\"networkName\":1}");
	test_write(RESULTS "n-c-eth8", 0600, RECORD("../n", "c", "eth8", ""));
	test_mkdir(RESULTS "n-c-eth9");
	ok(!list_cache(&all, &err), "list the cache");
	is(all,
		"n-c-d-eth0: n-c d eth0 [] [] [] {\"name\":\"n\",\"type\":\"t\"} -\n"
		"n-c-eth0: n c eth0 [/run/netns/x] [K=V;K2=] "
		"[{\"mac\":1.50,\"u\":12345678901234567890}] {\"name\":\"n\",\"type\":\"t\"} "
		"{\"n\":12345678901234567890,\"f\":1.50}\n"
		"n-c-eth1: n c eth1 [] [] [] {\"name\":\"n\",\"type\":\"t\"} -\n",
		"attachments in order, whatever else is there");
	make_cache();
	test_write(RESULTS "n-c-stop", 0600,
		RECORD("n", "c", "stop", ",\"config\":\"e30*broken\",\"cniArgs\":[1,[],[\"K\"]]"));
	test_write(RESULTS "n-d-eth0", 0600, RECORD("n", "d", "eth0", ""));
	ok(list_cache(&some, &err) == 9, "each() can stop it");
	is(some, "n-c-stop: n c stop [] [] [] {} -\n", "broken members are left out");
	test_remove("cache");
	test_mkdir("cache");
	test_write("cache/results", 0600, "");
	ok(list_cache(&no, &err) == -1 && err.code == 5 && !*no &&
			strstr(err.msg, "cache/results: Not a directory"),
		"no directory: %s", err.msg);
	test_remove("cache");
}

/* What ADD writes is what is listed. */
static void test_written(void)
{
	static const char text[] = "{ \"name\":\"n\", \"type\":\"a\", \"cniVersion\":\"1.1.0\" }";
	static const struct libcni_attachment at = {
		.container_id = "c",
		.netns = "/run/netns/x",
		.ifname = "eth0",
		.args = "K=V;K2=V2",
		.capability_args = "{\"mac\":12345678901234567890}",
	};
	CLEANUP(free_listp) struct libcni_list *list = parse_list(text);
	CLEANUP(freep) char *result = NULL, *got = NULL;
	struct libcni_error err;

	make_cache();
	write_plugins("echo '{\"cniVersion\":\"1.1.0\",\"n\":1e3}'");
	ok(!libcni_add(&runtime, list, &at, &result, &err) && !list_cache(&got, &err), "add");
	is(got,
		"n-c-eth0: n c eth0 [/run/netns/x] [K=V;K2=V2] [{\"mac\":12345678901234567890}] "
		"{\"name\":\"n\",\"cniVersion\":\"1.1.0\",\"plugins\":[{\"name\":\"n\",\"type\":"
		"\"a\","
		"\"cniVersion\":\"1.1.0\"}]} {\"cniVersion\":\"1.1.0\",\"n\":1e3}\n",
		"what was added is listed");
}

/* ---- GC ---- */

#define CONFIG_A(more)                                                                             \
	"{\"type\":\"a\",\"x\":12345678901234567890,\"capabilities\":{\"mac\":true},"              \
	"\"cniVersion\":\"1.1.0\",\"name\":\"n\"" more "}\n"
#define CONFIG_B(more) "{\"type\":\"b\",\"cniVersion\":\"1.1.0\",\"name\":\"n\"" more "}\n"
#define VALID(list)    ",\"cni.dev/valid-attachments\":[" list "],\"cni.dev/attachments\":[" list "]"

static void fill_cache(void)
{
	make_cache();
	test_write(RESULTS "n-c-eth0", 0600,
		RECORD("n", "c", "eth0",
			",\"netns\":\"/run/netns/x\",\"cniArgs\":[[\"K\",\"V\"],[\"K2\",\"V2\"]],"
			"\"capabilityArgs\":{\"mac\":1.50},\"result\":{\"cniVersion\":\"1.1.0\"}"));
	test_write(RESULTS "n-c-eth1", 0600, RECORD("n", "c", "eth1", ""));
	test_write(RESULTS "n-c-d-eth0", 0600, RECORD("n-c", "d", "eth0", ""));
	test_write(RESULTS "n-e-eth0", 0600, "truncat");
}

static void is_environments(const char *want, const char *name)
{
	CLEANUP(freep) char *got = test_read("environments");

	is(got, want, "%s: environments", name);
}

static void test_collection(void)
{
	static const struct libcni_attachment valid[] = {
		{ .container_id = "c", .ifname = "eth1" },
		{ .container_id = "other" },
	};
	CLEANUP(free_listp) struct libcni_list *list = parse_list(NET("1.1.0", ""));
	struct libcni_error err;

	write_plugins("");
	fill_cache();
	ok(!libcni_gc(&runtime, list, valid, 2, &err), "gc: %s", err.msg);
	is_log("DEL b " CONFIG_B(",\"prevResult\":{\"cniVersion\":\"1.1.0\"}") "DEL a " CONFIG_A(
		       ",\"runtimeConfig\":{\"mac\":1.50},\"prevResult\":{\"cniVersion\":\"1.1."
		       "0\"}") "GC a " CONFIG_A(VALID("{\"containerID\":\"c\",\"ifname\":\"eth1\"},"
						      "{\"containerID\":\"other\",\"ifname\":"
						      "\"\"}")) "GC b " CONFIG_B(VALID("{\"containe"
										       "rID\":"
										       "\"c\","
										       "\"ifname\":"
										       "\"eth1\"},"
										       "{\"containe"
										       "rID\":"
										       "\"other\","
										       "\"ifname\":"
										       "\"\"}")),
		"gc");
	is_environments(
		"c /run/netns/x eth0 K=V;K2=V2\nc /run/netns/x eth0 K=V;K2=V2\n   \n   \n", "gc");
	ok(!test_exists(RESULTS "n-c-eth0"), "the stale one is gone");
	ok(test_exists(RESULTS "n-c-eth1"), "the valid one stays");
	ok(test_exists(RESULTS "n-c-d-eth0"), "so does that of another network");
	ok(test_exists(RESULTS "n-e-eth0"), "and what is none");
	test_remove("log");
	ok(!libcni_gc(&runtime, list, NULL, 0, &err) && !test_exists(RESULTS "n-c-eth1"),
		"none is valid");
	is_log("DEL b " CONFIG_B("") "DEL a " CONFIG_A("") "GC a " CONFIG_A(
		       VALID("")) "GC b " CONFIG_B(VALID("")),
		"an empty list is sent");
}

/* Keys that the configuration has of its own are replaced, in whatever case. */
static void test_own_keys(void)
{
	CLEANUP(free_listp)
	struct libcni_list *list =
		parse_list("{\"name\":\"n\",\"cniVersion\":\"1.1.0\",\"plugins\":[{\"type\":\"b\","
			   "\"CNI.dev/attachments\":[1],\"cni.dev/valid-attachments\":[2]}]}");
	struct libcni_error err;

	write_plugins("");
	make_cache();
	ok(!libcni_gc(&runtime, list, NULL, 0, &err), "keys of its own");
	is_log("GC b " CONFIG_B(VALID("")), "keys of its own");
}

static void test_versions(void)
{
	CLEANUP(free_listp)
	struct libcni_list *old = parse_list(NET("1.0.0", "")),
			   *disabled = parse_list(NET("1.1.0", ",\"disableGC\":\"True\"")),
			   *bad = parse_list("{\"name\":\"a/../b\",\"type\":\"a\"}");
	CLEANUP(freep) char *log = NULL;
	struct libcni_error err;

	write_plugins("");
	fill_cache();
	ok(!libcni_gc(&runtime, disabled, NULL, 0, &err) && !test_exists("log") &&
			test_exists(RESULTS "n-c-eth0"),
		"disableGC: nothing happens");
	ok(!libcni_gc(&runtime, old, NULL, 0, &err) && !test_exists(RESULTS "n-c-eth0"),
		"1.0.0: stale ones are deleted");
	log = test_read("log");
	ok(log && !strstr(log, "GC "), "1.0.0: plugins have no GC");
	test_remove("log");
	ok(libcni_gc(&runtime, bad, NULL, 0, &err) < 0 && err.code == 7 && !test_exists("log"),
		"a bad name: %s", err.msg);
}

static void test_failures(void)
{
	CLEANUP(free_listp) struct libcni_list *list = parse_list(NET("1.1.0", ""));
	CLEANUP(freep) char *log = NULL;
	struct libcni_error err;

	write_plugins("echo '{\"code\":11,\"msg\":\"busy '$CNI_COMMAND'\",\"details\":\"more\"}'; "
		      "exit 1");
	fill_cache();
	ok(libcni_gc(&runtime, list, NULL, 0, &err) < 0 && err.code == 11, "all fail");
	is(err.msg,
		"failed to delete stale attachment c eth0: plugin type=\"b\" failed (delete): "
		"busy DEL; more; failed to delete stale attachment c eth1: plugin type=\"b\" "
		"failed "
		"(delete): busy DEL; more; failed to GC plugin a: busy GC; more; failed to GC "
		"plugin "
		"b: busy GC; more",
		"all fail: message");
	is(err.details, "more", "all fail: details");
	ok(test_exists(RESULTS "n-c-eth0") && test_exists(RESULTS "n-c-eth1"),
		"what failed is kept for the next time");
	write_plugins("head -c 900 /dev/zero | tr '\\0' x >&2; exit 1");
	ok(libcni_gc(&runtime, list, NULL, 0, &err) < 0 && strlen(err.msg) == sizeof(err.msg) - 1 &&
			!strcmp(err.msg + strlen(err.msg) - 3, "..."),
		"more than fits is cut, visibly");
	test_remove("bin/b");
	write_plugin("a", "");
	ok(libcni_gc(&runtime, list, NULL, 0, &err) < 0 && err.code == 7, "one is missing: %s",
		err.msg);
	log = test_read("log");
	ok(log && strstr(log, "GC a "), "the other is called");
	test_remove("cache");
	test_mkdir("cache");
	test_write("cache/results", 0600, "");
	ok(libcni_gc(&runtime, list, NULL, 0, &err) < 0 &&
			strstr(err.msg, "failed to find stale attachments: read the cache in ") &&
			strstr(err.msg, "; failed to GC plugin b: "),
		"no cache directory: %s", err.msg);
}

/* ---- Disks ---- */

static const struct libcni_list *disk_list;

static int add(struct libcni_error *err)
{
	CLEANUP(freep) char *result = NULL;

	test_remove("log");
	return libcni_add(&runtime, disk_list, &plain, &result, err);
}

/* A full disk is found when the cache is written, a read-only one before a plugin runs. */
static void test_disks(void)
{
	CLEANUP(free_listp) struct libcni_list *list = parse_list(NET("1.1.0", ""));
	struct libcni_error err;
	char cache[PATH_MAX];

	disk_list = list;
	write_plugins("echo '{\"cniVersion\":\"1.1.0\"}'");
	test_remove("cache");
	test_mkdir("cache");
	test_path(cache, "cache");
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", cache, "tmpfs", 0, "size=4k") < 0) {
		tap_skip("full and read-only disks", "mounts need root");
		return;
	}
	test_mkdir("cache/results");
	test_write("cache/full", 0600, "one page");
	ok(add(&err) < 0 && err.code == 5 && strstr(err.msg, "No space left on device"),
		"a full disk: %s", err.msg);
	ok(test_exists("log") && !test_exists(RESULTS "n-c-eth0") &&
			!test_exists(RESULTS ".n-c-eth0"),
		"nothing is left of it");
	ok(!libcni_del(&runtime, list, &plain, &err), "a full disk: del: %s", err.msg);
	test_remove("cache/full");
	ok(!add(&err), "room again: %s", err.msg);
	test_write(RESULTS "n-e-eth0", 0600, "");
	ok(!mount("none", cache, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), "remount");
	ok(add(&err) < 0 && err.code == 5 && strstr(err.msg, "Read-only file system") &&
			!test_exists("log"),
		"a read-only disk: %s", err.msg);
	ok(!libcni_check(&runtime, list, &plain, &err), "a read-only disk: check: %s", err.msg);
	ok(!libcni_del(&runtime, list, &plain, &err), "a read-only disk: del: %s", err.msg);
	ok(!libcni_gc(&runtime, list, NULL, 0, &err), "a read-only disk: gc: %s", err.msg);
	ok(test_exists(RESULTS "n-c-eth0"), "the cache stays, for there is no other way");
	ok(!umount2(cache, MNT_DETACH), "unmount");
}

int main(void)
{
	test_begin();
	test_list();
	test_written();
	test_collection();
	test_own_keys();
	test_versions();
	test_failures();
	test_disks();
	test_remove("");
	return tap_done();
}
