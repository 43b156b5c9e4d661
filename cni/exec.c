/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cni/exec_child.h"
#include "cni/json.h"

int exec_find(const char *path, const char *name, char out[PATH_MAX], struct cni_error *err)
{
	char listed[sizeof(err->msg)];
	struct stat st;
	size_t length;
	int rc = 0;

	if (!*name || strchr(name, '/'))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"invalid plugin name: \"%s\": it must be a file of CNI_PATH", name);
	if (!*path)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"no paths provided to find plugin \"%s\": set CNI_PATH", name);
	for (const char *dir = path; *dir; dir += length + (dir[length] == ':')) {
		length = strcspn(dir, ":");
		/* An empty element would be the working directory: never what was meant. */
		if (!length ||
			snprintf(out, PATH_MAX, "%.*s/%s", (int)length, dir, name) >= PATH_MAX)
			continue;
		if (stat(out, &st) < 0)
			rc = errno == ENOENT || errno == ENOTDIR ? rc : -errno;
		else if (S_ISREG(st.st_mode))
			return 0;
	}
	snprintf(listed, sizeof(listed), "%s", path);
	for (char *colon = listed; (colon = strchr(colon, ':'));)
		*colon = ' ';
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"look for plugin \"%s\" in path [%s]", name, listed);
	return cni_fail(err, CNI_INVALID_CONFIG,
		"failed to find plugin \"%s\" in path [%s]: install it there or correct CNI_PATH",
		name, listed);
}

/* ---- SIGPIPE ---- */

/* Writing to a child that went away must not kill us, nor change what our process has set. */
struct sigpipe_guard {
	sigset_t pipe, before;
	bool pending;
};

static void sigpipe_hold(struct sigpipe_guard *guard)
{
	sigset_t pending;

	sigemptyset(&guard->pipe);
	sigaddset(&guard->pipe, SIGPIPE);
	sigpending(&pending);
	guard->pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &guard->pipe, &guard->before);
}

static void sigpipe_release(struct sigpipe_guard *guard)
{
	const struct timespec now = { 0 };

	while (!guard->pending && sigtimedwait(&guard->pipe, NULL, &now) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}

static bool is_replaced(const char *entry, const struct exec_variable *variables)
{
	size_t length = strcspn(entry, "=");

	for (; variables->name; variables++)
		if (!strncmp(entry, variables->name, length) && !variables->name[length])
			return true;
	return false;
}

/* Our environment with the variables replaced, in one block of memory. */
static char **make_environment(const struct exec_variable *variables)
{
	size_t entries = 1, size = 0;
	char **block, **to, *text;

	for (char **entry = environ; entry && *entry; entry++)
		entries++;
	for (const struct exec_variable *v = variables; v->name; v++, entries++)
		size += strlen(v->name) + strlen(v->value) + sizeof("=");
	to = block = malloc(entries * sizeof(*block) + size);
	if (!block)
		return NULL;
	text = (char *)(block + entries);
	for (char **entry = environ; entry && *entry; entry++)
		if (!is_replaced(*entry, variables))
			*to++ = *entry;
	for (const struct exec_variable *v = variables; v->name; v++) {
		*to++ = text;
		text = stpcpy(stpcpy(stpcpy(text, v->name), "="), v->value) + 1;
	}
	*to = NULL;
	return block;
}

/* Best effort: a stderr that takes nothing is no reason to fail. */
static void forward(const struct exec_text *text)
{
	ssize_t written;

	for (size_t done = 0; done < text->length; done += (size_t)written) {
		written = write(STDERR_FILENO, text->data + done, text->length - done);
		if (written <= 0)
			return;
	}
}

static int fail_to_start(const char *file, int rc, struct cni_error *err)
{
	const char *remedy = "";

	if (rc == -EACCES)
		remedy = "; is it executable?";
	else if (rc == -ENOENT)
		remedy = "; the file or the interpreter it names is missing";
	else if (rc == -ENOEXEC)
		remedy = "; it is no program for this machine";
	return cni_fail(
		err, CNI_INTERNAL, "cannot run plugin %s: %s%s", file, strerror(-rc), remedy);
}

int exec_plugin(const char *file, const struct exec_variable *variables, const char *input,
	size_t length, unsigned int timeout, char **output, size_t *output_length,
	struct cni_error *err)
{
	CLEANUP(freep) char **environment = make_environment(variables);
	CLEANUP(sigpipe_release) struct sigpipe_guard guard;
	CLEANUP(exec_child_done)
	struct exec_child child = { .input = input, .left = length, EXEC_CHILD_NONE };
	int status = 0, rc;

	exec_child_bound(&child, timeout);
	sigpipe_hold(&guard);
	if (!environment)
		return cni_fail(err, CNI_INTERNAL, "cannot run plugin %s: out of memory", file);
	if ((rc = exec_child_start(&child, file, environment, &guard.before)) < 0)
		return fail_to_start(file, rc, err);
	rc = exec_child_talk(&child);
	if (!rc)
		rc = exec_child_reap(&child, &status);
	if (rc == -ETIMEDOUT)
		return exec_verdict_late(file, timeout, &child.err, err);
	if (rc == -EFBIG)
		return cni_fail(err, CNI_INTERNAL,
			"plugin %s was killed: it printed more than %u bytes", file, JSON_MAX);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL, "cannot follow plugin %s", file);
	if (exec_verdict(file, status, &child.out, &child.err, err) < 0)
		return -1;
	forward(&child.err);
	*output = child.out.data;
	*output_length = child.out.length;
	child.out.data = NULL;
	return 0;
}
