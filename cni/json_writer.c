/* SPDX-License-Identifier: Apache-2.0 */
/* The form of Go's json.MarshalIndent, HTML escapes included. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cni/json.h"
#include "cni/json_syntax.h"

static void put(struct json_writer *w, const char *text, size_t length)
{
	size_t capacity = w->capacity ? w->capacity : 1024;
	char *grown;

	while (capacity <= w->length + length)
		capacity *= 2;
	if (capacity != w->capacity) {
		grown = w->failed ? NULL : realloc(w->text, capacity);
		if (!grown) {
			w->failed = true;
			return;
		}
		w->text = grown;
		w->capacity = capacity;
	}
	memcpy(w->text + w->length, text, length);
	w->length += length;
	w->text[w->length] = '\0';
}

static void put_text(struct json_writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static void new_line(struct json_writer *w)
{
	static const char blanks[] = "                                ";
	size_t left = (size_t)w->indent * (size_t)w->depth;

	if (!w->indent)
		return;
	put_text(w, "\n");
	for (size_t step; left; left -= step) {
		step = left < sizeof(blanks) - 1 ? left : sizeof(blanks) - 1;
		put(w, blanks, step);
	}
}

/* Most text is letters, digits and what stands between them in names and addresses. */
static size_t plain_length(const char *text)
{
	size_t length = 0;

	while ((text[length] >= '\'' && text[length] <= ';') ||
		(text[length] >= '_' && text[length] <= 'z') ||
		(text[length] >= '@' && text[length] <= 'Z'))
		length++;
	return length;
}

static void put_quoted(struct json_writer *w, const char *text)
{
	static const char letters[] = "\b\f\n\r\t\"\\", escapes[] = "bfnrt\"\\";
	const char *letter, *end = text + strlen(text), *next;
	char escape[8];

	put_text(w, "\"");
	for (; text < end; text = next) {
		next = text + plain_length(text);
		if (next > text) {
			put(w, text, (size_t)(next - text));
			continue;
		}
		next = text + (json_utf8(text, end) ? json_utf8(text, end) : 1);
		letter = strchr(letters, *text);
		if (letter) {
			snprintf(escape, sizeof(escape), "\\%c", escapes[letter - letters]);
			put_text(w, escape);
		} else if ((unsigned char)*text < 0x20 || strchr("<>&", *text)) {
			snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)*text);
			put_text(w, escape);
		} else if (!strncmp(text, "\xe2\x80\xa8", 3) || !strncmp(text, "\xe2\x80\xa9", 3)) {
			put_text(w, text[2] == '\xa8' ? "\\u2028" : "\\u2029");
		} else if (!json_utf8(text, end)) {
			put_text(w, "\\ufffd");
		} else {
			put(w, text, (size_t)(next - text));
		}
	}
	put_text(w, "\"");
}

/* What stands before every value: comma, line, key. */
static void begin(struct json_writer *w, const char *key)
{
	if (w->filled)
		put_text(w, ",");
	if (w->depth)
		new_line(w);
	if (key) {
		put_quoted(w, key);
		put_text(w, w->indent ? ": " : ":");
	}
	w->filled = true;
}

void json_open(struct json_writer *w, const char *key, char bracket)
{
	begin(w, key);
	put(w, &bracket, 1);
	w->depth++;
	w->filled = false;
}

void json_close(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->filled)
		new_line(w);
	put(w, &bracket, 1);
	w->filled = true;
}

void json_put_string(struct json_writer *w, const char *key, const char *value)
{
	begin(w, key);
	put_quoted(w, value);
}

void json_put_format(struct json_writer *w, const char *key, const char *format, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list ap;
	int length;

	va_start(ap, format);
	length = vasprintf(&text, format, ap);
	va_end(ap);
	if (length < 0) {
		text = NULL;
		w->failed = true;
		return;
	}
	json_put_string(w, key, text);
}

void json_put_int(struct json_writer *w, const char *key, int64_t value)
{
	char text[24];

	begin(w, key);
	snprintf(text, sizeof(text), "%" PRId64, value);
	put_text(w, text);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	begin(w, key);
	put_text(w, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	begin(w, key);
	put_text(w, "null");
}

static void put_container(
	struct json_writer *w, const char *key, const struct json *value, const char *brackets)
{
	json_open(w, key, brackets[0]);
	json_each (item, value)
		json_put(w, json_key(item), item);
	json_close(w, brackets[1]);
}

void json_put(struct json_writer *w, const char *key, const struct json *value)
{
	switch (json_type(value)) {
	case JSON_NULL:
		json_put_null(w, key);
		break;
	case JSON_BOOL:
		json_put_bool(w, key, json_is_true(value));
		break;
	case JSON_NUMBER:
		begin(w, key);
		put_text(w, json_number(value));
		break;
	case JSON_STRING:
		json_put_string(w, key, json_text(value));
		break;
	case JSON_ARRAY:
		put_container(w, key, value, "[]");
		break;
	case JSON_OBJECT:
		put_container(w, key, value, "{}");
		break;
	}
}

void json_end_line(struct json_writer *w)
{
	put_text(w, "\n");
}

int json_writer_end(struct json_writer *w)
{
	return w->failed || !w->text ? -ENOMEM : 0;
}

int json_writer_print(const struct json_writer *w, int fd)
{
	ssize_t written;

	for (size_t done = 0; done < w->length; done += (size_t)written) {
		written = write(fd, w->text + done, w->length - done);
		if (written < 0 && errno == EINTR)
			written = 0;
		else if (written <= 0)
			return written ? -errno : -EIO;
	}
	return 0;
}

void json_writer_done(struct json_writer *w)
{
	free(w->text);
}
