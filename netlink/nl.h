/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink/ speaks to the kernel: sockets bound to a namespace, links, addresses, routes. It
 * includes nothing of ours and uses libmnl for messages only. Every function returns 0 or
 * -errno exactly as the kernel said it, and prints nothing. -EBADMSG: an answer is malformed;
 * -EMSGSIZE: a request or an answer is too large. Outputs are written on success only.
 *
 * A socket acts on the namespace it was opened in (namespaces(7)): to choose the namespace is to
 * choose the socket. rtnetlink(7), netlink(7), Documentation/userspace-api/netlink/intro.rst.
 */
#ifndef NETLINK_NL_H
#define NETLINK_NL_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl {
	int fd; /* -1: closed */
	uint32_t seq;
	bool strict; /* private to nl_dump() */
	char extack[128]; /* the kernel's words for the last failure; "" if it had none */
};

#define NL_CLOSED { .fd = -1 }

/*
 * Enter a namespace. Returns 0 or -errno. The way back is to home, a descriptor of the one that was
 * left: if it fails, the process is aborted, because going on would act on the wrong machine.
 */
int nl_enter(int netns);
void nl_leave(int home);

/*
 * Open a socket of a protocol (NETLINK_ROUTE, ...) in the namespace netns, with home as above; in
 * our own if netns is negative.
 */
int nl_open(struct nl *, int protocol, int netns, int home);
void nl_closep(struct nl *); /* accepts a closed one */

/*
 * A request under construction. Putting never fails: what does not fit is remembered, and nl_do()
 * answers -EMSGSIZE.
 */
struct nl_request {
	bool full;
	union {
		struct nlmsghdr header;
		char buffer[2048];
	};
};

/*
 * Start a message whose fixed header (struct ifinfomsg, ...; at most 256 bytes) has size bytes;
 * returns it zeroed.
 */
void *nl_begin(struct nl_request *, uint16_t type, uint16_t flags, size_t size);
void nl_put(struct nl_request *, uint16_t type, const void *data, size_t size);
void nl_put_u16(struct nl_request *, uint16_t type, uint16_t value);
void nl_put_u32(struct nl_request *, uint16_t type, uint32_t value);
void nl_put_string(struct nl_request *, uint16_t type, const char *text); /* with its NUL */
struct nlattr *nl_nest(struct nl_request *, uint16_t type); /* NULL: full; nl_nest_end takes it */
void nl_nest_end(struct nl_request *, struct nlattr *);

/* Called for each answer of the sequence; a negative value (-errno) ends it and is returned. */
typedef int nl_answer_fn(const struct nlmsghdr *, void *data);

/*
 * Send the request and return the kernel's verdict. With answer NULL that is the acknowledgement.
 * Otherwise no acknowledgement is asked for: the request must be one that the kernel answers
 * (RTM_GETLINK, ...), and the answer, which is handed on, ends it. Stale answers of other
 * sequences, and messages that are not the kernel's, are passed over.
 */
int nl_do(struct nl *, struct nl_request *, nl_answer_fn *answer, void *data);

/*
 * The same for a dump. One that the kernel had to interrupt (NLM_F_DUMP_INTR) is started again,
 * up to five times, after restart(data) has thrown away what came; then -EINTR.
 */
int nl_dump(struct nl *, struct nl_request *, nl_answer_fn *answer, void (*restart)(void *data),
	void *data);

/*
 * Visit the attributes of an answer behind its fixed header of that size, or those in a payload
 * (of a nest, of a next hop). A negative value of visit ends it and is returned.
 */
typedef int nl_attr_fn(const struct nlattr *, void *data);
int nl_each(const struct nlmsghdr *, size_t header, nl_attr_fn *visit, void *data);
int nl_each_in(const void *payload, size_t size, nl_attr_fn *visit, void *data);
int nl_each_nested(const struct nlattr *, nl_attr_fn *visit, void *data);

/* The value of an attribute, checked: -EBADMSG if its size or its NUL is wrong. */
int nl_get_u16(const struct nlattr *, uint16_t *value);
int nl_get_u32(const struct nlattr *, uint32_t *value);
int nl_get_int(const struct nlattr *, int *value);
int nl_get_string(const struct nlattr *, char *out, size_t size);

/* Octets of an address of AF_INET or AF_INET6; 0 for any other family. */
size_t nl_address_size(uint8_t family);

#endif
