/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cni/boot.h"
#include "cni/file.h"
#include "ipam/store_impl.h"

/* Guesses, so that a large index does not grow by doubling from nothing. */
#define TEXT_PER_LEASE 256
#define LEASES_PER_NODE 256

int store_identify(struct store *store, struct index_cover *cover, uint64_t *size)
{
	struct stat status;

	if (fstat(store->journal, &status) < 0)
		return -errno;
	*size = (uint64_t)status.st_size;
	cover->journal_device = status.st_dev;
	cover->journal_inode = status.st_ino;
	if (stat(store_path(store, "leases"), &status) < 0) {
		if (errno != ENOENT)
			return -errno;
		status = (struct stat){ 0 };
	}
	cover->snapshot_inode = status.st_ino;
	cover->snapshot_size = (uint64_t)status.st_size;
	cover->snapshot_time =
		status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec;
	return 0;
}

static int open_journal(struct store *store, bool create)
{
	int flags = store->read_only ? O_RDONLY : O_RDWR;

	store->journal = file_open(store_path(store, "journal"), flags, 0);
	if (store->journal >= 0 || errno != ENOENT || store->read_only)
		return store->journal < 0 ? -errno : 0;
	if (!create && access(store_path(store, "leases"), F_OK) < 0)
		return -ENOENT;
	store->journal = file_open(store_path(store, "journal"), flags | O_CREAT, 0600);
	if (store->journal < 0)
		return -errno;
	return store->durable ? store_sync(store) : 0;
}

_Static_assert(RECORD_FORMAT == 1, "a new format needs a new VERSION_OF_LAYOUT in index.c: an index "
				   "at rest is believed before the text is looked at");

/* Does the index belong to these files and to this boot, and was it at rest? */
static bool is_current(const struct index *index, const struct index_cover *now)
{
	const struct index_cover *cover = &index->header->cover;
	const char *boot = boot_id();

	return *boot && !strcmp(index->header->boot, boot) &&
		cover->journal_device == now->journal_device &&
		cover->journal_inode == now->journal_inode &&
		cover->snapshot_inode == now->snapshot_inode &&
		cover->snapshot_size == now->snapshot_size &&
		cover->snapshot_time == now->snapshot_time;
}

/* Somebody was killed between his commit and his change of the index. */
static int catch_up(struct store *store, uint64_t size)
{
	struct cni_error ignored = { 0 };
	int rc;

	index_begin(&store->index);
	rc = store_replay(store, "journal", store->journal,
		store->index.header->cover.journal_end, size, &ignored);
	index_end(&store->index);
	return rc;
}

static int read_files(struct store *store, uint64_t size, struct cni_error *err)
{
	const struct index_cover *cover = &store->index.header->cover;

	if (cover->snapshot_inode) {
		store->snapshot = file_open(store_path(store, "leases"), O_RDONLY, 0);
		if (store->snapshot < 0)
			return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "open %s",
				store_path(store, "leases"));
		if (store_replay(store, "leases", store->snapshot, 0, cover->snapshot_size,
			    err) < 0)
			return -1;
	}
	return store_replay(store, "journal", store->journal, 0, size, err);
}

static int rebuild(struct store *store, const struct index_cover *now, uint64_t size,
	struct cni_error *err)
{
	uint32_t leases = (uint32_t)((now->snapshot_size + size) / TEXT_PER_LEASE);
	struct index *index = &store->index;

	struct index_size size_of_index = {
		.leases = leases,
		.addresses = leases,
		.nodes = leases / LEASES_PER_NODE,
	};

	if (index_new(index, size_of_index, store->read_only) < 0)
		return cni_fail(err, CNI_IO_FAILURE, "out of memory for the index of pool \"%s\"",
			store->pool);
	strncat(index->header->boot, boot_id(), sizeof(index->header->boot) - 1);
	index->header->cover = *now;
	if (read_files(store, size, err) < 0)
		return -1;
	index_publish(index);
	return 0;
}

static int cannot_look(struct store *store, int rc, struct cni_error *err)
{
	return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "look at the files of pool \"%s\"",
		store->pool);
}

/*
 * No process of ours makes the journal shorter than the index at rest says: somebody else cut it, and
 * what was leased behind the cut would be leased again.
 */
static int journal_is_cut(struct store *store, uint64_t size, struct cni_error *err)
{
	uint64_t end = store->index.header->cover.journal_end;

	cni_fail(err, CNI_IO_FAILURE,
		"%s ends at byte %" PRIu64 ", and went on to byte %" PRIu64
		": leases are missing; nothing was changed. Restore the file, or let \"poolctl check "
		"--fix\" keep their addresses",
		store_path(store, "journal"), size, end);
	return cni_fail_details(err, "without the file \"index\" those addresses are free");
}

int store_load(struct store *store, bool create, struct cni_error *err)
{
	struct index_cover now = { 0 };
	uint64_t size = 0;
	int rc;

	rc = open_journal(store, create);
	if (rc == -ENOENT && !create)
		return 0;
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "open %s",
			store_path(store, "journal"));
	rc = store_identify(store, &now, &size);
	if (rc < 0)
		return cannot_look(store, rc, err);
	if (!index_open(&store->index, store->read_only) && is_current(&store->index, &now)) {
		uint64_t end = store->index.header->cover.journal_end;

		if (end > size)
			return journal_is_cut(store, size, err);
		if (end == size || !catch_up(store, size))
			return 1;
	}
	index_close(&store->index);
	/* Catching up may have cut the journal. */
	rc = store_identify(store, &now, &size);
	if (rc < 0)
		return cannot_look(store, rc, err);
	return rebuild(store, &now, size, err) < 0 ? -1 : 1;
}
