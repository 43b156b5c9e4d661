/* SPDX-License-Identifier: Apache-2.0 */
/* Whole operations with fake plugins. Through the public header alone. */
#include "libcni/test_plugins.h"

#define CACHE "cache/results/n-c-eth0"

enum { ADD, CHECK, DEL };

/* Run one operation on the network "n" that net/n.conflist has. */
static int run(int command, const char *conflist, const struct libcni_attachment *at, char **result,
	struct libcni_error *err)
{
	struct libcni_list *list;
	char dir[PATH_MAX];
	int rc;

	*err = (struct libcni_error){ 0 };
	test_remove("log");
	test_write("net/n.conflist", 0644, conflist);
	if (libcni_load(&list, test_path(dir, "net"), "n", err) < 0)
		return -1;
	if (command == ADD)
		rc = libcni_add(&runtime, list, at, result, err);
	else
		rc = (command == CHECK ? libcni_check : libcni_del)(&runtime, list, at, err);
	libcni_free(list);
	return rc;
}

#define TWO(version)                                                                               \
	"{\"name\":\"n\",\"cniVersion\":\"" version "\",\"plugins\":["                             \
	"{\"type\":\"a\",\"x\":12345678901234567890,\"y\":1.50,\"name\":\"own\"},"                 \
	"{\"type\":\"b\",\"z\":null}]}"
#define CONFIG_A(version, rest)                                                                    \
	"{\"type\":\"a\",\"x\":12345678901234567890,\"y\":1.50,\"cniVersion\":\"" version          \
	"\",\"name\":\"n\"" rest "}\n"
#define CONFIG_B(version, rest)                                                                    \
	"{\"type\":\"b\",\"z\":null,\"cniVersion\":\"" version "\",\"name\":\"n\"" rest "}\n"

#define PREVIOUS                                                                                   \
	",\"prevResult\":{\"cniVersion\":\"1.0.0\",\"ips\":null,\"n\":12345678901234567890}"

/* ADD, CHECK and DEL, each with what the plugins get. */
static void test_life(void)
{
	CLEANUP(freep) char *result = NULL, *cached = NULL;
	struct libcni_error err;

	write_plugin("a",
		"test $CNI_COMMAND = ADD && echo '{\"cniVersion\":\"1.0.0\",\"n\":1.50}'; exit 0");
	write_plugin("b", "test $CNI_COMMAND = ADD && echo "
			  "'{\"ips\":null,\"n\":12345678901234567890}'; exit 0");
	ok(!run(ADD, TWO("1.0.0"), &plain, &result, &err), "add: %s", err.msg);
	is(result,
		"{\n    \"cniVersion\": \"1.0.0\",\n    \"ips\": null,\n    \"n\": "
		"12345678901234567890\n}\n",
		"add: the result of the last plugin, with a version");
	is_log("ADD a " CONFIG_A("1.0.0", "") "ADD b " CONFIG_B(
		       "1.0.0", ",\"prevResult\":{\"cniVersion\":\"1.0.0\",\"n\":1.50}"),
		"add");
	cached = test_read(CACHE);
	ok(cached && strstr(cached, "\"result\":{\"cniVersion\":\"1.0.0\",\"ips\":null,"
				    "\"n\":12345678901234567890}"),
		"add: cached");

	ok(!run(CHECK, TWO("1.0.0"), &plain, NULL, &err), "check: %s", err.msg);
	is_log("CHECK a " CONFIG_A("1.0.0", PREVIOUS) "CHECK b " CONFIG_B("1.0.0", PREVIOUS),
		"check");
	ok(!run(DEL, TWO("1.0.0"), &plain, NULL, &err), "del: %s", err.msg);
	is_log("DEL b " CONFIG_B("1.0.0", PREVIOUS) "DEL a " CONFIG_A("1.0.0", PREVIOUS), "del");
	ok(!test_exists(CACHE), "del: the cache is gone");
	ok(!run(DEL, TWO("1.0.0"), &plain, NULL, &err), "del again");
	is_log("DEL b " CONFIG_B("1.0.0", "") "DEL a " CONFIG_A("1.0.0", ""), "del again");
	ok(!run(CHECK, TWO("1.0.0"), &plain, NULL, &err), "check without a cache");
	is_log("CHECK a " CONFIG_A("1.0.0", "") "CHECK b " CONFIG_B("1.0.0", ""),
		"check without a cache");
}

