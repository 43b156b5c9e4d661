/* SPDX-License-Identifier: Apache-2.0 */
/* Fake plugins are shell scripts in a directory of their own under /tmp. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "cni/exec.h"
#include "cni/json.h"
#include "cni/tap.h"

static char dir[] = "/tmp/test_exec.XXXXXX";
static char file[PATH_MAX];

static const struct exec_variable no_variables[] = { { 0 } };

/* Writes dir/plugin anew and leaves its path in file. */
static void write_plugin(const char *script)
{
	FILE *f;

	snprintf(file, sizeof(file), "%s/plugin", dir);
	unlink(file);
	f = fopen(file, "we");
	if (!f || fprintf(f, "#!/bin/sh\n%s\n", script) < 0 || fclose(f) || chmod(file, 0755) < 0)
		abort();
}

static int run(const char *script, const char *input, size_t length, char **output, size_t *size,
	struct cni_error *err)
{
	*output = NULL;
	*err = (struct cni_error){ 0 };
	write_plugin(script);
	return exec_plugin(file, no_variables, input, length, EXEC_UNBOUNDED, output, size, err);
}

/* What our own stderr gets while a plugin runs. */
static const char *run_captured(const char *script, char *got, size_t size)
{
	CLEANUP(freep) char *output = NULL;
	int saved = dup(STDERR_FILENO),
	    capture = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct cni_error err;
	size_t length;
	ssize_t n;

	dup2(capture, STDERR_FILENO);
	run(script, "", 0, &output, &length, &err);
	dup2(saved, STDERR_FILENO);
	n = pread(capture, got, size - 1, 0);
	got[n < 0 ? 0 : n] = '\0';
	close(saved);
	close(capture);
	return got;
}

static const struct {
	const char *name, *script;
	const char *output; /* of a success, else NULL */
	int code;
	const char *msg, *details; /* msg: a part of it */
} cases[] = {
	{ "echo", "cat", .output = "{\"name\":\"a\"}" },
	{ "no output", "cat >/dev/null", .output = "" },
	{ "garbage is the caller's to judge", "echo garbage", .output = "garbage\n" },
	{ "stdin not read", "exec <&-; echo done", .output = "done\n" },
	{ "stdout closed early", "exec >&- 2>&-; cat >/dev/null; exit 0", .output = "" },
	{ "a process left behind holds the pipes", "sleep 30 & echo $! >>pids; echo done",
		.output = "done\n" },
	{ "a process left behind after no output", "sleep 30 & echo $! >>pids", .output = "" },
	{ "stderr of a success", "echo noise >&2; echo done", .output = "done\n" },
	{ "a result that speaks of a code", "echo '{\"a\":{\"code\":3,\"msg\":\"m\"}}'",
		.output = "{\"a\":{\"code\":3,\"msg\":\"m\"}}\n" },
	{ "error object", "echo '{\"code\":11,\"msg\":\"busy\",\"details\":\"more\"}'; exit 1",
		.code = CNI_TRY_LATER, .msg = "busy", .details = "more" },
	{ "error object and exit 0", "echo '{\"code\":7,\"msg\":\"bad\"}'", .code = 7,
		.msg = "bad" },
	{ "error object without a code", "echo '{\"msg\":\"bad\"}'; exit 1", .code = CNI_INTERNAL,
		.msg = "bad" },
	{ "error object with stderr", "echo why >&2; echo '{\"code\":101,\"msg\":\"own\"}'; exit 3",
		.code = 101, .msg = "own" },
	{ "error object without msg", "echo '{\"code\":7}'; exit 1", .code = CNI_INTERNAL,
		.msg = "(exit status 1) but its diagnostic message is no error object: "
		       "\"{\\\"code\\\":7}\"" },
	{ "nothing and exit 3", "exit 3", .code = CNI_INTERNAL,
		.msg = "netplugin failed with no error message: exit status 3 (/tmp/test_exec." },
	{ "stderr only", "printf 'one\\ntwo\\001\\n' >&2; exit 2", .code = CNI_INTERNAL,
		.msg = "netplugin failed: \"one\\ntwo\\x01\": exit status 2 (" },
	{ "garbage and stderr", "echo garbage; echo why >&2; exit 4", .code = CNI_INTERNAL,
		.msg = "(exit status 4) but its diagnostic message is no error object: "
		       "\"garbage\"; stderr: \"why\" (" },
	{ "killed", "kill -KILL $$", .code = CNI_INTERNAL, .msg = "killed by signal 9 (Killed)" },
	{ "crashed after a result", "echo '{}'; kill -SEGV $$", .code = CNI_INTERNAL,
		.msg = "killed by signal 11 (Segmentation fault)" },
	{ "SIGPIPE has its default action", "kill -PIPE $$; echo ignored", .code = CNI_INTERNAL,
		.msg = "killed by signal 13 (Broken pipe)" },
	{ "long stderr keeps its two ends",
		"echo begin >&2; head -c 100000 /dev/zero | tr '\\0' x >&2; echo end >&2; exit 1",
		.code = CNI_INTERNAL, .msg = "xxxend\": exit status 1" },
	{ "a panic on a short stderr", "echo panic; seq 200 >&2; exit 1", .code = CNI_INTERNAL,
		.msg = "stderr: \"1\\n2\\n3\\n" },
	{ "endless stdout", "cat /dev/zero", .code = CNI_INTERNAL,
		.msg = "was killed: it printed more than 8388608 bytes" },
};

