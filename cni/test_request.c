/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "cni/netns.h"
#include "cni/request.h"
#include "cni/tap.h"

static const char *const *environment; /* name, value, ..., NULL */

static char *get(const char *name)
{
	for (const char *const *at = environment; *at; at += 2)
		if (!strcmp(*at, name))
			return (char *)(uintptr_t)at[1];
	return NULL;
}

static int read_environment(struct cni_request *req, const char *const *variables,
	struct cni_error *err)
{
	environment = variables;
	*err = (struct cni_error){ 0 };
	return cni_request_environment(req, get, err);
}

#define ID "CNI_CONTAINERID", "c1"
#define NS "CNI_NETNS", "/run/netns/a"
#define IF "CNI_IFNAME", "net1"
#define DIR "CNI_PATH", "/opt/cni/bin"

static void test_environment(void)
{
	static const struct {
		const char *const variables[16];
		const char *message; /* part of it; NULL: accepted */
	} cases[] = {
		{ { "CNI_COMMAND", "ADD", ID, NS, IF, DIR, NULL }, NULL },
		{ { "CNI_COMMAND", "ADD", NULL },
			"[CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH] missing" },
		{ { "CNI_COMMAND", "ADD", ID, "CNI_NETNS", "", IF, DIR, NULL }, "[CNI_NETNS] missing" },
		{ { "CNI_COMMAND", "CHECK", ID, IF, DIR, NULL }, "[CNI_NETNS] missing" },
		{ { "CNI_COMMAND", "DEL", ID, IF, DIR, NULL }, NULL },
		{ { "CNI_COMMAND", "DEL", ID, IF, NULL }, "[CNI_PATH] missing" },
		{ { "CNI_COMMAND", "GC", DIR, NULL }, NULL },
		{ { "CNI_COMMAND", "STATUS", NULL }, "[CNI_PATH] missing" },
		{ { "CNI_COMMAND", "VERSION", NULL }, NULL },
		{ { "CNI_COMMAND", "FOO", NULL }, NULL },
		{ { NULL }, NULL },
		/* a bad value beats a missing one */
		{ { "CNI_COMMAND", "ADD", "CNI_CONTAINERID", "a/b", NULL }, "CNI_CONTAINERID \"a/b\"" },
		{ { "CNI_COMMAND", "ADD", "CNI_CONTAINERID", "a\n", IF, NS, DIR, NULL }, "CNI_CONTAINERID" },
		{ { "CNI_COMMAND", "ADD", "CNI_CONTAINERID", "_a", IF, NS, DIR, NULL }, "CNI_CONTAINERID" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "0123456789abcdef", DIR, NULL }, "longer" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "0123456789abcde", DIR, NULL }, NULL },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "..", DIR, NULL }, "CNI_IFNAME" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "a:b", DIR, NULL }, "CNI_IFNAME" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "a/b", DIR, NULL }, "CNI_IFNAME" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "a b", DIR, NULL }, "CNI_IFNAME" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "a\xc2\xa0", DIR, NULL }, "CNI_IFNAME" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "a\xe3\x80\x80", DIR, NULL }, "CNI_IFNAME" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "a\xe2\x80\x85", DIR, NULL }, "CNI_IFNAME" },
		{ { "CNI_COMMAND", "ADD", ID, NS, "CNI_IFNAME", "\xc3\xa9", DIR, NULL }, NULL },
		/* what the command does not need is not looked at */
		{ { "CNI_COMMAND", "STATUS", "CNI_CONTAINERID", "a/b", DIR, NULL }, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_request req;
		struct cni_error err;
		int rc = read_environment(&req, cases[i].variables, &err);

		if (cases[i].message)
			ok(rc < 0 && err.code == CNI_BAD_ENVIRONMENT && strstr(err.msg, cases[i].message),
				"environment %zu: %.*s", i, (int)strcspn(err.msg, "\n"), err.msg);
		else
			ok(!rc, "environment %zu is accepted", i);
		cni_request_done(&req);
	}
}

/* Each is white space to Go's unicode.IsSpace, or its neighbour that is none. */
static void test_spaces(void)
{
	static const char *const spaces[] = { " ", "\t", "\n", "\v", "\f", "\r", "\xc2\x85", "\xc2\xa0",
		"\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
		"\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80" };
	static const char *const letters[] = { "\xc2\x84", "\xe2\x80\x8b", "\xe2\x80\xaa", "\x01" };
	struct cni_error err;
	char name[8];

	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		snprintf(name, sizeof(name), "a%sb", spaces[i]);
		ok(cni_request_check_ifname(name, &err) < 0, "space %zu is refused", i);
	}
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++) {
		snprintf(name, sizeof(name), "a%sb", letters[i]);
		ok(!cni_request_check_ifname(name, &err), "letter %zu is accepted", i);
	}
}

