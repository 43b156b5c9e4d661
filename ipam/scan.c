/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/scan.h"

#include <errno.h>
#include <string.h>

bool scan_char(struct scan *s, char c)
{
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four of them; -1 if there are no such digits. */
static int64_t hex(const char *text)
{
	int64_t value = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
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
	int64_t c = hex(s->at), low;

	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return -1;
	s->at += 4;
	if (c < 0xd800 || c > 0xdbff)
		return c;
	low = s->at[0] == '\\' && s->at[1] == 'u' ? hex(s->at + 2) : -1;
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

		if (c < ' ')
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

/* What ends a run of plain characters: a table, for comparisons make a slow loop. */
__extension__ static const bool is_special[256] = {
	[0 ... ' ' - 1] = true,
	['"'] = true,
	['\\'] = true,
};

int scan_string(struct scan *s, char **text)
{
	char *at;

	if (!scan_char(s, '"'))
		return -EINVAL;
	*text = s->at;
	for (at = s->at; !is_special[(unsigned char)*at];)
		at++;
	s->at = at;
	if (*at != '"')
		return *at == '\\' ? unescape(s, at) : -EINVAL;
	*at = '\0';
	s->at++;
	return 0;
}

int scan_integer(struct scan *s, int64_t *value)
{
	bool negative = scan_char(s, '-');
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

int scan_unknown(struct scan *s)
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
