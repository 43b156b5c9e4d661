/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of cnitool, whose path is the only argument. In a mount namespace of its own,
 * because the cache has a fixed place.
 */
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "libcni/test_files.h"

/* Run `cnitool command` in a shell; out and diagnostics get what it said. Returns its status. */
static int run(const char *command, char **out, char **diagnostics)
{
	char line[4 * PATH_MAX];
	int status;

	test_remove("log");
	if (snprintf(line, sizeof(line),
		    "cd '%s/net' && CNI_PATH='%s' NETCONFPATH='%s/net' %s >'%s/out' "
		    "2>'%s/err'",
		    test_dir, test_dir, test_dir, command, test_dir, test_dir) >= (int)sizeof(line))
		abort();
	status = system(line);
	*out = test_read("out");
	*diagnostics = test_read("err");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const struct {
	const char *command;
	const char *log; /* what the plugin noted of its environment */
} good[] = {
	{ "$TOOL del n /var/run/netns/x",
		"DEL /var/run/netns/x eth0 cnitool-4acf487154af9777be71 args=\n" },
	{ "$TOOL check n /var/run//netns/./y/../x/",
		"CHECK /var/run/netns/x eth0 cnitool-4acf487154af9777be71 args=\n" },
	{ "$TOOL del n ../../../var/run/netns/x",
		"DEL /var/run/netns/x eth0 cnitool-4acf487154af9777be71 args=\n" },
	{ "$TOOL del n /../..", "DEL / eth0 cnitool-" },
	{ "$TOOL -i net1 del n /x", "DEL /x net1 cnitool-" },
	{ "POSIXLY_CORRECT=1 $TOOL del n /x -i net1", "DEL /x net1 cnitool-" },
	{ "$TOOL --timeout 5 del n -- /x", "DEL /x eth0 cnitool-" },
	{ "$TOOL del n /x --timeout=.5", "DEL /x eth0 cnitool-" },
	{ "$TOOL del n /x --timeout 0", "DEL /x eth0 cnitool-" },
	{ "$TOOL del n /x --timeout 4294967", "DEL /x eth0 cnitool-" },
	{ "$TOOL del n --ifname=net1 /x", "DEL /x net1 cnitool-" },
	{ "$TOOL del n /x -i net1", "DEL /x net1 cnitool-" },
	{ "CNI_IFNAME=net2 $TOOL del n /x", "DEL /x net2 cnitool-" },
	{ "CNI_IFNAME=net2 $TOOL del n /x -i net1", "DEL /x net1 cnitool-" },
	{ "CNI_IFNAME= $TOOL del n /x ignored", "DEL /x eth0 cnitool-" },
	{ "CNI_ARGS='K=V;K2=V2' $TOOL del n /var/run/netns/x",
		"DEL /var/run/netns/x eth0 cnitool-4acf487154af9777be71 args=K=V;K2=V2\n" },
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CLEANUP(freep) char *out = NULL, *diagnostics = NULL, *log = NULL;

		ok(!run(good[i].command, &out, &diagnostics), "%s", good[i].command);
		is(out, "", "prints nothing");
		is(diagnostics, "", "says nothing");
		log = test_read("log");
		ok(log && !strncmp(log, good[i].log, strlen(good[i].log)),
			"the plugin's environment");
	}
}

#define PAIR		  "cnitool: invalid CNI_ARGS pair "
#define HINT		  "try 'cnitool --help'\n"
#define HINT_FOR(command) "try 'cnitool " command " --help'\n"
#define TIMEOUT(text)                                                                              \
	"cnitool: --timeout \"" text                                                               \
	"\" must be a number of seconds such as 2.5\ncnitool: " HINT_FOR("del")

