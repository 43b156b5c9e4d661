/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/conflist.h"

#include "libcni/test_files.h"

#define LIST(name, plugins)                                                                        \
	"{\"cniVersion\":\"1.0.0\",\"name\":\"" name "\",\"plugins\":" plugins "}"
#define GOOD(name) LIST(name, "[{\"type\":\"t\"}]")

#define VERSIONS(version, versions)                                                                \
	"{\"name\":\"n\",\"cniVersion\":\"" version "\",\"cniVersions\":[" versions                \
	"],\"plugins\":[{\"type\":\"t\"}]}"

struct file {
	const char *name, *text; /* text NULL: a directory */
};

static const struct {
	const char *name;
	struct file files[5]; /* ends with an empty one */
	const char *type;     /* of the first plugin of the network "n"; NULL: an error */
	int code;
	const char *msg; /* or its beginning; DIR stands for the directory */
} loads[] = {
	{ "a list", { { "a.conflist", LIST("n", "[{\"type\":\"a\"}]") } }, "a" },
	{ "the second list", { { "a.conflist", GOOD("m") }, { "b.conflist", GOOD("n") } }, "t" },
	{ "the first match wins",
		{ { "b.conflist", LIST("n", "[{\"type\":\"b\"}]") },
			{ "B.conflist", LIST("n", "[{\"type\":\"B\"}]") } },
		"B" },
	{ "lists come before single plugins",
		{ { "a.conf", "{\"name\":\"n\",\"type\":\"single\"}" },
			{ "b.conflist", GOOD("n") } },
		"t" },
	{ ".conf", { { "a.conf", "{\"name\":\"n\",\"type\":\"single\"}" } }, "single" },
	{ ".json", { { "a.json", "{\"name\":\"n\",\"type\":\"single\"}" } }, "single" },
	{ ".conf and .json in one order",
		{ { "a.json", "{\"name\":\"n\",\"type\":\"json\"}" },
			{ "b.conf", "{\"name\":\"n\",\"type\":\"conf\"}" } },
		"json" },
	{ "keys match in any case",
		{ { "a.conflist", "{\"NAME\":\"n\",\"Plugins\":[{\"Type\":\"T\"}]}" } }, "T" },
	{ "keys of later versions",
		{ { "a.conflist", "{\"name\":\"n\",\"cniVersions\":[\"1.0.0\",\"9.0.0\"],"
				  "\"disableCheck\":true,"
				  "\"disableGC\":\"true\",\"loadOnlyInlinedPlugins\":true,"
				  "\"plugins\":[{\"type\":\"t\"}]}" } },
		"t" },
	{ "a broken file behind the match",
		{ { "a.conflist", GOOD("n") }, { "b.conflist", "{" }, { "c.conf", "{" } }, "t" },
	{ "directories are passed over",
		{ { "a.conflist", NULL }, { "b.conf", NULL },
			{ "c.conf", "{\"name\":\"n\",\"type\":\"t\"}" } },
		"t" },
	{ "other files are not looked at",
		{ { "a.conflist.bak", "{" }, { "conf", "{" }, { "b.CONF", "{" },
			{ "c.conflist", GOOD("n") } },
		"t" },

	{ "booleans as strings in any case",
		{ { "a.conflist",
			"{\"name\":\"n\",\"disableGC\":\"FALSE\",\"disableCheck\":\"True\","
			"\"plugins\":[{\"type\":\"t\"}]}" } },
		"t" },
	{ "null is absent",
		{ { "a.conflist", "{\"name\":\"n\",\"disableGC\":null,\"cniVersions\":null,"
				  "\"plugins\":[{\"type\":\"t\"}]}" } },
		"t" },
	{ "plugins of the directory alone",
		{ { "a.conflist", "{\"name\":\"n\"}" }, { "n/b.conf", "{\"type\":\"b\"}" },
			{ "n/a.conf", "{\"type\":\"a\"}" } },
		"a" },
	{ "inlined plugins come first",
		{ { "a.conflist", GOOD("n") }, { "n/a.conf", "{\"type\":\"a\"}" } }, "t" },
	{ "the directory of another network",
		{ { "a.conflist", GOOD("m") }, { "b.conflist", GOOD("n") }, { "m/a.conf", "{" } },
		"t" },
	{ "a single plugin has no directory",
		{ { "a.conf", "{\"name\":\"n\",\"type\":\"t\"}" }, { "n/a.conf", "{" } }, "t" },
	{ "other files and directories in it",
		{ { "a.conflist", GOOD("n") }, { "n/a.json", "{" }, { "n/b.conflist", "{" },
			{ "n/c.conf", NULL } },
		"t" },
	{ "a directory that is not wanted",
		{ { "a.conflist", "{\"name\":\"n\",\"loadOnlyInlinedPlugins\":\"TRUE\","
				  "\"plugins\":[{\"type\":\"t\"}]}" },
			{ "n/a.conf", "{" } },
		"t" },
	{ "a file where the directory would be", { { "a.conflist", GOOD("n") }, { "n", "" } },
		"t" },

	{ "a broken file in the directory", { { "a.conflist", GOOD("n") }, { "n/a.conf", "{" } },
		.code = CNI_DECODING_FAILURE, .msg = "DIR/n/a.conf is not valid JSON: line 1, " },
	{ "no plugin in the directory's file",
		{ { "a.conflist", GOOD("n") }, { "n/a.conf", "{}" } }, .code = CNI_INVALID_CONFIG,
		.msg = "DIR/n/a.conf: \"type\" is missing" },
	{ "an empty list before the directory's plugins",
		{ { "a.conflist", LIST("n", "[]") }, { "n/a.conf", "{\"type\":\"a\"}" } },
		.code = CNI_INVALID_CONFIG, .msg = "DIR/a.conflist: \"plugins\" is empty" },
	{ "only inlined plugins, and none",
		{ { "a.conflist", "{\"name\":\"n\",\"loadOnlyInlinedPlugins\":true}" },
			{ "n/a.conf", "{\"type\":\"a\"}" } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"plugins\" is missing, and \"loadOnlyInlinedPlugins\" is "
		       "true" },
	{ "a boolean that is another string",
		{ { "a.conflist", "{\"name\":\"n\",\"disableGC\":\"yes\"}" } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"disableGC\" must be true or false, or one of them as a "
		       "string" },
	{ "a boolean that is a number", { { "a.conflist", "{\"name\":\"n\",\"disableCheck\":1}" } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"disableCheck\" must be true or false, or one of them as "
		       "a string" },
	{ "versions that are no list",
		{ { "a.conflist", "{\"name\":\"n\",\"cniVersions\":\"1.0.0\"}" } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"cniVersions\" must be an array, not a string" },
	{ "a version among them that is none",
		{ { "a.conflist", "{\"name\":\"n\",\"cniVersions\":[\"1.0.0\",\"new\"]}" } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"cniVersions\" must be a list of strings such as "
		       "\"1.1.0\"" },

	{ "an empty directory", { { 0 } }, .code = CNI_INVALID_CONFIG,
		.msg = "no net configurations found in DIR" },
	{ "only other files", { { "a.txt", "" }, { "b.conf", NULL } }, .code = CNI_INVALID_CONFIG,
		.msg = "no net configurations found in DIR" },
	{ "no match in lists", { { "a.conflist", GOOD("m") } }, .code = CNI_INVALID_CONFIG,
		.msg = "no net configuration with name \"n\" in DIR" },
	{ "no match in single plugins", { { "a.conf", "{\"name\":\"m\",\"type\":\"t\"}" } },
		.code = CNI_INVALID_CONFIG, .msg = "no net configuration with name \"n\" in DIR" },
	{ "names match in their case", { { "a.conflist", GOOD("N") } }, .code = CNI_INVALID_CONFIG,
		.msg = "no net configuration with name \"n\" in DIR" },
	{ "a broken list before the match",
		{ { "a.conflist", "{\n \"a\" 1}" }, { "b.conflist", GOOD("n") } },
		.code = CNI_DECODING_FAILURE,
		.msg = "DIR/a.conflist is not valid JSON: line 2, column 6: " },
	{ "a broken single plugin before the match",
		{ { "a.conf", "{}x" }, { "b.conf", "{\"name\":\"n\",\"type\":\"t\"}" } },
		.code = CNI_DECODING_FAILURE,
		.msg = "DIR/a.conf is not valid JSON: line 1, column 3: " },
	{ "an empty file", { { "a.conflist", "" } }, .code = CNI_DECODING_FAILURE,
		.msg = "DIR/a.conflist is not valid JSON: " },
	{ "no object", { { "a.conflist", "[]" } }, .code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: an object is expected, not an array" },
	{ "no name", { { "a.conflist", "{\"plugins\":[{\"type\":\"t\"}]}" } },
		.code = CNI_INVALID_CONFIG, .msg = "DIR/a.conflist: \"name\" is missing" },
	{ "a name that is no string",
		{ { "a.conflist", "{\"name\":1,\"plugins\":[{\"type\":\"t\"}]}" } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"name\" must be a string, not a number" },
	{ "a version that is no string",
		{ { "a.conflist", "{\"name\":\"n\",\"cniVersion\":1.0}" } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"cniVersion\" must be a string, not a number" },
	{ "no plugins", { { "a.conflist", "{\"name\":\"n\"}" } }, .code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: no plugin configs found: \"plugins\" is missing" },
	{ "empty plugins", { { "a.conflist", LIST("n", "[]") } }, .code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"plugins\" is empty" },
	{ "plugins that are no list", { { "a.conflist", LIST("n", "{}") } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: \"plugins\" must be an array, not an object" },
	{ "a plugin that is no object", { { "a.conflist", LIST("n", "[{\"type\":\"t\"},\"t\"]") } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: plugins[1]: an object is expected, not a string" },
	{ "a plugin that is null", { { "a.conflist", LIST("n", "[null]") } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: plugins[0]: \"type\" is missing" },
	{ "a plugin without a type", { { "a.conflist", LIST("n", "[{\"type\":\"t\"},{}]") } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: plugins[1]: \"type\" is missing" },
	{ "an empty type", { { "a.conflist", LIST("n", "[{\"type\":\"\"}]") } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: plugins[0]: \"type\" is empty" },
	{ "capabilities that are no object",
		{ { "a.conflist", LIST("n", "[{\"type\":\"t\",\"capabilities\":[]}]") } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: plugins[0]: \"capabilities\" must be an object, not an "
		       "array" },
	{ "a capability that is no boolean",
		{ { "a.conflist", LIST("n", "[{\"type\":\"t\",\"capabilities\":{\"mac\":1}}]") } },
		.code = CNI_INVALID_CONFIG,
		.msg = "DIR/a.conflist: plugins[0]: \"capabilities.mac\" must be a boolean, not a "
		       "number" },
	{ "a single plugin without a type", { { "a.conf", "{\"name\":\"m\"}" } },
		.code = CNI_INVALID_CONFIG, .msg = "DIR/a.conf: \"type\" is missing" },
};

static void write_files(const struct file *file)
{
	char name[PATH_MAX], *slash;

	test_mkdir("net");
	for (; file->name; file++) {
		snprintf(name, sizeof(name), "net/%s", file->name);
		slash = strchr(name + 4, '/');
		if (slash) {
			*slash = '\0';
			if (!test_exists(name))
				test_mkdir(name);
			*slash = '/';
		}
		if (file->text)
			test_write(name, 0644, file->text);
		else
			test_mkdir(name);
	}
}

/* Put DIR for the directory. */
static void hide(char *msg, const char *dir)
{
	char *at = strstr(msg, dir);

	if (at) {
		at = mempcpy(at, "DIR", 3);
		memmove(at, at + strlen(dir) - 3, strlen(at + strlen(dir) - 3) + 1);
	}
}

static void test_loads(void)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		CLEANUP(conflist_done) struct libcni_list list = { 0 };
		struct conflist_plugin plugin = { 0 };
		struct cni_error err = { 0 };
		char dir[PATH_MAX];
		int rc;

		write_files(loads[i].files);
		rc = conflist_load(&list, test_path(dir, "net"), "n", &err);
		test_remove("net");
		if (loads[i].type) {
			ok(!rc && !conflist_plugin(&plugin, json_first(list.plugins), &err),
				"%s: loads %s", loads[i].name, err.msg);
			is(plugin.type, loads[i].type, "%s: type", loads[i].name);
			continue;
		}
		ok(rc < 0 && err.code == loads[i].code, "%s: code %d", loads[i].name, err.code);
		hide(err.msg, dir);
		/* The reason of a syntax error is json's own affair. */
		if (err.code == CNI_DECODING_FAILURE)
			err.msg[strlen(loads[i].msg)] = '\0';
		is(err.msg, loads[i].msg, "%s: message", loads[i].name);
	}
}

/* What a single plugin becomes; numbers and unknown keys as they were. */
static void test_wrapped(void)
{
	CLEANUP(conflist_done) struct libcni_list list = { 0 };
	struct cni_error err;
	char path[PATH_MAX];

	test_mkdir("net");
	test_write("net/a.conf", 0644,
		"{ \"type\":\"t\", \"cniVersion\":\"0.3.1\", \"name\":\"n\", "
		"\"x\":[1.50, 12345678901234567890] }");
	ok(!conflist_load(&list, test_path(path, "net"), "n", &err), "load a single plugin");
	is(list.text,
		"{\"name\":\"n\",\"cniVersion\":\"0.3.1\",\"plugins\":[{\"type\":\"t\","
		"\"cniVersion\":\"0.3.1\",\"name\":\"n\",\"x\":[1.50,12345678901234567890]}]}",
		"a single plugin as a list");
	ok(list.length == strlen(list.text), "its length");
	test_remove("net");
}

/* What the cache keeps then; numbers, unknown keys and the version as they were. */
static void test_appended(void)
{
	CLEANUP(conflist_done) struct libcni_list list = { 0 };
	struct cni_error err;
	char path[PATH_MAX];

	test_mkdir("net");
	test_mkdir("net/n");
	test_write("net/a.conflist", 0644,
		"{\"Plugins\":1, \"name\":\"n\", \"cniVersions\":[\"1.0.0\"], "
		"\"x\":12345678901234567890,"
		" \"plugins\":[{\"type\":\"t\",\"y\":1.50}]}");
	test_write("net/n/b.conf", 0644, "{\"type\":\"b\", \"z\":[1e3, null]}");
	test_write("net/n/a.conf", 0644, "{\"type\":\"a\", \"name\":\"own\"}");
	ok(!conflist_load(&list, test_path(path, "net"), "n", &err), "append plugins");
	is(list.text,
		"{\"name\":\"n\",\"cniVersions\":[\"1.0.0\"],\"x\":12345678901234567890,"
		"\"plugins\":["
		"{\"type\":\"t\",\"y\":1.50},{\"type\":\"a\",\"name\":\"own\"},"
		"{\"type\":\"b\",\"z\":[1e3,null]}]}",
		"in the order of their names, behind those of the list");
	is(list.version_text, "1.0.0", "the version counts as before");
	test_remove("net");
}

static void test_versions(void)
{
	static const struct {
		const char *text, *version_text;
		enum cni_version version;
	} versions[] = {
		{ "{\"name\":\"n\",\"plugins\":[{\"type\":\"t\"}]}", "", CNI_0_1_0 },
		{ "{\"name\":\"n\",\"cniVersion\":\"\",\"plugins\":[{\"type\":\"t\"}]}", "",
			CNI_0_1_0 },
		{ "{\"name\":\"n\",\"cniVersion\":\"0.4.0\",\"plugins\":[{\"type\":\"t\"}]}",
			"0.4.0", CNI_0_4_0 },
		{ "{\"name\":\"n\",\"cniVersion\":\"7.0\",\"plugins\":[{\"type\":\"t\"}]}", "7.0",
			CNI_NEWEST },
		{ VERSIONS("0.4.0", "\"1.0.0\",\"0.3.1\",\"9.0.0\""), "1.0.0", CNI_1_0_0 },
		{ VERSIONS("1.1.0", "\"1.0.0\""), "1.1.0", CNI_1_1_0 },
		{ VERSIONS("", "\"0.2.0\""), "0.2.0", CNI_0_2_0 },
		{ VERSIONS("9.0.0", "\"0.1.0\",\"1.0.5\""), "0.1.0", CNI_0_1_0 },
		{ VERSIONS("9.0.0", "\"9.1.0\""), "9.0.0", CNI_NEWEST },
		{ VERSIONS("0.4.0", ""), "0.4.0", CNI_0_4_0 },
	};

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		CLEANUP(conflist_done) struct libcni_list list = { 0 };
		struct cni_error err;

		ok(!conflist_parse(&list, "list", CONFLIST_EITHER, strdup(versions[i].text),
			   strlen(versions[i].text), &err),
			"parse version \"%s\"", versions[i].version_text);
		is(list.version_text, versions[i].version_text, "its text");
		ok(list.version == versions[i].version, "its number");
	}
}

static void test_directories(void)
{
	CLEANUP(conflist_done) struct libcni_list list = { 0 };
	char path[PATH_MAX], deep[PATH_MAX];
	struct cni_error err;

	ok(conflist_load(&list, "/nonexistent", "n", &err) < 0, "no directory");
	is(err.msg, "no net configurations found in /nonexistent", "no directory: message");
	test_write("net", 0644, "");
	ok(conflist_load(&list, test_path(path, "net"), "n", &err) < 0 &&
			err.code == CNI_IO_FAILURE &&
			strstr(err.msg, "cannot read the network configurations in /tmp/") &&
			strstr(err.msg, "/net: Not a directory"),
		"a directory that is a file");
	test_remove("net");
	test_mkdir("net");
	if (symlink("a.conflist", test_path(path, "net/a.conflist")) < 0)
		abort();
	ok(conflist_load(&list, test_path(path, "net"), "n", &err) < 0 &&
			err.code == CNI_IO_FAILURE && strstr(err.msg, "error reading /tmp/") &&
			strstr(err.msg, "a.conflist: Too many levels"),
		"a file that cannot be opened");
	test_remove("net/a.conflist");
	if (mkfifo(test_path(path, "net/a.conflist"), 0600) < 0)
		abort();
	ok(conflist_load(&list, test_path(path, "net"), "n", &err) < 0 &&
			err.code == CNI_IO_FAILURE,
		"a FIFO is not waited for");
	test_remove("net/a.conflist");
	test_write("net/a.conflist", 0644, "");
	if (truncate(test_path(path, "net/a.conflist"), JSON_MAX + 1) < 0)
		abort();
	ok(conflist_load(&list, test_path(path, "net"), "n", &err) < 0 &&
			strstr(err.msg, "a.conflist: File too large"),
		"a file of more than 8 MiB");
	memset(deep, '/', sizeof(deep));
	stpcpy(deep + sizeof(deep) - 10, "/tmp");
	ok(conflist_load(&list, deep, "n", &err) < 0, "a directory with a long name");
}

int main(void)
{
	if (!mkdtemp(test_dir))
		return EXIT_FAILURE;
	test_loads();
	test_wrapped();
	test_appended();
	test_versions();
	test_directories();
	test_remove("");
	return tap_done();
}
