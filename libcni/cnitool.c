/* SPDX-License-Identifier: Apache-2.0 */
/* The hand tool over libcni: what a runtime does to one attachment, from a shell. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sha512.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcni/inspect.h"
#include "libcni/libcni.h"
#include "libcni/tool.h"
#include "libcni/validate.h"

#define DEFAULT_IFNAME "eth0"

/* "cnitool-" and ten bytes of the SHA-512 of the path, as the Go tool has it. */
#define ID_DIGITS 20
#define ID_SIZE	  (sizeof("cnitool-") + ID_DIGITS)

static const char usage[] =
	"Usage: cnitool COMMAND NETWORK NETNS [-i IFNAME]\n"
	"\n"
	"Attach a network namespace to a network, as a container runtime does.\n"
	"\n"
	"Commands:\n"
	"  add    attach; prints the result of the last plugin\n"
	"  check  check that the attachment is as add left it\n"
	"  del    detach; succeeds if nothing is attached\n"
	"\n"
	"  validate FILE|NETWORK  what is wrong with a network configuration\n"
	"  inspect NETNS          links, addresses, routes and rules of a namespace\n"
	"\n"
	"NETWORK is the name of a network configuration, NETNS the path of a network\n"
	"namespace such as /run/netns/NAME. The container ID is derived from it.\n"
	"\n"
	"Options:\n"
	"  -i, --ifname IFNAME  the interface in the namespace (default: CNI_IFNAME, else eth0)\n"
	"  -h, --help           this text\n"
	"\n"
	"Environment:\n"
	"  NETCONFPATH  directory of network configurations (default " DEFAULT_DIR ")\n"
	"  CNI_PATH     directories of plugins, separated by ':'\n"
	"  CNI_ARGS     arguments for plugins: K=V;K2=V2\n"
	"  CAP_ARGS     arguments by capability: a JSON object such as {\"mac\": \"...\"}\n"
	"  CNI_IFNAME   as --ifname\n"
	"\n"
	"Exit status: 0, or 1 with the reason on stderr.\n";

typedef int operation(const struct libcni_runtime *, const struct libcni_list *,
	const struct libcni_attachment *, struct libcni_error *);

static int add(const struct libcni_runtime *runtime, const struct libcni_list *list,
	const struct libcni_attachment *at, struct libcni_error *err)
{
	CLEANUP(freep) char *result = NULL;

	if (libcni_add(runtime, list, at, &result, err) < 0)
		return -1;
	fputs(result, stdout);
	return 0;
}

static const struct {
	const char *name;
	operation *run;
} commands[] = {
	{ "add", add },
	{ "check", libcni_check },
	{ "del", libcni_del },
};

/* These read their command lines themselves. */
static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} programs[] = {
	{ "validate", validate_main },
	{ "inspect", inspect_main },
};

static operation *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].run;
	return NULL;
}

/* Every pair has exactly one '=' with something on both sides. */
static bool check_args(const char *args)
{
	size_t length, key;

	if (!*args)
		return true;
	for (;; args += length + 1) {
		length = strcspn(args, ";");
		key = strcspn(args, "=;");
		if (!key || key + 1 >= length || memchr(args + key + 1, '=', length - key - 1)) {
			complain("invalid CNI_ARGS pair \"%.*s\": it must be K=V;K2=V2",
				(int)length, args);
			return false;
		}
		if (!args[length])
			return true;
	}
}

/*
 * The absolute path without ".", ".." and "//", by its text alone: the container ID depends on it,
 * and DEL must find it when the namespace is gone.
 */
static bool absolute_path(const char *path, char out[PATH_MAX])
{
	char whole[PATH_MAX + PATH_MAX], *rest = whole, *part, *end = out;
	char here[PATH_MAX] = "";

	if (strlen(path) >= PATH_MAX || (*path != '/' && !getcwd(here, sizeof(here))))
		return false;
	snprintf(whole, sizeof(whole), "%s/%s", here, path);
	*end = '\0';
	while ((part = strsep(&rest, "/"))) {
		if (!strcmp(part, "..")) {
			end = strrchr(out, '/');
			end = end ? end : out;
			*end = '\0';
		} else if (*part && strcmp(part, ".") != 0) {
			if ((size_t)(end - out) + 1 + strlen(part) >= PATH_MAX)
				return false;
			end = stpcpy(stpcpy(end, "/"), part);
		}
	}
	if (end == out)
		stpcpy(out, "/");
	return true;
}

static const char *container_id(const char *netns, char out[ID_SIZE])
{
	char hex[SHA512_DIGEST_STRING_LENGTH];

	SHA512Data((const uint8_t *)netns, strlen(netns), hex);
	snprintf(out, ID_SIZE, "cnitool-%.*s", ID_DIGITS, hex);
	return out;
}

static void free_listp(struct libcni_list **list)
{
	libcni_free(*list);
}

static int run(operation *command, const char *network, const char *netns, const char *ifname)
{
	const struct libcni_runtime runtime = { .path = environment("CNI_PATH", "") };
	CLEANUP(free_listp) struct libcni_list *list = NULL;
	char id[ID_SIZE], path[PATH_MAX];
	struct libcni_attachment at = {
		.netns = path,
		.ifname = ifname,
		.args = environment("CNI_ARGS", ""),
		.capability_args = environment("CAP_ARGS", ""),
	};
	struct libcni_error err;

	if (!absolute_path(netns, path))
		return complain("the path of the network namespace is too long: %s", netns);
	if (!check_args(at.args))
		return EXIT_FAILURE;
	at.container_id = container_id(path, id);
	if (libcni_load(&list, environment("NETCONFPATH", DEFAULT_DIR), network, &err) < 0 ||
		command(&runtime, list, &at, &err) < 0)
		return complain("%s", err.msg);
	if (fflush(stdout) || ferror(stdout))
		return complain("cannot write the result: %s", strerror(errno));
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ifname", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static const char hint[] = "try 'cnitool --help'";
	const char *ifname = environment("CNI_IFNAME", DEFAULT_IFNAME);
	operation *command;
	int option;

	/* Inherited as ignored it would make the end of plugins unknowable. */
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; argc > 1 && i < sizeof(programs) / sizeof(*programs); i++)
		if (!strcmp(argv[1], programs[i].name))
			return programs[i].main(argc - 1, argv + 1);
	while ((option = getopt_long(argc, argv, "i:h", options, NULL)) != -1) {
		switch (option) {
		case 'i':
			ifname = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fprintf(stderr, "cnitool: %s\n", hint);
			return EXIT_FAILURE;
		}
	}
	if (optind == argc)
		return complain("a command is missing: %s", hint);
	command = find_command(argv[optind]);
	if (!command)
		return complain("unknown command \"%s\": %s", argv[optind], hint);
	if (argc - optind < 3)
		return complain("%s needs a network and the path of a network namespace: %s",
			argv[optind], hint);
	return run(command, argv[optind + 1], argv[optind + 2], ifname);
}
