/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ipam/store_impl.h"

static const char wrong_checksum[] = "its checksum is wrong";

struct line {
	int rc; /* reader_next() */
	uint64_t offset;
	size_t length;
	int64_t format;	   /* of the first line, 0 of the others */
	const char *wrong; /* NULL: it is a record */
	struct record record;
	struct change change; /* add and del: not yet resolved */
};

/* A text file on its way into the index. */
struct replay {
	struct store *store;
	const char *file;
	bool snapshot;
	uint64_t size; /* of the file */
	struct reader reader;
	struct line *line, *next;
	uint64_t number; /* of the line; the first is 1 */
	int64_t seq;	 /* journal: of the line before */
};

static int damaged(struct replay *replay, const char *what, struct cni_error *err)
{
	struct store *store = replay->store;

	store->index.damaged = true;
	cni_fail(err, CNI_IO_FAILURE,
		"%s is damaged at line %" PRIu64 " (byte %" PRIu64
		"): %s; nothing was changed. Restore the file, or remove the directory once no "
		"pod uses pool \"%s\"",
		store_path(store, replay->file), replay->number, replay->line->offset, what,
		store->pool);
	return replay->snapshot ? -1 : cni_fail_details(err,
		"\"truncate -s %" PRIu64 "\" drops that line and all leases behind it",
		replay->line->offset);
}

static int unreadable(struct replay *replay, int rc, struct cni_error *err)
{
	return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "read %s",
		store_path(replay->store, replay->file));
}

static int newer(struct replay *replay, int64_t format, struct cni_error *err)
{
	return cni_fail(err, CNI_IO_FAILURE,
		"%s has format %" PRId64 ", this program knows formats up to %d; install the "
		"version that wrote it (nothing was changed)",
		store_path(replay->store, replay->file), format, RECORD_FORMAT);
}

/* The line is none. 0 if it was cut off, with what follows, as a torn write. */
static int cut_tail(struct replay *replay, struct cni_error *err)
{
	struct store *store = replay->store;
	uint64_t end = replay->line->offset;
	size_t length = (size_t)(replay->size - end);
	CLEANUP(freep) char *tail = malloc(length);

	if (!tail)
		return unreadable(replay, -ENOMEM, err);
	if (pread(store->journal, tail, length, (off_t)end) != (ssize_t)length)
		return unreadable(replay, -EIO, err);
	if (!text_is_torn(tail, length))
		return damaged(replay, wrong_checksum, err);
	if (store->read_only)
		return 0;
	if (ftruncate(store->journal, (off_t)end) < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "cut a torn line off %s",
			store_path(store, "journal"));
	journal_slack(store, end);
	return 0;
}

static const char *parse(struct line *line, char *text)
{
	if (!record_is_sealed(text, line->length))
		return wrong_checksum;
	if (record_parse(&line->record, text, line->length) < 0 ||
		(line->record.op == RECORD_HEADER) != !line->offset)
		return "it is no record of this format";
	return NULL;
}

static bool is_change(const struct line *line)
{
	return !line->wrong && (line->record.op == RECORD_ADD || line->record.op == RECORD_DEL);
}

/*
 * One line ahead of what is replayed, so that the memory which that line needs is on its way
 * meanwhile. Nothing is done about a bad line before its turn has come.
 */
static void read_ahead(struct replay *replay)
{
	struct line *line = replay->next;
	char *text;

	line->offset = replay->reader.next;
	line->rc = reader_next(&replay->reader, &text, &line->length);
	if (line->rc <= 0)
		return;
	line->format = line->offset ? 0 : text_format(text, line->length);
	line->wrong = parse(line, text);
	if (!is_change(line))
		return;
	change_begin(&line->change, &line->record);
	index_prefetch(&replay->store->index, &line->change.claim);
}

/* Fill in replay->line. 1, 0 at the end (a torn one included), -1. */
static int next_record(struct replay *replay, struct cni_error *err)
{
	struct line *line = replay->next;

	replay->next = replay->line;
	replay->line = line;
	replay->number++;
	if (line->rc <= 0)
		return line->rc < 0 ? unreadable(replay, line->rc, err) : 0;
	if (line->format > RECORD_FORMAT)
		return newer(replay, line->format, err);
	if (line->wrong == wrong_checksum && !replay->snapshot)
		return cut_tail(replay, err);
	if (line->wrong)
		return damaged(replay, line->wrong, err);
	if (!line->offset && strcmp(line->record.file, replay->file))
		return damaged(replay, "it is the first line of another file", err);
	if (is_change(line))
		index_prefetch_owner(&replay->store->index, &line->change.claim);
	read_ahead(replay);
	return 1;
}

