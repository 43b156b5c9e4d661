/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_MAX 40
#define FAR	99

const char *keys_place(char out[FINDING_PLACE], const char *place, const char *key, int index)
{
	if (index >= 0)
		snprintf(out, FINDING_PLACE, "%s[%d]", place, index);
	else
		snprintf(out, FINDING_PLACE, "%s%s%s", place, *place ? "." : "", key);
	return out;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment: Levenshtein's table, and swapped neighbours count as one. */
unsigned keys_distance(const char *a, const char *b)
{
	unsigned table[KEY_MAX + 1][KEY_MAX + 1];
	size_t m = strlen(a), n = strlen(b);

	if (m > KEY_MAX || n > KEY_MAX)
		return FAR;
	for (size_t i = 0; i <= m; i++) {
		for (size_t j = 0; j <= n; j++) {
			if (!i || !j) {
				table[i][j] = (unsigned)(i + j);
				continue;
			}
			table[i][j] = least(table[i - 1][j] + 1, table[i][j - 1] + 1);
			table[i][j] =
				least(table[i][j], table[i - 1][j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				table[i][j] = least(table[i][j], table[i - 2][j - 2] + 1);
		}
	}
	return table[m][n];
}

static const struct json_field *find(const struct known_type *known, const char *key)
{
	for (const struct json_field *const *table = known->tables; *table; table++)
		for (const struct json_field *rule = *table; rule->key; rule++)
			if (json_is_key(key, rule->key))
				return rule;
	return NULL;
}

static const char *nearest(const struct known_type *known, const char *key, unsigned *distance)
{
	const char *best = NULL;
	unsigned d;

	*distance = FAR;
	for (const struct json_field *const *table = known->tables; *table; table++) {
		for (const struct json_field *rule = *table; rule->key; rule++) {
			d = keys_distance(key, rule->key);
			if (d < *distance) {
				*distance = d;
				best = rule->key;
			}
		}
	}
	return best;
}

static void unknown(
	struct findings *f, const char *place, const char *key, const struct known_type *known)
{
	unsigned distance;
	const char *near = nearest(known, key, &distance);

	/* What has more wrong than right was not meant. */
	if (distance * 2 > strlen(key))
		finding_warning(f, place, "unknown key \"%s\": it is ignored", key);
	else if (known->strict && distance == 1)
		finding_error(f, place, "unknown key \"%s\": did you mean \"%s\"?", key, near);
	else
		finding_warning(f, place, "unknown key \"%s\": it is ignored; did you mean \"%s\"?",
			key, near);
}

/* Objects, or lists of objects. */
static void elements(struct findings *f, const char *place, const struct json *list,
	const struct known_type *element)
{
	char inner[FINDING_PLACE];
	int index = 0;

	json_each (item, list) {
		keys_place(inner, place, "", index++);
		if (json_type(item) == JSON_ARRAY)
			elements(f, inner, item, element);
		else
			keys_check(f, inner, item, element);
	}
}

static void check_value(struct findings *f, const char *place, const struct json *value,
	const struct json_field *rule, bool strict)
{
	const struct json_field *const tables[] = { rule->fields, NULL };
	const struct known_type below = { .tables = tables, .strict = strict };
	/* The type is in question, not the members, which have messages of their own. */
	static const struct json_field none[] = { { 0 } };
	const struct json_field alone = {
		.key = rule->key,
		.bind = rule->bind,
		.min = rule->min,
		.max = rule->max,
		.fields = none,
	};
	_Alignas(max_align_t) char field[KNOWN_FIELD_MAX];
	struct cni_error err = { 0 };

	if (json_type(value) == JSON_NULL)
		return;
	if (alone.bind(value, &alone, field, &err) < 0)
		finding_error(f, place, "%s", err.msg);
	else if (rule->fields && json_type(value) == JSON_ARRAY)
		elements(f, place, value, &below);
	else if (rule->fields && json_type(value) == JSON_OBJECT)
		keys_check(f, place, value, &below);
}

void keys_check(struct findings *f, const char *place, const struct json *object,
	const struct known_type *known)
{
	const struct json_field *rule;
	char inner[FINDING_PLACE];

	if (json_type(object) != JSON_OBJECT) {
		finding_error(f, place, "an object is expected, not %s", json_type_name(object));
		return;
	}
	json_each (member, object) {
		rule = find(known, json_key(member));
		keys_place(inner, place, json_key(member), -1);
		if (rule)
			check_value(f, inner, member, rule, known->strict);
		else
			unknown(f, place, json_key(member), known);
	}
	for (const struct json_field *const *table = known->tables; *table; table++)
		for (rule = *table; rule->key; rule++)
			if (rule->required && !json_get(object, rule->key))
				finding_error(f, place, "\"%s\" is missing", rule->key);
}

/* An earlier member that this one replaces. */
static const struct json *twin(const struct json *object, const struct json *member)
{
	json_each (other, object) {
		if (other == member)
			break;
		if (!strcasecmp(json_key(other), json_key(member)))
			return other;
	}
	return NULL;
}

void keys_check_twins(struct findings *f, const char *place, const struct json *value)
{
	bool is_object = json_type(value) == JSON_OBJECT;
	char inner[FINDING_PLACE];
	int index = 0;

	json_each (item, value) {
		const struct json *other = is_object ? twin(value, item) : NULL;

		keys_place(inner, place, is_object ? json_key(item) : "", is_object ? -1 : index++);
		if (other)
			finding_warning(f, inner,
				"repeats \"%s\": the last one counts, unless it is null",
				json_key(other));
		keys_check_twins(f, inner, item);
	}
}
