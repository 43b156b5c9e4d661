/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cni/json.h"

int file_open(const char *path, int flags, mode_t mode)
{
	return openat(AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

/* musl has no name for the call. */
int file_created(int fd, const char *path, int64_t *seconds)
{
	struct statx status;

	if (syscall(SYS_statx, fd, path, AT_EMPTY_PATH, STATX_BTIME, &status) < 0)
		return -errno;
	if (!(status.stx_mask & STATX_BTIME))
		return -ENODATA;
	*seconds = status.stx_btime.tv_sec;
	return 0;
}

static int check_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

int file_read(const char *path, char **text, size_t *length)
{
	/* O_NONBLOCK: a FIFO must not be waited for. */
	CLEANUP(closep) int fd = file_open(path, O_RDONLY | O_NONBLOCK, 0);
	CLEANUP(freep) char *read_text = NULL;
	size_t size = 0, capacity = 0;
	ssize_t got = 1;
	char *grown;
	int rc;

	if (fd < 0)
		return -errno;
	if ((rc = check_kind(fd)) < 0)
		return rc;
	for (; got > 0; size += (size_t)got) {
		if (size > JSON_MAX)
			return -EFBIG;
		if (capacity - size < 2) {
			capacity = capacity ? 2 * capacity : 8192;
			if (!(grown = realloc(read_text, capacity)))
				return -ENOMEM;
			read_text = grown;
		}
		got = read(fd, read_text + size, capacity - size - 1);
		if (got < 0)
			return -errno;
	}
	read_text[size] = '\0';
	*text = read_text;
	*length = size;
	read_text = NULL;
	return 0;
}

static int write_whole(const char *path, const char *text, size_t length, bool lasting)
{
	CLEANUP(closep)
	int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	ssize_t written;

	if (fd < 0)
		return -errno;
	for (; length; text += written, length -= (size_t)written) {
		written = write(fd, text, length);
		if (written <= 0)
			return written ? -errno : -EIO;
	}
	return lasting && fsync(fd) < 0 ? -errno : 0;
}

static int temporary_path(const char *path, char temporary[PATH_MAX])
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	int length = snprintf(temporary, PATH_MAX, "%.*s.%s", (int)(base - path), path, base);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int replace(const char *path, const char *text, size_t length, bool lasting)
{
	char temporary[PATH_MAX];
	int rc = temporary_path(path, temporary);

	if (rc < 0)
		return rc;
	rc = write_whole(temporary, text, length, lasting);
	if (!rc && rename(temporary, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(temporary);
	return rc;
}

int file_replace(const char *path, const char *text, size_t length)
{
	return replace(path, text, length, true);
}

int file_replace_for_now(const char *path, const char *text, size_t length)
{
	return replace(path, text, length, false);
}

static int remove_one(const char *path)
{
	return unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

int file_remove(const char *path)
{
	char temporary[PATH_MAX];
	int rc = temporary_path(path, temporary);

	if (!rc)
		rc = remove_one(temporary);
	return rc < 0 ? rc : remove_one(path);
}

int file_make_directory(const char *directory)
{
	char path[PATH_MAX];
	size_t last = strlen(directory);

	if (last >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, directory, last + 1);
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

int file_fail_within(struct cni_error *err, const char *place)
{
	struct cni_error cause = *err;

	return cni_fail(err, cause.code, "%s: %s", place, cause.msg);
}
