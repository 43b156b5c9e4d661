/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "ipam/crc32c.h"
#include "ipam/record.h"

#define FIELD(name, type, member)                                                                  \
	{ name, sizeof(name) - 1, type, offsetof(struct record, member) }

const struct record_field record_fields[] = {
	FIELD("format", RECORD_INTEGER, format),
	FIELD("file", RECORD_TEXT, file),
	FIELD("pool", RECORD_TEXT, pool),
	FIELD("seq", RECORD_INTEGER, seq),
	FIELD("op", RECORD_KIND, op),
	FIELD("set", RECORD_INTEGER, set),
	FIELD("ips", RECORD_ADDRESSES, lease.addresses),
	FIELD("fixed", RECORD_POSITIONS, lease.fixed),
	FIELD("cid", RECORD_TEXT, lease.container_id),
	FIELD("if", RECORD_TEXT, lease.ifname),
	FIELD("net", RECORD_TEXT, lease.network),
	FIELD("pod", RECORD_TEXT, lease.pod),
	FIELD("uid", RECORD_TEXT, lease.pod_uid),
	FIELD("ns", RECORD_TEXT, lease.netns),
	FIELD("nsid", RECORD_TEXT, lease.netns_id),
	FIELD("boot", RECORD_TEXT, lease.boot),
	FIELD("t", RECORD_INTEGER, lease.time),
	FIELD("keep", RECORD_INTEGER, lease.keep),
	FIELD("rcid", RECORD_TEXT, replaced_id),
	FIELD("rif", RECORD_TEXT, replaced_ifname),
	FIELD("cool", RECORD_TEXT, cool),
	FIELD("lines", RECORD_INTEGER, lines),
};

const size_t record_field_count = sizeof(record_fields) / sizeof(*record_fields);

const char *const record_op_names[] = {
	[RECORD_HEADER] = "",
	[RECORD_ADD] = "add",
	[RECORD_DEL] = "del",
	[RECORD_CURSOR] = "cursor",
	[RECORD_COOL] = "cool",
	[RECORD_END] = "end",
};

/* Writes what fits and remembers what did not. */
struct sink {
	char *at, *end;
	bool full;
};

static void put(struct sink *s, const char *text, size_t length)
{
	if ((size_t)(s->end - s->at) < length) {
		s->full = true;
		return;
	}
	memcpy(s->at, text, length);
	s->at += length;
}

static void put_integer(struct sink *s, int64_t value)
{
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[24], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--p = '-';
	put(s, p, (size_t)(digits + sizeof(digits) - p));
}

static void put_hex(struct sink *s, uint32_t value, int digits)
{
	while (digits--)
		put(s, &"0123456789abcdef"[value >> 4 * digits & 15], 1);
}

static void put_string(struct sink *s, const char *text)
{
	put(s, "\"", 1);
	for (const char *run = text;; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		put(s, run, (size_t)(text - run));
		run = text + 1;
		if (!c)
			break;
		if (c < ' ') {
			put(s, "\\u", 2);
			put_hex(s, c, 4);
		} else {
			put(s, "\\", 1);
			put(s, text, 1);
		}
	}
	put(s, "\"", 1);
}

static void put_addresses(struct sink *s, const struct lease *lease)
{
	char text[IP_TEXT];

	put(s, "[", 1);
	for (size_t i = 0; i < lease->n_addresses; i++) {
		if (i)
			put(s, ",", 1);
		put_string(s, ip_print_cidr(&lease->addresses[i], text));
	}
	put(s, "]", 1);
}

static void put_positions(struct sink *s, uint32_t bits)
{
	put(s, "[", 1);
	for (; bits; bits &= bits - 1) {
		put_integer(s, __builtin_ctz(bits));
		if (bits & (bits - 1))
			put(s, ",", 1);
	}
	put(s, "]", 1);
}

static const char *text_of(const struct record *record, const struct record_field *field)
{
	if (field->type == RECORD_KIND)
		return record_op_names[record->op];
	return *(const char *const *)((const char *)record + field->offset);
}

static bool is_absent(const struct record *record, const struct record_field *field)
{
	const char *text;

	switch (field->type) {
	case RECORD_INTEGER:
		return !*(const int64_t *)(const void *)((const char *)record + field->offset);
	case RECORD_ADDRESSES:
		return !record->lease.n_addresses;
	case RECORD_POSITIONS:
		return !record->lease.fixed;
	case RECORD_TEXT:
	case RECORD_KIND:
		break;
	}
	text = text_of(record, field);
	return !text || !*text;
}

static void put_value(struct sink *s, const struct record *record, const struct record_field *field)
{
	switch (field->type) {
	case RECORD_INTEGER:
		put_integer(s, *(const int64_t *)(const void *)((const char *)record +
				       field->offset));
		break;
	case RECORD_ADDRESSES:
		put_addresses(s, &record->lease);
		break;
	case RECORD_POSITIONS:
		put_positions(s, record->lease.fixed);
		break;
	case RECORD_TEXT:
	case RECORD_KIND:
		put_string(s, text_of(record, field));
		break;
	}
}

size_t record_print(const struct record *record, char out[LEASE_LINE_MAX])
{
	struct sink s = { .at = out, .end = out + LEASE_LINE_MAX };
	const char *separator = "{\"";
	uint32_t crc;

	for (size_t i = 0; i < record_field_count; i++) {
		const struct record_field *field = &record_fields[i];

		if (is_absent(record, field))
			continue;
		put(&s, separator, 2);
		put(&s, field->name, field->length);
		put(&s, "\":", 2);
		put_value(&s, record, field);
		separator = ",\"";
	}
	put(&s, "}", 1);
	crc = crc32c(out, (size_t)(s.at - out));
	put(&s, " *", 2);
	put_hex(&s, crc, 8);
	put(&s, "\n", 1);
	return s.full ? 0 : (size_t)(s.at - out);
}
