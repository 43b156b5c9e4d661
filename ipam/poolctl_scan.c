/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of a pool, whatever its state, to the model of what is leased. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "ipam/poolctl_scan.h"

/* ---- A line with one wrong byte ---- */

/*
 * A CRC-32C tells all single wrong bytes apart, so that the one that was there can be found again:
 * 65,000 tries for a line of 256. Two that fit would be a coincidence; then neither is taken.
 */
static bool restore(struct scan_file *f)
{
	size_t fits = 0, at = 0;
	char right = 0;

	if (f->length < 12 || f->length > 2048 || f->text[f->length - 1] != '\n')
		return false;
	for (size_t i = 0; i < f->length - 1; i++) {
		char old = f->text[i];

		for (int c = ' '; c < 256; c++) {
			f->text[i] = (char)c;
			if ((char)c != old && record_is_sealed(f->text, f->length)) {
				fits++;
				at = i;
				right = (char)c;
			}
		}
		f->text[i] = old;
	}
	if (fits == 1)
		f->text[at] = right;
	return fits == 1;
}

/* ---- Lines ---- */

static void wrong_record(struct scan_file *f, const char *what)
{
	f->check->lost++;
	check_tell(f->check, KIND_RECORD, REPAIR_TEXT, "line %" PRIu64 " of %s: %s", f->number,
		f->name, what);
}

static int snapshot_record(struct scan_file *f)
{
	struct check *check = f->check;
	const struct record *record = &f->record;
	u128 address = ip_number(&record->lease.addresses[0]);

	if (record->op == RECORD_ADD)
		return scan_add(f);
	if (record->op == RECORD_CURSOR)
		check->cursors[record->set] =
			(struct index_cursor){ (uint64_t)(address >> 64), (uint64_t)address, 1 };
	else if (record->op == RECORD_END)
		f->ended = true;
	else if (record->op != RECORD_COOL)
		wrong_record(f, "a snapshot has no such record");
	if (f->ended && (uint64_t)record->lines != f->number - 2) {
		check->lost++;
		check_tell(check, KIND_TRAILER, REPAIR_TEXT,
			"leases has %" PRIu64 " lines and its trailer says %" PRId64, f->number - 2,
			record->lines);
	}
	return 0;
}

static int journal_record(struct scan_file *f)
{
	struct check *check = f->check;
	const struct record *record = &f->record;

	if (record->op != RECORD_ADD && record->op != RECORD_DEL) {
		wrong_record(f, "a journal has no such record");
		return 0;
	}
	/* What was damaged before this line has told so itself. */
	if (f->seq >= 0 && record->seq != f->seq + 1 + (int64_t)f->damaged) {
		check->lost++;
		check_tell(check, KIND_GAP, REPAIR_TEXT,
			"line %" PRIu64 " of journal has number %" PRId64 ", expected was %" PRId64
			": transactions are missing",
			f->number, record->seq, f->seq + 1 + (int64_t)f->damaged);
	}
	f->seq = record->seq;
	f->damaged = 0;
	if (record->seq <= check->seq)
		return 0;
	check->seq = record->seq;
	if (record->op == RECORD_ADD)
		return scan_add(f);
	scan_del(check, record->lease.container_id, record->lease.ifname);
	return 0;
}

static int header(struct scan_file *f)
{
	struct check *check = f->check;
	const struct record *record = &f->record;

	if (record->op != RECORD_HEADER || strcmp(record->file, f->name) != 0) {
		wrong_record(f, "it should be the header of this file");
		f->seq = -1;
		return 0;
	}
	f->seq = record->seq;
	if (f->snapshot) {
		check->seq = record->seq;
	} else if (record->seq > check->seq) {
		check->lost++;
		check_tell(check, KIND_MISSING, REPAIR_TEXT,
			"journal continues a file \"leases\" of transaction %" PRId64
			", which is missing",
			record->seq);
		check->seq = record->seq;
	}
	return 0;
}

