/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cni/boot.h"
#include "cni/file.h"

int netns_open(const char *path)
{
	/* Without O_NONBLOCK a FIFO put in its place would hold us for ever. */
	int fd = file_open(path, O_RDONLY | O_NONBLOCK, 0);
	int type, rc;

	if (fd < 0)
		return -errno;
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type == CLONE_NEWNET)
		return fd;
	rc = type >= 0 || errno == ENOTTY ? -EINVAL : -errno;
	close(fd);
	return rc;
}

bool netns_is_gone(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR || rc == -EINVAL;
}

int netns_home(void)
{
	int fd = file_open("/proc/thread-self/ns/net", O_RDONLY, 0);

	return fd < 0 ? -errno : fd;
}

static struct netns_id id_of(const struct stat *status)
{
	return (struct netns_id){ .device = status->st_dev, .inode = status->st_ino };
}

int netns_identify(int netns, struct netns_id *id)
{
	struct stat status;

	if (fstat(netns, &status) < 0)
		return -errno;
	*id = id_of(&status);
	return 0;
}

const char *netns_print_id(const struct netns_id *id, char out[NETNS_ID_TEXT])
{
	snprintf(out, NETNS_ID_TEXT, "%" PRIu64 ":%" PRIu64, id->device, id->inode);
	return out;
}

static bool is_told(const char *text)
{
	return text && *text;
}

bool netns_is_dead(const char *path, const char *id, const char *boot)
{
	const char *now = boot_id();
	struct netns_id found;
	struct stat status;
	char seen[NETNS_ID_TEXT];

	if (is_told(boot) && *now && strcmp(boot, now) != 0)
		return true;
	/* Of a namespace that could not be looked at then, nothing can be said now. */
	if (!is_told(path) || !is_told(id))
		return false;
	if (stat(path, &status) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	found = id_of(&status);
	return strcmp(id, netns_print_id(&found, seen)) != 0;
}

int netns_fail(struct cni_error *err, const char *path, int rc)
{
	if (rc == -EINVAL)
		return cni_fail(err, CNI_INVALID_NETNS,
			"%s is not a network namespace (no longer mounted?)", path);
	return cni_fail_errno(err, CNI_INVALID_NETNS, rc, NULL, "open network namespace %s", path);
}
