/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, for the tests of the store. */
#ifndef IPAM_TEST_STORE_H
#define IPAM_TEST_STORE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cni/boot.h"
#include "cni/tap.h"
#include "ipam/store_impl.h"

#define POOL "rail0"
#define BASE (((u128)0xffff << 32) + 0x0a010000) /* 10.1.0.0 */

static char test_directory[256];
static struct store_options test_options = {
	.directory = test_directory,
	.pool = POOL,
	.lock_timeout_ms = 10000,
	.create = true,
};
static struct cni_error test_error;

static inline int test_unlink(const char *path, const struct stat *status, int type,
	struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void test_remove(void)
{
	nftw(test_directory, test_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* An empty directory; the one before is removed. */
static inline void test_fresh(void)
{
	const char *tmp = getenv("TMPDIR");

	/* Where fsync(2) costs nothing: the tests call it a thousand times. */
	if (!tmp)
		tmp = access("/dev/shm", W_OK) < 0 ? "/tmp" : "/dev/shm";
	if (*test_directory)
		test_remove();
	else
		atexit(test_remove);
	snprintf(test_directory, sizeof(test_directory), "%s/test_store.XXXXXX", tmp);
	if (!mkdtemp(test_directory)) {
		perror(test_directory);
		_exit(1);
	}
}

static inline const char *test_path(const char *file)
{
	static char path[2][512];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/ipam/" POOL "/%s", test_directory, file);
	return path[turn];
}

/* NULL with test_error filled. */
static inline struct store *test_open(void)
{
	struct store *store;

	test_error = (struct cni_error){ 0 };
	return store_open(&store, &test_options, &test_error) < 0 ? NULL : store;
}

struct test_lease {
	struct lease lease;
	char cid[32], pod[32];
};

/* Lease number i has address number i, 10.1.0.0 and on. */
static inline const struct lease *test_lease(struct test_lease *out, int i)
{
	snprintf(out->cid, sizeof(out->cid), "container%d", i);
	snprintf(out->pod, sizeof(out->pod), "default/pod%d", i);
	memset(&out->lease, 0, LEASE_FIELDS);
	out->lease.container_id = out->cid;
	out->lease.ifname = "net1";
	out->lease.network = "rail0";
	out->lease.pod = out->pod;
	out->lease.boot = boot_id();
	out->lease.time = 1763717400;
	out->lease.n_addresses = 1;
	out->lease.addresses[0] = ip_from_number(BASE + (u128)i, 16);
	return &out->lease;
}

static inline int test_put(struct store *store, int i)
{
	struct test_lease lease;

	return store_put(store, test_lease(&lease, i), NULL, &test_error);
}

static inline int test_drop(struct store *store, int i)
{
	struct test_lease lease;

	test_lease(&lease, i);
	return store_remove(store, lease.cid, "net1", &test_error);
}

/* 1 if lease i is there as test_put() wrote it, 0 if it is not there at all, -1 for all else. */
static inline int test_has(struct store *store, int i)
{
	struct test_lease want;
	struct lease *found = malloc(sizeof(*found));
	int rc;

	test_lease(&want, i);
	rc = store_find(store, want.cid, "net1", found, &test_error);
	if (rc > 0 && (strcmp(found->pod, want.pod) || found->n_addresses != 1 ||
		!ip_same(&found->addresses[0], &want.lease.addresses[0])))
		rc = -1;
	if (rc > 0 && !store_is_taken(store, BASE + (u128)i))
		rc = -1;
	free(found);
	return rc;
}

/* How many of the leases first..last - 1 are there; -1 if one of them is wrong. */
static inline int test_have(struct store *store, int first, int last)
{
	int count = 0;

	for (int i = first; i < last; i++) {
		int has = test_has(store, i);

		if (has < 0)
			return -1;
		count += has;
	}
	return count;
}

/* The whole file, with a NUL behind it; malloc'd, NULL if it cannot be read. */
static inline char *test_slurp(const char *file, size_t *length)
{
	CLEANUP(closep) int fd = open(test_path(file), O_RDONLY);
	struct stat status;
	char *text;

	*length = 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		return NULL;
	*length = (size_t)status.st_size;
	text = calloc(1, *length + 1);
	if (text && read(fd, text, *length) != (ssize_t)*length)
		exit(1);
	return text;
}

/* Write into the file that is there, and cut it to length. */
static inline void test_spill(const char *file, const char *text, size_t length)
{
	CLEANUP(closep) int fd = open(test_path(file), O_WRONLY | O_CREAT, 0600);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length || ftruncate(fd, (off_t)length)) {
		perror(file);
		exit(1);
	}
}

/* Write text behind what the file has. */
static inline void test_append(const char *file, const char *text, size_t length)
{
	CLEANUP(closep) int fd = open(test_path(file), O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length) {
		perror(file);
		exit(1);
	}
}

#endif
