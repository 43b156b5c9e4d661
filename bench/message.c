/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/message.h"

#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for size more bytes of the message, zeroed. */
static void *extend(struct message *message, size_t size)
{
	size_t at = NLMSG_ALIGN(message->head.nlmsg_len);

	if (at + size > sizeof(*message))
		errx(1, "message of %zu bytes", at + size);
	message->head.nlmsg_len = (uint32_t)(at + size);
	return (char *)message + at;
}

struct rtattr *message_put(struct message *message, unsigned short type, const void *data,
	size_t size)
{
	struct rtattr *attribute = extend(message, RTA_LENGTH(size));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attribute), data, size);
	return attribute;
}

void message_put_u32(struct message *message, unsigned short type, uint32_t value)
{
	message_put(message, type, &value, sizeof(value));
}

void message_put_text(struct message *message, unsigned short type, const char *text)
{
	message_put(message, type, text, strlen(text) + 1);
}

void message_end_nest(struct message *message, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)((char *)message + message->head.nlmsg_len - (char *)nest);
}

void *message_begin(struct message *message, unsigned short type, unsigned short flags, size_t size)
{
	*message = (struct message){
		.head = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = type },
	};
	message->head.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	return extend(message, size);
}

int message_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		err(1, "netlink socket");
	return fd;
}

int message_talk(int fd, const struct message *message, struct message_answer *answer)
{
	const struct nlmsghdr *head = (const void *)answer->buffer;
	ssize_t length;

	if (send(fd, message, message->head.nlmsg_len, 0) < 0)
		err(1, "netlink send");
	length = recv(fd, answer->buffer, sizeof(answer->buffer), MSG_TRUNC);
	if (length < 0)
		err(1, "netlink receive");
	if ((size_t)length > sizeof(answer->buffer) || !NLMSG_OK(head, length))
		errx(1, "netlink answer of %zd bytes", length);
	answer->length = (size_t)length;
	return head->nlmsg_type == NLMSG_ERROR ?
		((const struct nlmsgerr *)NLMSG_DATA(head))->error : 0;
}

void message_demand(int fd, const struct message *message, const char *what)
{
	struct message_answer answer;
	int rc = message_talk(fd, message, &answer);

	if (rc)
		errx(1, "%s: %s", what, strerror(-rc));
}
