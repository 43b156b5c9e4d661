/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/exec_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cni/exec.h"
#include "cni/json.h"

/* Five seconds of tries. */
#define BUSY_TRIES 250
#define BUSY_PAUSE 20000000 /* nanoseconds */

#define SECOND	    1000000000
#define MILLISECOND 1000000

/* What was in the pipes when the child exited has been read after so many reads. */
#define LAST_READS 64

/* stderr is kept up to this size, then its older half is dropped. */
#define STDERR_MAX (128u << 10)

static void end_close(struct pollfd *end)
{
	closep(&end->fd);
	end->fd = -1;
}

/* ---- Time ---- */

int64_t exec_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

void exec_child_bound(struct exec_child *child, unsigned int timeout)
{
	child->deadline = timeout ? exec_clock() + (int64_t)timeout * MILLISECOND : 0;
}

/* Milliseconds for poll(2): -1 without a deadline, 0 if it has passed. */
static int time_left(const struct exec_child *child)
{
	int64_t left;

	if (!child->deadline)
		return -1;
	left = (child->deadline - exec_clock() + MILLISECOND - 1) / MILLISECOND;
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* ---- The end ---- */

static int wait_for(struct exec_child *child, int *status, int options)
{
	pid_t pid;

	while ((pid = waitpid(child->pid, status, options)) < 0)
		if (errno != EINTR)
			return -errno;
	if (pid)
		child->pid = 0;
	return 0;
}

int exec_child_reap(struct exec_child *child, int *status)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE };
	struct pollfd end = child->ends[EXEC_EXIT];
	int rc = wait_for(child, status, child->deadline ? WNOHANG : 0);

	while (!rc && child->pid) {
		if (!time_left(child))
			return -ETIMEDOUT;
		if (end.fd >= 0)
			poll(&end, 1, time_left(child));
		else
			nanosleep(&pause, NULL);
		rc = wait_for(child, status, WNOHANG);
	}
	return rc;
}

void exec_child_done(struct exec_child *child)
{
	int status;

	for (int i = 0; i < EXEC_ENDS; i++)
		end_close(&child->ends[i]);
	if (child->pid) {
		kill(child->pid, SIGKILL);
		wait_for(child, &status, 0);
	}
	free(child->out.data);
	free(child->err.data);
}

/* posix_spawn(3), again while the file is being written. */
static int spawn(struct exec_child *child, const char *file, const int theirs[EXEC_EXIT],
	char **environment, const sigset_t *mask)
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
	for (int i = EXEC_IN; i <= EXEC_ERR; i++)
		if ((rc = posix_spawn_file_actions_adddup2(&actions, theirs[i], i)))
			return -rc;
	for (int tries = 0; tries < BUSY_TRIES; tries++) {
		rc = posix_spawn(&child->pid, file, &actions, &attributes, argv, environment);
		if (rc != ETXTBSY || !time_left(child))
			break;
		nanosleep(&pause, NULL);
	}
	if (rc)
		child->pid = 0;
	return -rc;
}

int exec_child_start(
	struct exec_child *child, const char *file, char **environment, const sigset_t *mask)
{
	CLEANUP(closep) int in = -1, out = -1, err = -1;
	int *const theirs[] = { &in, &out, &err }, pair[2], rc;

	for (int i = EXEC_IN; i <= EXEC_ERR; i++) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return -errno;
		*theirs[i] = pair[i != EXEC_IN];
		child->ends[i] =
			(struct pollfd){ pair[i == EXEC_IN], i == EXEC_IN ? POLLOUT : POLLIN, 0 };
	}
	/* A blocking write would wait for a child that waits for us to read. */
	if (fcntl(child->ends[EXEC_IN].fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if ((rc = spawn(child, file, (const int[]){ in, out, err }, environment, mask)) < 0)
		return rc;
	/* Before Linux 5.3 there is none: then the ends of the pipes alone tell. */
	child->ends[EXEC_EXIT] = (struct pollfd){
		(int)syscall(SYS_pidfd_open, child->pid, 0), POLLIN, 0 };
	return 0;
}

static int feed(struct exec_child *child)
{
	ssize_t written =
		child->left ? write(child->ends[EXEC_IN].fd, child->input, child->left) : 0;

	if (written < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (written < 0 && errno != EPIPE)
		return -errno;
	/* What the child does not want to read is its own affair. */
	child->left = written < 0 ? 0 : child->left - (size_t)written;
	child->input += written < 0 ? 0 : written;
	if (!child->left)
		end_close(&child->ends[EXEC_IN]);
	return 0;
}

/* Room for one byte more and the NUL. */
static int reserve(struct exec_text *text)
{
	size_t capacity = text->capacity ? 2 * text->capacity : 8192;
	char *grown;

	if (text->capacity - text->length >= 2)
		return 0;
	grown = realloc(text->data, capacity);
	if (!grown)
		return -ENOMEM;
	grown[text->length] = '\0';
	text->data = grown;
	text->capacity = capacity;
	return 0;
}

static int drain(struct pollfd *end, struct exec_text *text)
{
	ssize_t got;

	if (reserve(text) < 0)
		return -ENOMEM;
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
static int serve(struct exec_child *child)
{
	struct pollfd *ends = child->ends;
	int rc = 0;

	if (ends[EXEC_IN].revents)
		rc = feed(child);
	if (!rc && ends[EXEC_OUT].revents)
		rc = drain(&ends[EXEC_OUT], &child->out);
	if (!rc && child->out.length > JSON_MAX)
		rc = -EFBIG;
	if (!rc && ends[EXEC_ERR].revents)
		rc = drain(&ends[EXEC_ERR], &child->err);
	if (child->err.length > STDERR_MAX)
		drop_older_half(&child->err);
	return rc;
}

int exec_child_talk(struct exec_child *child)
{
	struct pollfd *ends = child->ends;
	int ready, rc, rounds = LAST_READS;
	bool gone = false;

	/* An output that is never read is an empty text all the same. */
	if (reserve(&child->out) < 0)
		return -ENOMEM;
	while (ends[EXEC_IN].fd >= 0 || ends[EXEC_OUT].fd >= 0 || ends[EXEC_ERR].fd >= 0) {
		ready = poll(ends, EXEC_ENDS, gone ? 0 : time_left(child));
		if (ready < 0 && errno != EINTR)
			return -errno;
		/* What a process that it left behind goes on writing is not ours. */
		if (gone && (!ready || !rounds--))
			break;
		if (ready > 0 && (rc = serve(child)) < 0)
			return rc;
		if (ready > 0 && ends[EXEC_EXIT].revents) {
			gone = true;
			end_close(&ends[EXEC_EXIT]);
			end_close(&ends[EXEC_IN]);
		}
		if (!gone && !time_left(child))
			return -ETIMEDOUT;
	}
	return 0;
}
