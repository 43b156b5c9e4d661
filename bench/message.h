/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of rtnetlink(7) for the floor, with the C library only. An error ends the process.
 */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct message {
	struct nlmsghdr head;
	char body[1024];
};

struct message_answer {
	_Alignas(struct nlmsghdr) char buffer[8192];
	size_t length;
};

/* A request with size bytes of header behind its own: they are returned, zeroed. */
void *message_begin(struct message *, unsigned short type, unsigned short flags, size_t size);

/* An attribute; one without data may become a nest, which message_end_nest() gives its length. */
struct rtattr *message_put(struct message *, unsigned short type, const void *data, size_t size);
void message_put_u32(struct message *, unsigned short type, uint32_t value);
void message_put_text(struct message *, unsigned short type, const char *text);
void message_end_nest(struct message *, struct rtattr *nest);

int message_socket(void);

/* Send and receive the one answer. Returns the kernel's verdict, 0 or -errno. */
int message_talk(int fd, const struct message *, struct message_answer *);

/* What it refuses ends the process. */
void message_demand(int fd, const struct message *, const char *what);

#endif
