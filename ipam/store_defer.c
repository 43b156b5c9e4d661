/* SPDX-License-Identifier: Apache-2.0 */
/* Releases that could not be written: tombstones. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cni/file.h"
#include "ipam/store_impl.h"

/* Somebody may remove the directory, or empty the journal, between two calls of ours. */
#define TRIES 4
#define TAIL  (4 * (size_t)LEASE_LINE_MAX)

enum { PLACES = 2 };

/* The directory for the pool at path, which ends with '/'. */
static int place(const char *path, int which, char out[PATH_MAX])
{
	int length;

	if (!which)
		length = snprintf(out, PATH_MAX, "%spending-del", path);
	else
		length = snprintf(out, PATH_MAX, STORE_RUN_DIR "/pending-del/%016" PRIx64,
			index_hash(path, ""));
	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static void pool_path(const struct store *store, char out[PATH_MAX])
{
	memcpy(out, store->path, store->directory_length);
	out[store->directory_length] = '\0';
}

/* ---- Which transaction was the last one? ---- */

/* The number of the last whole line of the text. */
static int64_t last_line(char *text, size_t length)
{
	struct record record;

	for (char *end = text + length, *line; end > text; end = line) {
		line = memrchr(text, '\n', (size_t)(end - 1 - text));
		line = line ? line + 1 : text;
		if (record_is_sealed(line, (size_t)(end - line)) &&
			!record_parse(&record, line, (size_t)(end - line)))
			return record.seq;
	}
	return -ENODATA;
}

/*
 * Without the lock: whoever has it may be writing. The lease that is to end was there before its
 * ADD returned, so it is not behind the last whole line.
 */
static int64_t read_sequence(const char *path)
{
	CLEANUP(freep) char *text = malloc(TAIL);
	CLEANUP(closep) int fd = -1;
	char file[PATH_MAX + sizeof("journal")];
	struct stat status;
	ssize_t n;

	snprintf(file, sizeof(file), "%sjournal", path);
	fd = file_open(file, O_RDONLY, 0);
	if (!text || fd < 0 || fstat(fd, &status) < 0)
		return text ? -errno : -ENOMEM;
	n = pread(fd, text, TAIL, 0);
	if (n > 0 && text_format(text, (size_t)n) > RECORD_FORMAT)
		return -EPROTO;
	if (n == (ssize_t)TAIL)
		n = pread(fd, text, TAIL,
			status.st_size > (off_t)TAIL ? status.st_size - (off_t)TAIL : 0);
	return n < 0 ? -errno : last_line(text, (size_t)n);
}

static int64_t last_sequence(struct store *store, const char *path)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int64_t seq;

	if (store)
		return store->index.header->cover.seq;
	for (int i = 0; i < TRIES; i++) {
		seq = read_sequence(path);
		if (seq != -ENODATA)
			return seq;
		nanosleep(&pause, NULL);
	}
	return seq;
}

/* ---- Writing ---- */

static int make_directory(char *path)
{
	for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST) {
			*slash = '/';
			return -errno;
		}
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int create(char *directory, const char *name)
{
	char path[PATH_MAX + NAME_MAX + 2];
	int rc = 0;

	for (int i = 0; i < TRIES; i++) {
		CLEANUP(closep) int fd = -1;

		rc = make_directory(directory);
		if (rc < 0)
			return rc;
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		fd = file_open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
		if (fd >= 0)
			return 0;
		rc = -errno;
		if (rc != -ENOENT)
			return rc;
	}
	return rc;
}

static int leave(struct store *store, const char *path, const struct lease *owner)
{
	int64_t seq = last_sequence(store, path);
	char name[NAME_MAX + 1], directory[PATH_MAX];
	int length, rc;

	if (seq < 0)
		return (int)seq;
	length = snprintf(name, sizeof(name), "%" PRId64 ":%" PRId64 ":%s:%s:%s", seq,
		(int64_t)time(NULL), owner->ifname, owner->network, owner->container_id);
	if (length < 0 || (size_t)length >= sizeof(name))
		return -ENAMETOOLONG;
	for (int which = 0;; which++) {
		rc = place(path, which, directory);
		if (!rc)
			rc = create(directory, name);
		if (!rc || which == PLACES - 1)
			return rc;
	}
}

int store_defer(struct store *store, const struct store_options *options, const struct lease *owner,
	struct cni_error *err)
{
	struct cni_error cause = *err;
	char path[PATH_MAX];
	int rc = store_directory(options, path, sizeof(path));

