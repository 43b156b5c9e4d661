/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of files for one test. Only tests include this, once each. */
#ifndef LIBCNI_TEST_FILES_H
#define LIBCNI_TEST_FILES_H

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "cni/tap.h"

static char test_dir[64] = "/tmp/test_libcni.XXXXXX";

static inline const char *test_path(char path[PATH_MAX], const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", test_dir, name) >= PATH_MAX)
		abort();
	return path;
}

/* Directories in name must exist. */
static inline void test_write(const char *name, mode_t mode, const char *text)
{
	char path[PATH_MAX];
	FILE *f = fopen(test_path(path, name), "we");

	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(path, mode) < 0)
		abort();
}

/* The content as a text; NULL if there is no such file. The caller's. */
static inline char *test_read(const char *name)
{
	char path[PATH_MAX], *text = calloc(1, 65536);
	FILE *f = fopen(test_path(path, name), "re");

	if (!f) {
		free(text);
		return NULL;
	}
	if (fread(text, 1, 65535, f) == 0 && ferror(f))
		abort();
	fclose(f);
	return text;
}

static inline int test_exists(const char *name)
{
	char path[PATH_MAX];

	return !access(test_path(path, name), F_OK);
}

static inline void test_mkdir(const char *name)
{
	char path[PATH_MAX];

	if (mkdir(test_path(path, name), 0755) < 0)
		abort();
}

static inline void test_remove(const char *name)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s/%s'", test_dir, name);
	if (system(command))
		abort();
}

#endif
