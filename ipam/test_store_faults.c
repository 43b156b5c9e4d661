/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every file operation of the store fails once, and from then on, in each way that disks, quotas
 * and limits have; and writes are cut short. What the store then says is true: what it acknowledged
 * is there, what it refused is not, and it goes on as soon as nothing fails any more.
 *
 * The linker leads the system calls of the store through the functions below.
 */
#include "ipam/test_store_sweep.h"

#include <stdarg.h>
#include <sys/file.h>
#include <sys/mman.h>

#define CUT (-1) /* no error: a write that takes a part */

static struct {
	bool armed, lasting;
	int error;	    /* an errno, or CUT */
	int at, count;	    /* the call that fails first; calls so far */
	const char *failed; /* the last one that did */
	void (*before_lock)(void);
} fault;

static bool fails(const char *call)
{
	if (!fault.armed || fault.error == CUT)
		return false;
	fault.count++;
	if (fault.count < fault.at || (fault.count > fault.at && !fault.lasting))
		return false;
	fault.failed = call;
	errno = fault.error;
	return true;
}

/* The part of a write that is done. 0: it fails, because there is no room at all. */
static size_t cut(size_t length)
{
	if (!fault.armed || fault.error != CUT)
		return length;
	fault.count++;
	if (fault.count < fault.at || (fault.count > fault.at && !fault.lasting))
		return length;
	fault.failed = "pwrite";
	errno = ENOSPC;
	return fault.count > fault.at ? 0 : length / 2;
}

/* The C library has a second name for those with offsets. */
#define ALSO(name) extern __typeof__(name) name##64 __attribute__((alias(#name)))

/* What the linker knows as NAME is __wrap_NAME here, and __real_NAME the C library's. */
#define WRAP(type, name, declared, given)                                                          \
	type __real_##name declared;                                                               \
	type __wrap_##name declared;                                                               \
	type __wrap_##name declared                                                                \
	{                                                                                          \
		return fails(#name) ? (type)-1 : __real_##name given;                              \
	}

WRAP(int, fstat, (int fd, struct stat *status), (fd, status))
WRAP(int, stat, (const char *path, struct stat *status), (path, status))
ALSO(__wrap_fstat);
ALSO(__wrap_stat);
WRAP(int, access, (const char *path, int mode), (path, mode))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, rename, (const char *from, const char *to), (from, to))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, ftruncate, (int fd, off_t length), (fd, length))
WRAP(int, fallocate, (int fd, int mode, off_t at, off_t length), (fd, mode, at, length))
WRAP(ssize_t, pread, (int fd, void *buffer, size_t length, off_t at), (fd, buffer, length, at))
WRAP(void *, mmap, (void *at, size_t length, int prot, int flags, int fd, off_t offset),
	(at, length, prot, flags, fd, offset))
ALSO(__wrap_ftruncate);
ALSO(__wrap_fallocate);
ALSO(__wrap_pread);
ALSO(__wrap_mmap);

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
	void (*before)(void) = fault.before_lock;

	fault.before_lock = NULL;
	if (before)
		before();
	return fails("flock") ? -1 : __real_flock(fd, operation);
}

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fails("openat") ? -1 : __real_openat(directory, path, flags, mode);
}
ALSO(__wrap_openat);

ssize_t __real_pwrite(int fd, const void *buffer, size_t length, off_t at);
ssize_t __wrap_pwrite(int fd, const void *buffer, size_t length, off_t at);
ssize_t __wrap_pwrite(int fd, const void *buffer, size_t length, off_t at)
{
	size_t part = cut(length);

	if (!part && length)
		return -1;
	return fails("pwrite") ? -1 : __real_pwrite(fd, buffer, part, at);
}
ALSO(__wrap_pwrite);

static void arm(int error, bool lasting, int at)
{
	fault.error = error;
	fault.lasting = lasting;
	fault.at = at;
	fault.count = 0;
	fault.failed = NULL;
	fault.armed = true;
}

static const struct way {
	const char *name;
	int error;
	bool lasting;
} ways[] = {
	{ "EIO", EIO, false },
	{ "ENOSPC", ENOSPC, false },
	{ "EROFS", EROFS, false },
	{ "EMFILE", EMFILE, false },
	{ "a short write", CUT, false },
	{ "EIO from there on", EIO, true },
	{ "ENOSPC from there on", ENOSPC, true },
	{ "EROFS from there on", EROFS, true },
	{ "a short write, then a full disk", CUT, true },
};

/* An error is told under a code that runtimes know, and names what it is about. */
static bool is_told(void)
{
	return (test_error.code == CNI_IO_FAILURE || test_error.code == CNI_TRY_LATER) &&
	       (strstr(test_error.msg, POOL) || strstr(test_error.msg, test_directory));
}

