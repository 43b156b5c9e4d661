/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "ipam/store_impl.h"

#define JOURNAL_MIN (UINT64_C(1) << 20)
#define BUFFER (256u << 10)

/* No line of a lease is shorter. */
#define LINE_MIN 64u

/*
 * The leases in the order of their lines, snapshot before journal: that of their transactions, in
 * which the new file is read again, for a lease that takes another's place ends that one only if it
 * is the older. Of each LINE_MIN bytes of the old files, the lease whose line begins there, or 0.
 */
struct lines {
	uint32_t *leases; /* owned */
	size_t count, of_snapshot;
	uint64_t length; /* of all lines */
	uint64_t target; /* of the first one in the new file, where they are without gaps */
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
	size_t run, run_end; /* lines that follow each other and are copied as one */
};

static void write_out(struct output *out, const char *text, size_t length)
{
	if (!length)
		return;
	if (!out->failed)
		out->failed = pwrite(out->fd, text, length, (off_t)out->written) != (ssize_t)length;
	/* The disk works while we do, so that there is less to wait for in the end. */
	sync_file_range(out->fd, (off_t)out->written, (off_t)length, SYNC_FILE_RANGE_WRITE);
	out->written += length;
}

static void flush(struct output *out)
{
	write_out(out, out->buffer, out->length);
	out->length = 0;
}

static void put(struct output *out, const char *text, size_t length)
{
	if (out->length + length > BUFFER)
		flush(out);
	if (length > BUFFER) {
		write_out(out, text, length);
		return;
	}
	memcpy(out->buffer + out->length, text, length);
	out->length += length;
}

static void put_record(struct output *out, const struct record *record)
{
	char line[LEASE_LINE_MAX];

	put(out, line, record_print(record, line));
	out->lines++;
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
}

/* -EIO: an index that is none. */
static int list_lines(struct store *store, struct lines *lines)
{
	const struct index_header *header = store->index.header;

	lines->of_snapshot = header->cover.snapshot_size / LINE_MIN + 1;
	lines->count = lines->of_snapshot + header->cover.journal_end / LINE_MIN + 1;
	lines->leases = calloc(lines->count, sizeof(*lines->leases));
	if (!lines->leases)
		return -ENOMEM;
	for (uint32_t i = 1; i <= header->leases.used; i++) {
		const struct index_lease *lease = index_lease(&store->index, i);
		uint64_t at = lease->position / 2 / LINE_MIN;

		if (!lease->length)
			continue;
		if (!(lease->position & 1))
			at += lines->of_snapshot;
		if (at >= lines->count || lines->leases[at])
			return -EIO;
		lines->leases[at] = i;
		lines->length += lease->length;
	}
	return 0;
}

static void put_run(struct output *out, struct window *window)
{
	put(out, window->buffer + window->run, window->run_end - window->run);
	window->run = window->run_end = 0;
}

/* The line, behind the run that was in the window before it; -EIO if it is none. */
static int put_lease(struct output *out, struct window *window, int fd,
	const struct index_lease *lease)
{
	uint64_t offset = lease->position / 2, block = offset / BUFFER;
	size_t at = offset % BUFFER;
	ssize_t n;

	if (fd != window->fd || block != window->block) {
		put_run(out, window);
		n = pread(fd, window->buffer, BUFFER + LEASE_LINE_MAX, (off_t)(block * BUFFER));
		window->fd = fd;
		window->block = block;
		window->length = n < 0 ? 0 : (size_t)n;
	}
	if (at + lease->length > window->length ||
		!record_is_sealed(window->buffer + at, lease->length))
		return -EIO;
	if (at != window->run_end) {
		put_run(out, window);
		window->run = at;
	}
	window->run_end = at + lease->length;
	out->lines++;
	return 0;
}

static int put_leases(struct store *store, struct output *out, struct lines *lines)
{
	CLEANUP(freep) char *buffer = malloc(BUFFER + LEASE_LINE_MAX);
	struct window window = { .buffer = buffer, .fd = -1 };
	int rc = 0;

	if (!buffer)
		return -ENOMEM;
	lines->target = out->written + out->length;
	for (size_t i = 0; !rc && i < lines->count; i++) {
		const struct index_lease *lease;

		if (!lines->leases[i])
			continue;
		lease = index_lease(&store->index, lines->leases[i]);
		rc = put_lease(out, &window, store_file_of(store, lease), lease);
	}
	put_run(out, &window);
	return rc;
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
	/* In one piece; and a disk that is too full says so before anything is written. Never 0. */
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)lines->length + 1) < 0 &&
		errno != EOPNOTSUPP)
		return -errno;
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
	uint64_t target = lines->target, size;

	closep(&store->snapshot);
	store->snapshot = -1;
	for (size_t i = 0; i < lines->count; i++) {
		struct index_lease *lease;

		if (!lines->leases[i])
			continue;
		lease = index_lease(&store->index, lines->leases[i]);
		lease->position = target * 2 + 1;
		target += lease->length;
	}
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
