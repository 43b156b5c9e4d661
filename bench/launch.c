/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure.h"

#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

double microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void start(struct call *call)
{
	posix_spawn_file_actions_t files;

	if ((errno = posix_spawn_file_actions_init(&files)) ||
		(errno = posix_spawn_file_actions_adddup2(&files, call->in, 0)) ||
		(errno = posix_spawn_file_actions_adddup2(&files, call->out, 1)) ||
		(errno = posix_spawn_file_actions_adddup2(&files, call->error, 2)))
		err(1, "posix_spawn_file_actions");
	call->start = microseconds();
	errno = posix_spawn(&call->pid, call->argv[0], &files, NULL, call->argv, call->environment);
	if (errno)
		err(1, "%s", call->argv[0]);
	posix_spawn_file_actions_destroy(&files);
}

/*
 * The kernel scales user and system time so that their sum is the scheduler's exact run time,
 * even where it tells the two apart by ticks only.
 */
static double cpu(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e6 +
		(double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

void launch(struct call *calls, size_t n)
{
	struct rusage usage;
	int status;
	pid_t pid;

	for (size_t i = 0; i < n; i++)
		start(&calls[i]);
	for (size_t left = n; left;) {
		double now;

		pid = wait4(-1, &status, 0, &usage);
		now = microseconds();
		if (pid < 0)
			err(1, "wait4");
		for (size_t i = 0; i < n; i++) {
			if (calls[i].pid != pid)
				continue;
			calls[i].pid = 0;
			calls[i].status = status;
			calls[i].value[WALL] = now - calls[i].start;
			calls[i].value[CPU] = cpu(&usage);
			left--;
		}
	}
}
