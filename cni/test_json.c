/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/json.h"

#include <errno.h>

#include "cni/tap.h"

/* Printed again on one line; NULL if it is refused. The text is malloc'd. */
static char *reprint(const char *text, size_t length, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	struct json_writer w = { 0 };

	if (json_parse(&tree, "test", text, length, err) < 0)
		return NULL;
	json_put(&w, NULL, tree);
	return json_writer_end(&w) < 0 ? NULL : w.text;
}

static void test_syntax(void)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} cases[] = {
		{ "{}", "{}" },
		{ " [ 1 , 2 ]\r\n\t", "[1,2]" },
		{ "null", "null" },
		{ "\"a\"", "\"a\"" },
		{ "[true,false,null]", "[true,false,null]" },
		{ "{\"b\":{\"c\":[]},\"a\":\"x\"}", "{\"b\":{\"c\":[]},\"a\":\"x\"}" },
		/* numbers keep their text */
		{ "[0,-0,-1,1.50,1e5,1E+5,1e-5,-0.0]", "[0,-0,-1,1.50,1e5,1E+5,1e-5,-0.0]" },
		{ "[12345678901234567890,1700000000000000000]", "[12345678901234567890,1700000000000000000]" },
		{ "{\"1\":2,\"\\\"3\":[\"4\",5]}", "{\"1\":2,\"\\\"3\":[\"4\",5]}" },
		/* strings */
		{ "\"\\u00e9\\n\\/\\\\\\\"\"", "\"\xc3\xa9\\n/\\\\\\\"\"" },
		{ "\"<&>\"", "\"\\u003c\\u0026\\u003e\"" },
		{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
		{ "\"\\u2028\\u2029\\u0001\"", "\"\\u2028\\u2029\\u0001\"" },
		{ "\"\\ud800x\"", "\"\xef\xbf\xbdx\"" },
		{ "\"\\udc00\\ud800\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\"a\xff" "b\xc3\"", "\"a\xef\xbf\xbd" "b\xef\xbf\xbd\"" },
		{ "\"\xed\xa0\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\"\xff\\ud83d\\ude00\\n\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\\n\"" },
		/* what cJSON alone would take */
		{ "", NULL },
		{ " ", NULL },
		{ "{} x", NULL },
		{ "{}{}", NULL },
		{ "[01]", NULL },
		{ "[-]", NULL },
		{ "[1.]", NULL },
		{ "[.5]", NULL },
		{ "[+1]", NULL },
		{ "[1e]", NULL },
		{ "[0x10]", NULL },
		{ "[NaN]", NULL },
		{ "[1,]", NULL },
		{ "[,1]", NULL },
		{ "[1 2]", NULL },
		{ "{\"a\":1,}", NULL },
		{ "{\"a\" 1}", NULL },
		{ "{a:1}", NULL },
		{ "{'a':1}", NULL },
		{ "{\"a\":}", NULL },
		{ "{\"a\":1", NULL },
		{ "[1", NULL },
		{ "\"a", NULL },
		{ "\"\\", NULL },
		{ "\"\\x\"", NULL },
		{ "\"\\u12g4\"", NULL },
		{ "\"\\u12", NULL },
		{ "\"a\nb\"", NULL },
		{ "\"a\x01\"", NULL },
		{ "\"\\u0000\"", NULL },
		{ "tru", NULL },
		{ "True", NULL },
		{ "// comment\n{}", NULL },
		{ "{}/* */", NULL },
		{ "\xef\xbb\xbf{}", NULL },
		{ "]", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_error err = { 0 };
		CLEANUP(freep) char *got = reprint(cases[i].text, strlen(cases[i].text), &err);

		is(got, cases[i].want, "JSON case %zu", i);
		if (!cases[i].want)
			ok(err.code == CNI_DECODING_FAILURE && strstr(err.msg, "line "), "  it says where: %s",
				err.msg);
	}
}

static void test_limits(void)
{
	CLEANUP(freep) char *deep = malloc(2100), *large = malloc(JSON_MAX + 2u), *got = NULL;
	struct cni_error err = { 0 };

	for (int depth = 1000; depth <= 1001; depth++) {
		memset(deep, '[', (size_t)depth);
		memset(deep + depth, ']', (size_t)depth);
		free(got);
		got = reprint(deep, 2 * (size_t)depth, &err);
		ok((got != NULL) == (depth == 1000), "%d levels are %s", depth,
			depth == 1000 ? "read" : "refused");
	}
	memset(large, ' ', JSON_MAX + 2u);
	large[0] = '1';
	free(got);
	got = reprint(large, JSON_MAX, &err);
	is(got, "1", "8 MiB are read");
	ok(!reprint(large, JSON_MAX + 1u, &err) && strstr(err.msg, "larger"), "a byte more is refused");
	ok(!reprint("{}\0{}", 5, &err), "a NUL byte is no white space");
	memset(large, '1', 66);
	large[0] = '[';
	large[65] = ']';
	large[66] = '\0';
	free(got);
	got = reprint(large, 66, &err);
	/* Some releases of cJSON hold 63 characters at the most. */
	ok(got ? !strcmp(got, large) : err.code == CNI_DECODING_FAILURE,
		"a number of 64 digits is exact or refused, never cut");
}

static void test_position(void)
{
	struct json_position where;

	ok(json_check("{\n  \"a\": 1,\n  \"b\": x\n}", 22, &where) < 0 && where.line == 3 &&
			where.column == 8, "line 3, column 8");
	ok(json_check("{\"a\":1,}", 8, &where) < 0 && where.line == 1 && where.column == 8,
		"a trailing comma: line 1, column 8");
	ok(json_check("[1,\n", 4, &where) < 0 && where.line == 2, "the end of the input has a place");
	ok(!json_check("[1]", 3, &where), "a good text has none");
}

static void test_lookup(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "{\"mtu\":1}", "1" },
		{ "{\"MTU\":1}", "1" },
		{ "{\"mtu\":1,\"Mtu\":2}", "2" },
		{ "{\"mtu\":1,\"mtu\":3}", "3" },
		{ "{\"mtu\":1,\"mtu\":null}", "1" },
		{ "{\"mtu\":null}", NULL },
		{ "{\"mtux\":1}", NULL },
		{ "[1]", NULL },
		{ "null", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		struct cni_error err;

		json_parse(&tree, "test", cases[i].text, strlen(cases[i].text), &err);
		is(json_number(json_get(tree, "mtu")), cases[i].want, "mtu of %s", cases[i].text);
	}
}

