/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and reading network configurations, through the public header alone. */
#include "libcni/libcni.h"

#include "libcni/test_files.h"

static char net[PATH_MAX];

#define GOOD(name) "{\"cniVersion\":\"1.0.0\",\"name\":\"" name "\",\"plugins\":[{\"type\":\"t\"}]}"

/* One line for each network. */
static int list_one(
	void *data, const char *name, const char *path, const struct libcni_error *error)
{
	FILE *f = data;

	fprintf(f, "%s %s%s\n", name ? name : "-", strrchr(path, '/') + 1, error ? " broken" : "");
	return name && !strcmp(name, "stop") ? 7 : 0;
}

static void is_listed(const char *dir, const char *want, int want_rc, const char *name)
{
	struct libcni_error err = { 0 };
	CLEANUP(freep) char *got = NULL;
	size_t size;
	FILE *f = open_memstream(&got, &size);
	int rc = libcni_networks(dir, list_one, f, &err);

	fclose(f);
	ok(rc == want_rc, "%s: returns %d", name, rc);
	is(got, want, "%s", name);
}

static int keep_error(
	void *data, const char *name, const char *path, const struct libcni_error *error)
{
	(void)name;
	(void)path;
	if (error)
		*(struct libcni_error *)data = *error;
	return 0;
}

static void test_networks(void)
{
	struct libcni_error err = { 0 }, broken = { 0 }, loaded = { 0 };
	struct libcni_list *list = NULL;
	char path[PATH_MAX];

	is_listed("/nonexistent", "", 0, "no directory: no networks");
	test_mkdir("net");
	is_listed(net, "", 0, "an empty directory");
	test_write("net/b.conflist", 0644, GOOD("m"));
	test_write("net/a.conf", 0644, "{\"name\":\"single\",\"type\":\"t\"}");
	test_write("net/c.conflist", 0644, GOOD("m"));
	test_write("net/d.conflist", 0644, "{}");
	test_write("net/x.txt", 0644, "");
	test_mkdir("net/e.conflist");
	is_listed(net, "m b.conflist\nm c.conflist\n- d.conflist broken\nsingle a.conf\n", 0,
		"lists first, then single plugins; broken ones too");
	ok(!libcni_networks(net, keep_error, &broken, &err) &&
			libcni_load(&list, net, "single", &loaded) < 0 &&
			broken.code == loaded.code && !list,
		"the error is that of libcni_load()");
	is(broken.msg, loaded.msg, "word by word");
	test_write("net/d.conflist", 0644, GOOD("stop"));
	is_listed(net, "m b.conflist\nm c.conflist\nstop d.conflist\n", 7, "each() can stop it");
	test_mkdir("net/m");
	test_write("net/m/a.conf", 0644, "{");
	is_listed(net, "- b.conflist broken\n- c.conflist broken\nstop d.conflist\n", 7,
		"a broken plugin in the directory of the network");
	ok(libcni_networks(test_path(path, "net/x.txt"), list_one, NULL, &err) == -1 &&
			err.code == 5 && strstr(err.msg, "x.txt: Not a directory"),
		"no directory: %s", err.msg);
	test_remove("net");
}

static void test_accessors(void)
{
	struct libcni_list *list = NULL;
	struct libcni_error err;

	test_mkdir("net");
	test_write("net/a.conflist", 0644,
		"{\"name\":\"n\",\"cniVersion\":\"0.4.0\",\"cniVersions\":[\"1.0.0\",\"9.0.0\"],"
		"\"plugins\":[{\"type\":\"t\"}]}");
	ok(!libcni_load(&list, net, "n", &err), "load");
	is(libcni_name(list), "n", "the name");
	is(libcni_version(list), "1.0.0", "the version");
	libcni_free(list);
	list = NULL;
	ok(libcni_load(&list, NULL, NULL, &err) < 0 && !list, "NULL is \"\": %s", err.msg);
	libcni_free(NULL);
	test_remove("net");
}

