/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/guard.h"

#include <string.h>

void link_guard_end(struct link_guard *guard)
{
	struct link link;

	/* Nobody is left to hear of a failure: DEL is what guarantees. */
	if (guard->name && !link_get(guard->nl, guard->name, &link) &&
		!strcmp(link.kind, guard->kind))
		link_del(guard->nl, link.index);
}
