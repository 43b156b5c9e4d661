/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/inspect.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <stdio.h>

#include "libcni/inspect_nl.h"
#include "libcni/tool.h"

#define RESULTS "/var/lib/cni/results"

static const char usage[] =
	"Usage: cnitool inspect [--json] NETNS\n"
	"\n"
	"Show the links, addresses, routes of all tables and rules of a network namespace,\n"
	"and which attachment of " RESULTS " each link belongs to.\n"
	"\n"
	"NETNS is the path of a network namespace such as /run/netns/NAME.\n"
	"\n"
	"Options:\n"
	"      --json  a description on stdout, as JSON\n"
	"  -h, --help  this text\n"
	"\n"
	"Exit status: 0, or 1 with the reason on stderr.\n";

/* Go into the namespace for good, after everything outside has been read. */
static int enter(const char *path, struct attachments *attachments, struct cni_error *err)
{
	CLEANUP(closep) int netns = netns_open(path);
	struct netns_id id;
	int rc;

	if (netns < 0)
		return netns_fail(err, path, netns);
	rc = netns_identify(netns, &id);
	if (!rc) {
		attachments_read(attachments, RESULTS, &id);
		rc = setns(netns, CLONE_NEWNET) < 0 ? -errno : 0;
	}
	if (rc == -EPERM)
		return cni_fail(err, CNI_INVALID_NETNS,
			"cannot enter network namespace %s: it needs CAP_SYS_ADMIN; run as root",
			path);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INVALID_NETNS, rc, NULL,
			"cannot enter network namespace %s", path);
	return 0;
}

static int describe(struct json_writer *w, const char *path, struct cni_error *err)
{
	CLEANUP(attachments_done) struct attachments attachments = { 0 };
	CLEANUP(home_done) struct home home = HOME_NONE;
	CLEANUP(socket_freep) struct nl_sock *socket = nl_socket_alloc();
	int rc = socket ? 0 : -NLE_NOMEM;

	home_read(&home);
	if (enter(path, &attachments, err) < 0)
		return -1;
	if (!rc)
		rc = nl_connect(socket, NETLINK_ROUTE);
	if (rc < 0)
		return cni_fail(err, CNI_INTERNAL, "cannot open a netlink socket in %s: %s", path,
			nl_geterror(rc));
	home_identify(&home);
	json_open(w, NULL, '{');
	json_put_string(w, "netns", path);
	if (inspect_links(w, socket, &home, &attachments, err) < 0 ||
		inspect_routes(w, socket, err) < 0)
		return -1;
	json_close(w, '}');
	json_end_line(w);
	if (json_writer_end(w) < 0)
		return cni_fail(err, CNI_INTERNAL, "out of memory");
	return 0;
}

static int print(const struct json_writer *w, bool as_json, struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	int rc = 0;

	if (as_json) {
		rc = json_writer_print(w, STDOUT_FILENO);
	} else {
		if (json_parse(&tree, "the description", w->text, w->length, err) < 0)
			return -1;
		inspect_print(tree);
		if (fflush(stdout) || ferror(stdout))
			rc = -errno;
	}
	return rc < 0 ? cni_fail_errno(
				err, CNI_IO_FAILURE, rc, NULL, "cannot write the description")
		      : 0;
}

int inspect_main(int argc, char **argv)
{
	struct tool_operand operand =
		tool_operand(argc, argv, usage, "the path of a network namespace");
	CLEANUP(json_writer_done) struct json_writer w = { .indent = operand.json ? 4 : 0 };
	struct cni_error err;

	if (!operand.text)
		return operand.status;
	if (describe(&w, operand.text, &err) < 0 || print(&w, operand.json, &err) < 0)
		return complain("%s", err.msg);
	return EXIT_SUCCESS;
}
