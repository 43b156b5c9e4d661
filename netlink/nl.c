/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/nl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel builds dumps in pieces of at most 32 KiB; a PF with all its VFs is one answer, some
 * 250 octets for each. */
#define ANSWER_SIZE  163840
#define DUMP_RETRIES 5

/* A request on its way. */
struct exchange {
	nl_answer_fn *answer;
	void *data;
	int verdict;
	bool interrupted;
};

int nl_enter(int netns)
{
	return setns(netns, CLONE_NEWNET) < 0 ? -errno : 0;
}

void nl_leave(int home)
{
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
}

static int set_option(int fd, int option)
{
	const int on = 1;

	return setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int open_socket(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_option(fd, NETLINK_EXT_ACK);
	/* Kernels before 4.12 have no words. */
	if (rc < 0 && rc != -ENOPROTOOPT) {
		close(fd);
		return rc;
	}
	return fd;
}

int nl_open(struct nl *nl, int protocol, int netns, int home)
{
	int rc = netns < 0 ? 0 : nl_enter(netns);
	int fd;

	if (rc < 0)
		return rc;
	fd = open_socket(protocol);
	if (netns >= 0)
		nl_leave(home);
	if (fd < 0)
		return fd;
	*nl = (struct nl){ .fd = fd };
	return 0;
}

void nl_closep(struct nl *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

static int send_request(struct nl *nl, struct nl_request *req, uint16_t flags)
{
	ssize_t sent;

	nl->extack[0] = '\0';
	if (req->full)
		return -EMSGSIZE;
	req->header.nlmsg_seq = ++nl->seq;
	req->header.nlmsg_flags |= flags;
	do
		sent = send(nl->fd, req->buffer, req->header.nlmsg_len, 0);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Returns the size of the datagram. */
static int receive(struct nl *nl, void *buffer, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t length;
	ssize_t got;

	/* Root in a pod may write to any netlink socket of the pod's namespace, ours included. */
	do {
		length = sizeof(from);
		got = recvfrom(nl->fd, buffer, size, MSG_TRUNC, (struct sockaddr *)&from, &length);
	} while (got < 0 ? errno == EINTR : from.nl_pid != 0);
	if (got < 0)
		return -errno;
	if (!got)
		return -EPIPE;
	return (size_t)got > size ? -EMSGSIZE : (int)got;
}

static int read_text(const struct nlattr *attr, void *data)
{
	struct nl *nl = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		snprintf(nl->extack, sizeof(nl->extack), "%.*s",
			(int)mnl_attr_get_payload_len(attr),
			(const char *)mnl_attr_get_payload(attr));
	return 0;
}

/* The error of an NLMSG_ERROR or NLMSG_DONE, with the kernel's words for it. */
static int read_verdict(struct nl *nl, const struct nlmsghdr *message)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(message);
	size_t size = mnl_nlmsg_get_payload_len(message), attrs = sizeof(err->error);

	if (message->nlmsg_type == NLMSG_DONE && !size)
		return 0;
	if (message->nlmsg_type == NLMSG_ERROR) {
		attrs = sizeof(*err);
		if (size >= attrs && !(message->nlmsg_flags & NLM_F_CAPPED))
			attrs += err->msg.nlmsg_len - sizeof(err->msg);
	}
	if (size < sizeof(err->error) || err->error > 0)
		return -EBADMSG;
	if (err->error && (message->nlmsg_flags & NLM_F_ACK_TLVS))
		nl_each(message, attrs, read_text, nl);
	return err->error;
}

/* Returns true if this was the last message of the exchange. */
static bool take(struct nl *nl, const struct nlmsghdr *message, struct exchange *ex)
{
	int verdict;

	if (message->nlmsg_seq != nl->seq)
		return false;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		ex->interrupted = true;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
		verdict = read_verdict(nl, message);
		if (!ex->verdict)
			ex->verdict = verdict;
		return true;
	}
	if (message->nlmsg_type < NLMSG_MIN_TYPE || !ex->answer)
		return false;
	/* After a failure the rest is read all the same: an unfinished dump blocks the next. */
	if (!ex->verdict && (verdict = ex->answer(message, ex->data)) < 0)
		ex->verdict = verdict;
	return !(message->nlmsg_flags & NLM_F_MULTI);
}

static int exchange(struct nl *nl, struct nl_request *req, uint16_t flags, struct exchange *ex)
{
	union {
		struct nlmsghdr header;
		char bytes[ANSWER_SIZE];
	} buffer;
	const struct nlmsghdr *message;
	int rc, rest;

	ex->verdict = 0;
	ex->interrupted = false;
	if ((rc = send_request(nl, req, flags)) < 0)
		return rc;
	for (;;) {
		if ((rest = receive(nl, &buffer, sizeof(buffer))) < 0)
			return rest;
		message = &buffer.header;
		for (; mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest))
			if (take(nl, message, ex))
				return ex->verdict;
		if (rest > 0)
			return -EBADMSG;
	}
}

int nl_do(struct nl *nl, struct nl_request *req, nl_answer_fn *answer, void *data)
{
	struct exchange ex = { .answer = answer, .data = data };

	return exchange(nl, req, answer ? 0 : NLM_F_ACK, &ex);
}

int nl_dump(struct nl *nl, struct nl_request *req, nl_answer_fn *answer,
	void (*restart)(void *data), void *data)
{
	struct exchange ex = { .answer = answer, .data = data };
	int rc, retry;

	/* Kernels before 4.20 have no filter: callers compare all the same. */
	if (!nl->strict)
		(void)set_option(nl->fd, NETLINK_GET_STRICT_CHK);
	nl->strict = true;
	for (retry = 0;; retry++) {
		rc = exchange(nl, req, NLM_F_DUMP, &ex);
		if (!ex.interrupted)
			return rc;
		if (retry == DUMP_RETRIES)
			return -EINTR;
		restart(data);
	}
}
