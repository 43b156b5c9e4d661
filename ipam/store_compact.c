/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"

#include "ipam/store_impl.h"

#define JOURNAL_MIN (UINT64_C(1) << 20)
#define BUFFER (256u << 10)

/* No line of a lease is that short. */
#define LINE_MIN 32u

/* The leases in the order in which their lines are copied. */
struct lines {
	uint32_t *leases; /* owned */
	uint64_t *target; /* where the line of each is in the new file; owned */
	size_t count;
};

struct output {
	int fd;
	char *buffer; /* owned */
	size_t length;
	uint64_t written;
	int64_t lines;
	bool failed;
};

/* A part of a text file: the lines that begin in one block of BUFFER bytes. */
struct window {
	char *buffer; /* owned */
	int fd;
	uint64_t block;
	size_t length;
};

static void flush(struct output *out)
{
	if (!out->failed && out->length)
		out->failed = pwrite(out->fd, out->buffer, out->length, (off_t)out->written) !=
			(ssize_t)out->length;
	/* The disk works while we do, so that there is less to wait for in the end. */
	sync_file_range(out->fd, (off_t)out->written, (off_t)out->length, SYNC_FILE_RANGE_WRITE);
	out->written += out->length;
	out->length = 0;
}

/* Returns the offset of the line in the file. */
static uint64_t put_line(struct output *out, const char *line, size_t length)
{
	if (out->length + length > BUFFER)
		flush(out);
	memcpy(out->buffer + out->length, line, length);
	out->length += length;
	out->lines++;
	return out->written + out->length - length;
}

static void put_record(struct output *out, const struct record *record)
{
	char line[LEASE_LINE_MAX];

	put_line(out, line, record_print(record, line));
}

static void put_cursors(struct output *out, const struct index_header *header)
{
	for (int64_t set = 0; set < RANGE_SETS_MAX; set++) {
		const struct index_cursor *cursor = &header->cursors[set];
		struct record record = { .op = RECORD_CURSOR, .set = set };

		if (!cursor->is_set)
			continue;
		record.lease.n_addresses = 1;
		record.lease.addresses[0] = ip_whole((u128)cursor->high << 64 | cursor->low);
		put_record(out, &record);
	}
}

static bool put_cooling(u128 address, int64_t released, void *data)
{
	struct output *out = data;
	struct record record;
	char cool[COOL_TEXT];

	cool_describe(&record, address, released, cool);
	put_record(out, &record);
	return out->failed;
}

static void lines_done(struct lines *lines)
{
	free(lines->leases);
	free(lines->target);
}

/* Snapshot lines are the older ones. */
static uint64_t block_of(const struct index_lease *lease, uint64_t of_snapshot)
{
	uint64_t block = lease->position / 2 / BUFFER;

	return lease->position & 1 ? block : of_snapshot + block;
}

/* Where in its block it begins, as exactly as tells lines apart. */
static uint64_t place_of(const struct index_lease *lease, uint64_t of_snapshot)
{
	(void)of_snapshot;
	return lease->position / 2 % BUFFER / LINE_MIN;
}

typedef uint64_t key_fn(const struct index_lease *, uint64_t of_snapshot);

/* Sort by a key below n; what has the same one stays in order. -EIO: an index that is none. */
static int distribute(struct index *index, key_fn *key, uint64_t of_snapshot, uint64_t n,
	const uint32_t *from, uint32_t *to, size_t count)
{
	CLEANUP(freep) uint32_t *starts = calloc(n + 1, sizeof(*starts));

	if (!starts)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		uint64_t k = key(index_lease(index, from[i]), of_snapshot);

		if (k >= n)
			return -EIO;
		starts[k + 1]++;
	}
	for (uint64_t k = 0; k < n; k++)
		starts[k + 1] += starts[k];
	for (size_t i = 0; i < count; i++)
		to[starts[key(index_lease(index, from[i]), of_snapshot)]++] = from[i];
	return 0;
}

/*
 * All leases in the order of their lines: that of their transactions, in which the new file is read
 * again, for a lease that takes another's place ends that one only if it is the older. A sort that
 * compares takes ten times as long.
 */
static int list_lines(struct store *store, struct lines *lines)
{
	const struct index_header *header = store->index.header;
	uint64_t of_snapshot = header->cover.snapshot_size / BUFFER + 1;
	uint64_t blocks = of_snapshot + header->cover.journal_end / BUFFER + 1;
	CLEANUP(freep) uint32_t *by_place = calloc(header->leases.live + (size_t)1, sizeof(*by_place));
	int rc;

	lines->leases = calloc(header->leases.live + (size_t)1, sizeof(*lines->leases));
	lines->target = calloc(header->leases.live + (size_t)1, sizeof(*lines->target));
	if (!by_place || !lines->leases || !lines->target)
		return -ENOMEM;
	for (uint32_t i = 1; i <= header->leases.used; i++) {
		if (!index_lease(&store->index, i)->length)
			continue;
		if (lines->count == header->leases.live)
			return -EIO;
		lines->leases[lines->count++] = i;
	}
	rc = distribute(&store->index, place_of, of_snapshot, BUFFER / LINE_MIN, lines->leases,
		by_place, lines->count);
	return rc < 0 ? rc
		      : distribute(&store->index, block_of, of_snapshot, blocks, by_place,
				lines->leases, lines->count);
}

