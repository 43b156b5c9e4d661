/* SPDX-License-Identifier: Apache-2.0 */
/* The client: `pool` beside this executable is called in-process, fake delegates are executed. */
#include "ipam/test_pool.h"

#include <limits.h>

static char own_directory[PATH_MAX];

/* A request with the configuration; its CNI_PATH is test_env.path. */
static struct cni_request *request(const char *command, const char *container, const char *config)
{
	static struct cni_request req;
	const char *text = test_config(config);
	int in = memfd_create("in", MFD_CLOEXEC);
	struct cni_error err = { 0 };

	cni_request_done(&req);
	test_env.command = command;
	test_env.container = container;
	if (write(in, text, strlen(text)) < 0 || lseek(in, 0, SEEK_SET) < 0 ||
		cni_request_environment(&req, test_get, &err) < 0 ||
		cni_request_read(&req, in, &err) < 0 || cni_request_version(&req, &err) < 0) {
		printf("# %s\n", err.msg);
		abort();
	}
	close(in);
	return &req;
}

/* What the child of a delegate sees. */
static void export_environment(void)
{
	static const char *const names[] = { "CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME",
		"CNI_NETNS", "CNI_PATH" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		setenv(names[i], test_get(names[i]) ? test_get(names[i]) : "", 1);
}

static void test_wanted(void)
{
	static const struct {
		const char *ipam;
		bool want;
	} cases[] = {
		{ "", false },
		{ ",'ipam':null", false },
		{ ",'ipam':{}", false },
		{ ",'ipam':''", false },
		{ ",'ipam':{'type':''}", false },
		{ ",'ipam':{'type':null}", false },
		{ ",'ipam':{'subnet':'10.1.0.0/16'}", false },
		{ ",'ipam':{'type':'pool'}", true },
		{ ",'IPAM':{'TYPE':'pool'}", true },
		{ ",'ipam':{'type':7}", true },
		{ ",'ipam':[]", true },
		{ ",'ipam':'pool'", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char config[256];

		snprintf(config, sizeof(config), "{'cniVersion':'1.1.0','name':'n'%s}",
			cases[i].ipam);
		ok(ipam_wanted(request("DEL", "c1", config)) == cases[i].want, "wanted: %s",
			config);
	}
}

/* The addresses, or the error. */
static const char *add(
	const struct cni_request *req, struct ipam_guard *guard, struct cni_result *result)
{
	static char text[2048];
	struct cni_error err = { 0 };
	char address[IP_TEXT];

	*text = '\0';
	if (ipam_add(req, guard, result, &err) < 0)
		snprintf(text, sizeof(text), "%d: %s", err.code, err.msg);
	for (size_t i = 0; i < result->n_addresses; i++)
		sprintf(text + strlen(text), "%s%s", i ? " " : "",
			ip_print_cidr(&result->addresses[i].ip, address));
	return text;
}

static const char *run(int (*function)(const struct cni_request *, struct cni_error *),
	const struct cni_request *req)
{
	static char text[2048];
	struct cni_error err = { 0 };

	*text = '\0';
	if (function(req, &err) < 0)
		snprintf(text, sizeof(text), "%d: %s", err.code, err.msg);
	return text;
}

#define DUAL CONFIG("'ranges':[{'subnet':'10.1.0.0/24'},{'subnet':'fd00::/64'}]")

/* No CNI_* is exported here: what succeeds was not executed. */
static void test_in_process(void)
{
	struct cni_result result = { 0 };
	struct ipam_guard guard = { 0 };

	test_fresh();
	test_env.path = own_directory;
	is(add(request("ADD", "c1", DUAL), &guard, &result), "10.1.0.1/24 fd00::1/64", "ADD");
	ok(!result.n_interfaces && result.n_addresses == 2 && result.addresses[0].interface == -1,
		"without interfaces");
	cni_result_done(&result);
	is(test_leases(), "c1/net1=10.1.0.1,fd00::1", "leases");
	ipam_guard_end(&guard);
	is(test_leases(), "", "the guard gives back");
	is(add(request("ADD", "c1", DUAL), &guard, &result), "10.1.0.2/24 fd00::2/64", "ADD");
	cni_result_done(&result);
	guard.request = NULL;
	ipam_guard_end(&guard);
	is(test_leases(), "c1/net1=10.1.0.2,fd00::2", "unless the lease is kept");
	is(add(request("ADD", "c1", DUAL), &guard, &result), "10.1.0.2/24 fd00::2/64",
		"a repeated ADD");
	cni_result_done(&result);
	ipam_guard_end(&guard);
	is(test_leases(), "c1/net1=10.1.0.2,fd00::2", "is not undone: the first one has succeeded");
	is(run(ipam_status, request("STATUS", "", DUAL)), "", "STATUS");
	is(run(ipam_check, request("CHECK", "c1", DUAL)),
		"7: required prevResult missing: the runtime must pass on what ADD returned",
		"CHECK");
	is(run(ipam_gc, request("GC", "",
				CONFIG_FOR("rail0", "'x':0", ",'cni.dev/valid-attachments':[]"))),
		"", "GC");
	is(test_leases(), "", "releases");
	is(run(ipam_del, request("DEL", "c1", DUAL)), "", "DEL");
	is(add(request("ADD", "c1", CONFIG("'subnet':'x'")), &guard, &result),
		"7: ipam: subnet \"x\" is no network: an address and a prefix length are "
		"expected, as in 10.1.0.0/16",
		"an error");
	cni_result_done(&result);
	ipam_guard_end(&guard);
	is(test_leases(), "", "leases nothing");
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(test_file(name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0)
		abort();
	close(fd);
}

static const char *read_file(const char *name)
{
	static char text[8192];
	int fd = open(test_file(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	closep(&fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* Another file with the same content is another program: it is executed. */
static void test_same_result(void)
{
	struct cni_result result = { 0 };
	struct ipam_guard guard = { 0 };
	static const char config[] =
		"{'cniVersion':'1.0.0','name':'rail0','ipam':{'type':'pool','dataDir':'@',"
		"'ranges':[{'subnet':'10.1.0.0/24','gateway':'first'},{'subnet':'fd00::/64'}],"
		"'allocation':'lowest','defaultGateway':true,'dns':{'search':['a.org']}}}";
	char command[2 * PATH_MAX + 64], texts[2][2048];

	test_fresh();
	snprintf(command, sizeof(command), "mkdir %s/bin && cp %s/pool %s/bin/pool", test_dir,
		own_directory, test_dir);
	ok(!system(command), "copy pool");
	for (int i = 0; i < 2; i++) {
		CLEANUP(json_writer_done) struct json_writer w = { 0 };
		struct cni_error err = { 0 };
		struct cni_request *req;
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/bin", test_dir);
		test_env.path = i ? path : own_directory;
		req = request("ADD", "c1", config);
		export_environment();
		add(req, &guard, &result);
		ok(guard.delegated == (i == 1), i ? "executed" : "in-process");
		cni_result_write(&result, CNI_1_1_0, &w, &err);
		snprintf(texts[i], sizeof(texts[i]), "%s", w.text ? w.text : err.msg);
		cni_result_done(&result);
		ipam_guard_end(&guard);
		is(test_leases(), "", "given back to the same store");
	}
	is(texts[1], texts[0], "the same result");
	ok(strstr(texts[0], "\"10.1.0.2/24\"") != NULL, "with an address: %s", texts[0]);
}

/* A new data directory, with a delegate in it that notes what it was called with. */
static void make_delegate(const char *answer)
{
	char text[4096];

	test_fresh();
	snprintf(text, sizeof(text),
		"#!/bin/sh\ncd %s\necho \"$CNI_COMMAND $CNI_CONTAINERID\" >>calls\ncat "
		">stdin\n%s\n",
		test_dir, answer);
	write_file("fake", text, 0755);
	test_env.path = test_dir;
}

#define FAKE "{ 'cniVersion':'1.1.0', 'name':'n', 'x':1e3, 'ipam':{'type':'fake'} }\n"

static struct cni_request *delegated(const char *command)
{
	struct cni_request *req = request(command, "c1", FAKE);

	export_environment();
	return req;
}

static void test_delegates(void)
{
	static const struct {
		const char *name, *answer, *want, *calls;
	} cases[] = {
		{ "a result",
			"echo '{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"x\"}],"
			"\"ips\":[{\"interface\":0,\"address\":\"10.5.0.5/16\","
			"\"gateway\":\"10.5.0.1\"}]}'",
			"10.5.0.5/16", "ADD c1\nDEL c1\n" },
		{ "a result without a version", "echo '{\"ips\":[{\"address\":\"10.5.0.5/16\"}]}'",
			"10.5.0.5/16", "ADD c1\nDEL c1\n" },
		{ "no address", "echo '{\"cniVersion\":\"1.1.0\"}'",
			"999: the IPAM plugin @/fake returned no address: check its configuration "
			"under \"ipam\"",
			"ADD c1\nDEL c1\n" },
		{ "null", "echo null",
			"999: the IPAM plugin @/fake returned no address: check its configuration "
			"under \"ipam\"",
			"ADD c1\nDEL c1\n" },
		{ "an error", "echo '{\"code\":111,\"msg\":\"no more\"}'; exit 1", "111: no more",
			"ADD c1\nDEL c1\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_result result = { 0 };
		struct ipam_guard guard = { 0 };
		char want[512] = "";

		make_delegate(cases[i].answer);
		for (const char *at = cases[i].want; *at; at++)
			sprintf(want + strlen(want), *at == '@' ? "%s" : "%.1s",
				*at == '@' ? test_dir : at);
		is(add(delegated("ADD"), &guard, &result), want, "%s", cases[i].name);
		ok(!result.n_interfaces &&
				(!result.n_addresses || result.addresses[0].interface == -1),
			"without interfaces");
		is(read_file("stdin"), test_config(FAKE), "it read the bytes as they came");
		cni_result_done(&result);
		ipam_guard_end(&guard);
		is(read_file("calls"), cases[i].calls, "the guard sends a DEL");
	}
}

static void test_bad_answers(void)
{
	static const struct {
		const char *answer;
		int code;
		const char *part;
	} cases[] = {
		{ "echo hello", CNI_DECODING_FAILURE, "result of the IPAM plugin: " },
		{ ":", CNI_DECODING_FAILURE, "result of the IPAM plugin: " },
		{ "echo '{\"cniVersion\":\"9.0.0\"}'", 0, "9.0.0" },
		{ "echo '{\"ips\":[{\"address\":\"10.5\"}]}'", 0, "result of the IPAM plugin: " },
		{ "exit 3", CNI_INTERNAL, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cni_result result = { 0 };
		struct ipam_guard guard = { 0 };
		struct cni_error err = { 0 };

		make_delegate(cases[i].answer);
		ok(ipam_add(delegated("ADD"), &guard, &result, &err) < 0 && err.code &&
				(!cases[i].code || err.code == cases[i].code) &&
				strstr(err.msg, cases[i].part),
			"%s: %d %s", cases[i].answer, err.code, err.msg);
		ok(!result.n_addresses, "no result");
		cni_result_done(&result);
		ipam_guard_end(&guard);
		is(read_file("calls"), "ADD c1\nDEL c1\n", "the delegate gets a DEL");
	}
}

static void test_forwarding(void)
{
	struct cni_result result = { 0 };
	struct ipam_guard guard = { 0 };
	struct cni_error err = { 0 };

	make_delegate("exit 0");
	is(run(ipam_check, delegated("CHECK")), "", "CHECK");
	is(run(ipam_del, delegated("DEL")), "", "DEL");
	is(run(ipam_status, delegated("STATUS")), "", "STATUS");
	is(run(ipam_gc, delegated("GC")), "", "GC");
	is(read_file("calls"), "CHECK c1\nDEL c1\nSTATUS c1\nGC c1\n", "all are forwarded");
	make_delegate("echo '{\"code\":50,\"msg\":\"full\"}'; exit 1");
	is(run(ipam_status, delegated("STATUS")), "50: full", "errors come back");
	is(run(ipam_del, delegated("DEL")), "50: full", "of DEL as well");
	test_env.path = "/none";
	ok(ipam_add(delegated("ADD"), &guard, &result, &err) < 0 && strstr(err.msg, "fake") &&
			strstr(err.msg, "/none"),
		"a delegate that is not there: %s", err.msg);
	ok(!guard.request, "has nothing to undo");
	ok(strstr(run(ipam_status, delegated("STATUS")), "fake") != NULL,
		"STATUS tells it as well");
	is(run(ipam_del, delegated("DEL")), "", "DEL has nobody to ask");
}

static void test_bad_types(void)
{
	static const struct {
		const char *ipam, *want;
	} cases[] = {
		{ "{'type':7}", "7: ipam: \"type\" must be a string, not a number" },
		{ "[]", "7: ipam: an object is expected, not an array" },
		{ "'pool'", "7: ipam: an object is expected, not a string" },
		{ "{}", "7: ipam: \"type\" is missing" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char config[256];

		snprintf(config, sizeof(config), "{'cniVersion':'1.1.0','name':'n','ipam':%s}",
			cases[i].ipam);
		is(run(ipam_status, request("STATUS", "c1", config)), cases[i].want, "ipam %s",
			cases[i].ipam);
	}
	ok(*run(ipam_status,
		   request("STATUS", "c1",
			   "{'cniVersion':'1.1.0','name':'n','ipam':{'type':'../pool'}}")),
		"a path is no type");
}

int main(void)
{
	ssize_t length = readlink("/proc/self/exe", own_directory, sizeof(own_directory) - 1);

	own_directory[length < 0 ? 0 : length] = '\0';
	*strrchr(own_directory, '/') = '\0';
	test_env.netns = "/run/netns/none";
	test_fresh();
	test_wanted();
	test_in_process();
	test_same_result();
	test_delegates();
	test_bad_answers();
	test_forwarding();
	test_bad_types();
	return tap_done();
}
