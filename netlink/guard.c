/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/guard.h"

#include <string.h>

void link_guard_arm(struct link_guard *guard, struct nl *nl, const char *name, const char *kind)
{
	*guard = (struct link_guard){ .kind = kind };
	if (strlen(name) >= sizeof(guard->name))
		return;
	strcpy(guard->name, name);
	guard->nl = nl;
}

void link_guard_end(struct link_guard *guard)
{
	struct link link;

	/* Nobody is left to hear of a failure: DEL is what guarantees. */
	if (!guard->nl)
		return;
	if (guard->index)
		link_del(guard->nl, guard->index);
	else if (!link_get(guard->nl, guard->name, &link) && !strcmp(link.kind, guard->kind) &&
		 !*link.alias)
		link_del(guard->nl, link.index);
}
