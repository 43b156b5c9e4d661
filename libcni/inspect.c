/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/inspect.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <stdio.h>

#include "libcni/inspect_nl.h"
#include "libcni/table.h"

/* Go into the namespace for good, after everything outside has been read. */
static int enter(const char *path, struct json **attachments, struct cni_error *err)
{
	CLEANUP(closep) int netns = netns_open(path);
	struct netns_id id;
	int rc;

	if (netns < 0)
		return netns_fail(err, path, netns);
	rc = netns_identify(netns, &id);
	if (!rc && inspect_attachments(attachments, &id, err) < 0)
		return -1;
	if (!rc)
		rc = setns(netns, CLONE_NEWNET) < 0 ? -errno : 0;
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
	CLEANUP(json_freep) struct json *attachments = NULL;
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
	if (inspect_links(w, socket, &home, attachments, err) < 0 ||
		inspect_routes(w, socket, err) < 0)
		return -1;
	json_close(w, '}');
	return 0;
}

int tool_inspect(const struct tool *tool)
{
	CLEANUP(json_writer_done)
	struct json_writer w = { .indent = tool->options & OPTION_JSON ? 4 : 0 };
	struct cni_error err;

	if (describe(&w, tool->operands[0], &err) < 0)
		return tool_cni_error(tool, &err);
	return table_show(tool, &w, inspect_print);
}
