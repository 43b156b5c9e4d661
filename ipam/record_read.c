/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "ipam/crc32c.h"
#include "ipam/record.h"

#define SEAL 11 /* " *9a3f01c2\n" */

/* The text ends with a NUL, so that looking at *at needs no check of its own. */
struct scan {
	char *at, *end;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* -1 if there are no such digits. */
static int64_t hex(const char *text, int digits)
{
	int64_t value = 0;

	for (int i = 0; i < digits; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

bool record_is_sealed(const char *line, size_t length)
{
	const char *seal = line + length - SEAL;

	if (length < SEAL + 2 || length > LEASE_LINE_MAX || line[length - 1] != '\n')
		return false;
	if (seal[0] != ' ' || seal[1] != '*' || memchr(line, 0, length))
		return false;
	return hex(seal + 2, 8) == crc32c(line, length - SEAL);
}

static bool eat(struct scan *s, char c)
{
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

static char *put_utf8(char *out, uint32_t c)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	int length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (int i = length - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[length == 1 ? 0 : length] | c);
	return out + length;
}

/* The four digits after "\u", and those of a low surrogate. -1 for half a pair and for NUL. */
static int64_t unicode_escape(struct scan *s)
{
	int64_t c = hex(s->at, 4), low;

	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return -1;
	s->at += 4;
	if (c < 0xd800 || c > 0xdbff)
		return c;
	low = s->at[0] == '\\' && s->at[1] == 'u' ? hex(s->at + 2, 4) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	s->at += 6;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static int64_t escape(struct scan *s)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name;
	char c = *s->at;

	if (!c)
		return -1;
	s->at++;
	if (c == 'u')
		return unicode_escape(s);
	name = strchr(names, c);
	return name ? values[name - names] : -1;
}

/* From the first backslash on; no escape is shorter than what it stands for. */
static int unescape(struct scan *s, char *out)
{
	while (*s->at != '"') {
		int64_t c = (unsigned char)*s->at;

		if (!c)
			return -EINVAL;
		s->at++;
		if (c != '\\') {
			*out++ = (char)c;
			continue;
		}
		c = escape(s);
		if (c < 0)
			return -EINVAL;
		out = put_utf8(out, (uint32_t)c);
	}
	s->at++;
	*out = '\0';
	return 0;
}

static int scan_string(struct scan *s, char **text)
{
	char *quote, *backslash;

	if (!eat(s, '"'))
		return -EINVAL;
	*text = s->at;
	quote = memchr(s->at, '"', (size_t)(s->end - s->at));
	if (!quote)
		return -EINVAL;
	backslash = memchr(s->at, '\\', (size_t)(quote - s->at));
	if (backslash) {
		s->at = backslash;
		return unescape(s, backslash);
	}
	*quote = '\0';
	s->at = quote + 1;
	return 0;
}

static int scan_integer(struct scan *s, int64_t *value)
{
	bool negative = eat(s, '-');
	const char *first = s->at;
	int64_t sum = 0;

	for (; *s->at >= '0' && *s->at <= '9'; s->at++)
		if (__builtin_mul_overflow(sum, 10, &sum) ||
			__builtin_sub_overflow(sum, *s->at - '0', &sum))
			return -EINVAL;
	if (s->at == first || (!negative && sum == INT64_MIN))
		return -EINVAL;
	*value = negative ? sum : -sum;
	return 0;
}

static int scan_addresses(struct scan *s, struct lease *lease)
{
	char *text;

	if (!eat(s, '['))
		return -EINVAL;
	lease->n_addresses = 0;
	do {
		if (lease->n_addresses == RANGE_SETS_MAX || scan_string(s, &text) < 0 ||
			ip_parse_cidr(text, &lease->addresses[lease->n_addresses++]) < 0)
			return -EINVAL;
	} while (eat(s, ','));
	return eat(s, ']') ? 0 : -EINVAL;
}

static int scan_positions(struct scan *s, uint32_t *bits)
{
	int64_t position;

	if (!eat(s, '['))
		return -EINVAL;
	do {
		if (scan_integer(s, &position) < 0 || position < 0 || position >= RANGE_SETS_MAX)
			return -EINVAL;
		*bits |= UINT32_C(1) << position;
	} while (eat(s, ','));
	return eat(s, ']') ? 0 : -EINVAL;
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

/* A value of any type whose member we do not know. */
static int scan_unknown(struct scan *s)
{
	int depth = 0;
	char *text;

	do {
		size_t plain = strcspn(s->at, "\"[]{},");

		s->at += plain;
		if (*s->at == '"') {
			if (scan_string(s, &text) < 0)
				return -EINVAL;
		} else if (*s->at == '[' || *s->at == '{') {
			depth++;
			s->at++;
		} else if (depth && *s->at) {
			depth -= *s->at++ != ',';
		} else if (!plain) {
			return -EINVAL;
		}
	} while (depth);
	return 0;
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

/* Members come in the order of the table, so the search begins where the last one ended. */
static const struct record_field *find_field(const char *name, size_t *next)
{
	for (size_t i = 0; i < record_field_count; i++) {
		const struct record_field *field = &record_fields[(*next + i) % record_field_count];

		if (strcmp(field->name, name))
			continue;
		*next += i + 1;
		return field;
	}
	return NULL;
}

static bool is_complete(const struct record *record)
{
	const struct lease *lease = &record->lease;
	bool owner = lease->container_id && lease->ifname;

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
	if (!eat(&s, '{'))
		return -EINVAL;
	do {
		if (scan_string(&s, &name) < 0 || !eat(&s, ':'))
			return -EINVAL;
		field = find_field(name, &next);
		if (field ? scan_value(&s, record, field) < 0 : scan_unknown(&s) < 0)
			return -EINVAL;
	} while (eat(&s, ','));
	if (!eat(&s, '}') || s.at != s.end)
		return -EINVAL;
	return is_complete(record) ? 0 : -EINVAL;
}
