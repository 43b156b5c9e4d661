/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills a store with leases before it is measured:
 *
 *	preload pool|host-local DATADIR NETWORK FIRST-ADDRESS COUNT
 *
 * Ours through the store itself, host-local's as the files that it would have written.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/fill.h"

static void write_file(int directory, const char *name, const char *text)
{
	CLEANUP(closep)
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		err(1, "%s", name);
}

static void fill_host_local(const char *path, const char *network, struct in_addr first,
	unsigned long count)
{
	CLEANUP(closep) int data = open(path, O_DIRECTORY | O_CLOEXEC), directory = -1;
	char name[INET_ADDRSTRLEN] = "", text[64];

	if (data < 0 || (mkdirat(data, network, 0700) < 0 && errno != EEXIST))
		err(1, "%s/%s", path, network);
	directory = openat(data, network, O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		err(1, "%s/%s", path, network);
	for (unsigned long i = 0; i < count; i++) {
		struct in_addr address = fill_nth(first, i);

		inet_ntop(AF_INET, &address, name, sizeof(name));
		snprintf(text, sizeof(text), "preload-%lu\r\nnet1", i);
		write_file(directory, name, text);
	}
	write_file(directory, "last_reserved_ip.0", name);
}

int main(int argc, char **argv)
{
	struct in_addr first;
	unsigned long count;
	char *end;

	if (argc != 6 || inet_pton(AF_INET, argv[4], &first) != 1)
		errx(2, "usage: preload pool|host-local DATADIR NETWORK FIRST-ADDRESS COUNT");
	count = strtoul(argv[5], &end, 10);
	if (*end || count < 1 || count > 4000000)
		errx(2, "\"%s\" is no number from 1 to 4000000", argv[5]);
	if (!strcmp(argv[1], "pool"))
		fill_pool(argv[2], argv[3], first, count);
	else if (!strcmp(argv[1], "host-local"))
		fill_host_local(argv[2], argv[3], first, count);
	else
		errx(2, "\"%s\": neither pool nor host-local", argv[1]);
	return 0;
}