/* The text at offset, or NULL. */
static const char *look(struct window *window, int fd, uint64_t offset, size_t length)
{
	uint64_t block = offset / BUFFER, at = offset % BUFFER;
	ssize_t n;

	if (fd != window->fd || block != window->block) {
		n = pread(fd, window->buffer, BUFFER + LEASE_LINE_MAX, (off_t)(block * BUFFER));
		window->fd = fd;
		window->block = block;
		window->length = n < 0 ? 0 : (size_t)n;
	}
	return at + length > window->length ? NULL : window->buffer + at;
}

static int put_leases(struct store *store, struct output *out, struct lines *lines)
{
	CLEANUP(freep) char *buffer = malloc(BUFFER + LEASE_LINE_MAX);
	struct window window = { .buffer = buffer, .fd = -1 };

	if (!buffer)
		return -ENOMEM;
	for (size_t i = 0; i < lines->count; i++) {
		const struct index_lease *lease = index_lease(&store->index, lines->leases[i]);
		const char *text = look(&window, store_file_of(store, lease), lease->position / 2,
			lease->length);

		if (!text || !record_is_sealed(text, lease->length))
			return -EIO;
		lines->target[i] = put_line(out, text, lease->length);
	}
	return 0;
}

static int write_lines(struct store *store, struct output *out, struct lines *lines)
{
	const struct index_header *header = store->index.header;
	struct record record = {
		.op = RECORD_HEADER,
		.format = RECORD_FORMAT,
		.file = "leases",
		.pool = store->pool,
		.seq = header->cover.seq,
	};
	int rc;

	put_record(out, &record);
	put_cursors(out, header);
	index_each_cooling(&store->index, put_cooling, out);
	rc = put_leases(store, out, lines);
	if (rc < 0)
		return rc;
	record = (struct record){ .op = RECORD_END, .lines = out->lines - 1 };
	put_record(out, &record);
	flush(out);
	return out->failed || fsync(out->fd) < 0 ? -EIO : 0;
}

static int write_snapshot(struct store *store, struct lines *lines)
{
	CLEANUP(freep) char *buffer = malloc(BUFFER);
	CLEANUP(closep) int fd = -1;
	struct output out = { .buffer = buffer };

	if (!buffer)
		return -ENOMEM;
	fd = file_open(store_path(store, "leases.tmp"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return -errno;
	out.fd = fd;
	return write_lines(store, &out, lines);
}

int store_sync(struct store *store)
{
	CLEANUP(closep) int fd = file_open(store_path(store, "."), O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int rename_snapshot(struct store *store)
{
	char from[PATH_MAX];

	memcpy(from, store_path(store, "leases.tmp"), sizeof(from));
	return rename(from, store_path(store, "leases")) < 0 ? -errno : 0;
}

/*
 * The snapshot has its name and the index points into it from now on. Lines of the journal that it
 * covers are skipped, so the journal is emptied only when the name is on the disk for good.
 */
static void adopt(struct store *store, const struct lines *lines)
{
	struct index_header *header = store->index.header;
	struct cni_error ignored = { 0 };
	uint64_t size;

	closep(&store->snapshot);
	store->snapshot = -1;
	for (size_t i = 0; i < lines->count; i++)
		index_lease(&store->index, lines->leases[i])->position = lines->target[i] * 2 + 1;
	header->compact_at = 0;
	if (store_sync(store) < 0)
		header->compact_at = header->cover.journal_end + JOURNAL_MIN;
	else
		store->broken = journal_reset(store, header->cover.seq, &ignored) < 0;
	if (store->broken || store_identify(store, &header->cover, &size) < 0)
		store->index.damaged = true;
}

static bool is_due(const struct index_header *header)
{
	const struct index_cover *cover = &header->cover;
	uint64_t limit = 2 * cover->snapshot_size;

	if (limit < JOURNAL_MIN)
		limit = JOURNAL_MIN;
	return cover->journal_end > (header->compact_at ? header->compact_at : limit);
}

bool store_rewrite(struct store *store)
{
	struct index *index = &store->index;
	CLEANUP(lines_done) struct lines lines = { 0 };

	if (index->damaged || store->read_only || store->broken)
		return false;
	if (list_lines(store, &lines) < 0 || write_snapshot(store, &lines) < 0 ||
		rename_snapshot(store) < 0) {
		unlink(store_path(store, "leases.tmp"));
		return false;
	}
	index_begin(index);
	adopt(store, &lines);
	index_end(index);
	return !index->damaged;
}

void store_compact(struct store *store)
{
	struct index_header *header = store->index.header;

	if (!is_due(header) || store->index.damaged || store_rewrite(store))
		return;
	/* No room, say: not again with each call. */
	if (!store->index.damaged)
		header->compact_at = header->cover.journal_end + JOURNAL_MIN;
}