/* Not sealed. 1: it has been restored, 0: it is lost, or the tail begins. */
static int unsealed(struct scan_file *f, uint64_t offset)
{
	struct check *check = f->check;
	size_t rest = (size_t)(f->size - offset);
	CLEANUP(freep) char *tail = f->snapshot || rest > (64u << 20) ? NULL : malloc(rest);

	if (tail && pread(f->reader.fd, tail, rest, (off_t)offset) == (ssize_t)rest &&
		text_is_torn(tail, rest)) {
		f->torn = true;
		check_tell(check, KIND_TAIL, REPAIR_TAIL,
			"journal ends with %zu bytes of a transaction that was never done", rest);
		return 0;
	}
	if (restore(f)) {
		check_tell(check, KIND_CRC, REPAIR_TEXT,
			"line %" PRIu64 " of %s has one wrong byte, which its checksum tells",
			f->number, f->name);
		return 1;
	}
	f->damaged++;
	check->lost++;
	check_tell(check, KIND_DAMAGED, REPAIR_TEXT,
		"line %" PRIu64 " of %s (byte %" PRIu64 ") cannot be read: its checksum is wrong",
		f->number, f->name, offset);
	return 0;
}

/* A newer program may seal its lines in another way; but a wrong digit is only that. */
static bool is_newer(struct scan_file *f)
{
	int64_t format = text_format(f->text, f->length);
	char text[LEASE_LINE_MAX];

	if (format <= RECORD_FORMAT)
		return false;
	memcpy(text, f->text, f->length);
	if (!record_is_sealed(f->text, f->length) && restore(f)) {
		memcpy(f->text, text, f->length);
		return false;
	}
	f->check->newer = true;
	check_tell(f->check, KIND_FORMAT, 0,
		"%s has format %" PRId64 ", this program knows formats up to %d: install the "
		"version that wrote it",
		f->name, format, RECORD_FORMAT);
	return true;
}

static int one_line(struct scan_file *f, const char *line, uint64_t offset)
{
	memcpy(f->text, line, f->length);
	if (!offset && is_newer(f))
		return 0;
	if (f->ended) {
		wrong_record(f, "it is behind the trailer");
		return 0;
	}
	if (!record_is_sealed(f->text, f->length) && !unsealed(f, offset))
		return 0;
	memcpy(f->line, f->text, f->length);
	if (record_parse(&f->record, f->line, f->length) < 0) {
		f->damaged++;
		wrong_record(f, "it is no record of this format");
		return 0;
	}
	if (!offset)
		return header(f);
	return f->snapshot ? snapshot_record(f) : journal_record(f);
}

static int read_lines(struct scan_file *f, struct progress *progress)
{
	uint64_t offset;
	char *line;
	int rc;

	while (!f->torn && !f->check->newer) {
		offset = f->reader.next;
		rc = reader_next(&f->reader, &line, &f->length);
		if (rc <= 0)
			return rc;
		f->number++;
		progress_step(progress);
		/* Longer than any line: only its beginning is looked at. */
		if (f->length > LEASE_LINE_MAX)
			f->length = LEASE_LINE_MAX;
		if (one_line(f, line, offset) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* 0 or -1; a file that is not there is empty. */
static int scan(struct check *check, const char *name)
{
	CLEANUP(closep) int fd = open(store_path(check->store, name), O_RDONLY | O_CLOEXEC);
	CLEANUP(freep) struct scan_file *f = NULL;
	struct progress progress = { .what = name };
	struct stat status;
	int rc;

	if (fd < 0 && errno == ENOENT)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f || fd < 0 || fstat(fd, &status) < 0)
		return cni_fail_errno(&check->err, CNI_IO_FAILURE, f ? -errno : -ENOMEM, NULL,
			"read %s", store_path(check->store, name));
	f->check = check;
	f->name = name;
	f->snapshot = !strcmp(name, "leases");
	f->size = (uint64_t)status.st_size;
	rc = reader_open(&f->reader, fd, 0);
	if (!rc)
		rc = read_lines(f, &progress);
	reader_close(&f->reader);
	progress_end(&progress);
	if (rc < 0)
		return cni_fail_errno(&check->err, CNI_IO_FAILURE, rc, NULL, "read %s",
			store_path(check->store, name));
	if (f->snapshot && !f->ended && !check->newer) {
		check->lost++;
		check_tell(check, KIND_TRAILER, REPAIR_TEXT,
			"leases has no trailer: its end is missing");
	}
	return 0;
}

int check_scan(struct check *check)
{
	if (index_new(&check->model, (struct index_size){ 0 }, true) < 0)
		return cni_fail(&check->err, CNI_INTERNAL, "out of memory to check pool \"%s\"",
			check->pool);
	check->n_lines = check->model.header->leases.capacity + 1;
	check->lines = calloc(check->n_lines, sizeof(*check->lines));
	if (!check->lines)
		return cni_fail(&check->err, CNI_INTERNAL, "out of memory to check pool \"%s\"",
			check->pool);
	if (scan(check, "leases") < 0)
		return -1;
	return check->newer ? 0 : scan(check, "journal");
}