static const struct {
	const char *command, *diagnostics; /* its end */
} bad[] = {
	{ "$TOOL", "cnitool: a command is missing: " HINT },
	{ "$TOOL ADD n /x", "cnitool: unknown command \"ADD\": " HINT },
	{ "$TOOL add", "cnitool: add needs NETWORK NETNS: " HINT_FOR("add") },
	{ "$TOOL del n", "cnitool: del needs NETWORK NETNS: " HINT_FOR("del") },
	{ "$TOOL gc", "cnitool: gc needs NETWORK [NETNS]: " HINT_FOR("gc") },
	{ "$TOOL networks x", "cnitool: networks has no operands: " HINT_FOR("networks") },
	{ "$TOOL version n /x",
		"cnitool: version needs NETWORK and nothing else: " HINT_FOR("version") },
	{ "$TOOL completion tcsh", "cnitool: no completion for the shell \"tcsh\": "
				   "there is one for bash|zsh|fish\n" },
	{ "$TOOL help frob", "cnitool: unknown command \"frob\": " HINT },
	{ "$TOOL del n /x -i",
		"cnitool: option requires an argument -- 'i'\ncnitool: " HINT_FOR("del") },
	{ "$TOOL del n /x --frobnicate",
		"cnitool: unrecognized option '--frobnicate'\ncnitool: " HINT_FOR("del") },
	{ "$TOOL del n /x --valid a/b", "cnitool: del has no option --valid: " HINT_FOR("del") },
	{ "$TOOL networks -i x",
		"cnitool: networks has no option --ifname: " HINT_FOR("networks") },
	{ "$TOOL del n /x --trace=half",
		"cnitool: --trace takes nothing or =full, not \"half\"\ncnitool: " HINT_FOR(
			"del") },
	{ "$TOOL del n /x --timeout ''", TIMEOUT("") },
	{ "$TOOL del n /x --timeout .", TIMEOUT(".") },
	{ "$TOOL del n /x --timeout -1", TIMEOUT("-1") },
	{ "$TOOL del n /x --timeout 1.2.3", TIMEOUT("1.2.3") },
	{ "$TOOL del n /x --timeout 0x1", TIMEOUT("0x1") },
	{ "$TOOL del n /x --timeout 1e3", TIMEOUT("1e3") },
	{ "$TOOL del n /x --timeout nan", TIMEOUT("nan") },
	{ "$TOOL del n /x --timeout 4294968", TIMEOUT("4294968") },
	{ "$TOOL del m /x", "/net\n" },
	{ "CNI_PATH= $TOOL del n /x", "cnitool: plugin type=\"p\" failed (delete): no paths "
				      "provided to find plugin \"p\": "
				      "set CNI_PATH\n" },
	{ "CNI_ARGS='K=V;' $TOOL del n /x", PAIR "\"\": it must be K=V;K2=V2\n" },
	{ "CNI_ARGS=';K=V' $TOOL del n /x", PAIR "\"\": it must be K=V;K2=V2\n" },
	{ "CNI_ARGS='K=V;A=b=c;D=e' $TOOL del n /x", PAIR "\"A=b=c\": it must be K=V;K2=V2\n" },
	{ "CNI_ARGS='K=' $TOOL del n /x", PAIR "\"K=\": it must be K=V;K2=V2\n" },
	{ "CNI_ARGS='=V' $TOOL del n /x", PAIR "\"=V\": it must be K=V;K2=V2\n" },
	{ "CNI_ARGS='K;L=M' $TOOL del n /x", PAIR "\"K\": it must be K=V;K2=V2\n" },
	{ "CAP_ARGS='3' $TOOL del n /x",
		"cnitool: the object of capability arguments (CAP_ARGS) is a number\n" },
	{ "$TOOL del n /$(head -c 5000 /dev/zero | tr '\\0' x)",
		"cnitool: the path of the network namespace has more than 4095 characters\n" },
	{ "cd \"$(mktemp -d)\" && rmdir \"$PWD\" && $TOOL del n x",
		"cnitool: network namespace x: the working directory cannot be told (No such file "
		"or directory): use a path that begins with '/'\n" },
	{ "sh -c 'exec $TOOL add n /x >/dev/full'",
		"cnitool: cannot write the result: No space left on device\n" },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP(freep) char *out = NULL, *diagnostics = NULL;
		size_t length, want = strlen(bad[i].diagnostics);

		ok(run(bad[i].command, &out, &diagnostics) == 1, "%s", bad[i].command);
		is(out, "", "prints nothing");
		length = strlen(diagnostics);
		is(diagnostics + (length > want ? length - want : 0), bad[i].diagnostics,
			"says why");
	}
}

static void test_life(void)
{
	static const char cached[] = "/var/lib/cni/results/n-cnitool-4acf487154af9777be71-eth0";
	CLEANUP(freep) char *result = NULL, *diagnostics = NULL, *nothing = NULL;

	ok(!run("$TOOL add n /var/run/netns/x", &result, &diagnostics), "add");
	is(result, "{\n    \"cniVersion\": \"1.0.0\",\n    \"n\": 1.50\n}\n",
		"add prints the result");
	ok(!access(cached, F_OK), "add writes the cache");
	free(diagnostics);
	ok(!run("$TOOL del n /var/run/netns/x", &nothing, &diagnostics), "del");
	ok(access(cached, F_OK) < 0, "del removes the cache");
}

static void test_help(void)
{
	CLEANUP(freep) char *out = NULL, *diagnostics = NULL;

	ok(!run("$TOOL add --help", &out, &diagnostics), "help");
	ok(out && strstr(out, "Usage: cnitool add NETWORK NETNS") == out, "help on stdout");
	is(diagnostics, "", "nothing on stderr");
}

static bool map_id(const char *file, unsigned int id)
{
	CLEANUP(closep) int fd = open(file, O_WRONLY | O_CLOEXEC);
	char text[32];

	return fd >= 0 && write(fd, text, (size_t)snprintf(text, sizeof(text), "0 %u 1", id)) > 0;
}

/* Whoever is not root becomes it in a user namespace. */
static bool become_root(void)
{
	unsigned int uid = getuid(), gid = getgid();
	CLEANUP(closep) int groups = -1;

	if (!uid)
		return true;
	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	groups = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	return groups >= 0 && write(groups, "deny", 4) == 4 && map_id("/proc/self/uid_map", uid) &&
	       map_id("/proc/self/gid_map", gid);
}

/* A mount namespace whose /var/lib is empty. */
static bool isolate(void)
{
	return become_root() && !unshare(CLONE_NEWNS) &&
	       !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("none", "/var/lib", "tmpfs", 0, NULL);
}

int main(int argc, char **argv)
{
	char file[PATH_MAX];
	const char *tool = argc == 2 ? realpath(argv[1], file) : NULL;

	if (!tool || setenv("TOOL", tool, 1) < 0)
		return EXIT_FAILURE;
	if (!isolate()) {
		tap_skip("cnitool", "no user and mount namespaces");
		return tap_done();
	}
	if (!mkdtemp(test_dir))
		return EXIT_FAILURE;
	test_mkdir("net");
	test_write("net/n.conflist", 0644,
		"{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"p\"}]}");
	test_write("p", 0755,
		"#!/bin/sh\necho $CNI_COMMAND $CNI_NETNS $CNI_IFNAME $CNI_CONTAINERID "
		"\"args=$CNI_ARGS\" "
		">>\"${0%/*}/log\"\ntest $CNI_COMMAND = ADD && echo '{\"n\":1.50}'\nexit 0\n");
	test_good();
	test_bad();
	test_life();
	test_help();
	test_remove("");
	return tap_done();
}
