/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls plugins in turn and measures each call from outside.
 *
 *	measure [-t] [-n ROUNDS] [-w WARMUP] [-p PARALLEL] [-s MS] CASE STEP...
 *		-- NAME CONFIG EXECUTABLE [ARGUMENT...] [-- ...]
 *
 * A round takes every step (ADD, CHECK, DEL, VERSION) with every contestant before it goes on to
 * the next step. Each round begins with another contestant and every other one goes backwards, so
 * that nobody always runs in the wake of the same one. PARALLEL attachments are started at once: attachment i of a contestant
 * has the container ID bench-NAME-i and the namespace /run/netns/NAME-i. CONFIG goes to stdin,
 * from ADD to DEL with its result as prevResult, as runtimes do. "{n}" in CONFIG and ARGUMENT is i:
 * what only one attachment can have, a device, is each one's own. CNI_PATH is the folder of the
 * executable.
 *
 * -s waits before each call, so that nobody pays for what the one before left to the kernel: to tear
 * down a namespace, say.
 *
 * -t counts processes, threads, system calls and memory instead of taking times.
 *
 * Prints one JSON object a line for each step and contestant, with the values of all rounds in
 * order. A call that fails or answers something implausible ends the program with status 1.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/contestant.h"

static bool tracing;
static size_t rounds = 60, warmup = 3, parallel = 1, pause_ms;
static char **steps;
static size_t n_steps, n_contestants;
static struct contestant *contestants;
static double *values;

static const char *const metric_names[METRICS] = {
	[WALL] = "wall",
	[CPU] = "cpu",
	[ELAPSED] = "elapsed",
	[PROCESSES] = "processes",
	[THREADS] = "threads",
	[CALLS] = "calls",
	[RSS] = "rss",
};

static double *series(size_t step, size_t contestant, enum metric metric)
{
	return values +
		((step * n_contestants + contestant) * METRICS + metric) * rounds * parallel;
}

/* Returns how long all calls took together. */
static double run(const struct contestant *contestant)
{
	double start = microseconds();

	if (!tracing)
		launch(contestant->calls, parallel);
	else
		for (size_t i = 0; i < parallel; i++)
			trace(&contestant->calls[i]);
	return microseconds() - start;
}

static void record(size_t step, size_t contestant, size_t round, double elapsed)
{
	for (size_t i = 0; i < parallel; i++)
		for (enum metric m = 0; m < METRICS; m++)
			series(step, contestant, m)[round * parallel + i] =
				contestants[contestant].calls[i].value[m];
	series(step, contestant, ELAPSED)[round] = elapsed;
}

static void measure_step(size_t step, size_t round)
{
	for (size_t k = 0; k < n_contestants; k++) {
		size_t turn = round / 2 + (round & 1 ? n_contestants - 1 - k : k);
		size_t c = turn % n_contestants;
		double elapsed;

		contestant_prepare(&contestants[c], steps[step]);
		usleep((useconds_t)pause_ms * 1000);
		elapsed = run(&contestants[c]);
		contestant_conclude(&contestants[c], steps[step]);
		if (round >= warmup)
			record(step, c, round - warmup, elapsed);
	}
}

static void print_series(size_t step, size_t contestant, enum metric metric)
{
	const double *value = series(step, contestant, metric);
	size_t n = metric == ELAPSED ? rounds : rounds * parallel;

	printf(",\"%s\":[", metric_names[metric]);
	for (size_t i = 0; i < n; i++)
		printf("%s%.*f", i ? "," : "", metric >= PROCESSES ? 0 : 1, value[i]);
	putchar(']');
}

static void print_contestant(const char *name, size_t step, size_t contestant)
{
	enum metric first = tracing ? PROCESSES : WALL, end = tracing ? METRICS : PROCESSES;

	printf("{\"case\":\"%s\",\"step\":\"%s\",\"name\":\"%s\",\"parallel\":%zu", name,
		steps[step], contestants[contestant].name, parallel);
	for (enum metric m = first; m < end; m++)
		print_series(step, contestant, m);
	puts("}");
}

static void usage(void)
{
	errx(2, "usage: measure [-t] [-n ROUNDS] [-w WARMUP] [-p PARALLEL] [-s MS] CASE STEP... "
		"-- NAME CONFIG EXECUTABLE [ARGUMENT...] [-- ...]");
}

static size_t number(const char *text, size_t min)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || value < min || value > 10000)
		errx(2, "\"%s\" is no number from %zu to 10000", text, min);
	return value;
}

static void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+tn:w:p:s:")) != -1)
		switch (option) {
		case 't':
			tracing = true;
			break;
		case 'n':
			rounds = number(optarg, 1);
			break;
		case 'w':
			warmup = number(optarg, 0);
			break;
		case 'p':
			parallel = number(optarg, 1);
			break;
		case 's':
			pause_ms = number(optarg, 0);
			break;
		default:
			usage();
		}
}

static void add_contestant(char **argv)
{
	if (!argv[0] || !argv[1] || !argv[2])
		usage();
	contestants = reallocarray(contestants, n_contestants + 1, sizeof(*contestants));
	if (!contestants)
		err(1, "memory");
	contestant_open(&contestants[n_contestants++], argv[0], argv[1], argv + 2, parallel);
}

/* Cut the arguments at each "--": the steps, then the contestants. */
static void read_groups(char **argv)
{
	char **group = argv;

	steps = argv;
	for (; *argv; argv++) {
		if (strcmp(*argv, "--"))
			continue;
		*argv = NULL;
		if (group != steps)
			add_contestant(group);
		else
			n_steps = (size_t)(argv - steps);
		group = argv + 1;
	}
	if (!n_steps)
		usage();
	add_contestant(group);
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	if (optind >= argc)
		usage();
	read_groups(argv + optind + 1);
	values = allocate(n_steps * n_contestants * METRICS, rounds * parallel * sizeof(double));
	for (size_t round = 0; round < warmup + rounds; round++)
		for (size_t s = 0; s < n_steps; s++)
			measure_step(s, round);
	for (size_t s = 0; s < n_steps; s++)
		for (size_t c = 0; c < n_contestants; c++)
			print_contestant(argv[optind], s, c);
	if (fflush(stdout))
		err(1, "stdout");
	return 0;
}