static int replay_change(struct replay *replay, struct cni_error *err)
{
	struct store *store = replay->store;
	struct line *line = replay->line;
	struct change *change = &line->change;
	size_t conflict;
	int rc;

	change->claim.position = line->offset * 2 + replay->snapshot;
	change->claim.length = (uint32_t)line->length;
	rc = change_resolve(store, &line->record, change, &conflict, err);
	if (rc > 0)
		return damaged(replay, "it leases an address that somebody else has", err);
	if (rc < 0)
		return -1;
	if (replay->snapshot && change->held)
		return damaged(replay, "it is the second lease of that interface", err);
	change_apply(store, &line->record, change, !replay->snapshot);
	return 0;
}

static int replay_cooling(struct replay *replay, struct cni_error *err)
{
	struct store *store = replay->store;
	const struct record *record = &replay->line->record;
	int64_t released = cool_parse(record->cool), other;
	u128 address = ip_number(&record->lease.addresses[0]);

	if (released < 0)
		return 0;
	if (index_holder(&store->index, address, &other))
		return damaged(replay, "that address is there already", err);
	if (index_reserve(&store->index, 1) < 0)
		return unreadable(replay, -ENOMEM, err);
	index_cool(&store->index, address, released);
	return 0;
}

static void replay_cursor(struct replay *replay)
{
	const struct record *record = &replay->line->record;
	u128 address = ip_number(&record->lease.addresses[0]);

	replay->store->index.header->cursors[record->set] = (struct index_cursor){
		.high = (uint64_t)(address >> 64),
		.low = (uint64_t)address,
		.is_set = 1,
	};
}

/* 1 after the last line. */
static int snapshot_line(struct replay *replay, struct cni_error *err)
{
	const struct line *line = replay->line;

	switch (line->record.op) {
	case RECORD_ADD:
		return replay_change(replay, err);
	case RECORD_COOL:
		return replay_cooling(replay, err);
	case RECORD_CURSOR:
		replay_cursor(replay);
		return 0;
	case RECORD_END:
		if ((uint64_t)line->record.lines == replay->number - 2 &&
			line->offset + line->length == replay->size)
			return 1;
		return damaged(replay, "the number of lines is wrong", err);
	case RECORD_HEADER:
		replay->store->index.header->cover.seq = line->record.seq;
		return 0;
	case RECORD_DEL:
		break;
	}
	return damaged(replay, "a snapshot has no such record", err);
}

static int replay_snapshot(struct replay *replay, struct cni_error *err)
{
	int rc;

	do {
		rc = next_record(replay, err);
		if (rc < 0)
			return -1;
		if (!rc)
			return damaged(replay, "the file ends too early", err);
		rc = snapshot_line(replay, err);
	} while (!rc);
	return rc < 0 ? -1 : 0;
}

/* The lines come in order and without a gap. */
static const char *wrong_order(struct replay *replay)
{
	const struct record *record = &replay->line->record;

	if (record->op == RECORD_HEADER) {
		replay->seq = record->seq;
		if (record->seq > replay->store->index.header->cover.seq)
			return "it continues a file \"leases\" that is missing";
	} else if (record->op != RECORD_ADD && record->op != RECORD_DEL) {
		return "a journal has no such record";
	} else if (record->seq != ++replay->seq) {
		return "a line before it is missing";
	}
	return NULL;
}

static int journal_line(struct replay *replay, struct cni_error *err)
{
	struct store *store = replay->store;
	const struct line *line = replay->line;
	const char *wrong = wrong_order(replay);

	if (wrong)
		return damaged(replay, wrong, err);
	if (replay->seq > store->index.header->cover.seq) {
		if (replay_change(replay, err) < 0)
			return -1;
		/* Not before: the index may be another one now. */
		store->index.header->cover.seq = replay->seq;
	}
	store->index.header->cover.journal_end = line->offset + line->length;
	return 0;
}

static int replay_journal(struct replay *replay, struct cni_error *err)
{
	int rc;

	do {
		rc = next_record(replay, err);
		if (rc > 0 && journal_line(replay, err) < 0)
			return -1;
	} while (rc > 0);
	return rc;
}

int store_replay(struct store *store, const char *file, int fd, uint64_t from, uint64_t size,
	struct cni_error *err)
{
	struct line lines[2]; /* large: not cleared */
	struct replay replay = {
		.store = store,
		.file = file,
		.snapshot = fd != store->journal,
		.size = size,
		.line = &lines[0],
		.next = &lines[1],
		.number = from != 0,
		.seq = store->index.header->cover.seq,
	};
	struct index_cover *cover;
	int rc = reader_open(&replay.reader, fd, from);

	if (rc < 0)
		return unreadable(&replay, rc, err);
	read_ahead(&replay);
	rc = replay.snapshot ? replay_snapshot(&replay, err) : replay_journal(&replay, err);
	reader_close(&replay.reader);
	if (rc < 0 || replay.snapshot || store->read_only)
		return rc;
	/* New, torn in its header, or of before the snapshot that was to empty it. */
	cover = &store->index.header->cover;
	if (!cover->journal_end || replay.seq < cover->seq)
		return journal_reset(store, cover->seq, err);
	return 0;
}
