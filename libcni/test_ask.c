/* SPDX-License-Identifier: Apache-2.0 */
/* STATUS, VERSION and validation, with fake plugins. Through the public header alone. */
#include "libcni/test_plugins.h"

#define NET(version)                                                                               \
	"{\"name\":\"n\",\"cniVersion\":\"" version                                                \
	"\",\"plugins\":[{\"type\":\"a\",\"x\":12345678901234567890},"                             \
	"{\"type\":\"b\",\"name\":\"own\"}]}"

/* ---- STATUS ---- */

static void test_status(void)
{
	CLEANUP(free_listp)
	struct libcni_list *list = parse_list(NET("1.1.0")), *old = parse_list(NET("1.0.0")),
			   *bad = parse_list("{\"name\":\"a\\nb\",\"cniVersion\":"
					     "\"1.1.0\",\"type\":\"a\"}");
	struct libcni_error err;

	write_plugin("a", "");
	write_plugin("b", "");
	ok(!libcni_status(&runtime, list, &err), "ready: %s", err.msg);
	is_log("STATUS a {\"type\":\"a\",\"x\":12345678901234567890,\"cniVersion\":\"1.1.0\","
	       "\"name\":\"n\"}\nSTATUS b "
	       "{\"type\":\"b\",\"cniVersion\":\"1.1.0\",\"name\":\"n\"}\n",
		"ready");
	write_plugin("a", "echo '{\"code\":50,\"msg\":\"no master\",\"details\":\"why\"}'; exit 1");
	test_remove("log");
	ok(libcni_status(&runtime, list, &err) < 0 && err.code == 50, "not ready: code %d",
		err.code);
	is(err.msg, "plugin type=\"a\" failed (status): no master; why", "not ready: message");
	is(err.details, "why", "not ready: details");
	is_log("STATUS a {\"type\":\"a\",\"x\":12345678901234567890,\"cniVersion\":\"1.1.0\","
	       "\"name\":\"n\"}\n",
		"the first error counts");
	test_remove("log");
	ok(!libcni_status(&runtime, old, &err) && !test_exists("log"), "1.0.0 cannot be asked");
	ok(libcni_status(&runtime, bad, &err) < 0 && err.code == 7 && !test_exists("log") &&
			!strchr(err.msg, '\n'),
		"a bad name: %s", err.msg);
	test_remove("bin/a");
	ok(libcni_status(&runtime, list, &err) < 0 && err.code == 7, "not installed: %s", err.msg);
}

static void test_environment(void)
{
	CLEANUP(free_listp) struct libcni_list *list = parse_list(NET("1.1.0"));
	CLEANUP(freep) char *got = NULL;
	struct libcni_error err;

	setenv("CNI_CONTAINERID", "inherited", 1);
	setenv("CNI_ARGS", "inherited", 1);
	write_plugin(
		"a", "echo \"[$CNI_CONTAINERID$CNI_NETNS$CNI_IFNAME$CNI_ARGS]\" >${0%/*}/../env");
	libcni_status(&runtime, list, &err);
	got = test_read("env");
	is(got, "[]\n", "a plugin gets no attachment that is not meant");
}

/* ---- VERSION ---- */

/* One line for each plugin. */
static int print_one(void *data, const struct libcni_versions *versions)
{
	FILE *f = data;

	fprintf(f, "%s %s %s:", versions->type, versions->name ? versions->name : "-",
		versions->file ? strrchr(versions->file, '/') + 1 : "-");
	for (const char *const *version = versions->supported; *version; version++)
		fprintf(f, " %s", *version);
	if (versions->error)
		fprintf(f, " error %d", versions->error->code);
	fputc('\n', f);
	return versions->name && !strcmp(versions->name, "stop") ? 5 : 0;
}

static int ask(const struct libcni_list *list, char **got, struct libcni_error *err)
{
	size_t size;
	FILE *f = open_memstream(got, &size);
	int rc = libcni_plugin_versions(&runtime, list, print_one, f, err);

	fclose(f);
	return rc;
}

#define SUPPORTS(list) "echo '{\"cniVersion\":\"1.0.0\",\"supportedVersions\":[" list "]}'"

static const struct {
	const char *name, *script, *answer; /* answer: behind "a - a:" */
	const char *msg;		    /* behind the plugin; NULL: none */
} answers[] = {
	{ "one version", SUPPORTS("\"1.0.0\""), " 1.0.0", NULL },
	{ "versions that we do not know", SUPPORTS("\"0.1.0\",\"9.0.0\""), " 0.1.0 9.0.0", NULL },
	{ "a list with 0.2.0",
		"echo '{\"cniVersion\":\"0.2.0\",\"supportedVersions\":[\"0.1.0\"]}'", " 0.1.0",
		NULL },
	{ "0.2.0 and no list", "echo '{\"cniVersion\":\"0.2.0\"}'", " 0.1.0 0.2.0", NULL },
	{ "a plugin older than VERSION",
		"echo '{\"code\":100,\"msg\":\"unknown CNI_COMMAND: VERSION\"}'; exit 1", " 0.1.0",
		NULL },
	{ "an empty list", SUPPORTS(""), " error 6", "its answer has no \"supportedVersions\"" },
	{ "no list", "echo '{\"cniVersion\":\"1.0.0\"}'", " error 6",
		"its answer has no \"supportedVersions\"" },
	{ "no version", "echo '{\"supportedVersions\":[\"1.0.0\"]}'", " error 6",
		"\"cniVersion\" is missing" },
	{ "a list of numbers", SUPPORTS("1"), " error 6",
		"\"supportedVersions\" must be a list of strings" },
	{ "no list in the list's place",
		"echo '{\"cniVersion\":\"1.0.0\",\"supportedVersions\":\"1.0.0\"}'", " error 6",
		"\"supportedVersions\" must be an array, not a string" },
	{ "nothing", "", " error 6", "its answer is not valid JSON: " },
	{ "garbage", "echo garbage", " error 6", "its answer is not valid JSON: " },
	{ "another error", "echo '{\"code\":7,\"msg\":\"no\"}'; exit 1", " error 7", "no" },
	{ "a signal", "kill -KILL $$", " error 999", "netplugin failed with no error message: " },
	{ "too much", "cat /dev/zero", " error 999", "plugin /tmp/" },
};

