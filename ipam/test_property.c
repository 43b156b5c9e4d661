/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long random sequences of everything that happens to a pool, done by the engine on a real
 *directory and by a model in memory, which must agree after each step. A sequence that fails is
 *made as short as it gets and printed.
 *
 *	CNI_TEST_SEED=N     begin with the sequence of that number; a failure tells its own
 *	CNI_TEST_SECONDS=N  how long; 3 without it
 */
#include <ftw.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include "cni/tap.h"
#include "ipam/test_property_run.h"

enum { LENGTH = 150, SHRINK_SECONDS = 60 };

/* How a run ended; shared with the process that made it. */
struct ending {
	int step; /* the one that failed; reached so far */
	char why[512];
};

struct sequence {
	int64_t delay;
	int n;
	struct op ops[LENGTH];
};

static struct ending *ending;

static int64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* ---- Chance ---- */

static uint64_t state;

/* splitmix64 */
static uint64_t draw(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int below(int n)
{
	return (int)(draw() % (uint64_t)n);
}

static bool once_in(int n)
{
	return !below(n);
}

static enum action draw_action(void)
{
	static const int weights[ACTIONS] = { [ADD] = 90,
		[DEL] = 40,
		[DEFER] = 5,
		[CHECK] = 8,
		[GC] = 2,
		[STATUS] = 4,
		[RELEASE] = 4,
		[BURY] = 1,
		[IMPORT] = 8,
		[COMPACT] = 4,
		[REINDEX] = 4,
		[TEAR] = 4,
		[SLEEP] = 8,
		[CLOCK] = 2,
		[REBOOT] = 2 };
	int sum = 0, at;

	for (int i = 0; i < ACTIONS; i++)
		sum += weights[i];
	at = below(sum);
	for (int i = 0; i < ACTIONS; i++) {
		at -= weights[i];
		if (at < 0)
			return (enum action)i;
	}
	return ADD;
}

/* A day there, a minute back. */
static uint32_t draw_jump(enum action action)
{
	if (action == SLEEP)
		return (uint32_t)below(once_in(8) ? 20000 : 3000);
	if (action == CLOCK)
		return (uint32_t)(once_in(2) ? -60 : 86400);
	return (uint32_t)draw();
}

static void draw_sequence(struct sequence *sequence, uint64_t seed)
{
	int sticky;

	state = seed;
	sticky = below(4);
	sequence->delay = once_in(2) ? 5000 : 0;
	sequence->n = LENGTH;
	for (int i = 0; i < LENGTH; i++) {
		struct op *op = &sequence->ops[i];

		*op = (struct op){ .action = draw_action(), .owner = below(OWNERS) };
		op->variant = below(VARIANTS);
		op->network = once_in(6);
		op->address = op->action == ADD && !once_in(6) ? NO_ADDRESS : below(40);
		op->sticky = below(3) < sticky;
		op->flag = once_in(5);
		op->bits = op->action == GC && once_in(3) ? 0 : draw_jump(op->action);
	}
}

/* ---- Runs: each in a process of its own, so that one that dies is a failure as others are ---- */

static char directory[64];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void end_directory(void)
{
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Where fsync(2) costs nothing, if that may be. */
static void start_directory(void)
{
	snprintf(directory, sizeof(directory), "%s/test_property.XXXXXX",
		access("/dev/shm", W_OK) < 0 ? "/tmp" : "/dev/shm");
	if (!mkdtemp(directory)) {
		perror(directory);
		exit(1);
	}
}

static _Noreturn void follow(const struct sequence *sequence)
{
	struct model model;
	const char *why;

	model_start(&model, sequence->delay);
	engine_start(directory);
	for (int i = 0; i < sequence->n; i++) {
		ending->step = i;
		why = engine_step(&model, &sequence->ops[i]);
		if (!why)
			continue;
		snprintf(ending->why, sizeof(ending->why), "%s", why);
		fflush(stdout);
		_exit(1);
	}
	_exit(0);
}

/* False with *ending filled. */
static bool passes(const struct sequence *sequence)
{
	int status = -1;
	pid_t pid;

	*ending = (struct ending){ 0 };
	start_directory();
	fflush(stdout);
	pid = fork();
	if (!pid)
		follow(sequence);
	if (pid > 0)
		waitpid(pid, &status, 0);
	end_directory();
	if (status && !*ending->why)
		snprintf(ending->why, sizeof(ending->why), "the process ended with status %#x",
			status);
	return !status;
}

/* ---- Shrinking ---- */

/* Without n operations from at on. */
static void leave_out(struct sequence *sequence, int at, int n)
{
	memmove(sequence->ops + at, sequence->ops + at + n,
		(size_t)(sequence->n - at - n) * sizeof(*sequence->ops));
	sequence->n -= n;
}

static void shrink(struct sequence *sequence)
{
	int64_t end = seconds() + SHRINK_SECONDS;
	static struct sequence shorter;

	for (int n = sequence->n / 2; n && seconds() < end; n = n == 1 ? 0 : n / 2)
		for (int at = 0; at + n <= sequence->n && seconds() < end;) {
			shorter = *sequence;
			leave_out(&shorter, at, n);
			if (passes(&shorter)) {
				at += n;
				continue;
			}
			shorter.n = ending->step + 1;
			*sequence = shorter;
		}
	passes(sequence);
}

static void print_op(const struct op *op)
{
	static const char *const names[ACTIONS] = { "ADD", "DEL", "DEL with the lock held", "CHECK",
		"GC", "STATUS", "release", "gc of the dead", "import", "compaction",
		"the index is deleted", "a torn line", "sleep", "the clock jumps", "reboot" };

	printf("# %-22s c%d/net%d network rail%d variant %d%s%s", names[op->action], op->owner / 2,
		op->owner % 2 + 1, op->network, op->variant, op->sticky ? " sticky" : "",
		op->flag ? " flag" : "");
	if (op->address != NO_ADDRESS)
		printf(" address %d", op->address);
	printf(" bits %#x\n", op->bits);
}

static void tell(struct sequence *sequence, uint64_t seed)
{
	printf("# sequence %llu fails at step %d: %s\n", (unsigned long long)seed, ending->step,
		ending->why);
	sequence->n = ending->step + 1;
	shrink(sequence);
	printf("# CNI_TEST_SEED=%llu finds it again; reuseDelay %d ms, and these are enough:\n",
		(unsigned long long)seed, (int)sequence->delay);
	for (int i = 0; i < sequence->n; i++)
		print_op(&sequence->ops[i]);
	printf("# %s\n", ending->why);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

int main(void)
{
	static struct sequence sequence;
	uint64_t first, seed;
	int64_t end;
	bool good;

	ending = mmap(
		NULL, sizeof(*ending), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ending == MAP_FAILED || getrandom(&first, sizeof(first), 0) != sizeof(first))
		return 1;
	first = seed = number("CNI_TEST_SEED", first >> 16);
	end = seconds() + (int64_t)number("CNI_TEST_SECONDS", 3);
	do {
		draw_sequence(&sequence, seed++);
		good = passes(&sequence);
	} while (good && seconds() < end);
	if (!good)
		tell(&sequence, seed - 1);
	ok(good, "%d sequences of %d operations from CNI_TEST_SEED=%llu on", (int)(seed - first),
		LENGTH, (unsigned long long)first);
	return tap_done();
}
