/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/plugin.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int print_error(int out, const struct cni_request *req, const struct cni_error *err)
{
	CLEANUP(json_writer_done) struct json_writer w = { .indent = 4 };
	const char *version = req->version_text;

	json_open(&w, NULL, '{');
	json_put_string(&w, "cniVersion", version ? version : cni_version_name(CNI_NEWEST));
	json_put_int(&w, "code", err->code);
	json_put_string(&w, "msg", err->msg);
	if (*err->details)
		json_put_string(&w, "details", err->details);
	json_close(&w, '}');
	/* What cannot be written has nobody left to be told. */
	(void)json_writer_print(&w, out);
	return EXIT_FAILURE;
}

static int print_versions(int out)
{
	CLEANUP(json_writer_done) struct json_writer w = { 0 };

	cni_version_reply(&w);
	json_end_line(&w);
	return json_writer_end(&w) < 0 || json_writer_print(&w, out) < 0;
}

/* A person called us. */
static int introduce(const struct cni_plugin *plugin)
{
	fprintf(stderr,
		"CNI %s plugin of fabric-cni " VERSION "\nCNI protocol versions supported: ",
		plugin->name);
	for (int i = 0; i < CNI_VERSIONS; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", cni_version_name((enum cni_version)i));
	fputc('\n', stderr);
	return EXIT_SUCCESS;
}

/* A delegate, or a plugin that is written later, might take no list for an empty one. */
static int check_attachments(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(freep) struct cni_attachment *valid = NULL;
	size_t count;

	return cni_request_attachments(req, &valid, &count, err);
}

static int run_command(
	const struct cni_plugin *plugin, struct cni_request *req, int out, struct cni_error *err)
{
	int (*optional)(const struct cni_request *, struct cni_error *) = NULL;
	struct cni_error netns = { 0 };

	if (cni_request_version(req, err) < 0)
		return -1;
	if (req->command != CNI_GC && req->command != CNI_STATUS)
		cni_request_netns(req, plugin->enters_netns, &netns);
	/* DEL does what can be done outside, and fails then. */
	if (netns.code && req->command != CNI_DEL)
		return cni_fail_join(err, &netns);
	switch (req->command) {
	case CNI_ADD:
		return plugin->add(req, out, err);
	case CNI_DEL:
		plugin->del(req, err);
		return cni_fail_join(err, &netns);
	case CNI_CHECK:
		optional = plugin->check;
		break;
	case CNI_GC:
		optional = plugin->gc;
		if (optional && check_attachments(req, err) < 0)
			return -1;
		break;
	case CNI_STATUS:
		optional = plugin->status;
		break;
	case CNI_NONE:
	case CNI_VERSION:
		break;
	}
	return optional ? optional(req, err) : 0;
}

int cni_plugin_run(const struct cni_plugin *plugin, struct cni_request *req,
	char *(*get)(const char *), int in, int out)
{
	struct cni_error err = { 0 };

	if (cni_request_environment(req, get, &err) < 0)
		return print_error(out, req, &err);
	if (req->command == CNI_VERSION)
		return print_versions(out);
	if (req->command == CNI_NONE && !req->unknown)
		return introduce(plugin);
	if (cni_request_read(req, in, &err) < 0)
		return print_error(out, req, &err);
	if (req->unknown) {
		cni_fail(&err, CNI_BAD_ENVIRONMENT, "unknown CNI_COMMAND: %s", req->unknown);
		return print_error(out, req, &err);
	}
	return run_command(plugin, req, out, &err) < 0 ? print_error(out, req, &err) : EXIT_SUCCESS;
}

int cni_plugin_main(const struct cni_plugin *plugin)
{
	/* Never ended: the process is short, and the kernel closes and frees for nothing. */
	static struct cni_request req;

	/* A runtime that went away must not keep an ADD from undoing what it did. */
	signal(SIGPIPE, SIG_IGN);
	return cni_plugin_run(plugin, &req, getenv, STDIN_FILENO, STDOUT_FILENO);
}
