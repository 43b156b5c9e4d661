/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/request.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const commands[] = {
	[CNI_NONE] = "",
	[CNI_ADD] = "ADD",
	[CNI_DEL] = "DEL",
	[CNI_CHECK] = "CHECK",
	[CNI_GC] = "GC",
	[CNI_STATUS] = "STATUS",
	[CNI_VERSION] = "VERSION",
};

const char *cni_command_name(enum cni_command command)
{
	return commands[command];
}

bool cni_request_is_name(const char *text)
{
	if (!isalnum((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_.-", *text))
			return false;
	return true;
}

int cni_request_check_container_id(const char *value, struct cni_error *err)
{
	if (cni_request_is_name(value))
		return 0;
	return cni_fail(err, CNI_BAD_ENVIRONMENT,
		"CNI_CONTAINERID \"%s\" must be letters, digits, '_', '.' and '-', the first a "
		"letter or digit",
		value);
}

static bool has_space(const char *text)
{
	/* What Go's unicode.IsSpace adds to ASCII, as UTF-8. */
	static const char *const spaces[] = { "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80" };

	if (strpbrk(text, " \t\n\v\f\r"))
		return true;
	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		if (strstr(text, spaces[i]))
			return true;
	/* U+2000 to U+200A */
	for (; (text = strstr(text, "\xe2\x80")); text += 2)
		if ((unsigned char)text[2] >= 0x80 && (unsigned char)text[2] <= 0x8a)
			return true;
	return false;
}

int cni_request_check_ifname(const char *value, struct cni_error *err)
{
	if (strlen(value) >= IFNAMSIZ)
		return cni_fail(err, CNI_BAD_ENVIRONMENT,
			"CNI_IFNAME \"%s\" is longer than %d characters", value, IFNAMSIZ - 1);
	if (!strcmp(value, ".") || !strcmp(value, "..") || strpbrk(value, "/:") || has_space(value))
		return cni_fail(err, CNI_BAD_ENVIRONMENT,
			"CNI_IFNAME \"%s\" must not be \".\" or \"..\" nor hold '/', ':' or white "
			"space",
			value);
	return 0;
}

#define FOR(command) (1u << CNI_##command)

/* In the order in which the reference looks at them. */
static const struct variable {
	const char *name;
	unsigned int required; /* for these commands */
	size_t offset;
	int (*check)(const char *value, struct cni_error *err);
} variables[] = {
	{ "CNI_CONTAINERID", FOR(ADD) | FOR(CHECK) | FOR(DEL),
		offsetof(struct cni_request, container_id), cni_request_check_container_id },
	{ "CNI_NETNS", FOR(ADD) | FOR(CHECK), offsetof(struct cni_request, netns_path) },
	{ "CNI_IFNAME", FOR(ADD) | FOR(CHECK) | FOR(DEL), offsetof(struct cni_request, ifname),
		cni_request_check_ifname },
	{ "CNI_ARGS", 0, offsetof(struct cni_request, args) },
	{ "CNI_PATH", FOR(ADD) | FOR(CHECK) | FOR(DEL) | FOR(GC) | FOR(STATUS),
		offsetof(struct cni_request, path) },
};

void cni_request_done(struct cni_request *req)
{
	/* The pairs are pieces of one text, which starts with the first key. */
	if (req->pairs)
		free((char *)(uintptr_t)req->pairs[0].key);
	free(req->pairs);
	free((char *)(uintptr_t)req->text);
	json_free(req->config);
	closep(&req->netns);
	closep(&req->home);
}

static bool is_yes(const char *text)
{
	return text && (!strcmp(text, "1") || !strcasecmp(text, "true"));
}

static int split_args(struct cni_request *req, struct cni_error *err)
{
	char *rest, *pair;
	size_t most = 1;

	if (!*req->args)
		return 0;
	rest = strdup(req->args);
	for (const char *at = req->args; *at; at++)
		most += *at == ';';
	req->pairs = calloc(most, sizeof(*req->pairs));
	if (!rest || !req->pairs) {
		free(rest);
		return cni_fail(err, CNI_INTERNAL, "read CNI_ARGS: out of memory");
	}
	while ((pair = strsep(&rest, ";"))) {
		char *value = strchr(pair, '=');

		if (value && !strchr(value + 1, '=')) {
			*value++ = '\0';
			req->pairs[req->n_pairs++] = (struct cni_arg){ pair, value };
		} else {
			req->pairs[req->n_pairs++] = (struct cni_arg){ .key = pair };
		}
	}
	return 0;
}

int cni_request_environment(
	struct cni_request *req, char *(*get)(const char *), struct cni_error *err)
{
	const char *command = get("CNI_COMMAND");
	char missing[128] = "";

	*req = (struct cni_request){ .netns = -1, .home = -1, .unknown = command };
	for (int i = CNI_NONE; i <= CNI_VERSION; i++) {
		if (!strcmp(command ? command : "", commands[i])) {
			req->command = (enum cni_command)i;
			req->unknown = NULL;
		}
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const struct variable *v = &variables[i];
		const char *value = get(v->name);
		bool required = v->required & 1u << req->command;

		*(const char **)((char *)req + v->offset) = value ? value : "";
		if (!required)
			continue;
		if (!value || !*value)
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				"%s%s", *missing ? "," : "", v->name);
		else if (v->check && v->check(value, err) < 0)
			return -1;
	}
	req->netns_override = is_yes(get("CNI_NETNS_OVERRIDE"));
	if (*missing)
		return cni_fail(
			err, CNI_BAD_ENVIRONMENT, "required env variables [%s] missing", missing);
	return split_args(req, err);
}

static int read_all(struct cni_request *req, int fd, struct cni_error *err)
{
	size_t capacity = 0;
	ssize_t got;
	char *text = NULL, *grown;

	do {
		if (req->length == capacity) {
			capacity = capacity ? capacity * 2 : 16384;
			grown = capacity > 2 * (size_t)JSON_MAX ? NULL : realloc(text, capacity);
			if (!grown) {
				free(text);
				return cni_fail(err, CNI_DECODING_FAILURE,
					"network configuration is larger than %u bytes", JSON_MAX);
			}
			text = grown;
		}
		got = read(fd, text + req->length, capacity - req->length);
		if (got < 0 && errno != EINTR) {
			free(text);
			return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "read stdin");
		}
		req->length += got > 0 ? (size_t)got : 0;
	} while (got);
	req->text = text;
	return 0;
}

int cni_request_read(struct cni_request *req, int fd, struct cni_error *err)
{
	const struct json *name;

	if (read_all(req, fd, err) < 0 ||
		json_parse(&req->config, "network configuration", req->text, req->length, err) < 0)
		return -1;
	if (json_type(req->config) != JSON_OBJECT && json_type(req->config) != JSON_NULL)
		return cni_fail(err, CNI_DECODING_FAILURE,
			"network configuration must be an object, not %s",
			json_type_name(req->config));
	name = json_get(req->config, "name");
	req->name = json_text(name);
	if (name && !req->name)
		return cni_fail(err, CNI_DECODING_FAILURE, "\"name\" must be a string, not %s",
			json_type_name(name));
	if (!req->name || !*req->name)
		return cni_fail(err, CNI_INVALID_CONFIG, "missing network name: set \"name\"");
	if (!cni_request_is_name(req->name)) {
		cni_fail(err, CNI_INVALID_CONFIG, "invalid characters found in network name");
		return cni_fail_details(err, "%s", req->name);
	}
	return 0;
}

/*
 * major * 10^6 + minor * 10^3 + micro, or -1 for what is no version. "1.0" is one, if none that
 * anybody supports.
 */
static long version_number(const char *text)
{
	unsigned int part[3] = { 0 };
	int end[3] = { 0 };
	int parts = sscanf(
		text, "%3u%n.%3u%n.%3u%n", &part[0], &end[0], &part[1], &end[1], &part[2], &end[2]);

	if (parts < 1 || text[end[parts - 1]])
		return -1;
	return part[0] * 1000000L + part[1] * 1000L + part[2];
}

static int incompatible(const struct cni_request *req, struct cni_error *err)
{
	char supported[128] = "";

	for (int i = 0; i < CNI_VERSIONS; i++)
		snprintf(supported + strlen(supported), sizeof(supported) - strlen(supported),
			"%s\"%s\"", i ? " " : "", cni_version_name((enum cni_version)i));
	cni_fail(err, CNI_INCOMPATIBLE_VERSION, "incompatible CNI versions");
	return cni_fail_details(
		err, "config is \"%s\", plugin supports [%s]", req->version_text, supported);
}

int cni_request_version(struct cni_request *req, struct cni_error *err)
{
	const struct json *value = json_get(req->config, "cniVersion");
	enum cni_version since = CNI_0_1_0;
	long number;

	req->version_text = value ? json_text(value) : "";
	if (!req->version_text)
		return cni_fail(err, CNI_DECODING_FAILURE,
			"\"cniVersion\" must be a string, not %s", json_type_name(value));
	if (!*req->version_text)
		req->version_text = cni_version_name(CNI_0_1_0);
	if (req->command == CNI_CHECK)
		since = CNI_0_4_0;
	else if (req->command == CNI_GC || req->command == CNI_STATUS)
		since = CNI_1_1_0;
	if (since != CNI_0_1_0) {
		number = version_number(req->version_text);
		if (number < 0)
			return cni_fail(err, CNI_DECODING_FAILURE,
				"cniVersion \"%s\" is not a version", req->version_text);
		if (number < version_number(cni_version_name(since)))
			return cni_fail(err, CNI_INCOMPATIBLE_VERSION,
				"config version does not allow %s", cni_command_name(req->command));
		if (number > version_number(cni_version_name(CNI_NEWEST)))
			return cni_fail(err, CNI_INCOMPATIBLE_VERSION,
				"plugin version does not allow %s", cni_command_name(req->command));
	}
	return cni_version_parse(req->version_text, &req->version) < 0 ? incompatible(req, err) : 0;
}
