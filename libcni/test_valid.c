/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of valid attachments, from options and from files. */
#include "libcni/valid.h"

#include <stdint.h>

#include "libcni/test_files.h"

static const struct {
	const char *text;
	const char *kept; /* "ID/IFNAME " each; NULL: refused */
	const char *msg;  /* its beginning, behind the file */
	int code;	  /* 0: CNI_INVALID_CONFIG */
} files[] = {
	{ "a/eth0\n", "a/eth0 ", NULL },
	{ "a/eth0", "a/eth0 ", NULL },
	{ "# kept\n\na/eth0\r\nb.1/net1\n", "a/eth0 b.1/net1 ", NULL },
	{ "[]", "", NULL },
	{ " \n[ ] \n", "", NULL },
	{ "[{\"containerID\":\"a\",\"ifname\":\"eth0\",\"more\":1}]", "a/eth0 ", NULL },
	{ "[{\"containerID\":\"a\",\"ifname\":\"eth0\"},{\"containerID\":\"b\",\"ifname\":\"x\"}]",
		"a/eth0 b/x ", NULL },
	{ "", NULL, "no attachment is in it, and all would be removed" },
	{ "\n# nobody\n", NULL, "no attachment is in it" },
	{ "a/eth0\nb\n", NULL, "line 2: \"b\" must be CONTAINERID/IFNAME" },
	{ "a/\n", NULL, "line 1: the interface name is empty" },
	{ "/eth0\n", NULL, "line 1: CNI_CONTAINERID \"\" must be", CNI_BAD_ENVIRONMENT },
	{ "../eth0\n", NULL, "line 1: CNI_CONTAINERID \"..\" must be", CNI_BAD_ENVIRONMENT },
	{ "a/b/c\n", NULL, "line 1: CNI_IFNAME \"b/c\" must not", CNI_BAD_ENVIRONMENT },
	{ "a/eth0 \n", NULL, "line 1: CNI_IFNAME \"eth0 \" must not", CNI_BAD_ENVIRONMENT },
	{ "a\t/eth0\n", NULL, "line 1: CNI_CONTAINERID \"a\t\" must be", CNI_BAD_ENVIRONMENT },
	{ "[", NULL, "the list of valid attachments is not valid JSON: line 1, column 2",
		CNI_DECODING_FAILURE },
	{ "[] x", NULL, "the list of valid attachments is not valid JSON: line 1",
		CNI_DECODING_FAILURE },
	{ "[{\"containerID\":\"a\"}]", NULL, "element 0: it must be an object" },
	{ "[{\"containerID\":\"a\",\"ifname\":\"e\"},5]", NULL, "element 1: it must be an object" },
	{ "[{\"containerID\":\"a\",\"ifname\":\"..\"}]", NULL, "element 0: CNI_IFNAME \"..\"",
		CNI_BAD_ENVIRONMENT },
	{ "[{\"containerID\":\"a\",\"ifname\":5}]", NULL, "element 0: it must be an object" },
};

static void is_list(const struct valid *valid, const char *want, const char *name)
{
	char got[256] = "";

	for (size_t i = 0; i < valid->count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s/%s ",
			valid->items[i].container_id, valid->items[i].ifname);
	is(got, want, "%s", name);
}

static void test_files(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		CLEANUP(valid_done) struct valid valid = { 0 };
		struct cni_error err = { 0 };
		size_t place;
		int rc;

		test_write("valid", 0600, files[i].text);
		rc = valid_add_file(&valid, test_path(path, "valid"), &err);
		ok(rc == (files[i].kept ? 0 : -1), "file %zu", i);
		if (files[i].kept) {
			is_list(&valid, files[i].kept, "what it has");
			continue;
		}
		place = strlen(path) + 2;
		ok(!strncmp(err.msg, path, place - 2) &&
				!strncmp(err.msg + place, files[i].msg, strlen(files[i].msg)),
			"%s", err.msg);
		ok(err.code == (files[i].code ? files[i].code : CNI_INVALID_CONFIG), "its code: %d",
			err.code);
	}
}

static void test_unreadable(void)
{
	CLEANUP(valid_done) struct valid valid = { 0 };
	struct cni_error err = { 0 };
	char path[PATH_MAX];

	ok(valid_add_file(&valid, test_path(path, "absent"), &err) < 0 &&
			strstr(err.msg, "absent: No such file or directory"),
		"%s", err.msg);
	ok(valid_add_file(&valid, test_path(path, ""), &err) < 0 &&
			strstr(err.msg, "Is a directory"),
		"%s", err.msg);
	ok(valid_add_file(&valid, "/dev/zero", &err) < 0 && strstr(err.msg, "File too large"), "%s",
		err.msg);
	ok(truncate(test_path(path, "valid"), 3) == 0 && valid_add_file(&valid, path, &err) < 0 &&
			strstr(err.msg, "Invalid argument"),
		"a file with NUL: %s", err.msg);
}

static void test_texts(void)
{
	char first[] = "a/eth0", second[] = "b/eth0", bad[] = "c";
	char *good[] = { first, second, NULL }, *both[] = { first, bad, NULL };
	CLEANUP(valid_done) struct valid valid = { 0 };
	struct libcni_attachment at = { .container_id = "b", .ifname = "eth0" };
	struct cni_error err = { 0 };

	ok(!valid_add_texts(&valid, good, &err), "--valid twice");
	is_list(&valid, "a/eth0 b/eth0 ", "both are kept");
	ok(valid_has(&valid, &at), "one of them is valid");
	at.ifname = "eth1";
	ok(!valid_has(&valid, &at), "another interface of it is not");
	ok(valid_add_texts(&valid, both, &err) < 0, "a text without '/'");
	is(err.msg, "--valid: \"c\" must be CONTAINERID/IFNAME", "says which");
}

int main(void)
{
	if (!mkdtemp(test_dir))
		return EXIT_FAILURE;
	test_files();
	test_write("valid", 0600, "");
	test_unreadable();
	test_texts();
	test_remove("");
	return tap_done();
}
