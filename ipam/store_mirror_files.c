/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction on the files of host-local. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ipam/store_impl.h"

static int write_text(int fd, const char *text)
{
	size_t length = strlen(text);
	ssize_t n = write(fd, text, length);

	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -ENOSPC;
}

static int write_file(struct store *store, const char *name, int flags, const char *text)
{
	CLEANUP(closep)
	int fd =
		openat(store->mirror.directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	return fd < 0 ? -errno : write_text(fd, text);
}

/*
 * A file that has its text when it gets its name: host-local itself never gives an address free
 * whose file is empty. -EOPNOTSUPP where the file system cannot do that.
 */
static int link_file(struct store *store, const char *name, const char *text)
{
	CLEANUP(closep)
	int fd = openat(store->mirror.directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	char path[40];
	int rc;

	if (fd < 0)
		return errno == EISDIR || errno == EINVAL ? -EOPNOTSUPP : -errno;
	rc = write_text(fd, text);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!rc && linkat(AT_FDCWD, path, store->mirror.directory, name, AT_SYMLINK_FOLLOW) < 0)
		rc = errno == ENOENT ? -EOPNOTSUPP : -errno;
	return rc;
}

static int create_file(struct store *store, const char *name, const char *text)
{
	int rc = link_file(store, name, text);

	if (rc != -EOPNOTSUPP)
		return rc;
	rc = write_file(store, name, O_EXCL, text);
	if (rc < 0 && rc != -EEXIST)
		unlinkat(store->mirror.directory, name, 0);
	return rc;
}

static int cannot_write(struct store *store, const char *name, int rc, struct cni_error *err)
{
	char path[PATH_MAX];

	mirror_path(store, path);
	return cni_fail_errno(
		err, CNI_IO_FAILURE, rc, NULL, "write %s/%s (nothing was changed)", path, name);
}

static int cannot_remove(struct store *store, int rc, struct cni_error *err)
{
	char path[PATH_MAX];

	mirror_path(store, path);
	return cni_fail_errno(
		err, CNI_IO_FAILURE, rc, NULL, "remove a lease of host-local in %s", path);
}

static bool is_named(const struct record *record, u128 address)
{
	for (size_t i = 0; record->op == RECORD_ADD && i < record->lease.n_addresses; i++)
		if (ip_number(&record->lease.addresses[i]) == address)
			return true;
	return false;
}

/* 0 or -errno: then the next one to open the store has to find out what there is. */
static int remove_file(struct store *store, const struct ip *ip)
{
	char name[IP_TEXT];

	if (!unlinkat(store->mirror.directory, ip_print(ip, name), 0) || errno == ENOENT)
		return 0;
	store->mirror.doubtful = true;
	return -errno;
}

/* The addresses of a lease that the record does not name: file() for each, all are tried. */
static int each_file(struct store *store, const struct record *record, uint32_t lease,
	int (*file)(struct store *, const struct record *, const struct ip *))
{
	struct index *index = &store->index;
	int rc = 0, one;

	index->steps = 0;
	for (uint32_t n = index_lease(index, lease)->first;
		index_step(index, n, index->header->addresses.capacity);
		n = index_address(index, n)->next) {
		const struct index_address *address = index_address(index, n);
		u128 number = (u128)address->high << 64 | address->low;
		struct ip ip = ip_from_number(number, 0);

		one = is_named(record, number) ? 0 : file(store, record, &ip);
		rc = rc < 0 ? rc : one;
	}
	return rc;
}

static int remove_one(struct store *store, const struct record *record, const struct ip *ip)
{
	(void)record;
	return remove_file(store, ip);
}

static int remove_files(struct store *store, const struct record *record, uint32_t lease)
{
	return each_file(store, record, lease, remove_one);
}

/* As host-local writes them: LEASE_ANY_IFNAME and parts of a lease are only ours. */
#define FILE_TEXT_MAX (2 * LEASE_TEXT_MAX + 3)
static const char *file_text(const struct lease *lease, char text[FILE_TEXT_MAX])
{
	int length = (int)strcspn(lease->ifname, ":");

	snprintf(text, FILE_TEXT_MAX, "%s%s%.*s", lease->container_id, length ? "\r\n" : "", length,
		lease->ifname);
	return text;
}

static int make_file(
	struct store *store, const struct lease *lease, const struct ip *ip, struct cni_error *err)
{
	char name[IP_TEXT], text[FILE_TEXT_MAX];
	int rc = create_file(store, ip_print(ip, name), file_text(lease, text));

	if (rc == -EEXIST)
		return cni_fail(err, CNI_TRY_LATER,
			"%s was chosen for %s %s, but its file in pool \"%s\" of host-local is "
			"there although the lock is held: try again",
			name, lease->container_id, lease->ifname, store->pool);
	return rc < 0 ? cannot_write(store, name, rc, err) : 0;
}

/* One that cannot be written stays behind: the next search begins at an address that is taken. */
static void move_cursors(struct store *store, const struct lease *lease)
{
	for (size_t i = 0; i < lease->n_addresses; i++) {
		char name[40], text[IP_TEXT];

		snprintf(name, sizeof(name), MIRROR_CURSOR, i);
		if (!(lease->fixed >> i & 1))
			write_file(store, name, O_TRUNC, ip_print(&lease->addresses[i], text));
	}
}

static int make_files(struct store *store, const struct record *record, const struct change *change,
	struct cni_error *err)
{
	struct mirror *mirror = &store->mirror;

	for (size_t i = 0; i < record->lease.n_addresses; i++) {
		const struct ip *ip = &record->lease.addresses[i];
		int64_t released;
		uint32_t holder = index_holder(&store->index, change->addresses[i], &released);

		if (change->held && holder == change->held)
			continue;
		if (change->replaced && holder == change->replaced)
			remove_file(store, ip);
		if (make_file(store, &record->lease, ip, err) < 0)
			return -1;
		mirror->made[mirror->n_made++] = *ip;
	}
	return 0;
}

static int restore_one(struct store *store, const struct record *record, const struct ip *ip)
{
	char name[IP_TEXT], text[FILE_TEXT_MAX];
	int rc = create_file(store, ip_print(ip, name), file_text(&record->lease, text));

	if (rc < 0 && rc != -EEXIST)
		store->mirror.doubtful = true;
	return 0;
}

void mirror_undo(struct store *store, const struct record *record, const struct change *change)
{
	struct mirror *mirror = &store->mirror;

	if (!store_is_mirrored(store) || mirror->adopting)
		return;
	while (mirror->n_made)
		remove_file(store, &mirror->made[--mirror->n_made]);
	if (record->op == RECORD_DEL)
		each_file(store, record, change->held, restore_one);
}

int mirror_begin(struct store *store, const struct record *record, const struct change *change,
	struct cni_error *err)
{
	struct mirror *mirror = &store->mirror;
	int rc;

	mirror->n_made = 0;
	if (!store_is_mirrored(store) || mirror->adopting)
		return 0;
	/* Until mirror_close(), the files are ahead of what is noted. */
	store->index.header->mirror.seq = 0;
	mirror->changed = true;
	if (record->op == RECORD_ADD && make_files(store, record, change, err) < 0) {
		mirror_undo(store, record, change);
		return -1;
	}
	rc = record->op == RECORD_DEL ? remove_files(store, record, change->held) : 0;
	if (rc < 0)
		mirror_undo(store, record, change);
	return rc < 0 ? cannot_remove(store, rc, err) : 0;
}

void mirror_finish(struct store *store, const struct record *record, const struct change *change)
{
	if (!store_is_mirrored(store) || store->mirror.adopting || record->op != RECORD_ADD)
		return;
	move_cursors(store, &record->lease);
	if (change->held)
		remove_files(store, record, change->held);
	if (change->replaced)
		remove_files(store, record, change->replaced);
}
