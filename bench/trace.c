/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLLOW (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

static pid_t start_traced(struct call *call)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) ||
		dup2(call->in, 0) < 0 || dup2(call->out, 1) < 0 || dup2(call->error, 2) < 0)
		_exit(126);
	execve(call->argv[0], call->argv, call->environment);
	_exit(127);
}

/*
 * wait4(2) reports a child's maximum as at least that of the process that started it, which it was
 * a copy of: so the mark is read where the child itself ends.
 */
static double high_water_mark(pid_t pid)
{
	char path[64], line[256];
	double size = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	if (!status)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %lf", &size) == 1)
			break;
	fclose(status);
	return size;
}

static void count_event(struct call *call, pid_t pid, int event)
{
	double size;

	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		call->value[PROCESSES]++;
		call->value[THREADS]++;
		break;
	case PTRACE_EVENT_CLONE:
		call->value[THREADS]++;
		break;
	case PTRACE_EVENT_EXEC:
		/* The first one ends our own code in the child; it is itself the first call. */
		if (!call->value[CALLS])
			call->value[CALLS] = 1;
		break;
	case PTRACE_EVENT_EXIT:
		size = high_water_mark(pid);
		if (size > call->value[RSS])
			call->value[RSS] = size;
		break;
	}
}

static void count_call(struct call *call, pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0) {
		/* Another thread has ended the process meanwhile. */
		if (errno == ESRCH)
			return;
		err(1, "PTRACE_GET_SYSCALL_INFO");
	}
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && call->value[CALLS])
		call->value[CALLS]++;
}

/* The signal that the stop was about and that is to be delivered, or 0. */
static int count_stop(struct call *call, pid_t pid, int status)
{
	int signal = WSTOPSIG(status);

	if (signal == (SIGTRAP | 0x80))
		count_call(call, pid);
	else if (status >> 16)
		count_event(call, pid, status >> 16);
	else if (signal != SIGSTOP) /* with which every new one begins */
		return signal;
	return 0;
}

void trace(struct call *call)
{
	pid_t pid = start_traced(call);
	int status, signal;

	call->value[PROCESSES] = call->value[THREADS] = 1;
	call->value[CALLS] = call->value[RSS] = 0;
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		ptrace(PTRACE_SETOPTIONS, pid, NULL, FOLLOW) < 0)
		err(1, "follow %s", call->argv[0]);
	call->pid = pid;
	signal = 0;
	for (;;) {
		/* It may have been killed meanwhile: its end is reported all the same. */
		if (ptrace(PTRACE_SYSCALL, pid, NULL, signal) < 0 && errno != ESRCH)
			err(1, "PTRACE_SYSCALL");
		do {
			pid = waitpid(-1, &status, __WALL);
			if (pid < 0 && errno == ECHILD)
				return;
			if (pid < 0)
				err(1, "waitpid");
			if (pid == call->pid && !WIFSTOPPED(status))
				call->status = status;
		} while (!WIFSTOPPED(status));
		signal = count_stop(call, pid, status);
	}
}
