/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cni/json.h"

static int wrong_type(const struct json *value, const struct json_field *rule, const char *wanted,
	struct cni_error *err)
{
	return cni_fail(err, CNI_INVALID_CONFIG, "\"%s\" must be %s, not %s", rule->key, wanted,
		json_type_name(value));
}

int json_bind_string(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);

	if (!text)
		return wrong_type(value, rule, "a string", err);
	*(const char **)field = text;
	return 0;
}

int json_bind_int(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	int64_t min = rule->min || rule->max ? rule->min : INT64_MIN;
	int64_t max = rule->min || rule->max ? rule->max : INT64_MAX;
	const char *text = json_number(value);

	if (!json_integer(value, min, max, field))
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"\"%s\" must be an integer from %" PRId64 " to %" PRId64 ", not %s", rule->key, min,
		max, text ? text : json_type_name(value));
}

int json_bind_bool(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	if (json_type(value) != JSON_BOOL)
		return wrong_type(value, rule, "a boolean", err);
	*(bool *)field = json_is_true(value);
	return 0;
}

int json_bind_value(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	(void)rule;
	(void)err;
	*(const struct json **)field = value;
	return 0;
}

int json_bind_list(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	if (json_type(value) != JSON_ARRAY)
		return wrong_type(value, rule, "an array", err);
	return json_bind_value(value, rule, field, err);
}

int json_bind_object(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	if (json_type(value) != JSON_OBJECT)
		return wrong_type(value, rule, "an object", err);
	return json_bind(value, rule->fields, field, CNI_INVALID_CONFIG, err);
}

int json_bind(const struct json *object, const struct json_field *fields, void *into, int code,
	struct cni_error *err)
{
	if (json_type(object) != JSON_NULL && json_type(object) != JSON_OBJECT)
		return cni_fail(err, code, "an object is expected, not %s", json_type_name(object));
	for (const struct json_field *rule = fields; rule->key; rule++) {
		const struct json *value = json_get(object, rule->key);

		if (!value && rule->required)
			return cni_fail(err, code, "\"%s\" is missing", rule->key);
		if (value && rule->bind(value, rule, (char *)into + rule->offset, err) < 0) {
			err->code = code;
			return -1;
		}
	}
	return 0;
}
