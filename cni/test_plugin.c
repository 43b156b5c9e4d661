/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/plugin.h"

#include <sys/mman.h>

#include "cni/result.h"
#include "cni/tap.h"

static struct {
	const char *command, *container_id, *ifname, *netns, *path;
} environment;

static char *get(const char *name)
{
	static const struct {
		const char *name;
		const char **value;
	} variables[] = {
		{ "CNI_COMMAND", &environment.command },
		{ "CNI_CONTAINERID", &environment.container_id },
		{ "CNI_IFNAME", &environment.ifname },
		{ "CNI_NETNS", &environment.netns },
		{ "CNI_PATH", &environment.path },
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		if (!strcmp(name, variables[i].name))
			return (char *)(uintptr_t)*variables[i].value;
	return NULL;
}

static char called[64]; /* the functions that ran */

static int fake_add(const struct cni_request *req, int out, struct cni_error *err)
{
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	struct cni_interface *interface = cni_result_interface(&result);

	strcat(called, "add ");
	*interface = (struct cni_interface){ .name = req->ifname, .mtu = 1500 };
	return cni_result_print(&result, req, out, err);
}

static int fake_del(const struct cni_request *req, struct cni_error *err)
{
	strcat(called, "del ");
	if (!strcmp(req->ifname, "broken")) {
		cni_fail(err, 107, "cannot \"delete\" <it>");
		return cni_fail_details(err, "because");
	}
	return 0;
}

static int fake_check(const struct cni_request *req, struct cni_error *err)
{
	(void)req;
	(void)err;
	strcat(called, "check ");
	return 0;
}

static int fake_gc(const struct cni_request *req, struct cni_error *err)
{
	(void)req;
	(void)err;
	strcat(called, "gc ");
	return 0;
}

static const struct cni_plugin fake = {
	.name = "fake", .add = fake_add, .del = fake_del, .check = fake_check, .gc = fake_gc,
};
static const struct cni_plugin bare = { .name = "bare", .add = fake_add, .del = fake_del };
static const struct cni_plugin *plugin = &fake;

/* Run it; the exit status, and what it printed in output. */
static int run(const char *config, char *output, size_t size)
{
	struct cni_request req;
	int in = memfd_create("stdin", MFD_CLOEXEC), out = memfd_create("stdout", MFD_CLOEXEC), rc;
	ssize_t length = write(in, config, strlen(config));

	called[0] = '\0';
	lseek(in, 0, SEEK_SET);
	rc = cni_plugin_run(plugin, &req, get, in, out);
	cni_request_done(&req);
	length = pread(out, output, size - 1, 0);
	output[length > 0 ? length : 0] = '\0';
	close(in);
	close(out);
	return rc;
}

#define ERROR(version, code, msg)                                                                  \
	"{\n    \"cniVersion\": \"" version "\",\n    \"code\": " code ",\n    \"msg\": \"" msg "\"\n}"

static void test_commands(void)
{
	static const char config[] = "{\"name\":\"n\",\"cniVersion\":\"1.1.0\"}";
	static const struct {
		const char *command, *ifname, *config;
		int status;
		const char *called, *output;
	} cases[] = {
		{ "ADD", "net1", config, 0, "add ",
			"{\n    \"cniVersion\": \"1.1.0\",\n    \"interfaces\": [\n        {\n"
			"            \"name\": \"net1\",\n            \"mtu\": 1500\n        }\n    ]\n}" },
		{ "DEL", "net1", config, 0, "del ", "" },
		{ "CHECK", "net1", config, 0, "check ", "" },
		{ "GC", "net1", "{\"name\":\"n\",\"cniVersion\":\"1.1.0\",\"cni.dev/attachments\":[]}", 0,
			"gc ", "" },
		{ "STATUS", "net1", config, 0, "", "" },
		{ "VERSION", "net1", "not even JSON", 0, "",
			"{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.1.0\",\"0.2.0\",\"0.3.0\","
			"\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n" },
		{ "DEL", "broken", config, 1, "del ",
			"{\n    \"cniVersion\": \"1.1.0\",\n    \"code\": 107,\n"
			"    \"msg\": \"cannot \\\"delete\\\" \\u003cit\\u003e\",\n    \"details\": \"because\"\n}" },
		{ "add", "net1", config, 1, "", ERROR("1.1.0", "4", "unknown CNI_COMMAND: add") },
		{ "FOO", "net1", "{}", 1, "", ERROR("1.1.0", "7", "missing network name: set \\\"name\\\"") },
		{ "ADD", "", config, 1, "",
			ERROR("1.1.0", "4", "required env variables [CNI_IFNAME] missing") },
		{ "GC", "net1", "{\"name\":\"n\",\"cniVersion\":\"1.0.0\"}", 1, "",
			ERROR("1.0.0", "1", "config version does not allow GC") },
		{ "", "", "x", 0, "", "" },
		{ NULL, "a/b", "x", 0, "", "" },
	};
	char output[2048];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		environment.command = cases[i].command;
		environment.ifname = cases[i].ifname;
		ok(run(cases[i].config, output, sizeof(output)) == cases[i].status, "%s: exit status %d",
			cases[i].command ? cases[i].command : "nothing", cases[i].status);
		is(output, cases[i].output, "  stdout");
		is(called, cases[i].called, "  what ran");
	}
}

