/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink/ speaks to the kernel: sockets bound to a namespace, links, addresses, routes. It
 * includes nothing of ours and uses libmnl for messages only. Every function returns 0 or
 * -errno exactly as the kernel said it, and prints nothing.
 *
 * A socket acts on the namespace it was opened in (namespaces(7)): to choose the namespace is to
 * choose the socket. rtnetlink(7), netlink(7), Documentation/userspace-api/netlink/intro.rst.
 */
#ifndef NETLINK_NL_H
#define NETLINK_NL_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

struct nl {
	int fd; /* -1: closed */
	uint32_t seq;
	char extack[128]; /* the kernel's words for the last failure; "" if it had none */
};

#define NL_CLOSED { .fd = -1 }

/*
 * Open a socket of a protocol (NETLINK_ROUTE, ...) in the namespace of the descriptor netns, or in ours if it is
 * negative. If the way back to our own namespace fails the process is aborted: going on
 * would act on the wrong machine.
 */
int nl_open(struct nl *, int protocol, int netns);
void nl_closep(struct nl *); /* accepts a closed one */

/*
 * Enter a namespace for what has no socket (sysctl files, packet sockets). Returns a descriptor of the namespace
 * left, for nl_leave(), or -errno. nl_leave() aborts if the way back fails.
 */
int nl_enter(int netns);
void nl_leave(int home);

/*
 * A request under construction. Putting never fails: what does not fit is remembered, and nl_do()
 * answers -EMSGSIZE.
 */
struct nl_request {
	bool full;
	_Alignas(struct nlmsghdr) char buffer[2048];
};

/* Start a message whose fixed header (struct ifinfomsg, ...) has size bytes; returns it zeroed. */
void *nl_begin(struct nl_request *, uint16_t type, uint16_t flags, size_t size);
void nl_put(struct nl_request *, uint16_t type, const void *data, size_t size);
void nl_put_u16(struct nl_request *, uint16_t type, uint16_t value);
void nl_put_u32(struct nl_request *, uint16_t type, uint32_t value);
void nl_put_string(struct nl_request *, uint16_t type, const char *text); /* with its NUL */
struct nlattr *nl_nest(struct nl_request *, uint16_t type);
void nl_nest_end(struct nl_request *, struct nlattr *);

/* Called for each answer of the sequence; a negative value (-errno) ends it and is returned. */
typedef int nl_answer_fn(const struct nlmsghdr *, void *data);

/*
 * Send the request, hand the answers to answer (may be NULL), return the kernel's verdict. Stale
 * answers of other sequences are passed over.
 */
int nl_do(struct nl *, struct nl_request *, nl_answer_fn *answer, void *data);

/*
 * The same for a dump. One that the kernel had to interrupt (NLM_F_DUMP_INTR) is started again,
 * up to five times, after restart(data) has thrown away what came; then -EINTR.
 */
int nl_dump(struct nl *, struct nl_request *, nl_answer_fn *answer, void (*restart)(void *data),
	void *data);

#endif
