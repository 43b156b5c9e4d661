/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store costs inside a process, which calls of a plugin are too coarse to show:
 *
 *	store operations DIRECTORY LEASES ROUNDS   of ours and of the slot store, by turns
 *	store compaction DIRECTORY LEASES ROUNDS   the longest that a caller waits for it
 *	store rebuild    DIRECTORY LEASES ROUNDS   of an index that is gone
 *
 * Prints JSON as measure.c does. "op" is in microseconds for one operation, "longest" and "rebuild"
 *in milliseconds, "bound" the largest journal as a multiple of what it may be.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/fill.h"
#include "bench/slot.h"

#define POOL	 "rail0"
#define CAPACITY (UINT32_C(1) << 22)
#define BATCH	 200 /* operations that are timed together */

enum { ADDS, DELS, STEPS };

static const char *directory;
static unsigned long leases, rounds;
static struct in_addr first;

/* What was spent since some beginning, microseconds. */
struct spent {
	double wall, cpu;
};

static double of_timeval(struct timeval time)
{
	return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static struct spent spent(void)
{
	struct timespec now;
	struct rusage usage;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &usage);
	return (struct spent){
		.wall = (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3,
		.cpu = of_timeval(usage.ru_utime) + of_timeval(usage.ru_stime),
	};
}

static struct spent since(struct spent start)
{
	struct spent now = spent();

	return (struct spent){ now.wall - start.wall, now.cpu - start.cpu };
}

static const char *path(const char *file)
{
	static char text[4096];

	if (snprintf(text, sizeof(text), "%s/%s", directory, file) >= (int)sizeof(text))
		errx(1, "%s is longer than a path may be", directory);
	return text;
}

static void *allocate(size_t size)
{
	void *list = calloc(rounds, size);

	if (!list)
		err(1, "memory");
	return list;
}

static void print_list(const char *metric, const double *first_value, size_t step)
{
	printf(",\"%s\":[", metric);
	for (unsigned long i = 0; i < rounds; i++)
		printf("%s%.3f", i ? "," : "", first_value[i * step]);
	putchar(']');
}

static void print(const char *name, const char *kind, const char *step, const struct spent *took,
	const double *bound)
{
	printf("{\"case\":\"%s-%lu\",\"step\":\"%s\",\"name\":\"%s\",\"parallel\":1", kind, leases,
		step, name);
	print_list("wall", &took->wall, sizeof(*took) / sizeof(double));
	print_list("cpu", &took->cpu, sizeof(*took) / sizeof(double));
	if (bound)
		print_list("bound", bound, 1);
	puts("}");
}

/* ---- Operations ---- */

struct contestant {
	const char *name;
	void (*add)(const char *id);
	void (*del)(const char *id);
	struct spent *took[STEPS];
};

/* The next address behind the last one, as the plugin chooses it. */
static void lease_next(struct store *store, const char *id)
{
	struct span span = { 0 };
	struct ip ip = { .family = AF_INET, .prefix = 32 };
	struct in_addr address;
	u128 found;

	memcpy(ip.bytes, &first, 4);
	span.first = ip_number(&ip);
	span.last = span.first + CAPACITY - 1;
	if (!store_next_free(store, span, &found))
		errx(1, "the pool is full");
	ip = ip_from_number(found, 32);
	memcpy(&address, ip.bytes, 4);
	fill_put(store, POOL, id, address);
}

static void release(struct store *store, const char *id)
{
	struct cni_error error = { 0 };

	if (store_remove(store, id, "net1", &error) < 0)
		errx(1, "%s", error.msg);
}

/* As a plugin does it: nothing is kept from one operation to the next. */
static void add_ours(const char *id)
{
	CLEANUP(store_closep) struct store *store = fill_open(directory, POOL);

	lease_next(store, id);
}

static void del_ours(const char *id)
{
	CLEANUP(store_closep) struct store *store = fill_open(directory, POOL);

	release(store, id);
}

static void add_slot(const char *id)
{
	struct slot slot;

	slot_open(&slot, path("slot"), CAPACITY);
	slot_add(&slot, id, "net1");
	slot_close(&slot);
}

static void del_slot(const char *id)
{
	struct slot slot;

	slot_open(&slot, path("slot"), CAPACITY);
	slot_del(&slot, id, "net1");
	slot_close(&slot);
}

/* The files stay open; the slot store takes its lock each time, ours has it. */
static struct store *open_store;
static struct slot open_slot = { .fd = -1 };

static void add_open(const char *id)
{
	lease_next(open_store, id);
}

static void del_open(const char *id)
{
	release(open_store, id);
}

static void add_open_slot(const char *id)
{
	slot_add(&open_slot, id, "net1");
}

static void del_open_slot(const char *id)
{
	slot_del(&open_slot, id, "net1");
}

static struct spent run(void (*operation)(const char *), unsigned long round)
{
	struct spent start = spent();
	char id[80];

	for (unsigned long i = 0; i < BATCH; i++) {
		snprintf(id, sizeof(id), "%016lx%016lx%032lx", round, i, i * round);
		operation(id);
	}
	start = since(start);
	return (struct spent){ start.wall / BATCH, start.cpu / BATCH };
}

static void compare(struct contestant *pair)
{
	for (int k = 0; k < 2; k++)
		for (int step = 0; step < STEPS; step++)
			pair[k].took[step] = allocate(sizeof(struct spent));
	for (unsigned long round = 0; round < rounds; round++)
		for (int step = 0; step < STEPS; step++)
			for (unsigned long k = 0; k < 2; k++) {
				struct contestant *c = &pair[(round + k) % 2];

				c->took[step][round] = run(step == ADDS ? c->add : c->del, round);
			}
	for (int k = 0; k < 2; k++) {
		print(pair[k].name, "store", "ADD", pair[k].took[ADDS], NULL);
		print(pair[k].name, "store", "DEL", pair[k].took[DELS], NULL);
	}
}

static void operations(void)
{
	struct contestant whole[] = { { "ours", add_ours, del_ours, { NULL, NULL } },
		{ "slot", add_slot, del_slot, { NULL, NULL } } };
	struct contestant open[] = { { "ours-open", add_open, del_open, { NULL, NULL } },
		{ "slot-open", add_open_slot, del_open_slot, { NULL, NULL } } };
	char id[80];

	slot_open(&open_slot, path("slot"), CAPACITY);
	for (unsigned long i = 0; i < leases; i++) {
		snprintf(id, sizeof(id), "preload-%lu", i);
		slot_add(&open_slot, id, "net1");
	}
	compare(whole);
	open_store = fill_open(directory, POOL);
	compare(open);
	store_closep(&open_store);
}

/* ---- Compaction and rebuilding ---- */

static double size_of(const char *file)
{
	struct stat status;

	return stat(path(file), &status) < 0 ? 0 : (double)status.st_size;
}

/* Size of the journal, and as a multiple of what it may be. */
static double journal(double *bound)
{
	double size = size_of("ipam/" POOL "/journal"), limit = 2 * size_of("ipam/" POOL "/leases");

	limit = limit > 1 << 20 ? limit : 1 << 20;
	*bound = size / limit;
	return size;
}

/* Leases come and go until the journal is compacted. What that call takes, as a whole. */
static struct spent churn(unsigned long round, double *largest)
{
	struct store *store = fill_open(directory, POOL);
	struct spent took;
	char id[80];

	for (unsigned long i = 0;; i++) {
		double bound, before = journal(&bound);
		struct spent start = spent();

		*largest = bound > *largest ? bound : *largest;
		snprintf(id, sizeof(id), "churn-%lu-%lu", round, i / 2);
		if (i % 2)
			release(store, id);
		else
			lease_next(store, id);
		took = since(start);
		if (journal(&bound) < before)
			break;
	}
	store_closep(&store);
	return took;
}

static void compaction(void)
{
	struct spent *took = allocate(sizeof(*took));
	double *bound = allocate(sizeof(*bound));

	for (unsigned long round = 0; round < rounds; round++)
		took[round] = churn(round, &bound[round]);
	print("ours", "compaction", "ADD", took, bound);
}

static void rebuild(void)
{
	struct spent *took = allocate(sizeof(*took));

	for (unsigned long round = 0; round < rounds; round++) {
		struct store *store;
		struct spent start;

		if (unlink(path("ipam/" POOL "/index")) < 0)
			err(1, "index");
		start = spent();
		store = fill_open(directory, POOL);
		took[round] = since(start);
		if (store_counts(store).leases != leases)
			errx(1, "the rebuilt index has another number of leases");
		store_closep(&store);
	}
	print("ours", "rebuild", "ADD", took, NULL);
}

int main(int argc, char **argv)
{
	inet_pton(AF_INET, "10.64.0.2", &first);
	if (argc != 5)
		errx(2, "usage: store operations|compaction|rebuild DIRECTORY LEASES ROUNDS");
	directory = argv[2];
	leases = strtoul(argv[3], NULL, 10);
	rounds = strtoul(argv[4], NULL, 10);
	if (!leases || leases > 2000000 || !rounds || rounds > 10000)
		errx(2, "LEASES is up to 2000000, ROUNDS up to 10000");
	fill_pool(directory, POOL, first, leases);
	if (!strcmp(argv[1], "operations"))
		operations();
	else if (!strcmp(argv[1], "compaction"))
		compaction();
	else if (!strcmp(argv[1], "rebuild"))
		rebuild();
	else
		errx(2, "\"%s\": operations, compaction or rebuild", argv[1]);
	return 0;
}