/* One run. 1 if something failed, 0 if there are no more calls, -1 with *what if that did harm. */
static int run(const struct sweep *sweep, const struct way *way, int at, const char **what)
{
	struct store *store;
	int rc, done;

	sweep->base();
	arm(way->error, way->lasting, at);
	store = test_open();
	rc = store ? sweep->act(store) : -1;
	store_closep(&store);
	fault.armed = false;
	*what = "an error without words";
	if (rc < 0 && !is_told())
		return -1;
	*what = "it said that nothing was changed";
	store = test_open();
	done = store ? sweep->done(store) : -1;
	store_closep(&store);
	/* Where everything fails, the beginning of a line cannot be taken back either. */
	if (rc < 0 && done && !way->lasting)
		return -1;
	*what = "it does not heal";
	if (!heals(sweep, !rc))
		return -1;
	return fault.failed != NULL;
}

static void test_faults(const struct sweep *sweep, const char *suffix)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		const char *what = "";
		int at, rc = 1;

		for (at = 1; rc > 0; at++)
			rc = run(sweep, &ways[i], at, &what);
		ok(!rc && at > (ways[i].error == CUT ? 2 : 10), "%s%s: %s at %d calls%s%s%s%s",
			sweep->name, suffix, ways[i].name, at - 2, rc ? ": " : "", rc ? what : "",
			rc ? " after " : "", rc && fault.failed ? fault.failed : "");
	}
}

/* A full table of locks, and a signal at the wrong moment. */
static void test_lock(void)
{
	struct store *store;

	base_some();
	for (int at = 1; at < 20; at++) {
		arm(ENOLCK, false, at);
		store = test_open();
		fault.armed = false;
		if (fault.failed && !strcmp(fault.failed, "flock"))
			break;
		store_closep(&store);
	}
	ok(!store && test_error.code == CNI_IO_FAILURE && strstr(test_error.msg, "No locks"), "%s",
		test_error.msg);
	for (int at = 1; at < 20; at++) {
		arm(EINTR, false, at);
		store = test_open();
		fault.armed = false;
		if (fault.failed && !strcmp(fault.failed, "flock"))
			break;
		store_closep(&store);
	}
	ok(store && test_have(store, 0, 5) == 5, "a signal while it locks");
	store_closep(&store);
}

static void remove_pool(void)
{
	unlink(test_path("journal"));
	unlink(test_path("index"));
	unlink(test_path("lock"));
	if (rmdir(test_path("")))
		perror(test_path(""));
}

/*
 * Between opening the lock and taking it, without waiting, somebody removes the pool: a lease in
 * the old directory would be lost, and two stores would give out the same addresses.
 */
static void test_removed_before_locked(void)
{
	struct store *store;

	base_some();
	fault.before_lock = remove_pool;
	store = test_open();
	ok(store && !test_have(store, 0, 9) && !test_put(store, 1),
		"a pool that went is made anew");
	store_closep(&store);
	store = test_open();
	ok(store && test_have(store, 0, 9) == 1, "and the lease is in the new one");
	store_closep(&store);
	base_some();
	test_options.create = false;
	fault.before_lock = remove_pool;
	store = test_open();
	ok(!store && !test_error.code, "where none is to be made, there is none");
	test_options.create = true;
}

/* A release is deferred, or it is told that it could not be; in the end the lease is gone or there.
 */
static void test_defer(void)
{
	struct test_lease lease;
	int at, wrong = 0, told = 0;

	test_lease(&lease, 1);
	for (at = 1; at < 100; at++) {
		struct store *store;
		int rc;

		base_some();
		arm(EROFS, true, at);
		test_error = (struct cni_error){ .code = CNI_IO_FAILURE, .msg = "the cause" };
		rc = store_defer(NULL, &test_options, &lease.lease, &test_error);
		fault.armed = false;
		wrong += rc < 0 ? test_error.code != CNI_TRY_LATER ||
					  !strstr(test_error.msg, "the cause")
				: test_error.code != 0;
		told += rc < 0;
		store = test_open();
		wrong += store_settle(store, NULL, &test_error) != !rc ||
			 test_has(store, 1) != (rc < 0);
		store_closep(&store);
		if (!fault.failed)
			break;
	}
	ok(!wrong && told > 2 && at < 100, "a release that cannot be deferred: %d calls", at - 1);
}

static void test_settle(void)
{
	struct test_lease lease;
	int at, wrong = 0, kept = 0;

	test_lease(&lease, 1);
	for (at = 1; at < 100; at++) {
		struct cni_error err = { 0 };
		struct store *store;

		base_some();
		store_defer(NULL, &test_options, &lease.lease, &test_error);
		store = test_open();
		arm(EIO, true, at);
		if (store_settle(store, NULL, &err) < 0)
			kept++;
		store_closep(&store);
		fault.armed = false;
		store = test_open();
		store_settle(store, NULL, &test_error);
		wrong += test_has(store, 1) || test_have(store, 0, 5) != 4 || store_deferred(store);
		store_closep(&store);
		if (!fault.failed)
			break;
	}
	ok(!wrong && kept > 1 && at < 100, "one that cannot be settled is not forgotten: %d calls",
		at - 1);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(sweeps) / sizeof(*sweeps); i++)
		test_faults(&sweeps[i], "");
	test_options.durable = true;
	for (size_t i = 1; i < 5; i++)
		test_faults(&sweeps[i], ", durable");
	test_options.durable = false;
	test_lock();
	test_removed_before_locked();
	test_defer();
	test_settle();
	return tap_done();
}
