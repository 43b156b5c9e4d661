/* SPDX-License-Identifier: Apache-2.0 */
/* Full and read-only disks: in a mount namespace of its own, or by resource limit. */
#include "ipam/test_store.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

/* A small file system in the test directory. False where that is not allowed. */
static bool mount_small(const char *size)
{
	test_fresh();
	return !mount("none", test_directory, "tmpfs", 0, size);
}

static void unmount(void)
{
	umount2(test_directory, MNT_DETACH);
}

/* The end of the attachment of a pod that keeps what it held. */
static int keep(struct store *store, int i)
{
	struct lease lease;
	char id[32];

	snprintf(id, sizeof(id), "container%d", i);
	return store_find(store, id, "net1", &lease, &test_error) == 1
		       ? store_release(store, &lease, &test_error)
		       : -1;
}

static void test_full(void)
{
	struct store *store;
	int leases = 0, removed = 0;
	struct test_lease lease;

	if (!ok(mount_small("size=400k"), "mount a small disk"))
		return;
	store = test_open();
	if (!ok(store != NULL, "a pool on a small disk: %s", test_error.msg))
		return;
	for (; leases < 5000; leases++) {
		test_lease(&lease, leases);
		lease.lease.keep = 1;
		if (store_put(store, &lease.lease, NULL, &test_error) < 0)
			break;
	}
	ok(leases > 100 && leases < 5000 && test_error.code == CNI_IO_FAILURE &&
		strstr(test_error.msg, test_path("journal")) &&
		strstr(test_error.msg, "No space"), "lease %d: %s", leases, test_error.msg);
	ok(test_have(store, 0, leases + 1) == leases, "is not there, all others are");
	ok(test_put(store, leases) < 0 && test_have(store, 0, leases + 1) == leases, "again");
	store_closep(&store);
	store = test_open();
	ok(store && test_have(store, 0, leases + 1) == leases, "so says the next process: %s",
		test_error.msg);
	while (removed < 100 && !keep(store, removed))
		removed++;
	ok(removed == 100 && store_counts(store).kept_leases == 100,
		"there is room for what pods keep: %s", test_error.msg);
	while (removed < 300 && !test_drop(store, removed))
		removed++;
	ok(removed == 300, "and for releases: %s", test_error.msg);
	store_closep(&store);
	unlink(test_path("index"));
	store = test_open();
	ok(store && test_have(store, 0, leases) == leases - 300, "they are in the journal");
	store_closep(&store);
	unmount();
}

/* No room for an index or for the slack: it works as long as there is room for lines. */
static void test_one_page(void)
{
	struct store *store;
	int leases = 0;

	if (!ok(mount_small("size=4k"), "mount a disk of one page"))
		return;
	store = test_open();
	if (!ok(store && store->index.in_memory, "the index is in memory: %s", test_error.msg))
		return;
	while (leases < 100 && !test_put(store, leases))
		leases++;
	ok(leases > 10 && leases < 100 && test_error.code == CNI_IO_FAILURE, "lease %d: %s", leases,
		test_error.msg);
	store_closep(&store);
	store = test_open();
	ok(store && test_have(store, 0, leases + 1) == leases, "all others are there");
	store_closep(&store);
	unmount();
}

static void test_read_only(void)
{
	struct store *store;
	bool in_memory;

	if (!ok(mount_small("size=1m"), "mount a disk to be read-only"))
		return;
	store = test_open();
	for (int i = 0; i < 5; i++)
		test_put(store, i);
	store_closep(&store);
	ok(!mount("none", test_directory, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"), "remount");
	for (int again = 0; again < 2; again++) {
		store = test_open();
		in_memory = store && store->index.in_memory;
		ok(store && test_have(store, 0, 9) == 5 && in_memory, "can be read: %s",
			test_error.msg);
		ok(store && test_put(store, 5) < 0 && test_error.code == CNI_IO_FAILURE &&
			strstr(test_error.msg, "Read-only"), "%s", test_error.msg);
		ok(store && test_drop(store, 1) < 0 && !test_drop(store, 8) &&
			test_have(store, 0, 9) == 5, "nothing is removed");
		store_closep(&store);
		mount("none", test_directory, "tmpfs", MS_REMOUNT, "size=1m");
		unlink(test_path("index"));
		mount("none", test_directory, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m");
	}
	unmount();
}

/* The journal may grow by so many bytes and no more: a part of the line gets written. */
static void test_short_write(void)
{
	struct rlimit old, limit;
	struct stat before, after;
	struct store *store;
	int wrong = 0;

	test_fresh();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	store = test_open();
	test_put(store, 0);
	for (unsigned int room = 0; room < 70; room += 3) {
		stat(test_path("journal"), &before);
		limit = (struct rlimit){ (rlim_t)before.st_size + room, old.rlim_max };
		setrlimit(RLIMIT_FSIZE, &limit);
		wrong += test_put(store, 1) == 0 || test_error.code != CNI_IO_FAILURE;
		wrong += test_drop(store, 0) == 0;
		setrlimit(RLIMIT_FSIZE, &old);
		stat(test_path("journal"), &after);
		wrong += before.st_size != after.st_size || test_have(store, 0, 2) != 1;
		if (room == 33) {
			store_closep(&store);
			store = test_open();
		}
	}
	ok(!wrong && strstr(test_error.msg, "File too large"),
		"a line that was written in part is taken back: %s", test_error.msg);
	ok(!test_put(store, 1) && test_have(store, 0, 2) == 2, "and the store goes on");
	store_closep(&store);
}

/* A snapshot that does not fit is given up, and not tried again with each transaction. */
static void test_no_room_for_snapshot(void)
{
	struct rlimit old, limit;
	struct store *store;
	struct stat status;

	test_fresh();
	getrlimit(RLIMIT_FSIZE, &old);
	store = test_open();
	for (int i = 0; i < 50; i++)
		test_put(store, i);
	limit = (struct rlimit){ 4096, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	store->index.header->compact_at = 1;
	store_compact(store);
	setrlimit(RLIMIT_FSIZE, &old);
	ok(access(test_path("leases"), F_OK) < 0 && access(test_path("leases.tmp"), F_OK) < 0,
		"no snapshot");
	stat(test_path("journal"), &status);
	ok(store->index.header->compact_at == (uint64_t)status.st_size + (1 << 20),
		"the next try is a MiB later");
	ok(!test_put(store, 50) && test_have(store, 0, 51) == 51, "nothing is lost");
	store_closep(&store);
}

static bool write_text(const char *path, const char *text)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY);

	return fd >= 0 && write(fd, text, strlen(text)) > 0;
}

/* Mounts of our own, as root or as root of a user namespace. */
static bool enter_namespace(void)
{
	char uid[32], gid[32];

	snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	if (unshare(CLONE_NEWNS) < 0 &&
		(unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
			!write_text("/proc/self/setgroups", "deny") ||
			!write_text("/proc/self/uid_map", uid) ||
			!write_text("/proc/self/gid_map", gid)))
		return false;
	return !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int main(void)
{
	test_fresh();
	test_short_write();
	test_no_room_for_snapshot();
	if (!enter_namespace()) {
		tap_skip("full and read-only disks", "no namespaces");
		return tap_done();
	}
	test_full();
	test_one_page();
	test_read_only();
	return tap_done();
}
