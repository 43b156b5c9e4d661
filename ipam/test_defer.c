/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Releases that could not be written: what is left of them, what they may end, and that they never
 * end what is leased anew. STORE_RUN_DIR is a mount of our own.
 */
#include "ipam/test_store.h"

#include <dirent.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <time.h>

static struct lease owner = { .container_id = "container1", .ifname = "net1", .network = "rail0" };

/* How many files a directory has, -1: there is none. */
static int files_in(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		n += *entry->d_name != '.';
	closedir(directory);
	return n;
}

static void fresh(struct store **store)
{
	store_closep(store);
	test_fresh();
	*store = test_open();
	for (int i = 0; i < 3; i++)
		test_put(*store, i);
}

static int defer(struct store *store)
{
	struct cni_error err = { .code = CNI_IO_FAILURE, .msg = "the cause" };
	int rc = store_defer(store, &test_options, &owner, &err);

	test_error = err;
	return rc;
}

static int settle(struct store *store)
{
	test_error = (struct cni_error){ 0 };
	return store_settle(store, NULL, &test_error);
}

static void test_one(void)
{
	CLEANUP(store_closep) struct store *store = NULL;

	fresh(&store);
	ok(!settle(store) && !store_deferred(store), "nothing is deferred");
	ok(!defer(store) && !test_error.code, "a release is deferred");
	ok(test_has(store, 1) == 1 && store_deferred(store) == 1, "the lease stays");
	ok(store_is_deferred(store, "container1", "net1") &&
			!store_is_deferred(store, "container1", "net2"),
		"of this owner");
	ok(!defer(store), "once more");
	ok(settle(store) == 1 && !test_has(store, 1) && test_have(store, 0, 3) == 2,
		"it is settled, once");
	ok(files_in(test_path("pending-del")) < 0, "nothing is left");
	ok(!settle(store), "settled again");
}

static void test_anew(void)
{
	CLEANUP(store_closep) struct store *store = NULL;

	fresh(&store);
	defer(store);
	test_put(store, 1);
	ok(!settle(store) && test_has(store, 1) == 1, "a lease of later is not ended");
	ok(files_in(test_path("pending-del")) < 0, "and the note has done its duty");
	defer(store);
	test_drop(store, 1);
	ok(!settle(store) && !store_deferred(store), "the lease has ended in another way");
	fresh(&store);
	defer(store);
	test_drop(store, 1);
	test_put(store, 1);
	ok(!settle(store) && test_has(store, 1) == 1, "ended, and leased anew");
	owner.network = "other";
	defer(store);
	owner.network = "rail0";
	ok(!settle(store) && test_has(store, 1) == 1, "the lease of another network");
}

/* A lease of the future, as a clock that was set back makes them. */
static void put_later(struct store *store)
{
	struct test_lease lease;

	test_lease(&lease, 1);
	lease.lease.time = time(NULL) + 1000;
	store_put(store, &lease.lease, NULL, &test_error);
}

static void test_clock(void)
{
	CLEANUP(store_closep) struct store *store = NULL;

	fresh(&store);
	put_later(store);
	defer(store);
	ok(settle(store) == 1 && !test_has(store, 1), "a clock that was set back is no matter");
	fresh(&store);
	test_spill("pending-del", "x", 1);
	put_later(store);
	defer(store);
	ok(!settle(store) && test_has(store, 1) == 1,
		"but what was noted elsewhere may be of another pool of that name");
}