static void test_old_version(void)
{
	CLEANUP(freep) char *result = NULL;
	struct libcni_error err;

	write_plugin("a", "echo '{}'");
	write_plugin("b", "echo null");
	ok(!run(ADD, TWO("0.3.1"), &plain, &result, &err), "0.3.1: add: %s", err.msg);
	is(result, "{\n    \"cniVersion\": \"0.3.1\"\n}\n", "0.3.1: null counts as {}");
	ok(run(CHECK, TWO("0.3.1"), &plain, NULL, &err) < 0, "0.3.1: no check");
	is(err.msg, "configuration version \"0.3.1\" does not support the CHECK command",
		"0.3.1: no check: message");
	is_log("", "0.3.1: no check");
	ok(!run(DEL, TWO("0.3.1"), &plain, NULL, &err) && !test_exists(CACHE), "0.3.1: del");
	is_log("DEL b " CONFIG_B("0.3.1", "") "DEL a " CONFIG_A("0.3.1", ""),
		"0.3.1: no prevResult for del");
	free(result);
	result = NULL;
	ok(!run(ADD, "{\"name\":\"n\",\"plugins\":[{\"type\":\"b\"}]}", &plain, &result, &err),
		"no version");
	is_log("ADD b {\"type\":\"b\",\"cniVersion\":\"\",\"name\":\"n\"}\n", "no version");
	is(result, "{\n    \"cniVersion\": \"0.1.0\"\n}\n", "no version: 0.1.0");
	run(DEL, TWO("0.3.1"), &plain, NULL, &err);
}

/* Results of the version that the list had before it was changed. */
static void test_changed_version(void)
{
	CLEANUP(freep) char *result = NULL;
	struct libcni_error err;

	write_plugin("a", "echo '{\"cniVersion\":\"0.4.0\",\"dns\":{}}'");
	write_plugin("b", "echo '{\"cniVersion\":\"0.4.0\",\"dns\":{}}'");
	ok(!run(ADD, TWO("0.4.0"), &plain, &result, &err), "changed: add");
	ok(!run(DEL, TWO("1.0.0"), &plain, NULL, &err), "changed: del");
	is_log("DEL b " CONFIG_B("1.0.0",
		       ",\"prevResult\":{\"cniVersion\":\"1.0.0\"}") "DEL a " CONFIG_A("1.0.0",
		       ",\"prevResult\":{\"cniVersion\":\"1.0.0\"}"),
		"changed");
}

static void test_environment(void)
{
	static const struct libcni_attachment at = {
		.container_id = "c",
		.netns = "/run/netns/x",
		.ifname = "eth0",
		.args = "K=V;K2=V2",
	};
	CLEANUP(freep) char *got = NULL;
	char want[2 * PATH_MAX];
	struct libcni_error err;

	setenv("CNI_COMMAND", "wrong", 1);
	write_plugin("a", "env | grep ^CNI_ | grep -v ^CNI_TEST_ | sort >${0%/*}/../env");
	run(DEL, "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"a\"}]}", &at,
		NULL, &err);
	snprintf(want, sizeof(want),
		"CNI_ARGS=K=V;K2=V2\nCNI_COMMAND=DEL\nCNI_CONTAINERID=c\nCNI_IFNAME=eth0\n"
		"CNI_NETNS=/run/netns/x\nCNI_PATH=%s\n",
		path);
	got = test_read("env");
	is(got, want, "the environment of a plugin");
}

static const struct {
	const char *name, *members, *args, *runtime_config;
} capabilities[] = {
	{ "intersection", "\"capabilities\":{\"mac\":true,\"ips\":true,\"dns\":false,\"x\":null}",
		"{\"ips\":[1.50],\"dns\":{},\"mac\":\"m\",\"bandwidth\":{}}",
		",\"runtimeConfig\":{\"mac\":\"m\",\"ips\":[1.50]}" },
	{ "nothing in common", "\"capabilities\":{\"mac\":true}", "{\"ips\":[]}", "" },
	{ "names match in their case", "\"capabilities\":{\"mac\":true}", "{\"MAC\":1}", "" },
	{ "the last duplicate counts", "\"capabilities\":{\"mac\":true,\"mac\":false}",
		"{\"mac\":1}", "" },
	{ "no capabilities", "\"y\":1", "{\"mac\":1}", "" },
	{ "null is passed on", "\"capabilities\":{\"ips\":true}", "{\"ips\":null}",
		",\"runtimeConfig\":{\"ips\":null}" },
	{ "a list of no elements", "\"capabilities\":{\"ips\":true}", "{\"ips\":[]}",
		",\"runtimeConfig\":{\"ips\":[]}" },
};

