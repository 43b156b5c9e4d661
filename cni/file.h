/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files. */
#ifndef CNI_FILE_H
#define CNI_FILE_H

#include <stddef.h>

#include "cni/error.h"

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

/* Put the file, or the place in it, before the message of an error. Returns -1. */
int file_fail_within(struct cni_error *err, const char *place);

#endif