/* Whoever waits for the lock in vain finds the last transaction by himself. */
static void test_without_lock(void)
{
	CLEANUP(store_closep) struct store *store = NULL;

	fresh(&store);
	ok(!defer(NULL) && store_deferred(store) == 1, "without the lock");
	ok(settle(store) == 1 && !test_has(store, 1), "settled");
	fresh(&store);
	test_append("journal", "{\"seq\":4,\"op\":\"add\"", 19);
	ok(!defer(NULL), "while somebody writes");
	store_closep(&store);
	store = test_open();
	ok(settle(store) == 1 && !test_has(store, 1), "settled");
	fresh(&store);
	ok(store_rewrite(store) && !defer(NULL) && settle(store) == 1,
		"after the journal has been emptied");
	fresh(&store);
	for (int i = 100; i < 700; i++)
		test_put(store, i);
	test_put(store, 1);
	ok(!defer(NULL) && settle(store) == 1, "of a long journal: %s", test_error.msg);
	fresh(&store);
	test_spill("journal", "", 0);
	ok(defer(NULL) < 0 && test_error.code == CNI_TRY_LATER &&
			strstr(test_error.msg, "the cause; nor could"),
		"%s", test_error.msg);
	test_spill("journal", "{\"format\":2,\"file\":\"journal\"} *00000000\n", 39);
	ok(defer(NULL) < 0 && test_error.code == CNI_TRY_LATER, "of a newer format: %s",
		test_error.msg);
}

static void test_names(void)
{
	static const char *const foreign[] = { "x", "1", "1:2", "1:2:3:4", "1:2:3:4:5:6",
		"x:1:a:b:c", "1:x:a:b:c", "-1:1:net1:rail0:container1", "9::net1:rail0:container1",
		"9:9:::" };
	CLEANUP(store_closep) struct store *store = NULL;
	char path[512], id[300];

	fresh(&store);
	mkdir(test_path("pending-del"), 0700);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		snprintf(path, sizeof(path), "%s/%s", test_path("pending-del"), foreign[i]);
		close(open(path, O_CREAT | O_CLOEXEC, 0600));
	}
	ok(!settle(store) && test_have(store, 0, 3) == 3, "foreign names end nothing");
	ok(files_in(test_path("pending-del")) == 10, "and are left alone");
	memset(id, 'a', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	owner.container_id = id;
	ok(defer(store) < 0 && test_error.code == CNI_TRY_LATER, "a name that is too long: %s",
		test_error.msg);
	owner.container_id = "container1";
}

/* Where the disk of the pool takes nothing. */
static void test_elsewhere(void)
{
	CLEANUP(store_closep) struct store *store = NULL;

	fresh(&store);
	test_spill("pending-del", "x", 1);
	ok(!defer(store) && store_deferred(store) == 1, "noted elsewhere");
	ok(files_in(STORE_RUN_DIR "/pending-del") == 1, "in " STORE_RUN_DIR);
	ok(settle(store) == 1 && !test_has(store, 1), "settled");
	ok(!files_in(STORE_RUN_DIR "/pending-del"), "nothing is left");
	umount2("/run", MNT_DETACH);
	ok(!mount("none", "/run", "tmpfs", MS_RDONLY, NULL) && defer(store) < 0 &&
			test_error.code == CNI_TRY_LATER && strstr(test_error.msg, "Read-only"),
		"nowhere: %s", test_error.msg);
}

static void test_cannot_settle(void)
{
	CLEANUP(store_closep) struct store *store = NULL;

	fresh(&store);
	defer(store);
	store->read_only = true;
	ok(settle(store) < 0 && test_error.code == CNI_IO_FAILURE && store_deferred(store) == 1,
		"what still cannot be written is kept: %s", test_error.msg);
	store->read_only = false;
	ok(settle(store) == 1 && !store_deferred(store), "for later");
}

static bool write_text(const char *path, const char *text)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) > 0;
}

static bool own_run(void)
{
	char uid[32], gid[32];

	snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	if (unshare(CLONE_NEWNS) < 0 && (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
						!write_text("/proc/self/setgroups", "deny") ||
						!write_text("/proc/self/uid_map", uid) ||
						!write_text("/proc/self/gid_map", gid)))
		return false;
	return !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("none", "/run", "tmpfs", 0, NULL);
}

int main(void)
{
	if (!own_run()) {
		tap_skip("deferred releases", "no namespaces");
		return tap_done();
	}
	test_one();
	test_anew();
	test_clock();
	test_without_lock();
	test_names();
	test_cannot_settle();
	test_elsewhere();
	return tap_done();
}
