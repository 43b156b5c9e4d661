/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "cni/exec_verdict.h"
#include "cni/json.h"

/* A file that is being replaced is tried again for five seconds. */
#define BUSY_TRIES 250
#define BUSY_PAUSE 20000000 /* nanoseconds */

/* stderr is kept up to this size, then its older half is dropped. */
#define STDERR_MAX (128u << 10)

int exec_find(const char *path, const char *name, char out[PATH_MAX], struct cni_error *err)
{
	char listed[sizeof(err->msg)];
	struct stat st;
	size_t length;

	if (!*name || strchr(name, '/'))
		return cni_fail(err, CNI_INVALID_CONFIG,
			"invalid plugin name: \"%s\": \"type\" must be the name of a file in CNI_PATH", name);
	if (!*path)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"no paths provided to find plugin \"%s\": set CNI_PATH", name);
	for (const char *dir = path; *dir; dir += length + (dir[length] == ':')) {
		length = strcspn(dir, ":");
		/* An empty element would be the working directory: never what was meant. */
		if (!length || snprintf(out, PATH_MAX, "%.*s/%s", (int)length, dir, name) >= PATH_MAX)
			continue;
		if (!stat(out, &st) && S_ISREG(st.st_mode))
			return 0;
	}
	snprintf(listed, sizeof(listed), "%s", path);
	for (char *colon = listed; (colon = strchr(colon, ':'));)
		*colon = ' ';
	return cni_fail(err, CNI_INVALID_CONFIG,
		"failed to find plugin \"%s\" in path [%s]: install it there or correct CNI_PATH", name,
		listed);
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

/* ---- The child ---- */

enum { IN, OUT, ERR, EXIT, ENDS };

struct child {
	pid_t pid;		  /* 0: none, or reaped */
	struct pollfd ends[ENDS]; /* ours, of its stdin, stdout and stderr; and its pidfd */
	const char *input;
	size_t left; /* of input */
	struct exec_text out, err;
};

static void end_close(struct pollfd *end)
{
	closep(&end->fd);
	end->fd = -1;
}

static int child_reap(struct child *child, int *status)
{
	while (waitpid(child->pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	child->pid = 0;
	return 0;
}

static void child_done(struct child *child)
{
	int status;

	for (int i = 0; i < ENDS; i++)
		end_close(&child->ends[i]);
	if (child->pid) {
		kill(child->pid, SIGKILL);
		child_reap(child, &status);
	}
	free(child->out.data);
	free(child->err.data);
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

/* posix_spawn(3), again while the file is being written. */
static int spawn(struct child *child, const char *file, const int theirs[ENDS], char **environment,
	const sigset_t *mask)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE };
	CLEANUP(posix_spawn_file_actions_destroy) posix_spawn_file_actions_t actions = { 0 };
	CLEANUP(posix_spawnattr_destroy) posix_spawnattr_t attributes = { 0 };
	char *argv[] = { (char *)(uintptr_t)file, NULL };
	sigset_t defaults;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, mask);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	/* In this order it is right even where our own 0 to 2 were closed. */
	for (int i = IN; i <= ERR; i++)
		if ((rc = posix_spawn_file_actions_adddup2(&actions, theirs[i], i)))
			return -rc;
	for (int tries = 0; tries < BUSY_TRIES; tries++) {
		rc = posix_spawn(&child->pid, file, &actions, &attributes, argv, environment);
		if (rc != ETXTBSY)
			break;
		nanosleep(&pause, NULL);
	}
	if (rc)
		child->pid = 0;
	return -rc;
}

