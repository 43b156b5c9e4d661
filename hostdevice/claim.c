/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "cni/lock.h"

/* An ADD holds it while its IPAM plugin runs. */
#define PATIENCE_MS 20000

static int open_file(const char *directory, const char *path)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW;
	int fd = file_open(path, flags, 0600), rc;

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	rc = file_make_directory(directory);
	if (rc < 0)
		return rc;
	fd = file_open(path, flags, 0600);
	return fd < 0 ? -errno : fd;
}

static int locked_out(int fd, const char *key, struct cni_error *err)
{
	char name[32];
	long pid = lock_holder(fd, name, sizeof(name));

	return cni_fail(err, CNI_TRY_LATER,
		"device %s is still locked by process %ld (%s) after %d ms; try again, or end that "
		"process if it hangs",
		key, pid, name, PATIENCE_MS);
}

/* What was torn, or is of somebody else, names nobody. */
static int read_owner(struct claim *claim)
{
	char text[CNI_ATTACHMENT_ID + 1];
	ssize_t got = pread(claim->fd, text, sizeof(text), 0);
	size_t length = CNI_ATTACHMENT_ID - 1;

	claim->owner[0] = '\0';
	if (got < 0)
		return -errno;
	if ((size_t)got < length)
		return 0;
	text[length] = '\0';
	if (strspn(text, "0123456789abcdef") == length)
		strcpy(claim->owner, text);
	return 0;
}

int claim_take(struct claim *claim, const char *directory, const char *key, struct cni_error *err)
{
	char path[PATH_MAX], name[160];
	int64_t deadline = 0;
	int rc;

	snprintf(name, sizeof(name), "device-%.140s", key);
	for (char *at = name; *at; at++)
		if (*at == '/')
			*at = '_';
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX)
		return cni_fail(err, CNI_IO_FAILURE, "%s is longer than a path may be", directory);
	claim->fd = open_file(directory, path);
	if (claim->fd < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, claim->fd, NULL, "open %s", path);
	rc = lock_wait(claim->fd, PATIENCE_MS, &deadline);
	if (rc == -EAGAIN)
		return locked_out(claim->fd, key, err);
	if (rc >= 0)
		rc = read_owner(claim);
	return rc < 0 ? cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "lock %s", path) : 0;
}

int claim_give(struct claim *claim, const char *owner, struct cni_error *err)
{
	size_t length = strlen(owner);
	ssize_t done = length ? pwrite(claim->fd, owner, length, 0) : ftruncate(claim->fd, 0);

	/* Half an owner is nobody, for read_owner() too. */
	if (done != (ssize_t)length)
		return cni_fail_errno(err, CNI_IO_FAILURE, done < 0 ? -errno : -ENOSPC, NULL,
			"write down who has the device");
	strcpy(claim->owner, owner);
	return 0;
}

void claim_end(struct claim *claim)
{
	closep(&claim->fd);
	claim->fd = -1;
}