static void test_answers(void)
{
	static const char prefix[] = "plugin type=\"a\" name=\"n\" failed (version): ";
	CLEANUP(free_listp)
	struct libcni_list *list = parse_list("{\"name\":\"n\",\"type\":\"a\"}");

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		CLEANUP(freep) char *got = NULL;
		struct libcni_error err = { 0 };
		char want[128];
		int rc;

		write_plugin("a", answers[i].script);
		snprintf(want, sizeof(want), "a n a:%s\n", answers[i].answer);
		rc = ask(list, &got, &err);
		is(got, want, "%s", answers[i].name);
		if (answers[i].msg)
			ok(rc == -1 && !strncmp(err.msg, prefix, strlen(prefix)) &&
					!strncmp(err.msg + strlen(prefix), answers[i].msg,
						strlen(answers[i].msg)),
				"%s: %s", answers[i].name, err.msg);
		else
			ok(!rc, "%s: no error", answers[i].name);
	}
}

static void test_all_are_asked(void)
{
	CLEANUP(free_listp)
	struct libcni_list *list = parse_list(NET("1.0.0")),
			   *stop = parse_list("{\"name\":\"n\",\"plugins\":[{\"type\":\"b\","
					      "\"name\":\"stop\"},{\"type\":\"a\"}]}");
	CLEANUP(freep) char *got = NULL, *stopped = NULL;
	struct libcni_error err;

	test_remove("bin/a");
	write_plugin("b", SUPPORTS("\"1.0.0\"") "; echo $CNI_NETNS$CNI_IFNAME >${0%/*}/../env");
	test_remove("log");
	ok(ask(list, &got, &err) == -1 && err.code == 7 &&
			strstr(err.msg, "plugin type=\"a\" failed (version): failed to find"),
		"the first error is told: %s", err.msg);
	is(got, "a - -: error 7\nb own b: 1.0.0\n", "the others are asked all the same");
	is_log("VERSION b {\"cniVersion\":\"1.1.0\"}\n", "asked");
	ok(ask(stop, &stopped, &err) == 5, "each() can stop it");
	is(stopped, "b stop b: 1.0.0\n", "then the rest is not asked");
	free(got);
	got = test_read("env");
	is(got, "dummydummy\n", "plugins of old want an attachment");
}

/* ---- Validation ---- */

#define BAD_NAME "invalid characters found in network name \"a/b\""

static void test_validate(void)
{
	CLEANUP(free_listp)
	struct libcni_list *list = parse_list(NET("1.0.0")),
			   *none = parse_list("{\"name\":\"n\",\"type\":\"b\"}"),
			   *bad = parse_list("{\"name\":\"a/b\",\"type\":\"b\"}");
	struct libcni_error err;

	write_plugin("a", SUPPORTS("\"1.0.0\",\"1.1.0\""));
	write_plugin("b", SUPPORTS("\"1.0.0\""));
	ok(!libcni_validate(&runtime, list, &err), "all is well");
	write_plugin("b", SUPPORTS("\"0.1.0\",\"0.2.0\""));
	ok(libcni_validate(&runtime, list, &err) < 0 && err.code == 1, "a plugin that is too old");
	is(err.msg,
		"plugin type=\"b\" does not support configuration version \"1.0.0\": lower "
		"cniVersion, or install one that does; it supports 0.1.0 0.2.0",
		"a plugin that is too old: message");
	ok(!libcni_validate(&runtime, none, &err), "no version is 0.1.0");
	test_remove("bin/a");
	ok(libcni_validate(&runtime, list, &err) < 0 && err.code == 7 &&
			strstr(err.msg, "failed to find plugin \"a\"") &&
			strstr(err.msg, "; plugin type=\"b\" does not support"),
		"all that is wrong: %s", err.msg);
	test_remove("bin/b");
	ok(libcni_validate(&runtime, bad, &err) < 0 && err.code == 7 &&
			!strncmp(err.msg, BAD_NAME, strlen(BAD_NAME)) &&
			strstr(err.msg, "; plugin type=\"b\" name=\"a/b\" failed (version): "),
		"a bad name, too: %s", err.msg);
}

int main(void)
{
	test_begin();
	test_status();
	test_environment();
	test_answers();
	test_all_are_asked();
	test_validate();
	test_remove("");
	return tap_done();
}
