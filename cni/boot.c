/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/boot.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "cni/file.h"
#include "cni/guard.h"

const char *boot_id(void)
{
	static char boot[40];
	CLEANUP(closep) int fd = -1;
	ssize_t n;

	if (*boot)
		return boot;
	fd = file_open("/proc/sys/kernel/random/boot_id", O_RDONLY, 0);
	n = fd < 0 ? -1 : read(fd, boot, sizeof(boot) - 1);
	boot[n < 0 ? 0 : n] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	return boot;
}

/*
 * A clock that was set must not make the living look old: the kernel makes /dev before anybody can
 * set it.
 */
int64_t boot_time(void)
{
	struct timespec now, up;
	int64_t began, made;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	began = now.tv_sec - up.tv_sec - 1;
	if (file_created(AT_FDCWD, "/dev", &made) < 0)
		return INT64_MIN;
	return made < began ? made : began;
}
