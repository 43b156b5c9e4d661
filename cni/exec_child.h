/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cni/exec*.c: a child process with its three pipes. Functions return 0 or -errno. */
#ifndef CNI_EXEC_CHILD_H
#define CNI_EXEC_CHILD_H

#include <poll.h>
#include <signal.h>
#include <stdint.h>

#include "cni/exec_verdict.h"

enum { EXEC_IN, EXEC_OUT, EXEC_ERR, EXEC_EXIT, EXEC_ENDS };

struct exec_child {
	pid_t pid;		       /* 0: none, or reaped */
	int64_t deadline;	       /* in nanoseconds of CLOCK_MONOTONIC; 0: none */
	struct pollfd ends[EXEC_ENDS]; /* ours, of its stdin, stdout and stderr; and its pidfd */
	const char *input;	       /* what is left of it, with its length */
	size_t left;
	struct exec_text out, err;
};

/* Nothing is started, nothing open. */
#define EXEC_CHILD_NONE .ends = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 }, { .fd = -1 } }

/* From now on it may take so many milliseconds; 0: no bound. */
void exec_child_bound(struct exec_child *, unsigned int timeout);

/*
 * Start file with an environment and a signal mask; SIGPIPE has its default action. A file that is
 * being written (ETXTBSY) is tried again for five seconds, or until the deadline.
 */
int exec_child_start(
	struct exec_child *, const char *file, char **environment, const sigset_t *mask);

/*
 * Write its stdin, read its stdout and stderr, until all are closed or it has exited: a process
 * that it left behind may hold the pipes for ever. The caller blocks SIGPIPE. -EFBIG: it printed
 * more than JSON_MAX. -ETIMEDOUT: the deadline has passed. Of a long stderr the end is kept.
 */
int exec_child_talk(struct exec_child *);

/* Wait until it has ended. -ETIMEDOUT: the deadline has passed. */
int exec_child_reap(struct exec_child *, int *status);

/* Close and free everything; a child that still runs is killed and reaped. */
void exec_child_done(struct exec_child *);

#endif
