/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/ipam.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "cni/exec.h"
#include "ipam/dialect.h"
#include "ipam/release.h"

bool ipam_wanted(const struct cni_request *req)
{
	const struct json *ipam = json_get(req->config, "ipam");
	const struct json *type = json_get(ipam, "type");

	/* What is of a wrong type is no "nothing": ipam_add() refuses it. */
	if (json_type(ipam) != JSON_OBJECT)
		return ipam && !(json_text(ipam) && !*json_text(ipam));
	return type && !(json_text(type) && !*json_text(type));
}

/* The file that "ipam.type" names. */
static int find(const struct cni_request *req, char file[PATH_MAX], struct cni_error *err)
{
	static const struct json_field fields[] = {
		{ "type", json_bind_string, 0, .required = true }, { 0 }
	};
	const char *type;

	if (json_bind(json_get(req->config, "ipam"), fields, &type, CNI_INVALID_CONFIG, err) < 0)
		return config_under(err, "ipam");
	return exec_find(req->path, type, file, err);
}

/* Is it the `pool` that was installed beside this executable? */
static bool is_own(const char *file)
{
	char path[PATH_MAX + sizeof("/pool")];
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
	struct stat own, found;
	char *slash;

	if (length <= 0 || length == PATH_MAX)
		return false;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	strcpy(slash, "/pool");
	return !strcmp(path, file) ||
	       (!stat(path, &own) && !stat(file, &found) && own.st_dev == found.st_dev &&
		       own.st_ino == found.st_ino);
}

/* *output (malloc'd) is what the delegate printed. */
static int call(const struct cni_request *req, const char *file, enum cni_command command,
	char **output, size_t *length, struct cni_error *err)
{
	const struct exec_variable variables[] = {
		{ "CNI_COMMAND", cni_command_name(command) },
		{ 0 },
	};

	/* Inherited as ignored, it would take the exit status from us. */
	signal(SIGCHLD, SIG_DFL);
	return exec_plugin(
		file, variables, req->text, req->length, EXEC_UNBOUNDED, output, length, err);
}

/* A command that prints nothing. */
static int tell(const struct cni_request *req, const char *file, enum cni_command command,
	struct cni_error *err)
{
	CLEANUP(freep) char *output = NULL;
	size_t length;

	return call(req, file, command, &output, &length, err);
}

void ipam_guard_end(struct ipam_guard *guard)
{
	struct cni_error ignored = { 0 };
	char file[PATH_MAX];

	if (!guard->request)
		return;
	if (!guard->delegated)
		release_guarded(guard);
	else if (!find(guard->request, file, &ignored))
		tell(guard->request, file, CNI_DEL, &ignored);
}

static int delegate_add(const struct cni_request *req, const char *file, struct cni_result *result,
	struct cni_error *err)
{
	CLEANUP(json_freep) struct json *tree = NULL;
	CLEANUP(freep) char *output = NULL;
	size_t length;

	if (call(req, file, CNI_ADD, &output, &length, err) < 0)
		return -1;
	if (json_parse(&tree, file, output, length, err) < 0 ||
		cni_result_read(result, tree, req->version, err) < 0)
		return config_under(err, "result of the IPAM plugin");
	result->tree = tree;
	tree = NULL;
	/* They are the delegate's idea of links; an address is on the link of who asked. */
	result->n_interfaces = 0;
	for (size_t i = 0; i < result->n_addresses; i++)
		result->addresses[i].interface = -1;
	return 0;
}

int ipam_add(const struct cni_request *req, struct ipam_guard *guard, struct cni_result *result,
	struct cni_error *err)
{
	char file[PATH_MAX];

	if (find(req, file, err) < 0)
		return -1;
	*guard = (struct ipam_guard){ .request = req, .delegated = !is_own(file) };
	if (guard->delegated ? delegate_add(req, file, result, err) < 0
			     : dialect_of(req)->lease(req, guard, result, err) < 0)
		return -1;
	if (!result->n_addresses)
		return cni_fail(err, CNI_INTERNAL,
			"the IPAM plugin %s returned no address: check its configuration under "
			"\"ipam\"",
			file);
	return 0;
}

/* Everything but ADD. */
static int forward(const struct cni_request *req, enum cni_command command,
	int (*own)(const struct cni_request *, struct cni_error *), struct cni_error *err)
{
	char file[PATH_MAX];

	if (find(req, file, err) < 0)
		return -1;
	return is_own(file) ? own(req, err) : tell(req, file, command, err);
}

int ipam_del(const struct cni_request *req, struct cni_error *err)
{
	char file[PATH_MAX];

	/* A pod must be able to go although its IPAM has gone before. */
	if (find(req, file, err) < 0) {
		if (err->code != CNI_INVALID_CONFIG)
			return -1;
		*err = (struct cni_error){ 0 };
		return 0;
	}
	return is_own(file) ? pool_plugin.del(req, err) : tell(req, file, CNI_DEL, err);
}

int ipam_check(const struct cni_request *req, struct cni_error *err)
{
	return forward(req, CNI_CHECK, pool_plugin.check, err);
}

int ipam_gc(const struct cni_request *req, struct cni_error *err)
{
	return forward(req, CNI_GC, pool_plugin.gc, err);
}

int ipam_status(const struct cni_request *req, struct cni_error *err)
{
	return forward(req, CNI_STATUS, pool_plugin.status, err);
}