static void test_args(void)
{
	static const char *const known[] = { "MAC", NULL };
	static const struct {
		const char *args;
		const char *mac;     /* what MAC is; NULL: absent */
		const char *message; /* of the check; NULL: accepted */
	} cases[] = {
		{ "", NULL, NULL },
		{ "MAC=02:00:00:00:00:01", "02:00:00:00:00:01", NULL },
		{ "MAC=a;MAC=b", "b", NULL },
		{ "IgnoreUnknown=1;MAC=;K8S_POD_NAME=x", "", NULL },
		{ "IgnoreUnknown=TRUE;X=y", NULL, NULL },
		{ "MAC=a;X=y", "a", "unknown args [\"X=y\"]" },
		{ "IgnoreUnknown=0;MAC=a", "a", NULL },
		{ "IgnoreUnknown=False", NULL, NULL },
		{ "IgnoreUnknown=1;IgnoreUnknown=0;X=y", NULL, "unknown args" },
		{ "IgnoreUnknown=0;X=y", NULL, "unknown args" },
		{ "IgnoreUnknown=maybe", NULL, "maybe" },
		{ "mac=a", NULL, "unknown args" },
		{ "MAC=a;", "a", "invalid pair \"\"" },
		{ "IgnoreUnknown=1;A=b=c", NULL, "invalid pair \"A=b=c\"" },
		{ "IgnoreUnknown=1;A", NULL, "invalid pair \"A\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *variables[] = { "CNI_COMMAND", "VERSION", "CNI_ARGS", cases[i].args, NULL };
		struct cni_request req;
		struct cni_error err;
		int rc;

		read_environment(&req, variables, &err);
		is(cni_request_arg(&req, "MAC"), cases[i].mac, "MAC of \"%s\"", cases[i].args);
		rc = cni_request_check_args(&req, known, &err);
		if (cases[i].message)
			ok(rc < 0 && err.code == CNI_BAD_ENVIRONMENT && strstr(err.msg, cases[i].message),
				"  refused: %s", err.msg);
		else
			ok(!rc, "  accepted");
		cni_request_done(&req);
	}
}

static void test_cni_args(void)
{
	static const struct {
		const char *text, *mac;
	} cases[] = {
		{ "{\"args\":{\"cni\":{\"mac\":\"x\",\"labels\":[1]}}}", "x" },
		{ "{\"Args\":{\"CNI\":{\"MAC\":\"x\"}}}", "x" },
		{ "{\"args\":{\"cni\":{\"mac\":5}}}", NULL },
		{ "{\"args\":{\"cni\":[\"mac\"]}}", NULL },
		{ "{\"args\":\"mac\"}", NULL },
		{ "{\"args\":null}", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		struct cni_request req = { 0 };
		struct cni_error err;

		json_parse(&tree, "test", cases[i].text, strlen(cases[i].text), &err);
		req.config = tree;
		is(cni_request_cni_arg(&req, "mac"), cases[i].mac, "mac of %s", cases[i].text);
	}
}

static void test_mac(void)
{
	static const struct {
		const char *runtime, *args, *pair, *configured, *want; /* NULL: refused */
	} cases[] = {
		{ "02:00:00:00:00:01", "x", "x", "x", "02:00:00:00:00:01" },
		{ "", "02:00:00:00:00:02", "x", "x", "02:00:00:00:00:02" },
		{ NULL, "", "02:00:00:00:00:03", "x", "02:00:00:00:00:03" },
		{ NULL, "", "", "02-00-00-00-00-04", "02:00:00:00:00:04" },
		{ NULL, "", "", NULL, "" },
		{ "02:00:00:00:00", "", "", NULL, NULL },
		{ NULL, "02:00:00:00:00:00:00:01", "", NULL, NULL },
		{ NULL, "", "03:00:00:00:00:01", NULL, NULL },
		{ NULL, "", "", "00:00:00:00:00:00", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		char config[80], text[HWADDR_TEXT];
		struct cni_arg pair = { .key = "MAC", .value = cases[i].pair };
		struct cni_request req = { .pairs = &pair, .n_pairs = 1 };
		struct cni_error err = { 0 };
		const char *given;
		struct hwaddr mac;
		int rc;

		snprintf(config, sizeof(config), "{\"args\":{\"cni\":{\"mac\":\"%s\"}}}",
			cases[i].args);
		json_parse(&tree, "test", config, strlen(config), &err);
		req.config = tree;
		rc = cni_request_mac(
			&req, cases[i].runtime, cases[i].configured, &given, &mac, &err);
		if (cases[i].want)
			is(rc < 0 ? err.msg : hwaddr_print(&mac, text), cases[i].want, "MAC %zu", i);
		else
			ok(rc < 0 && err.code == CNI_INVALID_CONFIG && strstr(err.msg, given),
				"refused: %s", err.msg);
	}
}

static int stdin_of(const char *text, size_t length)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);

	if (write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

static void test_configuration(void)
{
	static const struct {
		enum cni_command command;
		const char *text;
		int code;
		const char *message;
	} cases[] = {
		{ CNI_ADD, "{\"name\":\"rail0\"}", 0, NULL },
		{ CNI_ADD, "{\"NAME\":\"rail0\",\"cniVersion\":\"1.1.0\"}", 0, NULL },
		{ CNI_ADD, "", 6, "unexpected end" },
		{ CNI_ADD, "{\"name\":\"rail0\"", 6, "unexpected end" },
		{ CNI_ADD, "[]", 6, "must be an object" },
		{ CNI_ADD, "{\"name\":5}", 6, "\"name\" must be a string" },
		{ CNI_ADD, "{}", 7, "missing network name" },
		{ CNI_ADD, "null", 7, "missing network name" },
		{ CNI_ADD, "{\"name\":\"\"}", 7, "missing network name" },
		{ CNI_ADD, "{\"name\":\"a/b\"}", 7, "invalid characters" },
		{ CNI_ADD, "{\"name\":\"a\",\"cniVersion\":1}", 6, "\"cniVersion\" must be a string" },
		{ CNI_ADD, "{\"name\":\"a\",\"cniVersion\":\"0.9.0\"}", 1, "incompatible" },
		{ CNI_DEL, "{\"name\":\"a\",\"cniVersion\":\"1.0\"}", 1, "incompatible" },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"0.4.0\"}", 0, NULL },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"0.3.1\"}", 1,
			"config version does not allow CHECK" },
		{ CNI_CHECK, "{\"name\":\"a\"}", 1, "config version does not allow CHECK" },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"2.0.0\"}", 1,
			"plugin version does not allow CHECK" },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"1.0.1\"}", 1, "incompatible" },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"1.0\"}", 1, "incompatible" },
		{ CNI_STATUS, "{\"name\":\"a\",\"cniVersion\":\"1\"}", 1,
			"config version does not allow STATUS" },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"1.0.\"}", 6, "not a version" },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"1.0.0.0\"}", 6, "not a version" },
		{ CNI_CHECK, "{\"name\":\"a\",\"cniVersion\":\"x\"}", 6, "not a version" },
		{ CNI_GC, "{\"name\":\"a\",\"cniVersion\":\"1.0.0\"}", 1, "config version does not allow GC" },
		{ CNI_STATUS, "{\"name\":\"a\",\"cniVersion\":\"1.1.0\"}", 0, NULL },
		{ CNI_STATUS, "{\"name\":\"a\",\"cniVersion\":\"0.4.0\"}", 1,
			"config version does not allow STATUS" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(closep) int fd = stdin_of(cases[i].text, strlen(cases[i].text));
		struct cni_request req = { .command = cases[i].command, .netns = -1, .home = -1 };
		struct cni_error err = { 0 };
		int rc = cni_request_read(&req, fd, &err);

		rc = rc ? rc : cni_request_version(&req, &err);
		ok(cases[i].code ? rc < 0 && err.code == cases[i].code && strstr(err.msg, cases[i].message) :
				   !rc, "configuration %zu: %d %s", i, err.code, err.msg);
		cni_request_done(&req);
	}
}

