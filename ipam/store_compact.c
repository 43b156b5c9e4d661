/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ipam/store_impl.h"

#define JOURNAL_MIN (UINT64_C(1) << 20)
#define BUFFER (256u << 10)

/* A lease and where its line is; snapshot lines are the older ones. */
struct line {
	uint64_t order, target;
	uint32_t lease, length;
};

struct output {
	int fd;
	char *buffer; /* owned */
	size_t length;
	uint64_t written;
	int64_t lines;
	bool failed;
};

/* A part of a text file, for lines that are read in ascending order. */
struct window {
	char *buffer; /* owned */
	int fd;
	uint64_t offset;
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

static struct ip whole_address(u128 number)
{
	struct ip ip = ip_from_number(number, 32);

	ip.prefix = (uint8_t)ip_bits(&ip);
	return ip;
}

static void put_cursors(struct output *out, const struct index_header *header)
{
	for (int64_t set = 0; set < RANGE_SETS_MAX; set++) {
		const struct index_cursor *cursor = &header->cursors[set];
		struct record record = { .op = RECORD_CURSOR, .set = set };

		if (!cursor->is_set)
			continue;
		record.lease.n_addresses = 1;
		record.lease.addresses[0] = whole_address((u128)cursor->high << 64 | cursor->low);
		put_record(out, &record);
	}
}

static bool put_cooling(u128 address, int64_t released, void *data)
{
	struct output *out = data;
	struct record record;
	char cool[COOL_TEXT];

	memset(&record, 0, RECORD_FIELDS);
	record.op = RECORD_COOL;
	record.cool = cool_print(released, cool);
	record.lease.n_addresses = 1;
	record.lease.addresses[0] = whole_address(address);
	put_record(out, &record);
	return out->failed;
}

static int by_order(const void *a, const void *b)
{
	const struct line *left = a, *right = b;

	return (left->order > right->order) - (left->order < right->order);
}

/* All leases in the order of their lines, so that reading and writing are sequential. malloc'd. */
static struct line *list_lines(struct store *store, size_t *count)
{
	const struct index_pool *pool = &store->index.header->leases;
	struct line *lines = malloc((pool->live + 1) * sizeof(*lines));
	bool sorted = true;

	*count = 0;
	for (uint32_t n = 1; lines && n <= pool->used && *count < pool->live; n++) {
		const struct index_lease *lease = index_lease(&store->index, n);

		if (!lease->length)
			continue;
		lines[*count] = (struct line){
			.order = lease->position / 2 | (~lease->position & 1) << 63,
			.lease = n,
			.length = lease->length,
		};
		sorted &= !*count || lines[*count - 1].order < lines[*count].order;
		++*count;
	}
	if (lines && !sorted)
		qsort(lines, *count, sizeof(*lines), by_order);
	return lines;
}

/* The text at offset, or NULL. */
static const char *look(struct window *window, int fd, uint64_t offset, size_t length)
{
	ssize_t n;

	if (fd != window->fd || offset < window->offset ||
		offset + length > window->offset + window->length) {
		n = pread(fd, window->buffer, BUFFER, (off_t)offset);
		window->fd = fd;
		window->offset = offset;
		window->length = n < 0 ? 0 : (size_t)n;
	}
	if (offset + length > window->offset + window->length)
		return NULL;
	return window->buffer + (offset - window->offset);
}

static int put_leases(struct store *store, struct output *out, struct line *lines, size_t count)
{
	CLEANUP(freep) char *buffer = malloc(BUFFER);
	struct window window = { .buffer = buffer, .fd = -1 };

	if (!buffer)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct index_lease *lease = index_lease(&store->index, lines[i].lease);
		const char *text = look(&window, store_file_of(store, lease), lease->position / 2,
			lease->length);

		if (!text || !record_is_sealed(text, lease->length))
			return -EIO;
		lines[i].target = put_line(out, text, lease->length);
	}
	return 0;
}

static int write_lines(struct store *store, struct output *out, struct line *lines, size_t count)
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
	rc = put_leases(store, out, lines, count);
	if (rc < 0)
		return rc;
	record = (struct record){ .op = RECORD_END, .lines = out->lines - 1 };
	put_record(out, &record);
	flush(out);
	return out->failed || fsync(out->fd) < 0 ? -EIO : 0;
}

static int write_snapshot(struct store *store, struct line *lines, size_t count)
{
	CLEANUP(freep) char *buffer = malloc(BUFFER);
	CLEANUP(closep) int fd = -1;
	struct output out = { .buffer = buffer };

	if (!buffer)
		return -ENOMEM;
	fd = open(store_path(store, "leases.tmp"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	out.fd = fd;
	return write_lines(store, &out, lines, count);
}

int store_sync(struct store *store)
{
	CLEANUP(closep) int fd = open(store_path(store, "."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

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
static void adopt(struct store *store, const struct line *lines, size_t count)
{
	struct index_header *header = store->index.header;
	struct cni_error ignored = { 0 };
	uint64_t size;

	closep(&store->snapshot);
	store->snapshot = -1;
	for (size_t i = 0; i < count; i++)
		index_lease(&store->index, lines[i].lease)->position = lines[i].target * 2 + 1;
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
	CLEANUP(freep) struct line *lines = NULL;
	size_t count;

	if (index->damaged || store->read_only || store->broken)
		return false;
	lines = list_lines(store, &count);
	if (!lines || write_snapshot(store, lines, count) < 0 || rename_snapshot(store) < 0) {
		unlink(store_path(store, "leases.tmp"));
		return false;
	}
	index_begin(index);
	adopt(store, lines, count);
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