/* Whoever takes no list for an empty one removes everything: neither plugin nor delegate is asked. */
static void test_gc(void)
{
	static const char *const lists[] = { "", ",\"cni.dev/valid-attachments\":{}",
		",\"cni.dev/attachments\":[{\"ifname\":\"net1\"}]" };
	char config[128], output[2048];

	environment.command = "GC";
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		snprintf(config, sizeof(config), "{\"name\":\"n\",\"cniVersion\":\"1.1.0\"%s}",
			lists[i]);
		ok(run(config, output, sizeof(output)) == 1 && strstr(output, "\"code\": 7") &&
				!*called, "GC with %s is refused", config);
	}
	plugin = &bare;
	ok(!run("{\"name\":\"n\",\"cniVersion\":\"1.1.0\"}", output, sizeof(output)) && !*output,
		"a plugin that has nothing to collect needs no list");
	environment.command = "CHECK";
	environment.ifname = "net1";
	ok(!run("{\"name\":\"n\",\"cniVersion\":\"1.1.0\"}", output, sizeof(output)) && !*output,
		"nor has it anything to check");
	plugin = &fake;
}

static void test_own_netns(void)
{
	char output[2048];

	environment.command = "ADD";
	environment.ifname = "net1";
	environment.netns = "/proc/self/ns/net";
	ok(run("{\"name\":\"n\"}", output, sizeof(output)) == 1 && strstr(output, "\"code\": 8") &&
			!*called, "ADD into our own namespace does nothing");
	environment.command = "DEL";
	ok(!run("{\"name\":\"n\"}", output, sizeof(output)) && !strcmp(called, "del "),
		"DEL still gives back what is outside of it");
}

/* There is one, it seems, and it cannot be opened: what is outside is given back all the same. */
static void test_netns_that_cannot_be_opened(void)
{
	static const struct cni_plugin entering = {
		.name = "entering", .enters_netns = true, .add = fake_add, .del = fake_del,
		.check = fake_check,
	};
	static const char *const commands[] = { "ADD", "CHECK", "DEL" };
	char path[300] = "/", output[2048];

	memset(path + 1, 'a', sizeof(path) - 2);
	environment.netns = path;
	plugin = &entering;
	for (size_t i = 0; i < 3; i++) {
		environment.command = commands[i];
		ok(run("{\"name\":\"n\",\"cniVersion\":\"1.0.0\"}", output, sizeof(output)) == 1 &&
				strstr(output, "\"code\": 8") && !strcmp(called, i == 2 ? "del " : ""),
			"%s: only DEL does what it can, and all fail", commands[i]);
	}
	environment.ifname = "broken";
	ok(run("{\"name\":\"n\"}", output, sizeof(output)) == 1 && strstr(output, "\"code\": 107") &&
			strstr(output, "; open network namespace /"), "DEL tells both failures");
	environment.ifname = "net1";
	plugin = &fake;
}

int main(void)
{
	environment.container_id = "c1";
	environment.netns = "/nowhere/netns";
	environment.path = "/opt/cni/bin";
	test_commands();
	test_gc();
	test_own_netns();
	test_netns_that_cannot_be_opened();
	return tap_done();
}