static void test_reading(void)
{
	CLEANUP(freep) char *large = malloc(JSON_MAX + 1u);
	CLEANUP(closep) int closed = open("/", O_RDONLY | O_CLOEXEC), fd = -1;
	struct cni_request req = { .command = CNI_ADD, .netns = -1, .home = -1 };
	struct cni_error err = { 0 };

	ok(cni_request_read(&req, closed, &err) < 0 && err.code == CNI_IO_FAILURE,
		"a stdin that cannot be read is %s", err.msg);
	memset(large, ' ', JSON_MAX + 1u);
	fd = stdin_of(large, JSON_MAX + 1u);
	ok(cni_request_read(&req, fd, &err) < 0 && err.code == CNI_DECODING_FAILURE &&
			strstr(err.msg, "larger"), "more than 8 MiB are refused");
	cni_request_done(&req);
}

#define LONG_PART "0123456789012345678901234567890123456789012345678901234567890123456789"
#define LONG	  "/" LONG_PART LONG_PART LONG_PART LONG_PART

static void test_netns(void)
{
	static const struct {
		enum cni_command command;
		const char *path;
		bool override, required;
		int code;
		bool open;
	} cases[] = {
		{ CNI_ADD, "/nowhere/netns", false, true, 8, false },
		{ CNI_ADD, "/nowhere/netns", false, false, 0, false },
		{ CNI_ADD, "/dev/null", false, true, 8, false },
		{ CNI_CHECK, "/proc/self/ns/mnt", false, true, 8, false },
		{ CNI_ADD, "/proc/self/ns/net", false, true, 8, false },
		{ CNI_ADD, "/proc/self/ns/net", false, false, 8, false },
		{ CNI_ADD, "/proc/self/ns/net", true, true, 0, true },
		{ CNI_DEL, "/proc/self/ns/net", false, true, 0, false },
		{ CNI_DEL, "/nowhere/netns", false, true, 0, false },
		{ CNI_DEL, "", false, true, 0, false },
		{ CNI_DEL, "/dev/null", false, true, 0, false },
		/* there may be one, and it cannot be opened */
		{ CNI_DEL, LONG, false, true, 8, false },
		{ CNI_DEL, LONG, false, false, 0, false },
	};

	struct netns_id id;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_request req = {
			.command = cases[i].command,
			.netns_path = cases[i].path,
			.netns_override = cases[i].override,
			.netns = -1,
			.home = -1,
		};
		struct cni_error err = { 0 };
		int rc = cni_request_netns(&req, cases[i].required, &err);

		ok((rc < 0) == (cases[i].code != 0) && err.code == cases[i].code &&
				(req.netns >= 0) == cases[i].open, "%s with netns \"%s\": %s",
			cni_command_name(cases[i].command), cases[i].path, *err.msg ? err.msg : "fine");
		cni_request_done(&req);
	}
	ok(netns_identify(-1, &id) == -EBADF, "no descriptor, no answer");
}

