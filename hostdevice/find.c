/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/find.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cni/iface.h"

#define WAIT_MS	 3000
#define PAUSE_MS 20

static bool is_address(const struct link_details *details, const char *text)
{
	struct link permanent = { .address_length = details->permanent_length };
	char seen[HWADDR_TEXT];

	memcpy(permanent.address, details->permanent, sizeof(permanent.address));
	return !strcasecmp(iface_mac(&permanent, seen), text);
}

/*
 * What was bound anew, and an IPoIB interface whose RDMA device has moved, has another address of
 * its own: the bus device tells, which neither of them shares but with what is stacked on it.
 */
static bool is_made_anew(const struct state *state, const struct link *link)
{
	return (state->vf || state->type == ARPHRD_INFINIBAND) && *state->parent && !link->parent;
}

/* A link that was found by a name or an index that others may have, too. 1, 0 or -errno. */
static int is_device(struct nl *nl, const struct state *state, const struct link *link)
{
	char id[CNI_ATTACHMENT_ID];
	struct link_details details;
	int rc;

	if (device_alias_read(link->alias, id) && !strcmp(id, state->id))
		return 1;
	if (link->type != state->type || strcmp(link->kind, state->kind) != 0 ||
		(!*state->parent && !*state->permanent))
		return 0;
	rc = link_details(nl, link->index, NULL, &details);
	if (rc < 0)
		return rc == -ENODEV ? 0 : rc;
	return !strcmp(details.parent, state->parent) &&
	       (is_made_anew(state, link) || is_address(&details, state->permanent));
}

/* Take what a look-up answered. 1, 0 or -errno. */
static int take(struct nl *nl, const struct state *state, int rc, const struct link *link,
	bool certain, struct found *found)
{
	if (rc == -ENODEV || rc == -EINVAL)
		return 0;
	if (!rc)
		rc = certain ? 1 : is_device(nl, state, link);
	if (rc == 1) {
		found->nl = nl;
		found->link = *link;
	}
	return rc;
}

static int try_name(struct nl *nl, const struct state *state, const char *name, bool certain,
	struct found *found)
{
	struct link link;
	int rc = link_get(nl, name, &link);

	return take(nl, state, rc, &link, certain, found);
}

/* One request each, the likely ones first. */
static int try_namespace(struct nl *nl, const struct state *state, struct found *found)
{
	const char *names[] = { state->ifname, state->name };
	char ours[IFNAMSIZ];
	struct link link;
	int rc = try_name(nl, state, iface_temporary_name_of(state->id, ours), true, found);

	for (size_t i = 0; !rc && i < sizeof(names) / sizeof(*names); i++)
		rc = try_name(nl, state, names[i], false, found);
	if (rc)
		return rc;
	rc = link_get_index(nl, (int)state->index, &link);
	return take(nl, state, rc, &link, false, found);
}

/* The kernel may have called it anything: its bus device knows. */
static int try_bus(struct world *world, const struct state *state, struct found *found)
{
	char directory[PATH_MAX], name[IFNAMSIZ];

	if (!*state->parent || sysfs_find(world->sys, state->parent, directory) == SYSFS_NONE ||
		sysfs_interface(directory, name) < 0)
		return 0;
	return try_name(&world->host, state, name, false, found);
}

static int try_all(
	struct world *world, const struct state *state, struct found *found, struct nl **asked)
{
	int rc = 0;

	*asked = &world->inside;
	if (world->inside.fd >= 0)
		rc = try_namespace(&world->inside, state, found);
	if (rc)
		return rc;
	*asked = &world->host;
	rc = try_namespace(&world->host, state, found);
	return rc ? rc : try_bus(world, state, found);
}

/* Hardware: IPoIB has a kind, too. */
static bool is_on_bus(struct world *world, const struct state *state)
{
	char directory[PATH_MAX];

	return (!*state->kind || state->type == ARPHRD_INFINIBAND) && *state->parent &&
	       sysfs_find(world->sys, state->parent, directory) != SYSFS_NONE;
}

/* Without its driver it will not come, however long one waits. */
static bool is_driven(struct world *world, const struct state *state)
{
	char directory[PATH_MAX], driver[NAME_MAX + 1];

	return sysfs_find(world->sys, state->parent, directory) != SYSFS_PCI ||
	       !sysfs_driver(directory, driver);
}

int find_device(
	struct world *world, const struct state *state, struct found *found, struct cni_error *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	struct nl *asked;
	int rc, waited = 0;

	for (;;) {
		rc = try_all(world, state, found, &asked);
		if (rc < 0)
			return cni_fail_errno(err, CNI_INTERNAL, rc, asked->extack,
				"look for %s, which is to go back to the host", state->name);
		if (rc || !is_on_bus(world, state))
			return rc;
		if (world->inside.fd >= 0 || waited >= WAIT_MS || !is_driven(world, state))
			return 2;
		nanosleep(&pause, NULL);
		waited += PAUSE_MS;
	}
}

static int lost_name(const char *home, char name[IFNAMSIZ])
{
	if (!home || !*home || strlen(home) >= IFNAMSIZ)
		return 0;
	strcpy(name, home);
	return 1;
}

/* Under its own alternative name, or with an alias that says whose it is. */
static int lost_in(
	struct nl *nl, const char *id, const char *ifname, struct found *found, char name[IFNAMSIZ])
{
	char ours[IFNAMSIZ], owner[CNI_ATTACHMENT_ID] = "";
	const char *home;
	int rc = link_get(nl, iface_temporary_name_of(id, ours), &found->link);

	if (rc == -ENODEV && ifname)
		rc = link_get(nl, ifname, &found->link);
	else
		ifname = NULL;
	if (rc < 0)
		return rc == -ENODEV ? 0 : rc;
	found->nl = nl;
	home = device_alias_read(found->link.alias, owner);
	if (home)
		return strcmp(owner, id) != 0 ? 0 : lost_name(home, name);
	/* Without the alias, it has not moved yet. */
	return lost_name(ifname ? found->link.alias : found->link.name, name);
}

int find_lost(struct world *world, const char *id, const char *ifname, struct found *found,
	char name[IFNAMSIZ], struct cni_error *err)
{
	int rc = 0;

	if (world->inside.fd >= 0)
		rc = lost_in(&world->inside, id, ifname, found, name);
	if (!rc)
		rc = lost_in(&world->host, id, NULL, found, name);
	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, NULL,
			"look for a device that is to go back to the host");
	return rc;
}
