/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/cache.h"

#include <errno.h>

#include "cni/file.h"
#include "libcni/test_files.h"

#define TEXT "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"t\"}]}"

static struct libcni_list list;
static char path[PATH_MAX], dir[PATH_MAX];

static const struct libcni_attachment at = {
	.container_id = "c",
	.netns = "/run/netns/x",
	.ifname = "eth0",
	.args = "",
	.capability_args = "",
};

static struct json *parse(const char *text)
{
	struct json *tree = NULL;
	struct cni_error err;

	if (json_parse(&tree, "test", text, strlen(text), &err) < 0)
		abort();
	return tree;
}

static void test_paths(void)
{
	struct libcni_attachment long_one = at;
	char want[PATH_MAX + 64], name[512], found[PATH_MAX];
	struct cni_error err;

	snprintf(want, sizeof(want), "%s/results/n-c-eth0", dir);
	ok(!cache_path(found, dir, "n", &at, &err), "a path");
	is(found, want, "the path");
	memset(name, 'c', sizeof(name));
	/* 255, less "n-", "-eth0" and the '.' of the temporary file */
	name[NAME_MAX - 8] = '\0';
	long_one.container_id = name;
	ok(!cache_path(found, dir, "n", &long_one, &err), "the longest name");
	name[NAME_MAX - 8] = 'c';
	name[NAME_MAX - 7] = '\0';
	ok(cache_path(found, dir, "n", &long_one, &err) < 0 && err.code == CNI_INVALID_CONFIG &&
			strstr(err.msg, "is too long: it has 254 characters at most"),
		"one more");
	memset(want, 'd', PATH_MAX - 8);
	want[PATH_MAX - 8] = '\0';
	ok(cache_path(found, want, "n", &at, &err) < 0, "a directory with a long name");
}

static void test_prepare(void)
{
	struct cni_error err;
	struct stat st;
	char name[PATH_MAX];

	ok(!cache_prepare(path, &err), "create the directories");
	ok(!stat(test_path(name, "cache/results"), &st) && (st.st_mode & 07777) == 0700,
		"mode 0700");
	ok(!cache_prepare(path, &err), "directories that exist");
	test_remove("cache");
	test_write("cache", 0600, "");
	ok(cache_prepare(path, &err) < 0 && err.code == CNI_IO_FAILURE &&
			strstr(err.msg, "cannot create the cache directory /tmp/") &&
			strstr(err.msg, "cache/results: Not a directory"),
		"a file in the way");
	test_remove("cache");
}

static void test_write_cache(void)
{
	CLEANUP(json_freep)
	struct json *result = parse("{\"cniVersion\":\"1.0.0\",\"x\":[1.50,1e3]}");
	CLEANUP(json_freep) struct json *capabilities = parse("{\"mac\":12345678901234567890}");
	CLEANUP(json_freep) struct json *empty = parse("{}");
	CLEANUP(freep) char *plain = NULL, *full = NULL;
	struct libcni_attachment all = at, none = at;
	struct cni_error err;
	struct stat st;

	cache_prepare(path, &err);
	none.netns = "";
	ok(!cache_write(path, &list, &none, empty, result, &err), "write");
	plain = test_read("cache/results/n-c-eth0");
	is(plain,
		"{\"kind\":\"cniCacheV1\",\"containerId\":\"c\",\"config\":"
		"\"eyJuYW1lIjoibiIsImNuaVZlcnNpb24i"
		"OiIxLjAuMCIsInBsdWdpbnMiOlt7InR5cGUiOiJ0In1dfQ==\",\"ifName\":\"eth0\","
		"\"networkName\":\"n\","
		"\"result\":{\"cniVersion\":\"1.0.0\",\"x\":[1.50,1e3]}}",
		"what is empty is left out");
	ok(!stat(path, &st) && (st.st_mode & 07777) == 0600, "mode 0600");
	all.args = "K=V;K2=V=2;K3";
	ok(!cache_write(path, &list, &all, capabilities, result, &err), "write again");
	full = test_read("cache/results/n-c-eth0");
	is(full ? strstr(full, "\"netns\"") : NULL,
		"\"netns\":\"/run/netns/"
		"x\",\"cniArgs\":[[\"K\",\"V\"],[\"K2\",\"V=2\"],[\"K3\",\"\"]],"
		"\"capabilityArgs\":{\"mac\":12345678901234567890},"
		"\"result\":{\"cniVersion\":\"1.0.0\",\"x\":[1.50,1e3]}}",
		"everything");
	ok(!test_exists("cache/results/.n-c-eth0"), "no temporary file is left");
	test_remove("cache");
	ok(cache_write(path, &list, &at, NULL, result, &err) < 0 && err.code == CNI_IO_FAILURE &&
			strstr(err.msg,
				"failed to set network \"n\" cached result: cannot write /tmp/") &&
			strstr(err.msg, "No such file or directory"),
		"no directory");
}

/* The reference's base64 of the three lengths that end differently. */
static void test_base64(void)
{
	static const char *const texts[][2] = {
		{ "abc", "\"YWJj\"" },
		{ "abcd", "\"YWJjZA==\"" },
		{ "\xff\xfe\xfb?>", "\"//77Pz4=\"" },
	};
	CLEANUP(json_freep) struct json *result = parse("{}");
	struct cni_error err;

	cache_prepare(path, &err);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct libcni_list other = list;
		CLEANUP(freep) char *got = NULL;

		other.text = (char *)(uintptr_t)texts[i][0];
		other.length = strlen(texts[i][0]);
		cache_write(path, &other, &at, NULL, result, &err);
		got = test_read("cache/results/n-c-eth0");
		ok(got && strstr(got, texts[i][1]), "base64 %s", texts[i][1]);
	}
	test_remove("cache");
}

