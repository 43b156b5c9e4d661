/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process is killed at every system call of a transaction, at random moments, and many run at
 * once. What was acknowledged is there, what was not is there whole or not at all.
 */
#include "ipam/test_store_sweep.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>

/* Open, act, close. The end of the pipe tells that the act was acknowledged. */
static _Noreturn void child(act_fn *act, int acknowledge)
{
	struct store *store = test_open();

	if (!store)
		_exit(2);
	if (act(store) < 0)
		_exit(5);
	if (write(acknowledge, "", 1) != 1)
		_exit(3);
	store_closep(&store);
	_exit(0);
}

/*
 * Run the act in a child and kill it at the stop number n; two stops for each system call. 1 if it
 * was killed, 0 if it ended before, -1 where processes cannot be traced.
 */
static int run_killed(act_fn *act, int n, bool *acknowledged)
{
	int ends[2], status, stops = 0;
	char byte;
	pid_t pid;

	if (pipe(ends) < 0 || (pid = fork()) < 0)
		return -1;
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(4);
		raise(SIGSTOP);
		child(act, ends[1]);
	}
	close(ends[1]);
	waitpid(pid, &status, 0);
	while (WIFSTOPPED(status) && stops++ < n) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	}
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	*acknowledged = read(ends[0], &byte, 1) == 1;
	close(ends[0]);
	if (WIFSIGNALED(status))
		return 1;
	return WEXITSTATUS(status) ? -1 : 0;
}

static void test_sweep(const struct sweep *sweep)
{
	bool acknowledged = false, healed = true;
	int n, rc = 1;

	for (n = 1; rc > 0 && healed; n++) {
		sweep->base();
		rc = run_killed(sweep->act, n, &acknowledged);
		if (rc >= 0)
			healed = heals(sweep, acknowledged);
	}
	if (rc < 0 && n == 2)
		tap_skip(sweep->name, "processes cannot be traced");
	else
		ok(!rc && healed && acknowledged && has_made(sweep), "%s: killed at %d stops: %s", sweep->name, n - 2,
			test_error.msg);
}

/* ---- Every instruction, nearly ---- */

/* Let the child run until it has written its line. False where that cannot be seen. */
static bool run_to_commit(pid_t pid)
{
	struct __ptrace_syscall_info info;
	bool writing = false;
	int status;

	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD);
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status) ||
			ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
			return false;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT && writing)
			return true;
		writing = info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_pwrite64;
	}
}

/* Kill the act n instructions after its commit. 1 killed, 0 it had ended before, -1. */
static int run_stepped(act_fn *act, int n, bool *acknowledged)
{
	int ends[2], status = 0;
	char byte;
	pid_t pid;

	if (pipe(ends) < 0 || (pid = fork()) < 0)
		return -1;
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(4);
		raise(SIGSTOP);
		child(act, ends[1]);
	}
	close(ends[1]);
	waitpid(pid, &status, 0);
	if (!WIFSTOPPED(status) || !run_to_commit(pid))
		n = -1;
	for (int i = 0; i < n && WIFSTOPPED(status); i++) {
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		waitpid(pid, &status, 0);
	}
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	*acknowledged = read(ends[0], &byte, 1) == 1;
	close(ends[0]);
	return n < 0 ? -1 : WIFSIGNALED(status);
}

/* Between its commit and the end of its change of the index a process makes no system call. */
static void test_instructions(const struct sweep *sweep)
{
	bool acknowledged = false, healed = true;
	int n, rc = 1, kills = 0;

	for (n = 0; rc > 0 && healed && !acknowledged; n += 11 + n / 16) {
		sweep->base();
		rc = run_stepped(sweep->act, n, &acknowledged);
		healed = rc < 0 || heals(sweep, acknowledged);
		kills += rc > 0;
	}
	if (rc < 0 && !kills)
		tap_skip(sweep->name, "processes cannot be traced by steps");
	else
		ok(rc >= 0 && healed && kills > 5, "%s: killed %d times within %d instructions: %s",
			sweep->name, kills, n, test_error.msg);
}

/* Whatever is written of the line that ends an attachment for its pod. */
static void test_torn_release(void)
{
	CLEANUP(freep) char *text = NULL;
	struct store *store;
	size_t length, at;
	int wrong = 0;

	base_sticky();
	store = test_open();
	at = (size_t)store->index.header->cover.journal_end;
	act_keep(store);
	store_closep(&store);
	text = test_slurp("journal", &length);
	ok(length > at + 100, "a line of %zu bytes", length - at);
	for (; at <= length; at++) {
		test_spill("journal", text, at);
		unlink(test_path("index"));
		store = test_open();
		wrong += !store || has_kept(store) != (at == length) || test_have(store, 0, 2) != 2;
		store_closep(&store);
	}
	ok(!wrong, "torn at each byte, the lease is the container's or kept for its pod");
}

/* ---- Random moments ---- */