static void test_cases(void)
{
	static const char input[] = "{\"name\":\"a\"}";

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(freep) char *output = NULL;
		struct cni_error err;
		size_t length = 0;
		int rc = run(cases[i].script, input, strlen(input), &output, &length, &err);

		if (cases[i].output) {
			ok(!rc && output && length == strlen(output), "%s: succeeds",
				cases[i].name);
			is(output, cases[i].output, "%s: stdout", cases[i].name);
			continue;
		}
		ok(rc == -1 && err.code == cases[i].code && !output, "%s: code %d", cases[i].name,
			err.code);
		if (!ok(strstr(err.msg, cases[i].msg) != NULL, "%s: message", cases[i].name))
			printf("# got %s\n", err.msg);
		is(err.details, cases[i].details ? cases[i].details : "", "%s: details",
			cases[i].name);
	}
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "every child was reaped");
}

/*
 * Each is killed at its bound, or ends by itself before. Two seconds are enough for a shell to
 * start on a busy machine, where it has to do something first.
 */
static const struct {
	const char *name, *script;
	unsigned int timeout;
	const char *output; /* NULL: killed */
	const char *said;   /* on stderr */
} bounds[] = {
	{ "hangs", "exec sleep 30", 500 },
	{ "hangs with stdin not read", "exec <&-; exec sleep 30", 500 },
	{ "hangs after its pipes were closed", "exec <&- >&- 2>&-; exec sleep 30", 500 },
	{ "hangs after it said something", "echo waiting >&2; exec sleep 30", 2000,
		.said = "; stderr: \"waiting\"; " },
	{ "hangs in a child that holds the pipes", "sleep 30 & echo $! >>pids; wait", 2000 },
	{ "never stops talking", "while :; do echo more >&2; done", 2000, .said = "more\\nmore" },
	{ "stopped", "kill -STOP $$", 500 },
	{ "ignores what can be ignored", "trap '' TERM INT; sleep 30 & echo $! >>pids; wait; wait",
		2000 },
	{ "ends in time", "sleep 0.1; echo done", 20000, .output = "done\n" },
	{ "ends in time without its pipes", "exec <&- >&- 2>&-; sleep 0.1", 20000, .output = "" },
	{ "leaves a process behind in time", "sleep 30 & echo $! >>pids; echo done", 10000,
		.output = "done\n" },
	{ "leaves a process behind that goes on talking",
		"while echo more >&2; do :; done & echo $! >>pids; echo done", EXEC_UNBOUNDED,
		.output = "done\n" },
};

static void test_bounds(void)
{
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		CLEANUP(freep) char *output = NULL;
		int64_t start = exec_clock(), took;
		struct cni_error err = { 0 };
		size_t length;
		char msg[96];
		int rc;

		write_plugin(bounds[i].script);
		rc = exec_plugin(
			file, no_variables, "{}", 2, bounds[i].timeout, &output, &length, &err);
		took = (exec_clock() - start) / 1000000;
		if (bounds[i].output) {
			ok(!rc && took < 20000, "%s: %d ms %s", bounds[i].name, (int)took, err.msg);
			is(output, bounds[i].output, "%s: stdout", bounds[i].name);
			continue;
		}
		ok(rc == -1 && err.code == CNI_TRY_LATER && !output && took >= bounds[i].timeout &&
				took < 20000,
			"%s: code %d after %d ms", bounds[i].name, err.code, (int)took);
		snprintf(msg, sizeof(msg), "/plugin was killed: it had not ended after %u ms",
			bounds[i].timeout);
		ok(strstr(err.msg, msg) && (!bounds[i].said || strstr(err.msg, bounds[i].said)),
			"%s: %s", bounds[i].name, err.msg);
	}
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "every child was reaped");
}

