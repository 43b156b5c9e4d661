/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "cni/file.h"
#include "cni/lock.h"
#include "ipam/store_impl.h"

/* The descriptor, or -errno. A store that cannot be written can still be read. */
static int open_lock(struct store *store)
{
	const char *path = store_path(store, "lock");
	int fd = file_open(path, O_RDWR | O_CREAT, 0600), rc = -errno;

	store->read_only = false;
	if (fd >= 0)
		return fd;
	if (rc != -EROFS && rc != -EACCES)
		return rc;
	store->read_only = true;
	fd = file_open(path, O_RDONLY, 0);
	return fd < 0 ? rc : fd;
}

static int open_or_make(struct store *store, bool create)
{
	int fd = open_lock(store), rc;

	if (fd != -ENOENT || !create)
		return fd;
	/* Without the '/' that store_path() appends to. */
	store->path[store->directory_length - 1] = '\0';
	rc = file_make_directory(store->path);
	store->path[store->directory_length - 1] = '/';
	return rc < 0 ? rc : open_lock(store);
}

static int locked_out(struct store *store, const char *path, int fd, int64_t timeout_ms,
	struct cni_error *err)
{
	char name[32];
	long pid = lock_holder(fd, name, sizeof(name));

	if (pid <= 0)
		return cni_fail(err, CNI_TRY_LATER,
			"pool \"%s\" is still locked by another process after %" PRId64
			" ms; try again, or look with lsof who has %s",
			store->pool, timeout_ms, path);
	return cni_fail(err, CNI_TRY_LATER,
		"pool \"%s\" is still locked by process %ld (%s) after %" PRId64
		" ms; try again, or end that process if it hangs",
		store->pool, pid, name, timeout_ms);
}

int store_wait(struct store *store, const char *path, int fd, int64_t timeout_ms,
	int64_t *deadline, struct cni_error *err)
{
	int rc = lock_wait(fd, timeout_ms, deadline);

	if (rc == -EAGAIN)
		return locked_out(store, path, fd, timeout_ms, err);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "lock %s", path);
	return 0;
}

int store_lock(struct store *store, bool create, int64_t timeout_ms, int64_t *deadline,
	struct cni_error *err)
{
	struct stat status;

	for (;;) {
		store->lock = open_or_make(store, create);
		if (store->lock == -ENOENT && !create)
			return 0;
		if (store->lock < 0)
			return cni_fail_errno(err, CNI_IO_FAILURE, store->lock, NULL,
				"open the store of pool \"%s\", %s", store->pool,
				store_path(store, "lock"));
		if (store_wait(store, store_path(store, "lock"), store->lock, timeout_ms, deadline,
			    err) < 0)
			return -1;
		/* Somebody may have removed the whole directory since it was opened. */
		if (fstat(store->lock, &status) < 0 || status.st_nlink)
			return 1;
		closep(&store->lock);
	}
}
