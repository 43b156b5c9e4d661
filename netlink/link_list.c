/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/link_message.h"

struct listing {
	const char *kind;
	struct link *links;
	size_t count, room;
};

static void forget(void *data)
{
	struct listing *listing = data;

	listing->count = 0;
}

static int take(const struct nlmsghdr *message, void *data)
{
	struct listing *listing = data;
	struct link link, *more;
	int rc = link_read(message, &link);

	/* Kernels that do not filter by kind tell all. */
	if (rc < 0 || (listing->kind && strcmp(link.kind, listing->kind) != 0))
		return rc;
	if (listing->count == listing->room) {
		more = reallocarray(listing->links, 2 * listing->room + 8, sizeof(*more));
		if (!more)
			return -ENOMEM;
		listing->links = more;
		listing->room = 2 * listing->room + 8;
	}
	listing->links[listing->count++] = link;
	return 0;
}

int link_list(struct nl *nl, const char *kind, struct link **list, size_t *count)
{
	struct listing listing = { .kind = kind };
	struct nl_request req;
	struct nlattr *info;
	int rc;

	link_begin(&req, RTM_GETLINK, 0, 0);
	nl_put_u32(&req, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (kind) {
		info = nl_nest(&req, IFLA_LINKINFO);
		nl_put_string(&req, IFLA_INFO_KIND, kind);
		nl_nest_end(&req, info);
	}
	if ((rc = nl_dump(nl, &req, take, forget, &listing)) < 0) {
		free(listing.links);
		return rc;
	}
	*list = listing.links;
	*count = listing.count;
	return 0;
}

static bool is_stacked(const char *kind)
{
	static const char *const kinds[] = { KIND_MACVLAN, "macvtap", "ipvlan", "ipvtap" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

int link_find_child(struct nl *nl, int parent, struct link *out)
{
	struct link *links;
	size_t count;
	int rc = link_list(nl, NULL, &links, &count);

	if (rc < 0)
		return rc;
	rc = -ENODEV;
	for (size_t i = 0; i < count && rc; i++) {
		const struct link *link = &links[i];

		if (link->parent != parent || link->parent_elsewhere || !is_stacked(link->kind))
			continue;
		*out = *link;
		rc = 0;
	}
	free(links);
	return rc;
}
