/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "ipam/store_impl.h"

#define SLEEP_MIN_NS 500000
#define SLEEP_MAX_NS 8000000
#define TIMEOUT_MAX_MS INT32_MAX

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* mkdir -p of the pool's directory: its parents may be looked at by everybody. */
static int make_directories(struct store *store)
{
	char path[PATH_MAX];
	size_t last = store->directory_length - 1;

	memcpy(path, store->path, last);
	path[last] = '\0';
	for (size_t i = 1; i <= last; i++) {
		if (path[i] != '/' && i != last)
			continue;
		path[i] = '\0';
		if (mkdir(path, i == last ? 0700 : 0755) < 0 && errno != EEXIST)
			return -errno;
		path[i] = '/';
	}
	return 0;
}

/* The descriptor, or -errno. A store that cannot be written can still be read. */
static int open_lock(struct store *store)
{
	const char *path = store_path(store, "lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), rc = -errno;

	store->read_only = false;
	if (fd >= 0)
		return fd;
	if (rc != -EROFS && rc != -EACCES)
		return rc;
	store->read_only = true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? rc : fd;
}

static int open_or_make(struct store *store, bool create)
{
	int fd = open_lock(store), rc;

	if (fd != -ENOENT || !create)
		return fd;
	rc = make_directories(store);
	return rc < 0 ? rc : open_lock(store);
}

/*
 * The process that has the lock, by the kernel's list; 0 if it does not show one. Not by device: on
 * btrfs stat(2) tells another one.
 */
static long holder_of(int fd, char *name, size_t size)
{
	char line[256], path[64];
	struct stat status;
	FILE *file;
	long pid = 0;

	if (fstat(fd, &status) < 0)
		return 0;
	file = fopen("/proc/locks", "re");
	while (file && !pid && fgets(line, sizeof(line), file)) {
		uint64_t inode;
		long candidate;

		if (sscanf(line, "%*s FLOCK %*s WRITE %ld %*[^:]:%*[^:]:%" SCNu64, &candidate,
			    &inode) == 2 && inode == status.st_ino)
			pid = candidate;
	}
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	file = pid > 0 ? fopen(path, "re") : NULL;
	if (!file || !fgets(name, (int)size, file))
		snprintf(name, size, "?");
	name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
	return pid;
}

static int locked_out(struct store *store, int fd, int64_t timeout_ms, struct cni_error *err)
{
	char name[32];
	long pid = holder_of(fd, name, sizeof(name));

	if (pid <= 0)
		return cni_fail(err, CNI_TRY_LATER,
			"pool \"%s\" is still locked by another process after %" PRId64
			" ms; try again, or look with lsof who has %s",
			store->pool, timeout_ms, store_path(store, "lock"));
	return cni_fail(err, CNI_TRY_LATER,
		"pool \"%s\" is still locked by process %ld (%s) after %" PRId64
		" ms; try again, or end that process if it hangs",
		store->pool, pid, name, timeout_ms);
}

/* Sleep some part of *pause, so that waiters do not come in step, and double it. */
static void back_off(int64_t *pause, int64_t left)
{
	uint64_t noise = (uint64_t)monotonic_ns() / 64 * (uint64_t)getpid();
	int64_t length = *pause / 2 + (int64_t)(noise % (uint64_t)(*pause / 2));
	struct timespec time = { .tv_nsec = length < left ? length : left };

	nanosleep(&time, NULL);
	*pause = *pause * 2 < SLEEP_MAX_NS ? *pause * 2 : SLEEP_MAX_NS;
}

/* 1 if the lock was free, 0 after waiting for it. */
static int wait_lock(struct store *store, int fd, int64_t timeout_ms, int64_t *deadline,
	struct cni_error *err)
{
	int64_t pause = SLEEP_MIN_NS, left;
	int free = 1;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "lock %s",
				store_path(store, "lock"));
		free = 0;
		if (!*deadline)
			*deadline = monotonic_ns() + timeout_ms * 1000000;
		left = *deadline - monotonic_ns();
		if (left <= 0)
			return locked_out(store, fd, timeout_ms, err);
		back_off(&pause, left);
	}
	return free;
}

int store_lock(struct store *store, const struct store_options *options, struct cni_error *err)
{
	int64_t timeout_ms = options->lock_timeout_ms, deadline = 0;
	struct stat status;
	int rc;

	if (timeout_ms > TIMEOUT_MAX_MS)
		timeout_ms = TIMEOUT_MAX_MS;
	for (;;) {
		store->lock = open_or_make(store, options->create);
		if (store->lock == -ENOENT && !options->create)
			return 0;
		if (store->lock < 0)
			return cni_fail_errno(err, CNI_IO_FAILURE, store->lock, NULL,
				"open the store of pool \"%s\", %s", store->pool,
				store_path(store, "lock"));
		rc = wait_lock(store, store->lock, timeout_ms, &deadline, err);
		if (rc < 0)
			return -1;
		/* Somebody may have removed the whole directory while we waited. */
		if (rc || fstat(store->lock, &status) < 0 || status.st_nlink)
			return 1;
		closep(&store->lock);
	}
}
