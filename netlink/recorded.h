/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a real kernel (testdata/netlink/), played by the scripted one. */
#ifndef NETLINK_RECORDED_H
#define NETLINK_RECORDED_H

#include "netlink/scripted.h"

#define RECORD_MAX 65536

struct record {
	size_t size;
	union {
		struct nlmsghdr header;
		char bytes[RECORD_MAX];
	};
};

/* Read directory/name. A file that is not there ends the test program. */
static inline void record_read(struct record *record, const char *directory, const char *name)
{
	char path[4096];
	unsigned int octet;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (!file) {
		perror(path);
		abort();
	}
	*record = (struct record){ .size = 0 };
	while (record->size < RECORD_MAX && fscanf(file, "%2x", &octet) == 1)
		record->bytes[record->size++] = (char)octet;
	fclose(file);
}

/* Queue it as the answer to the next request, one datagram per message. */
static inline void record_play(struct script *script, struct record *record)
{
	struct nlmsghdr *message = &record->header;
	int rest = (int)record->size;

	for (; mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest)) {
		message->nlmsg_seq = script->nl.seq + 1 + (uint32_t)script->ahead;
		script_bytes(script, message, message->nlmsg_len);
	}
}

#endif
