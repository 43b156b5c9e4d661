/* SPDX-License-Identifier: Apache-2.0 */
#include "ipoib/partition.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS	     0x7fff
#define ADDRESS_SIZE 20 /* four octets of flags and queue pair, the port's GID (RFC 4391, 9.1.1)   \
			 */
#define GUID_OFFSET   12
#define GID_TEXT_SIZE 39

static void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* The next entry that is none of the dots; NULL: no more. */
static const char *next(DIR *directory)
{
	const struct dirent *entry;

	do
		entry = readdir(directory);
	while (entry && entry->d_name[0] == '.');
	return entry ? entry->d_name : NULL;
}

/* A directory below another; NULL if there is none. */
static DIR *open_below(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory && fd >= 0)
		close(fd);
	return directory;
}

static bool read_text(int at, const char *name, char *text, size_t size)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (length <= 0)
		return false;
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* The subnet prefix, the first half of a GID, may change at any time. */
static bool has_guid(int port, const struct link *master)
{
	const uint8_t *guid = master->address + GUID_OFFSET;
	char text[64], want[20];

	if (!read_text(port, "gids/0", text, sizeof(text)) || strlen(text) != GID_TEXT_SIZE)
		return false;
	snprintf(want, sizeof(want), "%02x%02x:%02x%02x:%02x%02x:%02x%02x", guid[0], guid[1],
		guid[2], guid[3], guid[4], guid[5], guid[6], guid[7]);
	return !strcmp(text + GID_TEXT_SIZE - strlen(want), want);
}

static bool has_pkey(int port, uint16_t pkey)
{
	CLEANUP(closedirp) DIR *table = open_below(port, "pkeys");
	const char *entry;
	char text[16];

	/* What cannot be read refuses nothing. */
	if (!table)
		return true;
	while ((entry = next(table)))
		if (read_text(dirfd(table), entry, text, sizeof(text)) &&
			((strtoul(text, NULL, 0) ^ pkey) & MEMBERS) == 0)
			return true;
	return false;
}

/* Of one device. Returns 1 if it has the master's port and that lacks the partition. */
static int check_device(int device, const char *name, const struct link *master, uint16_t pkey,
	struct cni_error *err)
{
	CLEANUP(closedirp) DIR *ports = open_below(device, "ports");
	const char *number;

	while (ports && (number = next(ports))) {
		CLEANUP(closep)
		int port = openat(dirfd(ports), number, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (port < 0 || !has_guid(port, master))
			continue;
		if (has_pkey(port, pkey))
			return 0;
		return cni_fail(err, CNI_TRY_LATER,
			"partition 0x%04x is not in the table of port %s of %s, which master %s "
			"sits on: the subnet manager must make the port a member (%s/%s/ports/%s/"
			"pkeys)",
			pkey, number, name, master->name, PARTITION_SYSFS, name, number);
	}
	return 0;
}

int partition_check(
	const char *sysfs, const struct link *master, uint16_t pkey, struct cni_error *err)
{
	CLEANUP(closedirp) DIR *devices = opendir(sysfs);
	const char *name;

	if (master->address_length != ADDRESS_SIZE)
		return 0;
	while (devices && (name = next(devices))) {
		CLEANUP(closep)
		int device = openat(dirfd(devices), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (device >= 0 && check_device(device, name, master, pkey, err) < 0)
			return -1;
	}
	return 0;
}
