/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share. Nobody else includes this. */
#ifndef IPAM_STORE_IMPL_H
#define IPAM_STORE_IMPL_H

#include <limits.h>

#include "ipam/index.h"
#include "ipam/record.h"
#include "ipam/store.h"

#define STORE_POOL_MAX 200

/* In dataDir of host-local. Networks cannot have such a name. */
#define MIRROR_STORE ".fabric-cni"

/* Kept allocated past the end of the journal, so that releases find room on a full disk. */
#define STORE_SLACK 65536

/* The directory of host-local that a pool lives together with. */
struct mirror {
	int directory, lock; /* -1: there is none */
	bool adopting;	     /* the store is brought in line with the files, not they with it */
	bool changed;	     /* since it was compared */
	bool doubtful;	     /* store and files may not agree, the next one has to compare them */
	struct ip made[RANGE_SETS_MAX]; /* files of the transaction that is under way */
	size_t n_made;
};

struct store {
	struct mirror mirror;
	int lock, journal, snapshot; /* snapshot is opened when a line of it is read */
	bool read_only;
	bool broken; /* the journal's tail is not known any more: no more transactions */
	bool durable;
	int64_t reuse_delay_ms;
	char pool[STORE_POOL_MAX + 1];
	size_t directory_length;
	char path[PATH_MAX]; /* the directory with its '/', then whatever store_path() appended */
	struct index index;  /* its header's cover says how far the journal is read and written */
	struct lease scratch; /* last: not cleared */
};

/* The path of a file of the pool; valid until the next call. */
const char *store_path(struct store *, const char *file);

/* CLOCK_BOOTTIME, ms. */
int64_t store_now(void);

/* 1 locked, 0 there is no such pool, -1. Makes the directories. *deadline: store_wait(). */
int store_lock(struct store *, bool create, int64_t timeout_ms, int64_t *deadline,
	struct cni_error *);

/* Take a lock that others use, too. 0 or -1. *deadline is 0, or that of a wait before. */
int store_wait(struct store *, const char *path, int fd, int64_t timeout_ms, int64_t *deadline,
	struct cni_error *);

/* Only locked: for whoever reads the files himself. 1, 0 there is no such pool, -1. */
int store_open_lock(struct store **, const struct store_options *, struct cni_error *);

/* Journal and index are open and agree. 1, 0 where there is no pool and none is to be made, -1. */
int store_load(struct store *, bool create, struct cni_error *);

/*
 * Bring what the file holds from an offset on into the index, which is under change; "journal" is
 * also repaired. It is the journal if fd is the store's, else the snapshot.
 */
int store_replay(struct store *, const char *file, int fd, uint64_t from, uint64_t size,
	struct cni_error *);

/* Fill in what the files are now; the rest of *cover is left. *size: the journal's. 0 or -errno. */
int store_identify(struct store *, struct index_cover *cover, uint64_t *size);

/* ---- Together with host-local; all do nothing where the pool is none of its ---- */

/* The file with the address that was chosen last in a set. */
#define MIRROR_CURSOR "last_reserved_ip.%zu"

/* The path of its directory; false: the pool is none of those. */
bool mirror_path(struct store *, char path[PATH_MAX]);

/* Open, or make, its directory. 1; 0 where there is none and none is to be made; -1. */
int mirror_open(struct store *, bool create, struct cni_error *);

/* Take its lock; then make the store agree with its files, if anybody else has changed them. */
int mirror_lock(struct store *, int64_t timeout_ms, int64_t *deadline, struct cni_error *);

/* Note what the files are now, for the next mirror_lock(). */
void mirror_close(struct store *);

/* The address that the last ADD of anybody chose in the set. */
bool mirror_cursor(struct store *, size_t set, u128 *address);

struct change;

/* Before the commit: files of what is leased newly are made, those of a release removed. */
int mirror_begin(struct store *, const struct record *, const struct change *, struct cni_error *);

/* It failed, or the commit did: what was made is removed and what was removed is made. */
void mirror_undo(struct store *, const struct record *, const struct change *);

/*
 * The commit is done, the index does not know yet: the cursors move, files of what is no longer held
 * are removed.
 */
void mirror_finish(struct store *, const struct record *, const struct change *);

/* Make the store agree with the files, for mirror_lock(). */
int mirror_adopt(struct store *, struct cni_error *);

/* ---- Text ---- */

struct reader {
	int fd;
	uint64_t next; /* offset of the next line in the file */
	char *windows; /* two of them, owned */
	char *buffer;  /* that of the two which is read */
	size_t at, length;
	bool ended;
};

int reader_open(struct reader *, int fd, uint64_t offset); /* 0 or -ENOMEM */
void reader_close(struct reader *);

/*
 * 1 with a line in the buffer, newline included; what has none for LEASE_LINE_MAX bytes or up to
 * the end of the file counts as a line. It stays there until two more were read. 0 at the end,
 * -errno.
 */
int reader_next(struct reader *, char **line, size_t *length);

/* Is what begins with a bad line, up to the end of the file, what a torn write leaves? */
bool text_is_torn(const char *text, size_t length);

/* The format that the first line of a file names, whatever its checksum; 0 if it names none. */
int64_t text_format(const char *line, size_t length);

/* The file that has the line of a lease, or -1 with errno. */
int store_file_of(struct store *, const struct index_lease *);

/* Read the line of a lease into lease->buffer and parse it. */
int store_read(struct store *, uint32_t number, struct lease *lease, struct cni_error *);

/* An index that contradicts the text: the next open rebuilds it. Returns -1. */
int store_distrust(struct store *, struct cni_error *);

/* store_find() with the number of the lease. */
int store_owner(struct store *, const char *container_id, const char *ifname, uint32_t *number,
	struct lease *, struct cni_error *);

/* ---- Transactions ---- */

/* What a line means for the index. */
struct change {
	uint32_t held, replaced; /* leases that end */
	int64_t released;	 /* index_drop() */
	struct index_claim claim;
	u128 addresses[RANGE_SETS_MAX];
};

/* Whose the lease of an add or a del is; where its line will be is for the caller to fill in. */
void change_begin(struct change *, const struct record *);

/*
 * Look up what the add or del means and reserve room for it. The line is at position
 * (index_lease's). 0, -1, or 1 if an address is leased to somebody else: *conflict is its place in
 * the lease.
 */
int change_resolve(struct store *, const struct record *, struct change *, size_t *conflict,
	struct cni_error *);

/* Cannot fail. The caller has begun a change of the index. */
void change_apply(struct store *, const struct record *, const struct change *, bool cursors);

/* Make the journal empty but for its header. The index is under change. */
int journal_reset(struct store *, int64_t seq, struct cni_error *);

/* Allocate the slack behind the journal's end at offset. 0 or -errno. */
int journal_slack(struct store *, uint64_t end);

/* "<ms>@<boot>" to ms, -1 if that was under another boot or there is none. */
int64_t cool_parse(const char *cool);
#define COOL_TEXT 80
const char *cool_print(int64_t released, char out[COOL_TEXT]);

/* The line of a snapshot about a cooling address; its strings point into text. */
void cool_describe(struct record *, u128 address, int64_t released, char text[COOL_TEXT]);

/* fsync(2) of the directory. 0 or -errno. */
int store_sync(struct store *);

/* Write a new snapshot and empty the journal, if it has grown so much. Failing changes nothing. */
void store_compact(struct store *);

#endif
