/* SPDX-License-Identifier: Apache-2.0 */
/* What struct libcni_runtime asks for beyond a path: bounds of time, and calls traced. */
#include <signal.h>
#include <time.h>

#include "libcni/test_plugins.h"

#define ONE                                                                                        \
	"{\"name\":\"n\",\"cniVersion\":\"1.1.0\",\"plugins\":[{\"type\":\"a\",\"name\":\"own\"}]" \
	"}"
#define CONFIG "{\"type\":\"a\",\"cniVersion\":\"1.1.0\",\"name\":\"n\"}"

#define DEL_FAILS     "DEL a own - in=(0) out=(0) 7 plugin type=\"a\" name=\"own\" "
#define VERSION_ASKED "VERSION a own a in={\"cniVersion\":\"1.1.0\"}(22) out={"

/* The last call, as text. */
struct traced {
	char text[4096];
	int calls, with_time;
};

static void keep(void *data, const struct libcni_call *call)
{
	struct traced *traced = data;
	const char *base = call->file ? strrchr(call->file, '/') + 1 : "-";

	traced->calls++;
	traced->with_time += call->nanoseconds > 0;
	snprintf(traced->text, sizeof(traced->text), "%s %s %s %s in=%.*s(%zu) out=%.*s(%zu) %d %s",
		call->command, call->type, call->name ? call->name : "-", base,
		(int)call->input_length, call->input ? call->input : "", call->input_length,
		(int)call->output_length, call->output ? call->output : "", call->output_length,
		call->error ? call->error->code : 0, call->error ? call->error->msg : "");
}

static void test_calls(void)
{
	CLEANUP(free_listp) struct libcni_list *list = parse_list(ONE);
	CLEANUP(freep) char *result = NULL;
	struct traced traced = { 0 };
	struct libcni_error err;

	runtime.trace = keep;
	runtime.trace_data = &traced;
	write_plugin("a", "echo '{}'");
	ok(!libcni_add(&runtime, list, &plain, &result, &err), "add: %s", err.msg);
	is(traced.text, "ADD a own a in=" CONFIG "(44) out={}\n(3) 0 ", "a success");
	ok(traced.calls == 1 && traced.with_time == 1, "traced once, with its time");
	write_plugin("a", "echo '{\"code\":11,\"msg\":\"busy\"}'; exit 1");
	ok(libcni_status(&runtime, list, &err) < 0 && err.code == 11, "status fails");
	is(traced.text,
		"STATUS a own a in=" CONFIG "(44) out=(0) 11 plugin type=\"a\" name=\"own\" failed "
		"(status): busy",
		"a failure");
	write_plugin("a", "echo garbage");
	ok(libcni_add(&runtime, list, &plain, &result, &err) < 0, "add: garbage");
	is(traced.text, "ADD a own a in=" CONFIG "(44) out=garbage\n(8) 0 ",
		"garbage is shown as it came");
	test_remove("bin/a");
	ok(libcni_del(&runtime, list, &plain, &err) < 0, "del: not there");
	ok(!strncmp(traced.text, DEL_FAILS, strlen(DEL_FAILS)), "one that was not found: %s",
		traced.text);
	ok(traced.calls == 4 && traced.with_time == 3, "it took no time");
	write_plugin("a", "");
	ok(!libcni_gc(&runtime, list, NULL, 0, &err), "gc: %s", err.msg);
	is(traced.text,
		"GC a own a in={\"type\":\"a\",\"cniVersion\":\"1.1.0\",\"name\":\"n\","
		"\"cni.dev/valid-attachments\":[],\"cni.dev/attachments\":[]}(100) out=(0) 0 ",
		"gc");
	write_plugin("a", "echo '{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"1.1.0\"]}'");
	ok(!libcni_validate(&runtime, list, &err), "validate: %s", err.msg);
	ok(!strncmp(traced.text, VERSION_ASKED, strlen(VERSION_ASKED)), "version: %s", traced.text);
	runtime.trace = NULL;
	test_remove("cache");
}

static void kill_left(void)
{
	CLEANUP(freep) char *pids = test_read("pids");
	pid_t pid = pids ? (pid_t)strtol(pids, NULL, 10) : 0;

	ok(pid > 1 && !kill(pid, SIGKILL), "the process left behind was still there");
	test_remove("pids");
}

static void test_timeout(void)
{
	static const char msg[] = "plugin type=\"a\" name=\"own\" failed (add): plugin /tmp/";
	CLEANUP(free_listp) struct libcni_list *list = parse_list(ONE);
	struct traced traced = { 0 };
	struct timespec start, end;
	struct libcni_error err;
	char *result = NULL;

	/* Enough for the shell to start on a busy machine. */
	runtime.timeout = 2000;
	runtime.trace = keep;
	runtime.trace_data = &traced;
	write_plugin("a", "sleep 30 & echo $! >${0%/*}/../pids; wait");
	clock_gettime(CLOCK_MONOTONIC, &start);
	ok(libcni_add(&runtime, list, &plain, &result, &err) < 0 && err.code == 11 && !result,
		"a plugin that hangs: code %d", err.code);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ok(end.tv_sec - start.tv_sec < 20, "is not waited for");
	ok(!strncmp(err.msg, msg, strlen(msg)) &&
			strstr(err.msg, "/a was killed: it had not ended after 2000 ms"),
		"it and the bound are named: %s", err.msg);
	ok(strstr(traced.text, "out=(0) 11 ") && strstr(traced.text, "2000 ms"), "and traced");
	ok(!test_exists("cache/results/n-c-eth0"), "nothing is cached");
	kill_left();
	ok(libcni_check(&runtime, list, &plain, &err) < 0 && err.code == 11, "check: %s", err.msg);
	kill_left();
	ok(libcni_del(&runtime, list, &plain, &err) < 0 && err.code == 11, "del: %s", err.msg);
	kill_left();
	write_plugin("a", "sleep 30 & echo $! >${0%/*}/../pids; echo '{}'");
	ok(!libcni_add(&runtime, list, &plain, &result, &err),
		"a process left behind is not waited for");
	kill_left();
	free(result);
	runtime.timeout = 0;
	runtime.trace = NULL;
}

int main(void)
{
	test_begin();
	test_calls();
	test_timeout();
	test_remove("");
	return tap_done();
}