/* The file stays busy for longer than the bound. */
static void test_busy_bound(void)
{
	CLEANUP(freep) char *output = NULL;
	int64_t start = exec_clock();
	struct cni_error err;
	size_t length;
	int fd;

	write_plugin("echo done");
	fd = open(file, O_WRONLY | O_CLOEXEC);
	ok(exec_plugin(file, no_variables, "", 0, 200, &output, &length, &err) < 0 &&
			strstr(err.msg, "Text file busy"),
		"a busy file is not waited for beyond the bound: %s", err.msg);
	ok(exec_clock() - start < 4000000000, "nor for five seconds");
	close(fd);
}

/* Both directions full at once: who writes or reads only one of them waits for ever. */
static void test_large(void)
{
	CLEANUP(freep) char *input = malloc(JSON_MAX), *whole = NULL, *most = NULL, *little = NULL;
	struct cni_error err;
	size_t length;

	memset(input, 'a', JSON_MAX);
	ok(!run("cat", input, JSON_MAX, &whole, &length, &err), "8 MiB there and back");
	ok(length == JSON_MAX && !memcmp(input, whole, length), "8 MiB arrive as they were");
	ok(!run("head -c 300000 /dev/zero; cat", input, 1000000, &most, &length, &err) &&
			length == 1300000,
		"a child that writes before it reads");
	ok(!run("head -c 10 >/dev/null; echo enough", input, JSON_MAX, &little, &length, &err),
		"a child that stops reading");
	is(little, "enough\n", "a child that stops reading: stdout");
}

static void test_signals(void)
{
	CLEANUP(freep) char *input = calloc(1, 1u << 20), *first = NULL, *second = NULL;
	struct sigaction before, after;
	struct cni_error err;
	sigset_t set, pending;
	size_t length;

	sigaction(SIGPIPE, NULL, &before);
	ok(!run("exec <&-; sleep 0.1", input, 1u << 20, &first, &length, &err),
		"EPIPE is no failure");
	sigaction(SIGPIPE, NULL, &after);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	sigpending(&pending);
	ok(before.sa_handler == SIG_DFL && after.sa_handler == SIG_DFL, "SIGPIPE's action is kept");
	ok(!sigismember(&set, SIGPIPE) && !sigismember(&pending, SIGPIPE),
		"SIGPIPE is neither blocked nor pending");

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	raise(SIGPIPE);
	ok(!run("exec <&-; sleep 0.1", input, 1u << 20, &second, &length, &err),
		"with one pending");
	sigpending(&pending);
	ok(sigismember(&pending, SIGPIPE), "a SIGPIPE that was pending before still is");
	sigtimedwait(&set, NULL, &(struct timespec){ 0 });
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void test_stderr(void)
{
	char got[256];

	is(run_captured("echo noise >&2", got, sizeof(got)), "noise\n",
		"stderr of a success is passed on");
	is(run_captured("echo noise >&2; exit 1", got, sizeof(got)), "",
		"stderr of a failure is in the message instead");
}

static void test_environment(void)
{
	static const struct exec_variable variables[] = {
		{ "TEST_EXEC_A", "new=value" },
		{ "TEST_EXEC_B", "" },
		{ 0 },
	};
	CLEANUP(freep) char *output = NULL;
	struct cni_error err;
	size_t length;

	setenv("TEST_EXEC_A", "old", 1);
	setenv("TEST_EXEC_AB", "kept", 1);
	write_plugin("env | grep ^TEST_EXEC_ | sort");
	exec_plugin(file, variables, "", 0, EXEC_UNBOUNDED, &output, &length, &err);
	is(output, "TEST_EXEC_A=new=value\nTEST_EXEC_AB=kept\nTEST_EXEC_B=\n",
		"variables replace those of the same name only");
	is(getenv("TEST_EXEC_A"), "old", "our own environment stays");
}

/* Our ends of the pipes get the lowest numbers that are free; the shell itself uses 10. */
static void test_descriptors(void)
{
	CLEANUP(freep) char *output = NULL;
	struct cni_error err;
	size_t length;
	char script[96];
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(lowest);
	snprintf(script, sizeof(script),
		"for fd in $(seq %d 9); do ls /proc/$$/fd/$fd 2>/dev/null; done; exit 0", lowest);
	ok(lowest < 9 && !run(script, "", 0, &output, &length, &err), "list descriptors");
	is(output, "", "a plugin gets none of our descriptors");
}

static void *close_later(void *fd)
{
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	close(*(int *)fd);
	return NULL;
}

static void test_start(void)
{
	static const struct {
		const char *script;
		mode_t mode;
		const char *msg;
	} starts[] = {
		{ "#!/bin/sh\n", 0644, "Permission denied; is it executable?" },
		{ "#!/nonexistent/interpreter\n", 0755, "the interpreter it names is missing" },
		{ "no format\n", 0755, "Exec format error; it is no program for this machine" },
	};
	CLEANUP(freep) char *output = NULL;
	struct cni_error err;
	pthread_t thread;
	size_t length;
	int fd;

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		unlink(file);
		fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, starts[i].mode);
		ok(write(fd, starts[i].script, strlen(starts[i].script)) > 0 && !close(fd) &&
				exec_plugin(file, no_variables, "", 0, EXEC_UNBOUNDED, &output,
					&length, &err) < 0 &&
				err.code == CNI_INTERNAL && strstr(err.msg, starts[i].msg),
			"cannot run: %s", starts[i].msg);
	}
	write_plugin("echo done");
	fd = open(file, O_WRONLY | O_CLOEXEC);
	pthread_create(&thread, NULL, close_later, &fd);
	ok(!exec_plugin(file, no_variables, "", 0, EXEC_UNBOUNDED, &output, &length, &err),
		"a busy file is waited for");
	pthread_join(thread, NULL);
}

