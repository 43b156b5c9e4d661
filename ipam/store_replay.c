/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ipam/store_impl.h"

/* A text file on its way into the index. */
struct replay {
	struct store *store;
	const char *file;
	bool snapshot;
	uint64_t size; /* of the file */
	struct reader reader;
	uint64_t offset, line; /* of the current line; the first is 1 */
	int64_t seq;	       /* journal: of the line before */
	struct record record;
};

static int damaged(struct replay *replay, const char *what, struct cni_error *err)
{
	struct store *store = replay->store;

	store->index.damaged = true;
	cni_fail(err, CNI_IO_FAILURE,
		"%s is damaged at line %" PRIu64 " (byte %" PRIu64
		"): %s; nothing was changed. Restore the file, or remove the directory once no "
		"pod uses pool \"%s\"",
		store_path(store, replay->file), replay->line, replay->offset, what, store->pool);
	return replay->snapshot ? -1 : cni_fail_details(err,
		"\"truncate -s %" PRIu64 "\" drops that line and all leases behind it",
		replay->offset);
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

/* What follows offset is no line. 0 if it was cut off as a torn write. */
static int cut_tail(struct replay *replay, struct cni_error *err)
{
	struct store *store = replay->store;
	size_t length = (size_t)(replay->size - replay->offset);
	CLEANUP(freep) char *tail = malloc(length);

	if (!tail)
		return unreadable(replay, -ENOMEM, err);
	if (pread(store->journal, tail, length, (off_t)replay->offset) != (ssize_t)length)
		return unreadable(replay, -EIO, err);
	if (!text_is_torn(tail, length))
		return damaged(replay, "its checksum is wrong", err);
	if (store->read_only)
		return 0;
	if (ftruncate(store->journal, (off_t)replay->offset) < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "cut a torn line off %s",
			store_path(store, "journal"));
	journal_slack(store, replay->offset);
	return 0;
}

/* Fill in replay->record. 1, 0 at the end (a torn one included), -1. */
static int next_record(struct replay *replay, size_t *length, struct cni_error *err)
{
	struct record *record = &replay->record;
	char *line;
	int rc;

	replay->offset = replay->reader.next;
	replay->line++;
	rc = reader_next(&replay->reader, &line, length);
	if (rc <= 0)
		return rc < 0 ? unreadable(replay, rc, err) : 0;
	if (!replay->offset && text_format(line, *length) > RECORD_FORMAT)
		return newer(replay, text_format(line, *length), err);
	if (!record_is_sealed(line, *length))
		return replay->snapshot ? damaged(replay, "its checksum is wrong", err) :
					  cut_tail(replay, err);
	if (record_parse(record, line, *length) < 0 ||
		(record->op == RECORD_HEADER) != !replay->offset)
		return damaged(replay, "it is no record of this format", err);
	if (!replay->offset && strcmp(record->file, replay->file))
		return damaged(replay, "it is the first line of another file", err);
	return 1;
}

static int replay_change(struct replay *replay, size_t length, struct cni_error *err)
{
	struct store *store = replay->store;
	struct change change = {
		.claim.position = replay->offset * 2 + replay->snapshot,
		.claim.length = (uint32_t)length,
	};
	size_t conflict;
	int rc;

	rc = change_resolve(store, &replay->record, &change, &conflict, err);
	if (rc > 0)
		return damaged(replay, "it leases an address that somebody else has", err);
	if (rc < 0)
		return -1;
	if (replay->snapshot && change.held)
		return damaged(replay, "it is the second lease of that interface", err);
	change_apply(store, &replay->record, &change, !replay->snapshot);
	return 0;
}

static int replay_cooling(struct replay *replay, struct cni_error *err)
{
	struct store *store = replay->store;
	int64_t released = cool_parse(replay->record.cool), other;
	u128 address = ip_number(&replay->record.lease.addresses[0]);

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
	u128 address = ip_number(&replay->record.lease.addresses[0]);

	replay->store->index.header->cursors[replay->record.set] = (struct index_cursor){
		.high = (uint64_t)(address >> 64),
		.low = (uint64_t)address,
		.is_set = 1,
	};
}

/* 1 after the last line. */
static int snapshot_line(struct replay *replay, size_t length, struct cni_error *err)
{
	switch (replay->record.op) {
	case RECORD_ADD:
		return replay_change(replay, length, err);
	case RECORD_COOL:
		return replay_cooling(replay, err);
	case RECORD_CURSOR:
		replay_cursor(replay);
		return 0;
	case RECORD_END:
		if ((uint64_t)replay->record.lines == replay->line - 2 &&
			replay->reader.next == replay->size)
			return 1;
		return damaged(replay, "the number of lines is wrong", err);
	case RECORD_HEADER:
		replay->store->index.header->cover.seq = replay->record.seq;
		return 0;
	case RECORD_DEL:
		break;
	}
	return damaged(replay, "a snapshot has no such record", err);
}

static int replay_snapshot(struct replay *replay, struct cni_error *err)
{
	size_t length;
	int rc;

	do {
		rc = next_record(replay, &length, err);
		if (rc < 0)
			return -1;
		if (!rc)
			return damaged(replay, "the file ends too early", err);
		rc = snapshot_line(replay, length, err);
	} while (!rc);
	return rc < 0 ? -1 : 0;
}

/* The lines come in order and without a gap. */
static const char *wrong_order(struct replay *replay)
{
	const struct record *record = &replay->record;

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

static int journal_line(struct replay *replay, size_t length, struct cni_error *err)
{
	struct store *store = replay->store;
	const char *wrong = wrong_order(replay);

	if (wrong)
		return damaged(replay, wrong, err);
	if (replay->seq > store->index.header->cover.seq) {
		if (replay_change(replay, length, err) < 0)
			return -1;
		/* Not before: the index may be another one now. */
		store->index.header->cover.seq = replay->seq;
	}
	store->index.header->cover.journal_end = replay->reader.next;
	return 0;
}

static int replay_journal(struct replay *replay, struct cni_error *err)
{
	size_t length;
	int rc;

	do {
		rc = next_record(replay, &length, err);
		if (rc > 0 && journal_line(replay, length, err) < 0)
			return -1;
	} while (rc > 0);
	return rc;
}

int store_replay(struct store *store, const char *file, int fd, uint64_t from, uint64_t size,
	struct cni_error *err)
{
	struct replay replay = {
		.store = store,
		.file = file,
		.snapshot = fd != store->journal,
		.size = size,
		.line = from != 0,
		.offset = from,
		.seq = store->index.header->cover.seq,
	};
	struct index_cover *cover;
	int rc = reader_open(&replay.reader, fd, from);

	if (rc < 0)
		return unreadable(&replay, rc, err);
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