	rc = rc < 0 || (size_t)rc >= sizeof(path) ? -ENAMETOOLONG : leave(store, path, owner);
	if (rc < 0)
		return cni_fail_errno(err, CNI_TRY_LATER, rc, cause.details,
			"%s; nor could the release be noted in %spending-del or " STORE_RUN_DIR
			" for later",
			cause.msg, path);
	*err = (struct cni_error){ 0 };
	return 0;
}

/* ---- Reading ---- */

struct tombstone {
	int which; /* place */
	int64_t seq, time;
	const char *ifname, *network, *container_id; /* into the name */
};

static bool cut_number(char **text, int64_t *number)
{
	char *part = strsep(text, ":"), *end;

	if (!*text || !*part)
		return false;
	*number = strtoll(part, &end, 10);
	return !*end && *number >= 0;
}

/* Cuts the name up. */
static bool parse(char *name, struct tombstone *stone)
{
	if (!cut_number(&name, &stone->seq) || !cut_number(&name, &stone->time))
		return false;
	stone->ifname = strsep(&name, ":");
	stone->network = name ? strsep(&name, ":") : NULL;
	stone->container_id = name;
	return name && *name && *stone->ifname && !strchr(name, ':');
}

/* Calls until visit returns non-zero, which is returned. file is the whole path. */
typedef int visit_fn(struct store *, const char *file, const struct tombstone *, void *data);

static int each_of(
	struct store *store, const char *directory, int which, visit_fn *visit, void *data)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;
	int rc = 0;

	if (!entries)
		return 0;
	while (!rc && (entry = readdir(entries))) {
		char file[PATH_MAX + NAME_MAX + 2];
		struct tombstone stone = { .which = which };

		snprintf(file, sizeof(file), "%s/%s", directory, entry->d_name);
		if (parse(entry->d_name, &stone))
			rc = visit(store, file, &stone, data);
	}
	closedir(entries);
	return rc;
}

static int each(struct store *store, visit_fn *visit, void *data)
{
	char path[PATH_MAX], directory[PATH_MAX];
	int rc = 0;

	pool_path(store, path);
	for (int which = 0; !rc && which < PLACES; which++)
		if (!place(path, which, directory))
			rc = each_of(store, directory, which, visit, data);
	return rc;
}

struct settling {
	const struct lease *but;
	int ended;
	bool removed; /* a file */
	struct cni_error *err;
};

static bool is_owner(const struct tombstone *stone, const struct lease *lease)
{
	return !strcmp(stone->container_id, lease->container_id) &&
	       !strcmp(stone->ifname, lease->ifname);
}

/*
 * Elsewhere than in the pool's own directory it may be of a pool that was removed, whose numbers begin
 * anew. The clock tells, unless it was set back: then the lease stays, until its owner is dead.
 */
static bool is_meant(const struct tombstone *stone, const struct lease *lease)
{
	return lease->seq <= stone->seq && (!stone->which || lease->time <= stone->time) &&
	       (!lease->network || !strcmp(lease->network, stone->network));
}

static int settle(struct store *store, const char *file, const struct tombstone *stone, void *data)
{
	struct settling *settling = data;
	struct cni_error err = { 0 };
	struct lease lease;
	int rc;

	if (settling->but && is_owner(stone, settling->but))
		return 0;
	rc = store_find(store, stone->container_id, stone->ifname, &lease, &err);
	if (rc > 0 && is_meant(stone, &lease)) {
		rc = store_release(store, &lease, &err);
		settling->ended += !rc;
	}
	if (rc < 0)
		cni_fail_join(settling->err, &err);
	else
		settling->removed = !unlink(file) || settling->removed;
	return 0;
}

int store_settle(struct store *store, const struct lease *but, struct cni_error *err)
{
	struct settling settling = { .but = but, .err = err };
	char path[PATH_MAX], directory[PATH_MAX];

	each(store, settle, &settling);
	pool_path(store, path);
	/* Empty ones are not looked into again. */
	for (int which = 0; settling.removed && which < PLACES; which++)
		if (!place(path, which, directory))
			rmdir(directory);
	return err->code ? -1 : settling.ended;
}

static int is_of(struct store *store, const char *file, const struct tombstone *stone, void *data)
{
	(void)store;
	(void)file;
	return is_owner(stone, data);
}

bool store_is_deferred(struct store *store, const char *container_id, const char *ifname)
{
	struct lease *owner = &store->scratch;

	owner->container_id = container_id;
	owner->ifname = ifname;
	return each(store, is_of, owner);
}

static int count(struct store *store, const char *file, const struct tombstone *stone, void *data)
{
	unsigned int *n = data;

	(void)store;
	(void)file;
	(void)stone;
	++*n;
	return 0;
}

unsigned int store_deferred(struct store *store)
{
	unsigned int n = 0;

	each(store, count, &n);
	return n;
}