static int child_start(struct child *child, const char *file, char **environment,
	const sigset_t *mask)
{
	CLEANUP(closep) int in = -1, out = -1, err = -1;
	int *const theirs[] = { &in, &out, &err }, pair[2], rc;

	for (int i = IN; i <= ERR; i++) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return -errno;
		*theirs[i] = pair[i != IN];
		child->ends[i] = (struct pollfd){ pair[i == IN], i == IN ? POLLOUT : POLLIN, 0 };
	}
	/* A blocking write would wait for a child that waits for us to read. */
	if (fcntl(child->ends[IN].fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if ((rc = spawn(child, file, (const int[]){ in, out, err }, environment, mask)) < 0)
		return rc;
	/* Before Linux 5.3 there is none: then the ends of the pipes alone tell. */
	child->ends[EXIT] = (struct pollfd){ pidfd_open(child->pid, 0), POLLIN, 0 };
	return 0;
}

static int feed(struct child *child)
{
	ssize_t written = child->left ? write(child->ends[IN].fd, child->input, child->left) : 0;

	if (written < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (written < 0 && errno != EPIPE)
		return -errno;
	/* What the child does not want to read is its own affair. */
	child->left = written < 0 ? 0 : child->left - (size_t)written;
	child->input += written < 0 ? 0 : written;
	if (!child->left)
		end_close(&child->ends[IN]);
	return 0;
}

static int drain(struct pollfd *end, struct exec_text *text)
{
	char *grown;
	ssize_t got;

	if (text->capacity - text->length < 2) {
		grown = realloc(text->data, text->capacity ? 2 * text->capacity : 8192);
		if (!grown)
			return -ENOMEM;
		text->data = grown;
		text->capacity = text->capacity ? 2 * text->capacity : 8192;
	}
	got = read(end->fd, text->data + text->length, text->capacity - text->length - 1);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (!got)
		end_close(end);
	text->length += (size_t)got;
	text->data[text->length] = '\0';
	return 0;
}

static void drop_older_half(struct exec_text *text)
{
	memmove(text->data, text->data + text->length / 2, text->length - text->length / 2 + 1);
	text->length -= text->length / 2;
}

/* One round of what poll() found. */
static int serve(struct child *child)
{
	struct pollfd *ends = child->ends;
	int rc = 0;

	if (ends[IN].revents)
		rc = feed(child);
	if (!rc && ends[OUT].revents)
		rc = drain(&ends[OUT], &child->out);
	if (!rc && child->out.length > JSON_MAX)
		rc = -EFBIG;
	if (!rc && ends[ERR].revents)
		rc = drain(&ends[ERR], &child->err);
	if (child->err.length > STDERR_MAX)
		drop_older_half(&child->err);
	return rc;
}

/*
 * Write its stdin, read its stdout and stderr. Its exit ends that as well: a process that it left
 * behind may hold the pipes for ever.
 */
static int child_talk(struct child *child)
{
	struct pollfd *ends = child->ends;
	bool gone = false;
	int ready, rc;

	while (ends[IN].fd >= 0 || ends[OUT].fd >= 0 || ends[ERR].fd >= 0) {
		ready = poll(ends, ENDS, gone ? 0 : -1);
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (!ready)
			break;
		if (ready < 0)
			continue;
		if ((rc = serve(child)) < 0)
			return rc;
		if (ends[EXIT].revents) {
			gone = true;
			end_close(&ends[EXIT]);
			end_close(&ends[IN]);
		}
	}
	return 0;
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
	return cni_fail(err, CNI_INTERNAL, "cannot run plugin %s: %s%s", file, strerror(-rc), remedy);
}

int exec_plugin(const char *file, const struct exec_variable *variables, const char *input,
	size_t length, char **output, size_t *output_length, struct cni_error *err)
{
	CLEANUP(freep) char **environment = make_environment(variables);
	CLEANUP(sigpipe_release) struct sigpipe_guard guard;
	CLEANUP(child_done) struct child child = { .input = input, .left = length,
		.ends = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 }, { .fd = -1 } } };
	int status, rc;

	sigpipe_hold(&guard);
	if (!environment)
		return cni_fail(err, CNI_INTERNAL, "cannot run plugin %s: out of memory", file);
	if ((rc = child_start(&child, file, environment, &guard.before)) < 0)
		return fail_to_start(file, rc, err);
	rc = child_talk(&child);
	if (rc == -EFBIG)
		return cni_fail(err, CNI_INTERNAL,
			"plugin %s was killed: it printed more than the %u bytes that a result may have", file,
			JSON_MAX);
	if (rc < 0 || (rc = child_reap(&child, &status)) < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL, "cannot follow plugin %s", file);
	if (exec_verdict(file, status, &child.out, &child.err, err) < 0)
		return -1;
	forward(&child.err);
	*output = child.out.data;
	*output_length = child.out.length;
	child.out.data = NULL;
	return 0;
}