static void test_integers(void)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "1500", 0 }, { "-5", 0 }, { "-6", -ERANGE }, { "1501", -ERANGE }, { "0", 0 },
		{ "15.0", -EINVAL }, { "1.5e3", -EINVAL }, { "1e3", -EINVAL }, { "\"15\"", -EINVAL },
		{ "true", -EINVAL }, { "99999999999999999999", -ERANGE }, { "null", -EINVAL },
	};
	CLEANUP(json_freep) struct json *exact = NULL;
	struct cni_error err;
	int64_t number = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;

		json_parse(&tree, "test", cases[i].text, strlen(cases[i].text), &err);
		ok(json_integer(tree, -5, 1500, &number) == cases[i].want, "%s as an integer", cases[i].text);
	}
	json_parse(&exact, "test", "9007199254740993", 16, &err);
	ok(!json_integer(exact, 0, INT64_MAX, &number) && number == 9007199254740993, "2^53 + 1 is exact");
}

struct inner {
	const char *name;
};

struct bound {
	const char *text;
	int64_t number, any;
	bool flag;
	const struct json *value, *list;
	struct inner inner;
};

static const struct json_field inner_fields[] = {
	{ "name", json_bind_string, offsetof(struct inner, name), .required = true },
	{ 0 }
};

static const struct json_field fields[] = {
	{ "text", json_bind_string, offsetof(struct bound, text) },
	{ "number", json_bind_int, offsetof(struct bound, number), 0, 65535 },
	{ "any", json_bind_int, offsetof(struct bound, any) },
	{ "flag", json_bind_bool, offsetof(struct bound, flag) },
	{ "value", json_bind_value, offsetof(struct bound, value) },
	{ "list", json_bind_list, offsetof(struct bound, list) },
	{ "inner", json_bind_object, offsetof(struct bound, inner), .fields = inner_fields },
	{ 0 }
};

