/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who is measured: an executable, its configuration and the pods it attaches. */
#ifndef BENCH_CONTESTANT_H
#define BENCH_CONTESTANT_H

#include "bench/measure.h"

/* Longer answers are implausible. */
#define OUTPUT_MAX 65536

struct attachment {
	char *environment[6];
	char *config; /* "" for an executable that reads none */
	char output[OUTPUT_MAX]; /* of the last step */
	char result[OUTPUT_MAX]; /* of ADD, until DEL; "" where there is none */
};

struct contestant {
	const char *name;
	bool has_config;
	size_t n; /* attachments and calls, all at the same time */
	struct attachment *attachments;
	struct call *calls;
};

/*
 * argv[0] is the executable. "{n}" in the configuration and the arguments stands for the number of
 * the attachment. Like everything here it ends the program where it fails.
 */
void contestant_open(struct contestant *, const char *name, const char *config_file, char **argv,
	size_t n);

/* Make the calls ready for a step: environment, stdin, empty outputs. */
void contestant_prepare(struct contestant *, const char *step);

/*
 * Look at what the step did: every call must have exited with 0 and a plausible answer, no two
 * attachments may have got one address. Otherwise what they printed is shown.
 */
void contestant_conclude(struct contestant *, const char *step);

/* calloc(3) that cannot fail. */
void *allocate(size_t n, size_t size);

#endif