static void test_capabilities(void)
{
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(*capabilities); i++) {
		struct libcni_attachment at = plain;
		char conflist[512], want[512];
		struct libcni_error err;

		at.capability_args = capabilities[i].args;
		snprintf(conflist, sizeof(conflist),
			"{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"b\",%s}]"
			"}",
			capabilities[i].members);
		snprintf(want, sizeof(want),
			"DEL b {\"type\":\"b\",%s,\"cniVersion\":\"1.0.0\",\"name\":\"n\"%s}\n",
			capabilities[i].members, capabilities[i].runtime_config);
		ok(!run(DEL, conflist, &at, NULL, &err), "%s: %s", capabilities[i].name, err.msg);
		is_log(want, capabilities[i].name);
	}
}

/* What the configuration has of the injected keys is replaced if there is something to inject. */
static void test_injected(void)
{
	static const char conflist[] =
		"{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{"
		"\"type\":\"b\",\"cniVersion\":\"0.1.0\",\"prevResult\":1,\"runtimeConfig\":2,"
		"\"capabilities\":{\"mac\":true}}]}";
	struct libcni_attachment at = plain;
	struct libcni_error err;

	run(DEL, conflist, &at, NULL, &err);
	is_log("DEL b {\"type\":\"b\",\"prevResult\":1,\"runtimeConfig\":2,"
	       "\"capabilities\":{\"mac\":true},\"cniVersion\":\"1.0.0\",\"name\":\"n\"}\n",
		"nothing to inject");
	at.capability_args = "{\"mac\":3}";
	test_write(CACHE, 0600, "{\"cniVersion\":\"1.0.0\"}");
	run(DEL, conflist, &at, NULL, &err);
	is_log("DEL b {\"type\":\"b\",\"capabilities\":{\"mac\":true},\"cniVersion\":\"1.0.0\","
	       "\"name\":\"n\",\"runtimeConfig\":{\"mac\":3},\"prevResult\":{\"cniVersion\":\"1.0."
	       "0\"}}\n",
		"injected keys replace");
}

/* The second plugin of two fails, in every operation. */
static void test_second_fails(void)
{
	CLEANUP(freep) char *result = NULL;
	struct libcni_error err;

	write_plugin("a", "echo '{}'");
	write_plugin("b", "echo '{\"code\":11,\"msg\":\"busy\",\"details\":\"more\"}'; exit 1");
	ok(run(ADD, TWO("1.0.0"), &plain, &result, &err) < 0 && err.code == 11, "b fails: add");
	is(err.msg, "plugin type=\"b\" failed (add): busy; more", "b fails: add: message");
	is(err.details, "more", "b fails: add: details");
	is_log("ADD a " CONFIG_A("1.0.0", "") "ADD b " CONFIG_B(
		       "1.0.0", ",\"prevResult\":{\"cniVersion\":\"1.0.0\"}"),
		"b fails: nothing is undone");
	ok(!result && !test_exists(CACHE), "b fails: no result, no cache");
	test_write(CACHE, 0600, "{\"cniVersion\":\"1.0.0\"}");
	ok(run(CHECK, TWO("1.0.0"), &plain, NULL, &err) < 0, "b fails: check");
	is(err.msg, "plugin type=\"b\" failed (check): busy; more", "b fails: check: message");
	ok(run(DEL, TWO("1.0.0"), &plain, NULL, &err) < 0, "b fails: del");
	is(err.msg, "plugin type=\"b\" failed (delete): busy; more", "b fails: del: message");
	is_log("DEL b " CONFIG_B("1.0.0", ",\"prevResult\":{\"cniVersion\":\"1.0.0\"}"),
		"b fails: del stops there");
	ok(test_exists(CACHE), "b fails: del keeps the cache");

	write_plugin("a", "exit 3");
	write_plugin("b", "");
	ok(run(CHECK, TWO("1.0.0"), &plain, NULL, &err) < 0 &&
			strstr(err.msg, "plugin type=\"a\" name=\"own\" failed (check): netplugin "
					"failed with no "
					"error message: exit status 3 (/"),
		"a fails: check names it");
	is_log("CHECK a " CONFIG_A("1.0.0", ",\"prevResult\":{\"cniVersion\":\"1.0.0\"}"),
		"a fails: check stops there");
}