static _Noreturn void churn(int round, int acknowledge)
{
	for (int i = 0;; i++) {
		struct store *store = test_open();

		if (!store || test_put(store, round * 10000 + i) < 0)
			_exit(1);
		if (i % 3 == 2 && test_drop(store, round * 10000 + i - 1) < 0)
			_exit(1);
		store_closep(&store);
		if (write(acknowledge, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static void test_random_kills(void)
{
	int wrong = 0, total = 0, ends[2], last, i, status;
	struct store *store;

	test_fresh();
	for (int round = 0; round < 40; round++) {
		struct timespec time = { .tv_nsec = 300000 + round * 137911 % 5000000 };
		pid_t pid = pipe(ends) < 0 ? -1 : fork();

		if (!pid)
			churn(round, ends[1]);
		close(ends[1]);
		nanosleep(&time, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		for (last = -1; read(ends[0], &i, sizeof(i)) == sizeof(i); last = i)
			;
		close(ends[0]);
		wrong += !WIFSIGNALED(status);
		total += last + 1;
		store = test_open();
		for (i = 0; store && i <= last; i++) {
			int want = i % 3 != 1 || i + 1 > last ? 1 : 0;

			/* The last one may have lost its lease to the transaction that was cut. */
			if (i < last || want == test_has(store, round * 10000 + i))
				wrong += i < last && test_has(store, round * 10000 + i) != want;
			else
				wrong += i % 3 != 1;
		}
		wrong += !store;
		store_closep(&store);
	}
	ok(!wrong && total > 40, "killed 40 times at random after %d transactions: %d wrong", total,
		wrong);
}

/* ---- Many at once ---- */

#define PROCESSES 16
#define PUTS 64

static _Noreturn void storm(int process, int result)
{
	struct span span = { BASE, BASE + PROCESSES * PUTS - 1 };
	struct test_lease lease;
	struct store *store;
	uint32_t offset;
	u128 address;

	for (int i = 0; i < PUTS; i++) {
		store = test_open();
		if (!store || !store_next_free(store, span, &address))
			_exit(1);
		test_lease(&lease, process * PUTS + i);
		lease.lease.addresses[0] = ip_from_number(address, 16);
		if (store_put(store, &lease.lease, NULL, &test_error) < 0)
			_exit(1);
		store_closep(&store);
		offset = (uint32_t)(address - BASE);
		if (write(result, &offset, sizeof(offset)) != sizeof(offset))
			_exit(1);
	}
	_exit(0);
}

static void test_storm(void)
{
	static int seen[PROCESSES * PUTS];
	int ends[2], status, failed = 0, twice = 0, got = 0;
	struct store_counts counts;
	struct store *store;
	uint32_t offset;

	test_fresh();
	if (pipe(ends) < 0)
		exit(1);
	for (int i = 0; i < PROCESSES; i++)
		if (!fork())
			storm(i, ends[1]);
	close(ends[1]);
	while (read(ends[0], &offset, sizeof(offset)) == sizeof(offset)) {
		got++;
		twice += seen[offset]++;
	}
	close(ends[0]);
	while (wait(&status) > 0)
		failed += status != 0;
	ok(!failed && got == PROCESSES * PUTS, "%d processes, %d leases each", PROCESSES, PUTS);
	ok(!twice, "no address twice, none left out");
	unlink(test_path("index"));
	store = test_open();
	counts = store_counts(store);
	ok(counts.leases == PROCESSES * PUTS && counts.leased == PROCESSES * PUTS,
		"and so says the journal");
	store_closep(&store);
}

/* ---- The lock ---- */

static int64_t milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void test_lock(void)
{
	int ready[2], status;
	struct store *store;
	char byte, holder[32];
	int64_t start;
	pid_t pid;

	test_fresh();
	if (pipe(ready) < 0 || (pid = fork()) < 0)
		exit(1);
	if (!pid) {
		store = test_open();
		if (!store || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		exit(1);
	test_options.lock_timeout_ms = 120;
	start = milliseconds();
	store = test_open();
	start = milliseconds() - start;
	snprintf(holder, sizeof(holder), "process %d (", (int)pid);
	ok(!store && test_error.code == CNI_TRY_LATER && strstr(test_error.msg, holder), "%s",
		test_error.msg);
	ok(start >= 120 && start < 2000, "after %" PRId64 " ms", start);
	test_options.lock_timeout_ms = 0;
	ok(!test_open() && test_error.code == CNI_TRY_LATER, "without waiting");
	test_options.lock_timeout_ms = 10000;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	store = test_open();
	ok(store && !test_put(store, 1), "the lock dies with its holder");
	store_closep(&store);
	close(ready[0]);
	close(ready[1]);
}

/*
 * Whoever waited for the lock of a directory that is gone must not work in it. The waiter is forked
 * first: a child would share its parent's lock.
 */
static void test_removed_directory(void)
{
	struct timespec time = { .tv_nsec = 50000000 };
	struct store *store;
	int go[2], status;
	char byte;
	pid_t pid;

	test_fresh();
	if (pipe(go) < 0 || (pid = fork()) < 0)
		exit(1);
	if (!pid) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		store = test_open();
		_exit(store && !test_put(store, 1) ? 0 : 1);
	}
	store = test_open();
	if (write(go[1], "", 1) != 1)
		exit(1);
	nanosleep(&time, NULL);
	unlink(test_path("journal"));
	unlink(test_path("index"));
	unlink(test_path("lock"));
	ok(!rmdir(test_path("")), "the directory of a waiter is removed");
	store_closep(&store);
	waitpid(pid, &status, 0);
	store = test_open();
	ok(!status && store && test_has(store, 1) == 1, "he works in the new one");
	store_closep(&store);
	close(go[0]);
	close(go[1]);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(sweeps) / sizeof(*sweeps); i++)
		test_sweep(&sweeps[i]);
	for (size_t i = 1; i < 5; i++)
		test_instructions(&sweeps[i]);
	test_torn_release();
	test_random_kills();
	test_storm();
	test_lock();
	test_removed_directory();
	return tap_done();
}
