/* SPDX-License-Identifier: Apache-2.0 */
/* Small files of state: read whole, replaced whole. The directories that they lie in. */
#ifndef CNI_FILE_H
#define CNI_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cni/error.h"

/*
 * open(2) for this process only, in one system call: musl's open() sets FD_CLOEXEC a second time.
 * mode is for O_CREAT. The descriptor, or -1 with errno.
 */
int file_open(const char *path, int flags, mode_t mode);

/*
 * When a file was made, statx(2): that of the descriptor where path is "". 0 with *seconds of
 * CLOCK_REALTIME, or -errno: -ENODATA where the file system does not know.
 */
int file_created(int fd, const char *path, int64_t *seconds);

/*
 * The content of a regular file, JSON_MAX bytes at most: *text is malloc'd and NUL-terminated.
 * 0 or -errno: -EFBIG for a larger file, -EISDIR for a directory, -EINVAL for a device or FIFO.
 */
int file_read(const char *path, char **text, size_t *length);

/*
 * Replace a file by a text: readers, and whoever looks after a crash, see the old or the new one,
 * never a part. The temporary file is path with '.' before its last component. 0 or -errno.
 */
int file_replace(const char *path, const char *text, size_t length);

/*
 * The same for what means nothing after a restart of the machine: the disk is not waited for, and a
 * loss of power may leave an empty file.
 */
int file_replace_for_now(const char *path, const char *text, size_t length);

/*
 * Remove what these two make, and before it the temporary file of one that was killed. What is not
 * there is as good as removed. 0 or -errno.
 */
int file_remove(const char *path);

/* mkdir -p with mode 0700; the parents may be looked at by everybody. 0 or -errno. */
int file_make_directory(const char *path);

/* Put the file, or the place in it, before the message of an error. Returns -1. */
int file_fail_within(struct cni_error *err, const char *place);

#endif