static const struct {
	const char *name, *text;
	const char *result; /* as one line; NULL: none */
	int code;	    /* of an error */
	bool foreign;
} reads[] = {
	{ "ours",
		"{\"kind\":\"cniCacheV1\",\"containerId\":\"c\",\"ifName\":\"eth0\","
		"\"networkName\":\"n\",\"result\":{\"cniVersion\":\"1.0.0\",\"x\":1.50}}",
		"{\"cniVersion\":\"1.0.0\",\"x\":1.50}" },
	{ "no result in it", "{\"kind\":\"cniCacheV1\",\"containerId\":\"c\",\"ifName\":\"eth0\","
			     "\"networkName\":\"n\"}" },
	{ "another container",
		"{\"kind\":\"cniCacheV1\",\"containerId\":\"d\",\"ifName\":\"eth0\","
		"\"networkName\":\"n\",\"result\":{\"cniVersion\":\"1.0.0\"}}",
		.foreign = true },
	{ "another network",
		"{\"kind\":\"cniCacheV1\",\"containerId\":\"c\",\"ifName\":\"eth0\","
		"\"networkName\":\"m\",\"result\":{\"cniVersion\":\"1.0.0\"}}",
		.foreign = true },
	{ "another interface",
		"{\"kind\":\"cniCacheV1\",\"containerId\":\"c\",\"ifName\":1,"
		"\"networkName\":\"n\",\"result\":{\"cniVersion\":\"1.0.0\"}}",
		.foreign = true },
	{ "a bare result", "{\"cniVersion\":\"1.0.0\",\"ips\":[]}",
		"{\"cniVersion\":\"1.0.0\",\"ips\":[]}" },
	{ "an older version is converted",
		"{\"cniVersion\":\"0.4.0\",\"ips\":[{\"version\":\"4\",\"address\":\"10.0.0.1/"
		"24\"}],\"dns\":{}}",
		"{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/24\"}]}" },
	{ "zero bytes", "", .code = CNI_DECODING_FAILURE },
	{ "garbage", "garbage", .code = CNI_DECODING_FAILURE },
	{ "half a file", "{\"kind\":\"cniCacheV1\",\"conta", .code = CNI_DECODING_FAILURE },
	{ "no object", "[]", .code = CNI_DECODING_FAILURE },
	{ "an unknown version", "{\"cniVersion\":\"9.0.0\"}", .code = CNI_INCOMPATIBLE_VERSION },
	{ "no version is 0.1.0", "{\"ip4\":{\"ip\":\"10.0.0.1/24\"}}",
		"{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/24\"}]}" },
	{ "a version that is no text", "{\"cniVersion\":1,\"ips\":1}",
		.code = CNI_DECODING_FAILURE },
	{ "a result that cannot be converted",
		"{\"cniVersion\":\"0.4.0\",\"ips\":[{\"address\":\"x\"}]}",
		.code = CNI_INVALID_CONFIG },
};

static void test_reads(void)
{
	struct cni_error err;

	cache_prepare(path, &err);
	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		CLEANUP(cache_entry_done) struct cache_entry entry = { 0 };
		CLEANUP(json_writer_done) struct json_writer w = { 0 };
		int rc;

		test_write("cache/results/n-c-eth0", 0600, reads[i].text);
		err.code = 0;
		rc = cache_read(path, &list, &at, &entry, &err);
		if (reads[i].code) {
			ok(rc < 0 && err.code == reads[i].code, "%s: code %d", reads[i].name,
				err.code);
			continue;
		}
		json_put(&w, NULL, entry.result);
		ok(!rc && entry.foreign == reads[i].foreign, "%s: read", reads[i].name);
		is(w.text, reads[i].result ? reads[i].result : "null", "%s: result", reads[i].name);
	}
	test_remove("cache");
}

static void test_unreadable(void)
{
	CLEANUP(cache_entry_done) struct cache_entry entry = { 0 };
	struct cni_error err;

	ok(!cache_read(path, &list, &at, &entry, &err) && !entry.result, "no file is no error");
	cache_prepare(path, &err);
	test_mkdir("cache/results/n-c-eth0");
	ok(cache_read(path, &list, &at, &entry, &err) < 0 && err.code == CNI_IO_FAILURE &&
			strstr(err.msg, "n-c-eth0: Is a directory"),
		"a directory is one");
	ok(file_replace(path, "x", 1) == -EISDIR && !test_exists("cache/results/.n-c-eth0"),
		"a failed replacement leaves nothing behind");
}

int main(void)
{
	struct cni_error err;

	if (!mkdtemp(test_dir) ||
		conflist_parse(&list, "list", CONFLIST_LIST, strdup(TEXT), strlen(TEXT), &err) <
			0 ||
		cache_path(path, test_path(dir, "cache"), "n", &at, &err) < 0)
		return EXIT_FAILURE;
	test_paths();
	test_prepare();
	test_write_cache();
	test_base64();
	test_reads();
	test_unreadable();
	test_remove("");
	conflist_done(&list);
	return tap_done();
}