static void test_attachments(void)
{
	static const struct {
		const char *text;
		int count; /* -1: refused */
	} cases[] = {
		{ "{}", -1 },
		{ "{\"cni.dev/valid-attachments\":[]}", 0 },
		{ "{\"cni.dev/valid-attachments\":null}", 0 },
		{ "{\"cni.dev/attachments\":[{\"containerID\":\"a\",\"ifname\":\"net1\"}]}", 1 },
		{ "{\"cni.dev/attachments\":[],\"cni.dev/valid-attachments\":"
		  "[{\"containerID\":\"a\",\"ifname\":\"net1\"}]}", 1 },
		{ "{\"cni.dev/valid-attachments\":[{\"containerID\":\"a\",\"ifname\":\"net1\"}],"
		  "\"cni.dev/attachments\":[]}", 1 },
		{ "{\"CNI.dev/Valid-Attachments\":[]}", 0 },
		{ "{\"CNI.dev/Attachments\":[]}", 0 },
		{ "{\"cni.dev/valid-attachments\":{}}", -1 },
		{ "{\"cni.dev/valid-attachments\":[{\"containerID\":\"a\"}]}", -1 },
		{ "{\"cni.dev/valid-attachments\":[\"a\"]}", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(json_freep) struct json *tree = NULL;
		CLEANUP(freep) struct cni_attachment *list = NULL;
		struct cni_error err = { 0 };
		struct cni_request req;
		size_t count = 0;
		int rc;

		json_parse(&tree, "test", cases[i].text, strlen(cases[i].text), &err);
		req.config = tree;
		rc = cni_request_attachments(&req, &list, &count, &err);
		ok(cases[i].count < 0 ? rc < 0 && err.code == CNI_INVALID_CONFIG :
					!rc && count == (size_t)cases[i].count, "attachments of %s", cases[i].text);
	}
}

static void test_id(void)
{
	struct cni_request a = { .name = "n", .container_id = "c1", .ifname = "net1" };
	struct cni_request b = { .name = "n", .container_id = "c1n", .ifname = "et1" };
	char one[CNI_ATTACHMENT_ID], two[CNI_ATTACHMENT_ID];

	ok(strlen(cni_request_id(&a, one)) == 16 && strcmp(one, cni_request_id(&b, two)) != 0,
		"an ID tells where the container's ends and the interface begins: %s, %s", one, two);
}

int main(void)
{
	test_environment();
	test_spaces();
	test_args();
	test_cni_args();
	test_mac();
	test_configuration();
	test_reading();
	test_netns();
	test_attachments();
	test_id();
	return tap_done();
}
