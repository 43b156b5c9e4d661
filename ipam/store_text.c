/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cni/boot.h"
#include "cni/file.h"
#include "ipam/store_impl.h"

#define WINDOW (128u << 10)

int reader_open(struct reader *reader, int fd, uint64_t offset)
{
	*reader = (struct reader){ .fd = fd, .next = offset, .windows = malloc(2 * WINDOW) };
	reader->buffer = reader->windows;
	return reader->windows ? 0 : -ENOMEM;
}

void reader_close(struct reader *reader)
{
	free(reader->windows);
	reader->windows = NULL;
}

/* Move what is left to the front of the other window and fill up behind it. */
static int fill(struct reader *reader)
{
	size_t left = reader->length - reader->at;
	char *other = reader->windows + (reader->buffer == reader->windows ? WINDOW : 0);
	ssize_t n;

	memcpy(other, reader->buffer + reader->at, left);
	reader->buffer = other;
	reader->at = 0;
	reader->length = left;
	while (!reader->ended && reader->length < WINDOW) {
		n = pread(reader->fd, reader->buffer + reader->length, WINDOW - reader->length,
			(off_t)(reader->next + reader->length));
		if (n < 0)
			return -errno;
		reader->ended = n == 0;
		reader->length += (size_t)n;
	}
	return 0;
}

int reader_next(struct reader *reader, char **line, size_t *length)
{
	size_t left = reader->length - reader->at;
	char *newline = memchr(reader->buffer + reader->at, '\n', left);
	int rc;

	if (!newline && left < LEASE_LINE_MAX && !reader->ended) {
		rc = fill(reader);
		if (rc < 0)
			return rc;
		left = reader->length;
		newline = memchr(reader->buffer, '\n', left);
	}
	if (!left)
		return 0;
	*line = reader->buffer + reader->at;
	*length = newline ? (size_t)(newline - *line) + 1 : left;
	reader->at += *length;
	reader->next += *length;
	return 1;
}

/* Does a whole line begin here? One whose newline alone is wrong counts. */
__attribute__((nonnull)) static bool is_line(const char *text, size_t length)
{
	const char *newline, *seal;
	char copy[LEASE_LINE_MAX];
	size_t n;

	if (length > LEASE_LINE_MAX)
		length = LEASE_LINE_MAX;
	newline = memchr(text, '\n', length);
	if (newline && record_is_sealed(text, (size_t)(newline - text) + 1))
		return true;
	seal = memmem(text, length, "} *", 3);
	n = seal ? (size_t)(seal - text) + 12 : length;
	if (n > length || n > sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n - 1] = '\n';
	return record_is_sealed(copy, n);
}

/* Does this text, newline included, begin or end as a line does that was written to its end? */
static bool is_shaped(const char *text, size_t length)
{
	if (length > 7 && !memcmp(text, "{\"seq\":", 7))
		return true;
	if (length > 10 && !memcmp(text, "{\"format\":", 10))
		return true;
	text += length > 11 ? length - 11 : 0;
	return text[0] == ' ' && text[1] == '*' && strspn(text + 2, "0123456789abcdef") == 8;
}

/*
 * A killed writer leaves the beginning of a line and no newline; after a power failure there are
 * zeros or foreign bytes. But a line that is whole and wrong was committed and damaged later, and
 * so was everything if whole lines follow.
 */
bool text_is_torn(const char *text, size_t length)
{
	const char *end = text + length, *newline;

	for (const char *at = text; at < end; at++) {
		at = memchr(at, '{', (size_t)(end - at));
		if (!at)
			break;
		if (end - at > 2 && at[1] == '"' && is_line(at, (size_t)(end - at)))
			return false;
	}
	if (memmem(text, length, "\0\0", 2))
		return true;
	for (; text < end; text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			break;
		if (is_shaped(text, (size_t)(newline - text) + 1))
			return false;
	}
	return true;
}

int64_t text_format(const char *line, size_t length)
{
	static const char start[] = "{\"format\":";
	int64_t format = 0;

	if (length < sizeof(start) || memcmp(line, start, sizeof(start) - 1))
		return 0;
	for (size_t i = sizeof(start) - 1; i < length && line[i] >= '0' && line[i] <= '9'; i++)
		if (format < INT32_MAX)
			format = format * 10 + line[i] - '0';
	return format;
}

int store_distrust(struct store *store, struct cni_error *err)
{
	index_begin(&store->index);
	store->index.damaged = true;
	return cni_fail(err, CNI_IO_FAILURE,
		"the index of pool \"%s\" does not fit its journal; the next call makes it anew",
		store->pool);
}

int store_file_of(struct store *store, const struct index_lease *entry)
{
	if (!(entry->position & 1))
		return store->journal;
	if (store->snapshot < 0)
		store->snapshot = file_open(store_path(store, "leases"), O_RDONLY, 0);
	return store->snapshot;
}

int store_read(struct store *store, uint32_t number, struct lease *lease, struct cni_error *err)
{
	const struct index_lease *entry = index_lease(&store->index, number);
	int fd = store_file_of(store, entry);
	struct record record;
	ssize_t n = -1;

	if (!entry->length || entry->length > LEASE_LINE_MAX)
		return store_distrust(store, err);
	if (fd >= 0)
		n = pread(fd, lease->buffer, entry->length, (off_t)(entry->position / 2));
	if (n < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL,
			"read a lease of pool \"%s\"", store->pool);
	if (!record_is_sealed(lease->buffer, (size_t)n) ||
		record_parse(&record, lease->buffer, (size_t)n) < 0 || record.op != RECORD_ADD)
		return store_distrust(store, err);
	memcpy(lease, &record.lease, LEASE_FIELDS);
	lease->released = lease_is_kept(lease) ? cool_parse(record.cool) : -1;
	return 0;
}

int64_t cool_parse(const char *cool)
{
	char *end;
	long long released;

	if (!cool)
		return -1;
	released = strtoll(cool, &end, 10);
	if (end == cool || *end != '@' || released < 0 || !end[1])
		return -1;
	return strcmp(end + 1, boot_id()) ? -1 : released;
}