/* An ADD whose only plugin runs this script. */
static const struct {
	const char *name, *script;
	int code;
	const char *msg; /* behind "plugin ... failed (add): " */
} outputs[] = {
	{ "nothing", "", 6, "its result is not valid JSON: line 1, column 1: " },
	{ "garbage", "echo garbage", 6, "its result is not valid JSON: line 1, column 1: " },
	{ "two results", "echo '{}{}'", 6, "its result is not valid JSON: line 1, column 3: " },
	{ "a list", "echo '[]'", 6, "a result must be an object, not an array" },
	{ "an unknown version", "echo '{\"cniVersion\":\"9.0.0\"}'", 1,
		"unsupported CNI result version \"9.0.0\"" },
	{ "a version that is a number", "echo '{\"cniVersion\":1}'", 6,
		"\"cniVersion\" must be a string, not a number" },
	{ "an error and exit 0", "echo '{\"code\":7,\"msg\":\"bad\"}'", 7, "bad" },
	{ "a signal", "kill -KILL $$", 999,
		"netplugin failed with no error message: killed by signal 9" },
	{ "too much", "cat /dev/zero", 999, "plugin /tmp/" },
};

static void test_outputs(void)
{
	static const char conflist[] =
		"{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"a\"}]}";
	static const char prefix[] = "plugin type=\"a\" failed (add): ";

	test_remove(CACHE);
	for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
		struct libcni_error err;
		char *result = NULL;

		write_plugin("a", outputs[i].script);
		ok(run(ADD, conflist, &plain, &result, &err) < 0 && err.code == outputs[i].code &&
				!result && !test_exists(CACHE),
			"prints %s: code %d", outputs[i].name, err.code);
		ok(!strncmp(err.msg, prefix, strlen(prefix)) &&
				!strncmp(err.msg + strlen(prefix), outputs[i].msg,
					strlen(outputs[i].msg)),
			"prints %s: %s", outputs[i].name, err.msg);
	}
}

/* What is refused before anything runs, by every operation. */
static const struct {
	const char *network;
	struct libcni_attachment at;
	int code;
	const char *msg; /* its beginning */
} refused[] = {
	{ "n/../m", { "c", "", "eth0" }, 7, "invalid characters found in network name \"n/../m\"" },
	{ "", { "c", "", "eth0" }, 7, "invalid characters found in network name \"\"" },
	{ ".n", { "c", "", "eth0" }, 7, "invalid characters found in network name" },
	{ "n", { "../c", "", "eth0" }, 4, "CNI_CONTAINERID \"../c\" must be" },
	{ "n", { "", "", "eth0" }, 4, "CNI_CONTAINERID \"\" must be" },
	{ "n", { 0 }, 4, "interface name is empty" },
	{ "n", { "c", "", "a/b" }, 4, "CNI_IFNAME \"a/b\" must not" },
	{ "n", { "c", "", "sixteencharacter" }, 4, "CNI_IFNAME \"sixteencharacter\" is longer" },
	{ "n", { "c", "", "eth0", "", "{" }, 6,
		"the object of capability arguments (CAP_ARGS) is not valid JSON: line 1, column "
		"2: " },
	{ "n", { "c", "", "eth0", "", "[]" }, 6,
		"the object of capability arguments (CAP_ARGS) is an array" },
};

static void test_refused(void)
{
	write_plugin("a", "echo '{}'");
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		for (int command = ADD; command <= DEL; command++) {
			struct libcni_error err = { 0 };
			struct libcni_list *list;
			char conflist[256], dir[PATH_MAX], *result;
			int rc;

			snprintf(conflist, sizeof(conflist),
				"{\"name\":\"%s\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":"
				"\"a\"}]}",
				refused[i].network);
			test_remove("log");
			test_write("net/n.conflist", 0644, conflist);
			libcni_load(&list, test_path(dir, "net"), refused[i].network, &err);
			if (command == ADD)
				rc = libcni_add(&runtime, list, &refused[i].at, &result, &err);
			else
				rc = (command == CHECK ? libcni_check : libcni_del)(
					&runtime, list, &refused[i].at, &err);
			libcni_free(list);
			ok(rc < 0 && err.code == refused[i].code && !test_exists("log") &&
					!strncmp(err.msg, refused[i].msg, strlen(refused[i].msg)),
				"refused: %s", err.msg);
		}
	}
}

