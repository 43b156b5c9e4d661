/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command, run as people do: over the configurations of testdata/networks, and over what is
 * wrong. test_validate CNITOOL NETWORKS
 */
#include <dirent.h>
#include <sys/wait.h>

#include "cni/json.h"
#include "cni/file.h"
#include "libcni/keys.h"
#include "libcni/test_files.h"

static const char *tool, *networks;

/* Run validate --json on a file. Returns its exit status, with what it printed in *tree. */
static int validate(const char *file, const char *path, struct json **tree)
{
	char command[3 * PATH_MAX], text[16384];
	struct cni_error err;
	size_t length;
	FILE *f;
	int status;

	*tree = NULL;
	snprintf(command, sizeof(command), "CNI_PATH='%s' timeout 20 '%s' validate --json '%s'",
		path, tool, file);
	f = popen(command, "re");
	if (!f)
		abort();
	length = fread(text, 1, sizeof(text), f);
	status = pclose(f);
	if (length)
		json_parse(tree, "the findings", text, length, &err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Is there a finding of this level with that text in "place: message"? */
static bool has(const struct json *tree, const char *level, const char *text)
{
	char line[2048];

	json_each (finding, json_get(tree, "findings")) {
		snprintf(line, sizeof(line), "%s: %s", json_text(json_get(finding, "place")),
			json_text(json_get(finding, "message")));
		if (!strcmp(json_text(json_get(finding, "level")), level) && strstr(line, text))
			return true;
	}
	return false;
}

static void test_distance(void)
{
	static const struct {
		const char *a, *b;
		unsigned want;
	} cases[] = {
		{ "mtu", "mtu", 0 },
		{ "MTU", "mtu", 0 },
		{ "mtuu", "mtu", 1 },
		{ "mut", "mtu", 1 },
		{ "mu", "mtu", 1 },
		{ "mtx", "mtu", 1 },
		{ "", "mtu", 3 },
		{ "rangestrat", "rangeStart", 1 },
		{ "a-key-that-is-much-longer-than-any-that-is-known", "mtu", 99 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(keys_distance(cases[i].a, cases[i].b) == cases[i].want, "from %s to %s: %u",
			cases[i].a, cases[i].b, cases[i].want);
}

/* Every plugin that the configurations name. */
static void make_plugins(void)
{
	static const char *const types[] = { "macvlan", "host-device", "ipoib", "sriov", "ib-sriov",
		"rdma", "tuning", "sbr", "vrf", "ovs", "pool", "whereabouts", "nv-ipam", "static",
		"host-local" };
	char name[64];

	test_mkdir("plugins");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		snprintf(name, sizeof(name), "plugins/%s", types[i]);
		test_write(name, 0755, "");
	}
}

/* SI2 has a comma before a closing bracket; all others are valid. */
static void test_network(const char *name, const char *plugins)
{
	bool broken = !strcmp(name, "SI2.json");
	CLEANUP(json_freep) struct json *tree = NULL;
	int64_t line = 0, column = 0;
	char file[PATH_MAX];
	int status;

	snprintf(file, sizeof(file), "%s/%s", networks, name);
	status = validate(file, plugins, &tree);
	ok(tree && json_is_true(json_get(tree, "valid")) == !broken && (status == 1) == broken,
		"%s is %s", name, broken ? "not valid" : "valid");
	ok(!has(tree, "warning", "unknown key"), "%s: every key is known", name);
	if (broken) {
		const struct json *finding = json_first(json_get(tree, "findings"));

		json_integer(json_get(finding, "line"), 1, 9, &line);
		json_integer(json_get(finding, "column"), 1, 999, &column);
		ok(line == 1 && column == 145, "%s: the bracket after the comma", name);
	}
}

static void test_networks(const char *plugins)
{
	struct dirent **entries;
	int count = scandir(networks, &entries, NULL, alphasort), files = 0;

	for (int i = 0; i < count; i++) {
		if (strstr(entries[i]->d_name, ".json")) {
			test_network(entries[i]->d_name, plugins);
			files++;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	ok(files == 37, "all configurations are there");
}

static const struct bad {
	const char *text;
	int status;
	const char *level, *message;
} bads[] = {
	{ "{\"name\":\"n\", \"type\" \"macvlan\"}", 1, "error", "a colon is expected" },
	{ "", 1, "error", "unexpected end of JSON input" },
	{ "[]", 1, "error", "an object is expected, not an array" },
	{ "{\"name\":\"n\"}", 1, "error", "\"type\" is missing" },
	{ "{\"name\":\"n\",\"type\":7}", 1, "error", "\"type\" must be a string" },
	{ "{\"name\":\"a b\",\"type\":\"sbr\"}", 1, "error", "name: \"a b\" must be letters" },
	{ "{\"type\":\"sbr\"}", 2, "warning", "there is no \"name\"" },
	{ "{\"name\":\"n\",\"type\":\"sbr\",\"cniVersion\":\"9.9.9\"}", 1, "error",
		"cniVersion: \"9.9.9\" is no version" },
	{ "{\"name\":\"n\",\"type\":\"bridge\"}", 1, "error", "bridge" },
	{ "{\"name\":\"n\",\"type\":\"../sbr\"}", 1, "error", "cannot be the name of a plugin" },
	{ "{\"name\":\"n\",\"type\":\"vrf\",\"capabilities\":{\"x\":1}}", 1, "error",
		"\"capabilities.x\" must be a boolean" },
	{ "{\"name\":\"n\",\"type\":\"sbr\",\"capabilities\":{\"x\":1}}", 1, "error",
		"capabilities: \"x\" must be a boolean" },
	{ "{\"name\":\"n\",\"type\":\"sbr\",\"capabilities\":7}", 1, "error",
		"capabilities: \"capabilities\" must be an object" },
	{ "{\"name\":\"n\",\"plugins\":[]}", 1, "error", "plugins: it is empty" },
	{ "{\"name\":\"n\",\"plugins\":{}}", 1, "error", "\"plugins\" must be an array" },
	{ "{\"name\":\"n\",\"plugins\":[7]}", 1, "error", "plugins[0]: an object is expected" },
	{ "{\"name\":\"n\",\"plugins\":[{\"type\":\"sbr\"}],\"disableGC\":\"x\"}", 1, "error",
		"\"disableGC\" must be a boolean" },
	{ "{\"name\":\"n\",\"plugins\":[{\"type\":\"sbr\"}],\"disableCheck\":\"TRUE\"}", 0, NULL,
		NULL },
	{ "{\"name\":\"n\",\"plugins\":[{\"type\":\"sbr\"}],\"disablegcc\":true}", 2, "warning",
		"did you mean \"disableGC\"?" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"mtuu\":1}", 2, "warning",
		"unknown key \"mtuu\": it is ignored; did you mean \"mtu\"?" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"entirely\":1}", 2, "warning",
		"unknown key \"entirely\": it is ignored" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"mtu\":\"9000\"}", 1, "error",
		"mtu: \"mtu\" must be an integer from 0 to 65535, not a string" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"mtu\":1,\"Mtu\":2}", 2, "warning",
		"Mtu: repeats \"mtu\"" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"master\":\"no0such0link\"}", 2, "warning",
		"master no0such0link does not exist" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"master\":\"no0such0link\","
	  "\"linkInContainer\":true}",
		0, NULL, NULL },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"master\":\"a/b\"}", 1, "error",
		"master \"a/b\" is no name" },
	{ "{\"name\":\"n\",\"type\":\"ipoib\"}", 2, "warning", "there is no \"master\"" },
	{ "{\"name\":\"n\",\"type\":\"host-device\",\"device\":\"lo\",\"pciBusID\":\"x\"}", 2,
		"warning", "\"pciBusID\" is ignored, because \"device\" is given" },
	{ "{\"name\":\"n\",\"type\":\"host-device\",\"hwaddr\":\"zz\"}", 1, "error",
		"hwaddr \"zz\" is no link-layer address" },
	{ "{\"name\":\"n\",\"type\":\"host-device\",\"kernelpath\":\"/sys/x\"}", 1, "error",
		"is not below /sys/devices/" },
	{ "{\"name\":\"n\",\"type\":\"host-device\",\"kernelpath\":\"/sys/devices/no\"}", 2,
		"warning", "kernelpath /sys/devices/no does not exist" },
	{ "{\"name\":\"n\",\"type\":\"sriov\",\"deviceID\":\"../..\"}", 2, "warning",
		"deviceID ../.. is neither a PCI" },
	{ "{\"name\":\"n\",\"type\":\"sriov\",\"deviceID\":\"..\"}", 2, "warning",
		"deviceID .. is neither a PCI" },
	{ "{\"name\":\"n\",\"type\":\"sriov\",\"vlan\":4095}", 1, "error",
		"from 0 to 4094, not 4095" },
	{ "{\"name\":\"n\",\"type\":\"rdma\",\"rdmaQoS\":{\"tos\":256}}", 1, "error",
		"rdmaQoS.tos: \"tos\" must be an integer from 0 to 255" },
	{ "{\"name\":\"n\",\"type\":\"rdma\",\"rdmaQoS\":[]}", 1, "error",
		"\"rdmaQoS\" must be an object" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":[]}", 1, "error",
		"\"ipam\" must be an object" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"\"}}", 0, NULL, NULL },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":\"\"}", 0, NULL, NULL },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":1}}", 1, "error",
		"ipam: \"type\" must be a string" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"subnet\":\"x\"}}", 2, "warning",
		"ipam: there is no \"type\"" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"dhcp\"}}", 1, "error",
		"dhcp" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"pool\",\"subnat\":\"x\"}}", 1,
		"error", "ipam: unknown key \"subnat\": did you mean \"subnet\"?" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"pool\",\"ranges\":[[{"
	  "\"subnet\":7}]]}}",
		1, "error", "ipam.ranges[0][0].subnet: \"subnet\" must be a string" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"pool\",\"lockTimeout\":"
	  "\"x\"}}",
		1, "error", "ipam.lockTimeout: \"lockTimeout\" must be" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"static\",\"addresses\":[{}]}}",
		1, "error", "ipam.addresses[0]: \"address\" is missing" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"static\",\"addresses\":[7]}}",
		1, "error", "ipam.addresses[0]: an object is expected" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"host-local\",\"routes\":[{"
	  "\"dst\":\"x\"}]}}",
		1, "error", "ipam.routes: \"dst\" must be" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"host-local\",\"routes\":7}}",
		1, "error", "\"routes\" must be an array" },
	{ "{\"name\":\"n\",\"type\":\"macvlan\",\"dns\":7}", 1, "error",
		"\"dns\" must be an object" },
	{ "{\"name\":\"n\",\"type\":\"vrf\",\"vrfname\":null,\"any\":[{\"k\":1,\"k\":2}]}", 2,
		"warning", "any[0].k: repeats \"k\"" },
};

static void test_bad(const struct bad *bad, const char *plugins)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	char file[PATH_MAX];
	int status;

	test_write("bad.json", 0644, bad->text);
	status = validate(test_path(file, "bad.json"), plugins, &tree);
	if (!ok(status == bad->status && (!bad->level || has(tree, bad->level, bad->message)),
		    "%s: %s", bad->text[0] ? bad->text : "nothing",
		    bad->message ? bad->message : "fine"))
		printf("# status %d\n", status);
}

/* Human text, the search by name, and the command line. */
static void test_command(const char *line, int want, const char *pattern)
{
	char command[3 * PATH_MAX];
	int status;

	snprintf(command, sizeof(command),
		"cd '%s' && { NETCONFPATH=net.d CNI_PATH=plugins timeout 20 '%s' validate %s 2>&1; "
		"echo \"status $?\"; } >out; grep -q '^status %d$' out && grep -q -e '%s' out",
		test_dir, tool, line, want, pattern);
	status = system(command);
	ok(status == 0, "validate %s: %s", line, pattern);
}

static void test_commands(void)
{
	test_mkdir("net.d");
	test_write("net.d/20-good.conf", 0644, "{\"name\":\"good\",\"type\":\"sbr\"}");
	test_write("net.d/10-list.conflist", 0644,
		"{\"name\":\"list\",\"plugins\":[{\"type\":\"sbr\",\"tabel\":1}]}");
	test_command("good", 0, "^net.d/20-good.conf: valid: 0 errors, 0 warnings$");
	test_command("list", 2, "^net.d/10-list.conflist: warning: plugins.0.: unknown key");
	test_command("list", 2, "valid: 0 errors, 1 warning$");
	test_command("none", 1, "no net configuration with name .none. in net.d");
	test_write("net.d/15-bad.conf", 0644, "{\n  \"name\": \"bad\",\n  x }");
	test_command("good", 1, "^net.d/15-bad.conf:3:3: error: a string is expected$");
	test_write("escape.json", 0644, "{\"name\":\"n\",\"type\":\"sbr\",\"\\u001b[2J\":1}");
	test_command("./escape.json", 2, "unknown key \"[\\]x1b.2J\": it is ignored");
	test_write("esc\033ape", 0644, "{\"name\":\"n\",\"type\":\"sbr\"}");
	test_command("./esc?ape", 0, "^./esc[\\]x1bape: valid: 0 errors");
	/* A list goes on in the directory of its name. */
	test_mkdir("net.d/more");
	test_write("net.d/30-more.conflist", 0644, "{\"name\":\"more\"}");
	test_write("net.d/15-bad.conf", 0644, "{\"name\":\"bad\",\"type\":\"sbr\"}");
	test_command("more", 1, "error: .type. is missing");
	test_write("net.d/more/10-sbr.conf", 0644, "{\"type\":\"sbr\",\"tabel\":1}");
	test_command("more", 2, "warning: plugins.0.: unknown key .tabel.");
	test_write("net.d/30-more.conflist", 0644,
		"{\"name\":\"more\",\"plugins\":[{\"type\":\"sbr\"}]}");
	test_command("more", 2, "warning: plugins.1.: unknown key .tabel.");
	test_write("net.d/more/20-bad.conf", 0644, "{\"typ\":\"sbr\"}");
	test_command("more", 1, "error: net.d/more/20-bad.conf: .type. is missing");
	test_write("net.d/30-more.conflist", 0644,
		"{\"name\":\"more\",\"loadOnlyInlinedPlugins\":true,\"plugins\":[{\"type\":"
		"\"sbr\"}]}");
	test_command("more", 0, "valid: 0 errors, 0 warnings$");
	test_command("./absent", 1, "cannot read ./absent: No such file or directory");
	test_command("./net.d", 1, "cannot read ./net.d: Is a directory");
	test_command("", 1, "validate needs FILE|NETWORK: try");
	test_command("a b", 1, "nothing else");
	test_command("--nonsense x", 1, "cnitool validate --help");
	test_command("--help", 0, "^Exit status: 0 nothing found, 1 errors, 2 warnings only");
	test_command("--json good >/dev/full", 1, "^status 1$");
}

int main(int argc, char **argv)
{
	char plugins[PATH_MAX];
	CLEANUP(json_freep) struct json *tree = NULL;
	char file[PATH_MAX], whole[PATH_MAX];

	if (argc != 3 || !realpath(argv[1], whole) || !mkdtemp(test_dir))
		return EXIT_FAILURE;
	tool = whole;
	networks = argv[2];
	make_plugins();
	test_path(plugins, "plugins");
	test_distance();
	test_networks(plugins);
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++)
		test_bad(&bads[i], plugins);
	test_write("good.json", 0644, "{\"name\":\"n\",\"type\":\"sbr\"}");
	ok(validate(test_path(file, "good.json"), "", &tree) == 2 &&
			has(tree, "warning", "CNI_PATH is not set"),
		"without CNI_PATH");
	test_commands();
	test_remove("");
	return tap_done();
}
