/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of an ADD, kept for CHECK and DEL in the file
 * <cache_dir>/results/<network>-<container ID>-<ifname>, in the format of the Go libcni.
 */
#ifndef LIBCNI_CACHE_H
#define LIBCNI_CACHE_H

#include <limits.h>

#include "libcni/conflist.h"
#include "libcni/libcni.h"

#define CACHE_KIND "cniCacheV1"

/* dir, or /var/lib/cni for NULL. */
const char *cache_dir(const char *dir);

/* The path of an attachment's file. dir NULL: /var/lib/cni. Its names must have been checked. */
int cache_path(char path[PATH_MAX], const char *dir, const char *network,
	const struct libcni_attachment *, struct cni_error *err);

/* Create the directory (mode 0700) and check that it can be written to. */
int cache_prepare(const char *path, struct cni_error *err);

/* Write the file, which file_remove() removes. capability_args may be NULL; result is an object. */
int cache_write(const char *path, const struct libcni_list *, const struct libcni_attachment *,
	const struct json *capability_args, const struct json *result, struct cni_error *err);

struct cache_entry {
	struct json *tree, *converted; /* owned */
	const struct json *result;     /* into one of them; NULL: nothing cached */
	bool foreign; /* the file is another attachment's: '-' is not escaped in its name */
};

/*
 * Read the file, the result in the version of the list. A file that does not exist, or is foreign,
 * has none. One in any other format is taken for a bare result, as it was before the format had a
 * name. Fails if the file cannot be read, is no JSON object, or has no result that fits.
 */
int cache_read(const char *path, const struct libcni_list *, const struct libcni_attachment *,
	struct cache_entry *, struct cni_error *err);
void cache_entry_done(struct cache_entry *);

/*
 * Call each() for every attachment in the cache, see libcni_attachments(). Returns what each()
 * returned, or -1 with *err filled. Files that cannot be read, are broken, or whose name is not
 * that of what they hold are none of the cache's.
 */
int cache_each(const char *dir, int (*each)(void *data, const struct libcni_cached *), void *data,
	struct cni_error *err);

#endif
