/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/boot.h"

#include <fcntl.h>
#include <string.h>

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
