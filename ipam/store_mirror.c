/* SPDX-License-Identifier: Apache-2.0 */
/* The files of host-local (plugins/ipam/host-local/backend/disk of the CNI project's plugins). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "cni/file.h"
#include "ipam/store_impl.h"

bool store_is_mirrored(const struct store *store)
{
	return store->mirror.directory >= 0;
}

/* "<dataDir>/.fabric-cni/ipam/<pool>/" to "<dataDir>/<pool>" */
bool mirror_path(struct store *store, char path[PATH_MAX])
{
	static const char mark[] = "/" MIRROR_STORE "/ipam/";
	size_t tail = strlen(mark) + strlen(store->pool) + 1;

	if (store->directory_length < tail)
		return false;
	snprintf(path, PATH_MAX, "%s", store_path(store, ""));
	path += store->directory_length - tail;
	if (strncmp(path, mark, strlen(mark)) != 0)
		return false;
	snprintf(path, strlen(store->pool) + 2, "/%s", store->pool);
	return true;
}

static int open_directory(const char *path, bool create)
{
	int fd = file_open(path, O_RDONLY | O_DIRECTORY, 0), rc;

	if (fd >= 0 || errno != ENOENT || !create)
		return fd < 0 ? -errno : fd;
	rc = file_make_directory(path);
	/* As host-local makes it. */
	if (rc < 0 || chmod(path, 0755) < 0)
		return rc < 0 ? rc : -errno;
	fd = file_open(path, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? -errno : fd;
}

int mirror_open(struct store *store, bool create, struct cni_error *err)
{
	char path[PATH_MAX];
	int fd;

	if (!mirror_path(store, path))
		return 1;
	fd = open_directory(path, create);
	if (fd == -ENOENT && !create)
		return 0;
	if (fd < 0)
		return cni_fail_errno(
			err, CNI_IO_FAILURE, fd, NULL, "open the leases of host-local, %s", path);
	store->mirror.directory = fd;
	return 1;
}

/* Has nobody else changed the directory since mirror_close()? */
static bool is_known(struct store *store)
{
	const struct index_header *header = store->index.header;
	const struct index_mirror *known = &header->mirror;
	struct stat now;

	return !fstat(store->mirror.directory, &now) && known->seq &&
	       known->seq == header->cover.seq + 1 && known->inode == now.st_ino &&
	       known->device == now.st_dev &&
	       known->time == now.st_mtim.tv_sec * INT64_C(1000000000) + now.st_mtim.tv_nsec;
}

int mirror_lock(struct store *store, int64_t timeout_ms, int64_t *deadline, struct cni_error *err)
{
	struct mirror *mirror = &store->mirror;
	char path[PATH_MAX + sizeof("/lock")];

	if (!store_is_mirrored(store))
		return 0;
	mirror_path(store, path);
	strcat(path, "/lock");
	mirror->lock = openat(mirror->directory, "lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0750);
	if (mirror->lock < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "open %s", path);
	if (store_wait(store, path, mirror->lock, timeout_ms, deadline, err) < 0)
		return -1;
	return is_known(store) ? 0 : mirror_adopt(store, err);
}

/*
 * The directory gets a time of modification that the kernel's clock has passed, so that any change
 * from now on is seen, even one within the same tick of that clock.
 */
void mirror_close(struct store *store)
{
	struct mirror *mirror = &store->mirror;

	if (mirror->changed && !mirror->doubtful && store->index.header && !store->index.damaged) {
		struct index_mirror *known = &store->index.header->mirror;
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
		struct stat now;

		known->seq = 0;
		clock_gettime(CLOCK_REALTIME, &times[1]);
		times[1].tv_sec--;
		if (!futimens(mirror->directory, times) && !fstat(mirror->directory, &now)) {
			known->device = now.st_dev;
			known->inode = now.st_ino;
			known->time =
				now.st_mtim.tv_sec * INT64_C(1000000000) + now.st_mtim.tv_nsec;
			known->seq = store->index.header->cover.seq + 1;
		}
	}
	closep(&mirror->lock);
	closep(&mirror->directory);
}

bool mirror_cursor(struct store *store, size_t set, u128 *address)
{
	char name[40], text[IP_TEXT];
	CLEANUP(closep) int fd = -1;
	struct ip ip;
	ssize_t n;

	snprintf(name, sizeof(name), MIRROR_CURSOR, set);
	fd = openat(store->mirror.directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (ip_parse(text, &ip) < 0)
		return false;
	*address = ip_number(&ip);
	return true;
}
