/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is cJSON's. Its numbers are turned into cJSON_Raw items that hold their text, because
 * a double keeps neither 64-bit integers nor the difference between 1 and 1.0.
 */
#include "cni/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "cni/json_syntax.h"

static const cJSON *item_of(const struct json *value)
{
	return (const cJSON *)(const void *)value;
}

static const struct json *value_of(const cJSON *item)
{
	return (const struct json *)(const void *)item;
}

/* A copy in which bad UTF-8 and lone surrogates are U+FFFD, as Go's decoder has it. */
static char *replace_bad_text(const char *text, size_t *length)
{
	const char *end = text + *length;
	char *copy = calloc(*length + 1, 3), *to = copy;
	size_t step = 1;

	for (; copy && text < end; text += step) {
		bool is_escape = *text == '\\', is_bad = false;

		if (!is_escape) {
			step = json_utf8(text, end);
			is_bad = !step;
			step += is_bad;
		} else if (text[1] == 'u') {
			is_bad = json_lone_surrogate(text, end, &step);
		} else {
			step = 2;
		}
		to = is_bad ? stpcpy(to, is_escape ? "\\ufffd" : "\xef\xbf\xbd")
			    : mempcpy(to, text, step);
	}
	*length = (size_t)(to - copy);
	return copy;
}

/* The next number of a checked text, skipping strings. */
static const char *next_number(const char *at, size_t *length)
{
	for (; *at != '-' && (*at < '0' || *at > '9'); at++) {
		if (*at != '"')
			continue;
		for (at++; *at != '"'; at++)
			at += *at == '\\';
	}
	*length = strspn(at, "+-.0123456789eE");
	return at;
}

/* Numbers stand in the tree in the order of the text. */
static bool keep_numbers(cJSON *item, const char **at)
{
	size_t length;

	for (; item; item = item->next) {
		if (cJSON_IsNumber(item)) {
			*at = next_number(*at, &length);
			item->valuestring = strndup(*at, length);
			if (!item->valuestring)
				return false;
			item->type = cJSON_Raw;
			*at += length;
		} else if (item->child && !keep_numbers(item->child, at)) {
			return false;
		}
	}
	return true;
}

int json_parse(struct json **tree, const char *what, const char *text, size_t length,
	struct cni_error *err)
{
	CLEANUP(freep) char *replaced = NULL;
	struct json_position where;
	cJSON *root;
	bool bad_text;

	if (length > JSON_MAX)
		return cni_fail(
			err, CNI_DECODING_FAILURE, "%s is larger than %u bytes", what, JSON_MAX);
	if (json_scan(text, length, &bad_text, &where) < 0)
		return cni_fail(err, CNI_DECODING_FAILURE,
			"%s is not valid JSON: line %zu, column %zu: %s", what, where.line,
			where.column, where.reason);
	if (bad_text) {
		text = replaced = replace_bad_text(text, &length);
		if (!text)
			return cni_fail(err, CNI_INTERNAL, "%s: out of memory", what);
	}
	root = cJSON_ParseWithLengthOpts(text, length, NULL, 0);
	if (!root || !keep_numbers(root, &text)) {
		cJSON_Delete(root);
		return cni_fail(err, CNI_DECODING_FAILURE,
			"%s cannot be held: a number of more than 63 characters, or out of memory",
			what);
	}
	*tree = (struct json *)(void *)root;
	return 0;
}

void json_free(struct json *tree)
{
	cJSON_Delete((cJSON *)(void *)tree);
}

void json_freep(struct json **tree)
{
	json_free(*tree);
}

enum json_type json_type(const struct json *value)
{
	const cJSON *item = item_of(value);

	if (cJSON_IsBool(item))
		return JSON_BOOL;
	if (cJSON_IsRaw(item))
		return JSON_NUMBER;
	if (cJSON_IsString(item))
		return JSON_STRING;
	if (cJSON_IsArray(item))
		return JSON_ARRAY;
	return cJSON_IsObject(item) ? JSON_OBJECT : JSON_NULL;
}

const char *json_type_name(const struct json *value)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "a boolean",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[json_type(value)];
}

bool json_is_key(const char *text, const char *key)
{
	/* The bit in which the cases differ; few keys have the same first letter. */
	return !((*text ^ *key) & ~0x20) && !strcasecmp(text, key);
}

const struct json *json_get(const struct json *object, const char *key)
{
	const struct json *found = NULL;

	if (json_type(object) != JSON_OBJECT)
		return NULL;
	json_each (member, object)
		if (json_is_key(json_key(member), key) && json_type(member) != JSON_NULL)
			found = member;
	return found;
}

const char *json_text(const struct json *value)
{
	return cJSON_GetStringValue(item_of(value));
}

const char *json_number(const struct json *value)
{
	return json_type(value) == JSON_NUMBER ? item_of(value)->valuestring : NULL;
}

int json_integer(const struct json *value, int64_t min, int64_t max, int64_t *out)
{
	const char *text = json_number(value);
	long long number;
	char *end;

	if (!text)
		return -EINVAL;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || number < min || number > max)
		return -ERANGE;
	*out = number;
	return 0;
}

bool json_is_true(const struct json *value)
{
	return cJSON_IsTrue(item_of(value));
}

const struct json *json_first(const struct json *container)
{
	return container ? value_of(item_of(container)->child) : NULL;
}

const struct json *json_next(const struct json *item)
{
	return value_of(item_of(item)->next);
}

const char *json_key(const struct json *item)
{
	return item_of(item)->string;
}

size_t json_count(const struct json *container)
{
	size_t count = 0;

	json_each (item, container)
		count++;
	return count;
}
