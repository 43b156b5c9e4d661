/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to plugins about themselves: STATUS, VERSION, and whether they suit a list. */
#include <stdio.h>
#include <string.h>

#include "libcni/report.h"

int libcni_status(const struct libcni_runtime *runtime, const struct libcni_list *list,
	struct libcni_error *out)
{
	struct invocation run = { .command = CNI_STATUS, .runtime = runtime, .list = list };
	struct cni_error err;

	if (list->version < CNI_1_1_0)
		return 0;
	if (invoke_check_name(list, &err) < 0)
		return report(out, &err, NULL);
	json_each (object, list->plugins)
		if (invoke_silent(&run, object, NULL, &err) < 0)
			return report(out, &err, &run);
	return 0;
}

/* ---- VERSION ---- */

struct answer {
	struct json *tree;	/* owned */
	const char **supported; /* owned; ended by NULL; the texts are the tree's, or static */
};

static void answer_done(struct answer *answer)
{
	json_free(answer->tree);
	free(answer->supported);
}

static int put_versions(struct answer *answer, const struct json *list, struct cni_error *err)
{
	size_t i = 0;

	answer->supported = calloc(json_count(list) + 1, sizeof(*answer->supported));
	if (!answer->supported)
		return cni_fail(err, CNI_INTERNAL, "read its versions: out of memory");
	json_each (version, list) {
		if (!json_text(version))
			return cni_fail(err, CNI_DECODING_FAILURE,
				"\"supportedVersions\" must be a list of strings");
		answer->supported[i++] = json_text(version);
	}
	return 0;
}

/* The versions up to one, for plugins of the time when there was no list of them. */
static int put_old_versions(struct answer *answer, enum cni_version newest, struct cni_error *err)
{
	answer->supported = calloc(newest + 2, sizeof(*answer->supported));
	if (!answer->supported)
		return cni_fail(err, CNI_INTERNAL, "read its versions: out of memory");
	for (int i = 0; i <= (int)newest; i++)
		answer->supported[i] = cni_version_name((enum cni_version)i);
	return 0;
}

/* Section 2 of the specification, VERSION: {"cniVersion":...,"supportedVersions":[...]} */
static int read_answer(
	struct answer *answer, const char *output, size_t length, struct cni_error *err)
{
	struct reply {
		const char *version;
		const struct json *supported;
	} reply = { 0 };
	static const struct json_field fields[] = {
		{ "cniVersion", json_bind_string, offsetof(struct reply, version),
			.required = true },
		{ "supportedVersions", json_bind_list, offsetof(struct reply, supported) },
		{ 0 },
	};

	if (json_parse(&answer->tree, "its answer", output, length, err) < 0 ||
		json_bind(answer->tree, fields, &reply, CNI_DECODING_FAILURE, err) < 0)
		return -1;
	if (json_first(reply.supported))
		return put_versions(answer, reply.supported, err);
	if (!strcmp(reply.version, cni_version_name(CNI_0_2_0)))
		return put_old_versions(answer, CNI_0_2_0, err);
	return cni_fail(err, CNI_DECODING_FAILURE, "its answer has no \"supportedVersions\"");
}

static int ask(struct invocation *run, const struct json *object, struct answer *answer,
	struct cni_error *err)
{
	CLEANUP(freep) char *output = NULL;
	size_t length;

	if (invoke_plugin(run, object, NULL, &output, &length, err) < 0)
		return strcmp(err->msg, "unknown CNI_COMMAND: VERSION") != 0
			       ? -1
			       : put_old_versions(answer, CNI_0_1_0, err);
	return read_answer(answer, output, length, err);
}

int libcni_plugin_versions(const struct libcni_runtime *runtime, const struct libcni_list *list,
	int (*each)(void *data, const struct libcni_versions *), void *data,
	struct libcni_error *out)
{
	static const char *const none[] = { NULL };
	struct libcni_error first = { 0 };
	struct invocation run = {
		.command = CNI_VERSION,
		.runtime = runtime,
		.list = list,
		/* Plugins of old refuse to say anything without. */
		.at = { .container_id = "dummy", .netns = "dummy", .ifname = "dummy" },
	};
	int rc = 0;

	json_each (object, list->plugins) {
		CLEANUP(answer_done) struct answer answer = { 0 };
		struct libcni_versions versions = { 0 };
		struct libcni_error failure;
		struct cni_error err = { 0 };
		bool failed = ask(&run, object, &answer, &err) < 0;

		if (failed)
			report(&failure, &err, &run);
		if (failed && !first.code)
			first = failure;
		versions.type = run.plugin.type;
		versions.name = run.plugin.name;
		versions.file = *run.file ? run.file : NULL;
		versions.supported = failed ? none : answer.supported;
		versions.error = failed ? &failure : NULL;
		rc = each(data, &versions);
		if (rc)
			return rc;
	}
	if (!first.code)
		return 0;
	*out = first;
	return -1;
}

/* ---- Validation ---- */

struct validation {
	const char *version;
	struct libcni_error failures; /* code 0: none */
};

static int check_versions(void *data, const struct libcni_versions *versions)
{
	struct libcni_error err = { .code = CNI_INCOMPATIBLE_VERSION };
	struct validation *validation = data;
	size_t length = 0;

	if (versions->error) {
		report_join(&validation->failures, versions->error, "%s", "");
		return 0;
	}
	for (const char *const *version = versions->supported; *version; version++) {
		if (!strcmp(*version, validation->version))
			return 0;
		if (length < sizeof(err.msg))
			length += (size_t)snprintf(err.msg + length, sizeof(err.msg) - length,
				"%s%s", length ? " " : "", *version);
	}
	report_join(&validation->failures, &err,
		"plugin type=\"%.200s\" does not support configuration version \"%s\": lower "
		"cniVersion, or install one that does; it supports ",
		versions->type, validation->version);
	return 0;
}

int libcni_validate(const struct libcni_runtime *runtime, const struct libcni_list *list,
	struct libcni_error *out)
{
	struct validation validation = { .version = list->version_text };
	struct libcni_error reported;
	struct cni_error err;

	if (!*validation.version)
		validation.version = cni_version_name(CNI_0_1_0);
	if (invoke_check_name(list, &err) < 0) {
		report(&reported, &err, NULL);
		report_join(&validation.failures, &reported, "%s", "");
	}
	libcni_plugin_versions(runtime, list, check_versions, &validation, &reported);
	if (!validation.failures.code)
		return 0;
	*out = validation.failures;
	return -1;
}
