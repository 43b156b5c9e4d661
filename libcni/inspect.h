/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cnitool inspect: what the kernel has in a network namespace. It reads through libnl, not through
 * netlink/, so that it is a second opinion about what our plugins did.
 */
#ifndef LIBCNI_INSPECT_H
#define LIBCNI_INSPECT_H

#include "cni/json.h"
#include "cni/netns.h"

struct nl_sock;
struct nl_cache;

/* Those attachments of the cache whose netns is the namespace of that id. *tree is the caller's. */
int inspect_attachments(struct json **tree, const struct netns_id *id, struct cni_error *err);

/* Put the list "attachments" of those that a link belongs to: its own name, or in the result. */
void inspect_put_attachments(const struct json *tree, const char *link, struct json_writer *w);

/*
 * The namespace that the command was called in: parents of the links of a pod are there, as a rule.
 * What cannot be found out is not known, which is no failure.
 */
struct home {
	int netns, id;		/* id: its number among the neighbours of the one inspected */
	struct nl_cache *links; /* owned */
};
#define HOME_NONE                                                                                  \
	{                                                                                          \
		.netns = -1, .id = -1                                                              \
	}

void home_read(struct home *);	   /* before going in */
void home_identify(struct home *); /* inside */
void home_done(struct home *);

/* The name of the link with that index, if the namespace with that number is home. */
bool home_name(const struct home *, int id, int index, char *name);

/*
 * Put the members of the description, each a list of flat objects. They return 0 or -1 with *err
 * filled.
 */
int inspect_links(struct json_writer *, struct nl_sock *, const struct home *,
	const struct json *attachments, struct cni_error *err);
int inspect_routes(struct json_writer *, struct nl_sock *, struct cni_error *err);

/* Print a description as tables to stdout. */
void inspect_print(const struct json *description);

#endif
