/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/lock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLEEP_MIN_NS   500000
#define SLEEP_MAX_NS   8000000
#define TIMEOUT_MAX_MS INT32_MAX

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Not by device: on btrfs stat(2) tells another one. */
long lock_holder(int fd, char *name, size_t size)
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
			    &inode) == 2 &&
			inode == status.st_ino)
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

/* Sleep some part of *pause, so that waiters do not come in step, and double it. */
static void back_off(int64_t *pause, int64_t left)
{
	uint64_t noise = (uint64_t)monotonic_ns() / 64 * (uint64_t)getpid();
	int64_t length = *pause / 2 + (int64_t)(noise % (uint64_t)(*pause / 2));
	struct timespec time = { .tv_nsec = length < left ? length : left };

	nanosleep(&time, NULL);
	*pause = *pause * 2 < SLEEP_MAX_NS ? *pause * 2 : SLEEP_MAX_NS;
}

int lock_wait(int fd, int64_t timeout_ms, int64_t *deadline)
{
	int64_t pause = SLEEP_MIN_NS, left;
	int was_free = 1;

	if (timeout_ms > TIMEOUT_MAX_MS)
		timeout_ms = TIMEOUT_MAX_MS;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -errno;
		was_free = 0;
		if (!*deadline)
			*deadline = monotonic_ns() + timeout_ms * 1000000;
		left = *deadline - monotonic_ns();
		if (left <= 0)
			return -EAGAIN;
		back_off(&pause, left);
	}
	return was_free;
}
