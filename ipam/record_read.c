/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "ipam/crc32c.h"
#include "ipam/record.h"
#include "ipam/scan.h"

#define SEAL 11 /* " *9a3f01c2\n" */

static bool is_checksum(const char digits[8], uint32_t crc)
{
	for (int i = 0; i < 8; i++)
		if (digits[i] != "0123456789abcdef"[crc >> (28 - 4 * i) & 15])
			return false;
	return true;
}

bool record_is_sealed(const char *line, size_t length)
{
	const char *seal = line + length - SEAL;

	if (length < SEAL + 2 || length > LEASE_LINE_MAX || line[length - 1] != '\n')
		return false;
	if (seal[0] != ' ' || seal[1] != '*')
		return false;
	return is_checksum(seal + 2, crc32c(line, length - SEAL));
}

static int scan_addresses(struct scan *s, struct lease *lease)
{
	char *text;

	if (!scan_char(s, '['))
		return -EINVAL;
	lease->n_addresses = 0;
	do {
		if (lease->n_addresses == RANGE_SETS_MAX || scan_string(s, &text) < 0 ||
			ip_parse_cidr(text, &lease->addresses[lease->n_addresses++]) < 0)
			return -EINVAL;
	} while (scan_char(s, ','));
	return scan_char(s, ']') ? 0 : -EINVAL;
}

static int scan_positions(struct scan *s, uint32_t *bits)
{
	int64_t position;

	if (!scan_char(s, '['))
		return -EINVAL;
	do {
		if (scan_integer(s, &position) < 0 || position < 0 || position >= RANGE_SETS_MAX)
			return -EINVAL;
		*bits |= UINT32_C(1) << position;
	} while (scan_char(s, ','));
	return scan_char(s, ']') ? 0 : -EINVAL;
}

static int scan_op(struct scan *s, enum record_op *op)
{
	char *text;

	if (scan_string(s, &text) < 0)
		return -EINVAL;
	for (enum record_op i = RECORD_ADD; i <= RECORD_END; i++)
		if (!strcmp(text, record_op_names[i])) {
			*op = i;
			return 0;
		}
	return -EINVAL;
}

static int scan_value(struct scan *s, struct record *record, const struct record_field *field)
{
	void *member = (char *)record + field->offset;

	switch (field->type) {
	case RECORD_INTEGER:
		return scan_integer(s, member);
	case RECORD_TEXT:
		return scan_string(s, member);
	case RECORD_KIND:
		return scan_op(s, member);
	case RECORD_ADDRESSES:
		return scan_addresses(s, &record->lease);
	case RECORD_POSITIONS:
		return scan_positions(s, member);
	}
	return -EINVAL;
}

/* Names are a few letters long: less than the call of strcmp(3) costs. */
static bool is_same(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (!*a)
			return true;
	return false;
}

/* Members come in the order of the table, so the search begins where the last one ended. */
static const struct record_field *find_field(const char *name, size_t *next)
{
	for (size_t i = 0; i < record_field_count; i++) {
		const struct record_field *field = &record_fields[(*next + i) % record_field_count];

		if (is_same(field->name, name)) {
			*next += i + 1;
			return field;
		}
	}
	return NULL;
}

static bool is_complete(const struct record *record)
{
	const struct lease *lease = &record->lease;
	bool owner = lease->container_id && lease->ifname;

	if (record->seq < 0 || record->seq > RECORD_SEQ_MAX)
		return false;
	switch (record->op) {
	case RECORD_HEADER:
		return record->format > 0 && record->file && record->pool;
	case RECORD_ADD:
		return record->seq > 0 && owner && lease->n_addresses;
	case RECORD_DEL:
		return record->seq > 0 && owner;
	case RECORD_CURSOR:
		return lease->n_addresses && record->set >= 0 && record->set < RANGE_SETS_MAX;
	case RECORD_COOL:
		return lease->n_addresses && record->cool;
	case RECORD_END:
		return true;
	}
	return false;
}

int record_parse(struct record *record, char *line, size_t length)
{
	struct scan s = { .at = line, .end = line + length - SEAL };
	const struct record_field *field;
	size_t next = 0;
	char *name;

	memset(record, 0, RECORD_FIELDS);
	*s.end = '\0';
	if (!scan_char(&s, '{'))
		return -EINVAL;
	do {
		if (scan_string(&s, &name) < 0 || !scan_char(&s, ':'))
			return -EINVAL;
		field = find_field(name, &next);
		if (field ? scan_value(&s, record, field) < 0 : scan_unknown(&s) < 0)
			return -EINVAL;
	} while (scan_char(&s, ','));
	if (!scan_char(&s, '}') || s.at != s.end)
		return -EINVAL;
	record->lease.seq = record->seq;
	return is_complete(record) ? 0 : -EINVAL;
}
