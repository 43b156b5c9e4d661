/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 8259 to the letter. cJSON is lenient (01, 1., raw newlines, byte order marks, what follows
 * the value), so nothing reaches it that has not passed here.
 */
#include <ctype.h>
#include <string.h>

#include "cni/json_syntax.h"

#define DEPTH_MAX 1000 /* cJSON's own limit */

struct scan {
	const char *at, *end;
	const char *reason;
	int depth;
	bool bad_text; /* UTF-8 or surrogates to be replaced */
};

static bool value(struct scan *s);

static bool fail(struct scan *s, const char *reason)
{
	s->reason = reason;
	return false;
}

static int peek(const struct scan *s)
{
	return s->at < s->end ? (unsigned char)*s->at : -1;
}

static bool take(struct scan *s, char wanted)
{
	if (peek(s) != wanted)
		return false;
	s->at++;
	return true;
}

static void space(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
		s->at++;
}

static bool digits(struct scan *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > start;
}

static bool number(struct scan *s)
{
	take(s, '-');
	if (!take(s, '0') && !digits(s))
		return fail(s, "invalid number");
	if (take(s, '.') && !digits(s))
		return fail(s, "digits are missing after the decimal point");
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			take(s, '-');
		if (!digits(s))
			return fail(s, "digits are missing in the exponent");
	}
	return true;
}

int json_hex4(const char *at, const char *end)
{
	int unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)at[i]))
			return -1;
		unit = unit * 16 + (at[i] <= '9' ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
	}
	return unit;
}

/* By its first byte; 0 for one that begins none. */
static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	if (first < 0xe0)
		return 2;
	return first < 0xf0 ? 3 : 4;
}

size_t json_utf8(const char *at, const char *end)
{
	const unsigned char *b = (const unsigned char *)at;
	size_t length = sequence_length(*b);

	if (!length || (size_t)(end - at) < length)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte. */
	if ((*b == 0xe0 && b[1] < 0xa0) || (*b == 0xed && b[1] > 0x9f) ||
		(*b == 0xf0 && b[1] < 0x90) || (*b == 0xf4 && b[1] > 0x8f))
		return 0;
	return length;
}

bool json_lone_surrogate(const char *at, const char *end, size_t *length)
{
	int unit = json_hex4(at + 2, end), low;

	*length = 6;
	if (unit < 0xd800 || unit > 0xdfff)
		return false;
	if (unit > 0xdbff || end - at < 12 || at[6] != '\\' || at[7] != 'u')
		return true;
	low = json_hex4(at + 8, end);
	if (low < 0xdc00 || low > 0xdfff)
		return true;
	*length = 12;
	return false;
}

static bool escape(struct scan *s)
{
	size_t length = 2;
	int unit;

	if (s->end - s->at < 2)
		return fail(s, "unexpected end of JSON input");
	if (s->at[1] == 'u') {
		unit = json_hex4(s->at + 2, s->end);
		if (unit < 0)
			return fail(s, "\\u needs four hexadecimal digits");
		if (!unit)
			return fail(s, "\\u0000 is not supported");
		s->bad_text |= json_lone_surrogate(s->at, s->end, &length);
	} else if (!strchr("\"\\/bfnrt", s->at[1]) || !s->at[1]) {
		return fail(s, "invalid escape in string");
	}
	s->at += length;
	return true;
}

static bool string(struct scan *s)
{
	size_t length;

	if (!take(s, '"'))
		return fail(s, "a string is expected");
	while (s->at < s->end && *s->at != '"') {
		if ((unsigned char)*s->at < 0x20)
			return fail(s, "raw control character in string");
		if (*s->at == '\\') {
			if (!escape(s))
				return false;
			continue;
		}
		length = json_utf8(s->at, s->end);
		s->bad_text |= !length;
		s->at += length ? length : 1;
	}
	return take(s, '"') || fail(s, "unexpected end of JSON input");
}

static bool literal(struct scan *s, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
		return fail(s, "invalid literal");
	s->at += length;
	return true;
}

/* Members or elements up to the closing bracket; the opening one has been taken. */
static bool container(struct scan *s, char bracket)
{
	if (++s->depth > DEPTH_MAX)
		return fail(s, "nested deeper than 1000");
	space(s);
	if (take(s, bracket)) {
		s->depth--;
		return true;
	}
	do {
		space(s);
		if (peek(s) == bracket)
			return fail(s, "nothing stands between the comma and the bracket");
		if (bracket == '}') {
			if (!string(s))
				return false;
			space(s);
			if (!take(s, ':'))
				return fail(s, "a colon is expected after the key");
		}
		if (!value(s))
			return false;
		space(s);
	} while (take(s, ','));
	s->depth--;
	return take(s, bracket) ||
	       fail(s, bracket == '}' ? "a comma or } is expected" : "a comma or ] is expected");
}

static bool value(struct scan *s)
{
	space(s);
	switch (peek(s)) {
	case '{':
		s->at++;
		return container(s, '}');
	case '[':
		s->at++;
		return container(s, ']');
	case '"':
		return string(s);
	case 't':
		return literal(s, "true");
	case 'f':
		return literal(s, "false");
	case 'n':
		return literal(s, "null");
	default:
		if (peek(s) != '-' && !isdigit((unsigned char)peek(s)))
			return fail(s, "a value is expected");
		return number(s);
	}
}

int json_scan(const char *text, size_t length, bool *bad_text, struct json_position *where)
{
	struct scan s = { .at = text, .end = text + length };

	if (value(&s)) {
		space(&s);
		if (s.at == s.end) {
			*bad_text = s.bad_text;
			return 0;
		}
		s.reason = "text after the value";
	}
	if (s.at >= s.end)
		s.reason = "unexpected end of JSON input";
	*where = (struct json_position){ .line = 1, .column = 1, .reason = s.reason };
	for (const char *at = text; at < s.at; at++) {
		where->column = *at == '\n' ? 1 : where->column + 1;
		where->line += *at == '\n';
	}
	return -1;
}

int json_check(const char *text, size_t length, struct json_position *where)
{
	bool bad_text;

	return json_scan(text, length, &bad_text, where);
}