static void test_find(void)
{
	char path[PATH_MAX + 64], found[PATH_MAX], want[PATH_MAX], deep[PATH_MAX];
	struct cni_error err;

	write_plugin("");
	snprintf(want, sizeof(want), "%s/directory", dir);
	mkdir(want, 0755);
	snprintf(want, sizeof(want), "%s/directory/directory", dir);
	close(open(want, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	snprintf(path, sizeof(path), "/nonexistent::%s:%s/directory", dir, dir);
	ok(!exec_find(path, "plugin", found, &err), "find a plugin in the third directory");
	is(found, file, "its path");
	ok(!exec_find(path, "directory", found, &err), "a directory is no plugin");
	is(found, want, "the file behind it is, executable or not");

	ok(exec_find("/a:/b", "nope", found, &err) < 0 && err.code == CNI_INVALID_CONFIG,
		"not found");
	is(err.msg,
		"failed to find plugin \"nope\" in path [/a /b]: install it there or correct "
		"CNI_PATH",
		"not found: message");
	snprintf(path, sizeof(path), "%s/loop", dir);
	ok(!symlink("loop", path) && exec_find(path, "nope", found, &err) < 0 &&
			err.code == CNI_IO_FAILURE && strstr(err.msg, "nope"),
		"a directory that cannot be searched: %s", err.msg);
	ok(exec_find("", "nope", found, &err) < 0 && strstr(err.msg, "no paths provided"),
		"no paths");
	ok(exec_find(dir, "../sh", found, &err) < 0 &&
			strstr(err.msg, "invalid plugin name: \"../sh\""),
		"a name with '/'");
	ok(exec_find(dir, "", found, &err) < 0, "an empty name");
	ok(chdir(dir) == 0 && exec_find("::", "plugin", found, &err) < 0,
		"the working directory is never searched");
	memset(deep, 'd', sizeof(deep) - 4);
	deep[0] = '/';
	deep[sizeof(deep) - 4] = '\0';
	ok(exec_find(deep, "plugin", found, &err) < 0, "a path that does not fit is not cut");
}

int main(void)
{
	char command[128];

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return EXIT_FAILURE;
	test_cases();
	test_bounds();
	test_busy_bound();
	test_large();
	test_signals();
	test_stderr();
	test_environment();
	test_descriptors();
	test_start();
	test_find();
	snprintf(command, sizeof(command), "kill $(cat %s/pids); rm -rf %s", dir, dir);
	ok(!system(command), "clean up");
	return tap_done();
}
