/* SPDX-License-Identifier: Apache-2.0 */
/* Where the pool is and how its store behaves. */
#include <errno.h>
#include <string.h>

#include "ipam/config.h"

#define LONGEST_MS (366LL * 24 * 3600 * 1000)

static json_bind_fn bind_duration, bind_durability;

const struct json_field config_store_fields[] = {
	{ "pool", json_bind_string, offsetof(struct store_options, pool) },
	{ "dataDir", json_bind_string, offsetof(struct store_options, directory) },
	{ "lockTimeout", bind_duration, offsetof(struct store_options, lock_timeout_ms) },
	{ "reuseDelay", bind_duration, offsetof(struct store_options, reuse_delay_ms) },
	{ "durability", bind_durability, offsetof(struct store_options, durable) },
	{ 0 },
};

/* The length of a unit of Go's time.ParseDuration in ms; *length: of its name. 0: none. */
static double unit_at(const char *text, size_t *length)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {
		{ "ns", 1e-6 },
		{ "us", 1e-3 },
		{ "\u00b5s", 1e-3 },
		{ "ms", 1 },
		{ "s", 1e3 },
		{ "m", 60e3 },
		{ "h", 3600e3 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		*length = strlen(units[i].name);
		if (!strncmp(text, units[i].name, *length))
			return units[i].ms;
	}
	return 0;
}

/* "1m30s", "1.5h"; with bare, one number without unit is seconds. -EINVAL, -ERANGE. */
static int parse_duration(const char *text, bool bare, int64_t *ms)
{
	double total = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		size_t digits = strspn(text, "0123456789."), length = 0;
		char *end;
		double value = digits ? strtod(text, &end) : 0, unit;

		/* strtod(3) would take exponents and hexadecimal as well. */
		if (!digits || end != text + digits)
			return -EINVAL;
		text = end;
		unit = bare && !*text ? 1e3 : unit_at(text, &length);
		if (!(unit > 0))
			return -EINVAL;
		text += length;
		total += value * unit;
	}
	if (!(total <= LONGEST_MS))
		return -ERANGE;
	*ms = (int64_t)total;
	/* Little is not nothing. */
	if (total > 0 && !*ms)
		*ms = 1;
	return 0;
}

int config_duration(const char *text, int64_t *ms, struct cni_error *err)
{
	/* A bare number is seconds, as in JSON. */
	int rc = parse_duration(text, text[strspn(text, "0123456789.")] == '\0', ms);

	if (!rc)
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"\"%s\" must be a duration of up to a year, 1m30s or a number of seconds", text);
}

static int bind_duration(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *number = json_number(value), *text = number ? number : json_text(value);
	int rc = text ? parse_duration(text, number != NULL, field) : -EINVAL;

	if (!rc)
		return 0;
	if (rc == -ERANGE)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"%s\" must not be longer than a year, as %s is", rule->key, text);
	return cni_fail(err, CNI_INVALID_CONFIG,
		"\"%s\" must be a duration, \"1m30s\" or a number of seconds, not %s", rule->key,
		text ? text : json_type_name(value));
}

static int bind_durability(
	const struct json *value, const struct json_field *rule, void *field, struct cni_error *err)
{
	const char *text = json_text(value);

	if (!text || (*text && strcmp(text, "auto") != 0 && strcmp(text, "full") != 0))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"\"%s\" must be \"auto\" or \"full\", not %s", rule->key,
			text ? text : json_type_name(value));
	*(bool *)field = !strcmp(text, "full");
	return 0;
}

const struct store_options config_store_defaults = { .lock_timeout_ms = 10000 };

int config_check_store(
	const struct cni_request *req, struct store_options *options, struct cni_error *err)
{
	if (!options->pool || !*options->pool)
		options->pool = req->name;
	if (!options->directory || !*options->directory)
		options->directory = CONFIG_DATA_DIR;
	if (!cni_request_is_name(options->pool))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam: \"pool\" names a directory: letters, digits, '_', '.' and '-', the "
			"first a letter or a digit, not \"%s\"",
			options->pool);
	if (*options->directory != '/')
		return cni_fail(err, CNI_INVALID_CONFIG,
			"ipam: \"dataDir\" must be an absolute path, not \"%s\"",
			options->directory);
	return store_check(options, err);
}

int config_store(
	const struct cni_request *req, struct store_options *options, struct cni_error *err)
{
	*options = config_store_defaults;
	if (json_bind(json_get(req->config, "ipam"), config_store_fields, options,
		    CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, "ipam");
	return config_check_store(req, options, err);
}

int config_store_native(
	const struct cni_request *req, struct store_options *options, struct cni_error *err)
{
	const struct json *ipam = json_get(req->config, "ipam");

	*options = config_store_defaults;
	for (const struct json_field *rule = config_store_fields; rule->key; rule++) {
		const struct json_field table[] = {
			*rule,
			{ 0 },
		};
		struct cni_error ignored = { 0 };

		json_bind(ipam, table, options, CNI_INVALID_CONFIG, &ignored);
	}
	return config_check_store(req, options, err);
}
