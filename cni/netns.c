/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int netns_open(const char *path)
{
	/* Without O_NONBLOCK a FIFO put in its place would hold us for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_identify(int netns, struct netns_id *id)
{
	struct stat status;

	if (fstat(netns, &status) < 0)
		return -errno;
	*id = (struct netns_id){ .device = status.st_dev, .inode = status.st_ino };
	return 0;
}

int netns_fail(struct cni_error *err, const char *path, int rc)
{
	if (rc == -EINVAL)
		return cni_fail(err, CNI_INVALID_NETNS,
			"%s is not a network namespace (no longer mounted?)", path);
	return cni_fail_errno(err, CNI_INVALID_NETNS, rc, NULL, "open network namespace %s", path);
}
