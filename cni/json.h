/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, read as Go's encoding/json reads it and written as it writes it; the only place that
 * knows cJSON.
 *
 * Reading. RFC 8259 strictly: nothing after the value, no comments, no raw control characters.
 * Keys match in any case (ASCII) and members count in their order, so that the last one that
 * matches wins; null is the same as absent; unknown keys are ignored. Numbers keep their text:
 * integers are exact over 64 bits, "1.0" is no integer, and what is printed again is what was read.
 * Bad UTF-8 and lone surrogates become U+FFFD. Two limits are ours: nesting deeper than 1,000 and
 * \u0000 in a string are refused.
 *
 * Ownership. A tree owns all its strings; whoever parsed it frees it with json_free(). Values and
 * strings handed out live as long as the tree.
 */
#ifndef CNI_JSON_H
#define CNI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cni/error.h"

struct json; /* one value of a tree */

/* Larger texts are refused before they are parsed. */
#define JSON_MAX (8u << 20)

/* Where a text stops being JSON: both count from 1, the column in bytes. */
struct json_position {
	size_t line, column;
	const char *reason; /* static text */
};

/* Check the syntax alone. Returns 0, or -1 with *where filled. */
int json_check(const char *text, size_t length, struct json_position *where);

/*
 * Parse length bytes. what names the text in messages ("network configuration"). On success
 * *tree is to be freed. Fails with CNI_DECODING_FAILURE naming line and column.
 */
int json_parse(struct json **tree, const char *what, const char *text, size_t length,
	struct cni_error *err);
void json_free(struct json *tree); /* accepts NULL */
void json_freep(struct json **tree);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

enum json_type json_type(const struct json *value); /* NULL is JSON_NULL */

/* "string", "array", ... as messages name it. */
const char *json_type_name(const struct json *value);

/* Is the text, a member's key, this key? In any case. */
bool json_is_key(const char *text, const char *key);

/* The member by Go's rules; NULL if absent, null, or object is NULL or no object. */
const struct json *json_get(const struct json *object, const char *key);

/* The text of a string, NULL for every other type. */
const char *json_text(const struct json *value);

/* The exact text of a number, NULL for every other type. */
const char *json_number(const struct json *value);

/* 0 and *out for an integer within min..max; -EINVAL for no integer, -ERANGE outside. */
int json_integer(const struct json *value, int64_t min, int64_t max, int64_t *out);

/* true only for the value true. */
bool json_is_true(const struct json *value);

/* Members or elements in order; key is NULL in arrays. `json_each (item, container)`. */
const struct json *json_first(const struct json *container); /* NULL accepted */
const struct json *json_next(const struct json *item);
const char *json_key(const struct json *item);
size_t json_count(const struct json *container);

#define json_each(item, container)                                                                 \
	for (const struct json *item = json_first(container); item; item = json_next(item))

/* ---- Binding: an object to a struct, by table ---- */

/*
 * Stores one value into field. name is the key with its path for messages ("ipam.ranges").
 * Absent and null values never reach it: the initialiser of the struct is the default.
 */
struct json_field;
typedef int json_bind_fn(const struct json *value, const struct json_field *rule, void *field,
	struct cni_error *err);

struct json_field {
	const char *key;
	json_bind_fn *bind;
	size_t offset;
	int64_t min, max;		 /* json_bind_int: both 0 means the whole of int64_t */
	const struct json_field *fields; /* json_bind_object: the table of the member */
	bool required;			 /* absent or null: CNI_INVALID_CONFIG */
};

/* The binders. The comment names the field's type. */
json_bind_fn json_bind_string; /* const char *, into the tree */
json_bind_fn json_bind_int;    /* int64_t */
json_bind_fn json_bind_bool;   /* bool */
json_bind_fn json_bind_value;  /* const struct json *, any type */
json_bind_fn json_bind_list;   /* const struct json *, must be an array */
json_bind_fn json_bind_object; /* a struct, by rule->fields */

/*
 * Bind an object by a table that ends with { 0 }. object NULL or null counts as {}. Fails with
 * code and a message such as `"mtu" must be an integer from 0 to 65535, not a string`; fields
 * already bound stay written.
 */
int json_bind(const struct json *object, const struct json_field *fields, void *into, int code,
	struct cni_error *err);

/* ---- Writing ---- */

/*
 * A text that grows. Nothing is checked on the way: memory that ran out is remembered and told
 * by json_writer_end(). Start with `struct json_writer w = { .indent = 4 }` for Go's indented
 * form, or { 0 } for one line.
 */
struct json_writer {
	char *text; /* NUL-terminated; owned by the writer */
	size_t length;
	int indent;
	size_t capacity;
	int depth;
	bool failed, filled;
};

/* key is NULL in arrays and for the outermost value. */
void json_open(struct json_writer *, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json_writer *, char bracket);		     /* '}' or ']' */
void json_put_string(struct json_writer *, const char *key, const char *value);
void json_put_format(struct json_writer *, const char *key, const char *format, ...) PRINTF(3, 4);
void json_put_int(struct json_writer *, const char *key, int64_t value);
void json_put_bool(struct json_writer *, const char *key, bool value);
void json_put_null(struct json_writer *, const char *key);
void json_put(struct json_writer *, const char *key, const struct json *value); /* a whole tree */

void json_end_line(struct json_writer *); /* a newline, after the outermost value */

/* 0, or -ENOMEM if anything was lost on the way. */
int json_writer_end(struct json_writer *);

/* Write the text to a descriptor, whole. 0 or -errno. */
int json_writer_print(const struct json_writer *, int fd);
void json_writer_done(struct json_writer *); /* frees the text */

#endif