static void test_one_file(void)
{
	static const struct {
		const char *name, *text, *network; /* NULL: refused */
		int code;
	} files[] = {
		{ "a list, whatever its name", GOOD("n"), "n" },
		{ "a single plugin", "{\"name\":\"s\",\"type\":\"t\"}", "s" },
		{ "a list with a type",
			"{\"name\":\"n\",\"type\":1,\"plugins\":[{\"type\":\"t\"}]}", "n" },
		{ "a list whose plugins are in the directory", "{\"name\":\"d\"}", "d" },
		{ "a list without plugins", "{\"name\":\"x\"}", NULL, 7 },
		{ "a name that leads out of the directory", "{\"name\":\"../net/d\"}", NULL, 7 },
		{ "no JSON", "{", NULL, 6 },
		{ "no object", "[]", NULL, 7 },
		{ "an empty file", "", NULL, 6 },
	};
	struct libcni_list *list = NULL;
	struct libcni_error err = { 0 };
	char path[PATH_MAX];

	test_mkdir("net");
	test_mkdir("net/d");
	test_write("net/d/p.conf", 0644, "{\"type\":\"p\"}");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int rc;

		test_write("net/file", 0644, files[i].text);
		rc = libcni_read(&list, test_path(path, "net/file"), &err);
		if (files[i].network) {
			ok(!rc && !strcmp(libcni_name(list), files[i].network), "read %s",
				files[i].name);
			libcni_free(list);
		} else {
			ok(rc < 0 && err.code == files[i].code && strstr(err.msg, "/net/file"),
				"read %s: %s", files[i].name, err.msg);
		}
		list = NULL;
	}
	ok(libcni_read(&list, "/nonexistent", &err) < 0 && err.code == 5 && !list,
		"read no file: %s", err.msg);
	ok(libcni_read(&list, net, &err) < 0 && err.code == 5, "read a directory: %s", err.msg);
	test_write("net/file", 0644, GOOD("d"));
	ok(!chdir(net) && !libcni_read(&list, "file", &err), "a path without a directory");
	libcni_free(list);
	ok(!chdir("/"), "go away");
	test_remove("net");
}

static void test_texts(void)
{
	static const char good[] = GOOD("n") "garbage";
	struct libcni_list *list = NULL;
	struct libcni_error err = { 0 };
	char text[] = "{\"name\":\"s\",\"type\":\"t\",\"cniVersion\":\"0.3.1\"}";

	ok(!libcni_parse(&list, good, sizeof(GOOD("n")) - 1, &err) &&
			!strcmp(libcni_name(list), "n"),
		"parse a list, no byte more");
	libcni_free(list);
	ok(!libcni_parse(&list, text, strlen(text), &err), "parse a single plugin");
	memset(text, 'x', sizeof(text));
	is(libcni_name(list), "s", "the text is copied");
	is(libcni_version(list), "0.3.1", "its version");
	libcni_free(list);
	list = NULL;
	ok(libcni_parse(&list, good, sizeof(good) - 1, &err) < 0 && err.code == 6 &&
			strstr(err.msg, "the network configuration is not valid JSON: line 1, "),
		"parse garbage: %s", err.msg);
	ok(libcni_parse(&list, "{\"name\":\"n\"}", 12, &err) < 0 && err.code == 7,
		"parse a list without plugins: %s", err.msg);
	ok(libcni_parse(&list, NULL, 0, &err) < 0 && err.code == 6 && !list, "parse nothing");
	ok(libcni_parse(&list, "{\"a\nb\":1}", 9, &err) < 0 && !strchr(err.msg, '\n'),
		"a message is one line: %s", err.msg);
}

int main(void)
{
	if (!mkdtemp(test_dir))
		return EXIT_FAILURE;
	test_path(net, "net");
	test_networks();
	test_accessors();
	test_one_file();
	test_texts();
	test_remove("");
	return tap_done();
}