static void test_not_found(void)
{
	struct libcni_error err;

	ok(run(DEL, "{\"name\":\"n\",\"plugins\":[{\"type\":\"../bin/a\"}]}", &plain, NULL, &err) <
				0 &&
			strstr(err.msg,
				"plugin type=\"../bin/a\" failed (delete): invalid plugin name: "),
		"a type with '/'");
	ok(run(DEL, "{\"name\":\"n\",\"plugins\":[{\"type\":\"nope\"}]}", &plain, NULL, &err) < 0 &&
			err.code == 7 &&
			strstr(err.msg,
				"failed to find plugin \"nope\" in path [/tmp/test_libcni."),
		"a type that is not installed");
}

static void test_broken_cache(void)
{
	static const char *const contents[] = { "", "garbage", "{\"cniVersion\":\"9.0.0\"}", "[]" };
	struct libcni_error err;

	write_plugin("a", "");
	write_plugin("b", "");
	for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
		test_write(CACHE, 0600, contents[i]);
		test_write("cache/results/.n-c-eth0", 0600, contents[i]);
		ok(run(CHECK, TWO("1.0.0"), &plain, NULL, &err) < 0 &&
				strstr(err.msg, "/n-c-eth0") && !test_exists("log"),
			"cache \"%s\": check: %s", contents[i], err.msg);
		ok(!run(DEL, TWO("1.0.0"), &plain, NULL, &err), "cache \"%s\": del", contents[i]);
		is_log("DEL b " CONFIG_B("1.0.0", "") "DEL a " CONFIG_A("1.0.0", ""),
			"broken cache");
		ok(!test_exists(CACHE) && !test_exists("cache/results/.n-c-eth0"),
			"cache \"%s\": gone, with what a killed ADD was writing", contents[i]);
	}
	test_write(CACHE, 0600,
		"{\"kind\":\"cniCacheV1\",\"networkName\":\"n-c\",\"containerId\":\"eth0\"}");
	ok(!run(DEL, TWO("1.0.0"), &plain, NULL, &err) && test_exists(CACHE),
		"the cache of another attachment stays");
}

static void test_cache_not_writable(void)
{
	struct libcni_error err;
	char *result = NULL;

	test_remove("cache");
	test_write("cache", 0600, "");
	ok(run(ADD, TWO("1.0.0"), &plain, &result, &err) < 0 && err.code == 5 && !result &&
			strstr(err.msg, "cannot create the cache directory"),
		"no cache directory: %s", err.msg);
	ok(!test_exists("log"), "no cache directory: found out before a plugin runs");
	ok(!run(DEL, TWO("1.0.0"), &plain, NULL, &err), "no cache directory: del");
	test_remove("cache");
	/* The directory goes away while the plugins run. */
	write_plugin("a", "rm -rf ${0%/*}/../cache; echo '{}'");
	write_plugin("b", "echo '{}'");
	ok(run(ADD, TWO("1.0.0"), &plain, &result, &err) < 0 && err.code == 5 && !result &&
			!strncmp(err.msg, "failed to set network \"n\" cached result: ", 41),
		"cache not written: %s", err.msg);
}

static void test_load_errors(void)
{
	struct libcni_error err;
	struct libcni_list *list = NULL;

	ok(libcni_load(&list, "/nonexistent", "n", &err) < 0 && err.code == 7 && !list &&
			!strcmp(err.msg, "no net configurations found in /nonexistent"),
		"load: %s", err.msg);
	libcni_free(NULL);
}

int main(void)
{
	test_begin();
	test_mkdir("net");
	test_life();
	test_old_version();
	test_changed_version();
	test_environment();
	test_capabilities();
	test_injected();
	test_second_fails();
	test_outputs();
	test_refused();
	test_not_found();
	test_broken_cache();
	test_cache_not_writable();
	test_load_errors();
	test_remove("");
	return tap_done();
}
