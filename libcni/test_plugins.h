/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fake plugins: shell scripts that append command, name and stdin to a file "log" and then do what
 * the case says. Only tests include this, once each.
 */
#ifndef LIBCNI_TEST_PLUGINS_H
#define LIBCNI_TEST_PLUGINS_H

#include "libcni/libcni.h"
#include "libcni/test_files.h"

static char path[PATH_MAX], cache_dir[PATH_MAX];

static struct libcni_runtime runtime = { .path = path, .cache_dir = cache_dir };

static const struct libcni_attachment plain = {
	.container_id = "c",
	.netns = "/run/netns/x",
	.ifname = "eth0",
};

/* A plugin that logs and then runs a script. */
static inline void write_plugin(const char *name, const char *script)
{
	char file[64], text[1024];

	snprintf(file, sizeof(file), "bin/%s", name);
	snprintf(text, sizeof(text),
		"#!/bin/sh\necho \"$CNI_COMMAND ${0##*/} $(cat)\" >>'%s/log'\n%s\n", test_dir,
		script);
	test_write(file, 0755, text);
}

static inline void is_log(const char *want, const char *name)
{
	CLEANUP(freep) char *got = test_read("log");

	is(got ? got : "", want, "%s: what the plugins got", name);
}

/* A list from text, which the test knows to be right. */
static inline struct libcni_list *parse_list(const char *text)
{
	struct libcni_list *list;
	struct libcni_error err;

	if (libcni_parse(&list, text, strlen(text), &err) < 0) {
		printf("# %s\n", err.msg);
		abort();
	}
	return list;
}

static inline void free_listp(struct libcni_list **list)
{
	libcni_free(*list);
}

static inline void test_begin(void)
{
	if (!mkdtemp(test_dir))
		abort();
	test_path(path, "bin");
	test_path(cache_dir, "cache");
	test_mkdir("bin");
}

#endif
