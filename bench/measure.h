/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a plugin: timed (launch.c), or followed with ptrace and counted (trace.c). */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum metric {
	WALL,	   /* from before the start to the exit, microseconds */
	CPU,	   /* user and system time of the process and its children, microseconds */
	ELAPSED,   /* of all calls of a batch together, microseconds */
	PROCESSES,
	THREADS,   /* of all processes together */
	CALLS,	   /* system calls of all of them, from the execve(2) on */
	RSS,	   /* the highest VmHWM among the processes, KiB */
	METRICS,
};

/* The three descriptors are files that the call finds at its start and leaves its output in. */
struct call {
	char *const *argv;
	char *const *environment;
	int in, out, error;
	pid_t pid;
	double start;
	int status; /* as from wait(2) */
	double value[METRICS];
};

/* CLOCK_MONOTONIC in microseconds. */
double microseconds(void);

/* Run n calls at the same time and wait for all: fills WALL, CPU and status of each. */
void launch(struct call *calls, size_t n);

/* Run one call, fill PROCESSES, THREADS, CALLS, RSS and status. */
void trace(struct call *call);

#endif
