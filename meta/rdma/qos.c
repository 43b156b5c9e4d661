/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/rdma/qos.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int write_number(const char *path, int64_t number)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
	char text[24];
	int length = snprintf(text, sizeof(text), "%" PRId64, number);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, (size_t)length);
	if (written < 0)
		return -errno;
	return written == length ? 0 : -EIO;
}

int qos_set_tos(const char *configfs, const char *device, int64_t tos, struct cni_error *err)
{
	char directory[PATH_MAX], path[PATH_MAX + 32];
	int rc;

	if (snprintf(directory, sizeof(directory), "%s/rdma_cm/%s", configfs, device) >= PATH_MAX)
		return cni_fail(err, CNI_INTERNAL, "a path below %s is too long", configfs);
	snprintf(path, sizeof(path), "%s/ports/1/default_roce_tos", directory);
	/* The directory is what makes the kernel show the device; its values live on without it. */
	if (mkdir(directory, 0755) < 0 && errno != EEXIST) {
		rc = -errno;
		if (rc == -ENOENT)
			return cni_fail(err, CNI_TRY_LATER,
				"rdmaQoS.tos needs %s/rdma_cm: mount configfs there and load "
				"rdma_cm",
				configfs);
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"make %s, for rdmaQoS.tos of RDMA device %s", directory, device);
	}
	rc = write_number(path, tos);
	(void)rmdir(directory);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"write rdmaQoS.tos %" PRId64 " to %s", tos, path);
	return 0;
}

static int make_tc_path(char path[PATH_MAX], const char *sys, const char *device)
{
	return snprintf(path, PATH_MAX, "%s/class/infiniband/%s/tc/1/traffic_class", sys, device) <
			       PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

/* "Global tclass=96" */
int64_t qos_read_tc(const char *sys, const char *device)
{
	static const char key[] = "Global tclass=";
	CLEANUP(closep) int fd = -1;
	char path[PATH_MAX], text[256], *at, *end;
	ssize_t got = -1;
	long tc;

	if (!make_tc_path(path, sys, device))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		got = read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return -1;
	text[got] = '\0';
	at = strstr(text, key);
	if (!at)
		return -1;
	tc = strtol(at + strlen(key), &end, 10);
	return end == at + strlen(key) || tc < 0 || tc > 255 ? -1 : tc;
}

int qos_set_tc(const char *sys, const char *device, int64_t tc, struct cni_error *err)
{
	char path[PATH_MAX];
	int rc = make_tc_path(path, sys, device);

	if (!rc)
		rc = write_number(path, tc);
	if (rc == -ENOENT)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"rdmaQoS.tc: the driver of RDMA device %s has no traffic class (%s; only "
			"those of MLNX_OFED and DOCA have): leave it out, or use tos",
			device, path);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL,
			"write rdmaQoS.tc %" PRId64 " of RDMA device %s", tc, device);
	return 0;
}