static int bind(const char *text, struct bound *bound, struct cni_error *err)
{
	static struct json *tree; /* the last one, which bound points into */

	json_free(tree);
	tree = NULL;
	*err = (struct cni_error){ 0 };
	*bound = (struct bound){ .text = "default", .number = 7 };
	if (json_parse(&tree, "test", text, strlen(text), err) < 0)
		return -1;
	return json_bind(tree, fields, bound, CNI_INVALID_CONFIG, err);
}

static void test_bind(void)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "{\"text\":1}", "\"text\" must be a string, not a number" },
		{ "{\"number\":\"1\"}", "\"number\" must be an integer from 0 to 65535, not a string" },
		{ "{\"number\":65536}", "\"number\" must be an integer from 0 to 65535, not 65536" },
		{ "{\"number\":1.5}", "\"number\" must be an integer from 0 to 65535, not 1.5" },
		{ "{\"flag\":\"true\"}", "\"flag\" must be a boolean, not a string" },
		{ "{\"list\":{}}", "\"list\" must be an array, not an object" },
		{ "{\"inner\":[]}", "\"inner\" must be an object, not an array" },
		{ "{\"inner\":{}}", "\"name\" is missing" },
		{ "{\"inner\":{\"name\":null}}", "\"name\" is missing" },
		{ "[]", "an object is expected, not an array" },
	};
	struct cni_error err;
	struct bound bound;

	ok(!bind("{\"TEXT\":\"x\",\"number\":65535,\"flag\":true,\"value\":[1],\"list\":[],"
		 "\"inner\":{\"name\":\"n\"},\"any\":-9007199254740993,\"unknown\":{}}", &bound, &err),
		"all kinds bind");
	is(bound.text, "x", "a string, in any case of the key");
	ok(bound.number == 65535 && bound.any == -9007199254740993 && bound.flag, "numbers and flags");
	ok(json_count(bound.value) == 1 && !json_count(bound.list), "values and lists");
	is(bound.inner.name, "n", "an object within");
	ok(!bind("{\"text\":null,\"number\":null}", &bound, &err) && bound.number == 7 &&
			!strcmp(bound.text, "default"), "null leaves the default");
	ok(!bind("null", &bound, &err), "null is an empty object");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ok(bind(bad[i].text, &bound, &err) < 0 && err.code == CNI_INVALID_CONFIG, "%s is refused",
			bad[i].text);
		is(err.msg, bad[i].message, "  and the message says why");
	}
}

static void test_writer(void)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };

	json_open(&w, NULL, '{');
	json_put_string(&w, "a", "x");
	json_open(&w, "empty", '[');
	json_close(&w, ']');
	json_open(&w, "list", '[');
	json_put_int(&w, NULL, INT64_MIN);
	json_put_bool(&w, NULL, true);
	json_put_null(&w, NULL);
	json_close(&w, ']');
	json_put_format(&w, "f", "%d<", 5);
	json_close(&w, '}');
	is(json_writer_end(&w) ? NULL : w.text,
		"{\n    \"a\": \"x\",\n    \"empty\": [],\n    \"list\": [\n        -9223372036854775808,\n"
		"        true,\n        null\n    ],\n    \"f\": \"5\\u003c\"\n}", "Go's indented form");
}

int main(void)
{
	test_syntax();
	test_limits();
	test_position();
	test_lookup();
	test_integers();
	test_bind();
	test_writer();
	return tap_done();
}
