/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted kernel for unit tests: one end of a socketpair. A test queues the answers, calls, and
 * compares what was asked, whole, with the request it would have built.
 */
#ifndef NETLINK_SCRIPTED_H
#define NETLINK_SCRIPTED_H

#include <sys/socket.h>
#include <sys/time.h>

#include "cni/tap.h"
#include "netlink/nl.h"

struct script {
	struct nl nl;
	int kernel;
	int ahead; /* answers are for the request after the next `ahead` ones; -1: stale */
	struct nl_request asked;
};

static inline void script_close(struct script *script)
{
	nl_closep(&script->nl);
	close(script->kernel);
}

static inline void script_open(struct script *script)
{
	const struct timeval patience = { .tv_sec = 2 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	*script = (struct script){ .nl = { .fd = ends[0] }, .kernel = ends[1] };
	/* An answer too few is to fail, not to hang. */
	setsockopt(script->nl.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static inline void script_bytes(struct script *script, const void *bytes, size_t size)
{
	if (send(script->kernel, bytes, size, MSG_DONTWAIT) != (ssize_t)size)
		abort();
}

/* Queue what the request builder built, as an answer with these flags. */
static inline void script_answer(struct script *script, struct nl_request *answer, uint16_t flags)
{
	answer->header.nlmsg_flags = flags;
	answer->header.nlmsg_seq = script->nl.seq + 1 + (uint32_t)script->ahead;
	script_bytes(script, answer->buffer, answer->header.nlmsg_len);
}

/* NLMSG_ERROR or NLMSG_DONE with a verdict (0 or -errno) and, unless NULL, its extended ack. */
static inline void script_verdict(
	struct script *script, uint16_t type, int verdict, const char *text)
{
	struct nl_request answer;
	int *error = nl_begin(
		&answer, type, 0, type == NLMSG_DONE ? sizeof(int) : sizeof(struct nlmsgerr));

	*error = verdict;
	if (text)
		nl_put_string(&answer, NLMSGERR_ATTR_MSG, text);
	script_answer(script, &answer,
		NLM_F_CAPPED | (text ? NLM_F_ACK_TLVS : 0) |
			(type == NLMSG_DONE ? NLM_F_MULTI : 0));
}

/* The next message that was asked, or NULL. Lives until the next call. */
static inline const struct nlmsghdr *script_asked(struct script *script)
{
	struct nl_request *asked = &script->asked;
	ssize_t got = recv(script->kernel, asked->buffer, sizeof(asked->buffer), MSG_DONTWAIT);

	return got > 0 && mnl_nlmsg_ok(&asked->header, (int)got) ? &asked->header : NULL;
}

/* All that was asked is of no interest; returns how much it was. */
static inline int script_forget(struct script *script)
{
	int asked = 0;

	while (script_asked(script))
		asked++;
	return asked;
}

/* The next message asked is this one, with these flags beside NLM_F_REQUEST. */
static inline void script_compare(
	struct script *script, struct nl_request *want, uint16_t flags, const char *name)
{
	const struct nlmsghdr *asked = script_asked(script);
	int same;

	want->header.nlmsg_flags = NLM_F_REQUEST | flags;
	want->header.nlmsg_seq = asked ? asked->nlmsg_seq : 0;
	same = asked && asked->nlmsg_len == want->header.nlmsg_len &&
	       !memcmp(asked, want->buffer, want->header.nlmsg_len);
	if (!ok(same, "%s: the request", name) && asked)
		mnl_nlmsg_fprintf(stderr, asked, asked->nlmsg_len, 0);
}

static inline void script_silent(struct script *script, const char *name)
{
	ok(!script_asked(script), "%s: nothing is asked", name);
}

/* The code of a call, by name where it fails. */
static inline void is_code(int got, int want, const char *name)
{
	if (!ok(got == want, "%s", name))
		printf("# got  %d (%s)\n# want %d\n", got, got < 0 ? strerror(-got) : "", want);
}

#endif
