/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/restore_link.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "cni/iface.h"
#include "hostdevice/hex.h"

/* Flags that are an administrator's choice. */
#define FLAGS (IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST)

/* What the kernel may well do when it is asked again. */
static bool is_passing(int rc)
{
	return rc == -ENOBUFS || rc == -ENOMEM || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY ||
	       rc == -EIO || rc == -EPIPE;
}

static int failed(
	const struct state *state, struct nl *nl, int rc, const char *what, struct cni_error *err)
{
	return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "%s %s", what, state->name);
}

/* To the host, under its name and alias; down on the way if anything has to change. */
int restore_bring_home(
	struct world *world, const struct state *state, struct found *found, struct cni_error *err)
{
	struct link_transfer back = { .netns = -1, .name = state->name, .alias = state->alias };
	char ours[IFNAMSIZ];
	int index = found->link.index, rc = 0;

	/* Before Linux 6.2 a link that is up takes no name, not even its own. */
	if (found->nl == &world->host && !strcmp(found->link.name, state->name))
		back.name = NULL;
	else if (found->nl == &world->host)
		rc = link_set(&world->host, index, &(struct link_state){ .down = true });
	if (found->nl == &world->inside)
		back.netns = world->home;
	if (!rc)
		rc = link_transfer(found->nl, index, &back);
	/* It may have been renamed, deleted or moved meanwhile. */
	if (rc == -ENODEV)
		return 0;
	if (rc < 0)
		return failed(state, found->nl, rc, "give the host back its", err);
	found->nl = &world->host;
	rc = link_details_of(&world->host, state->name, &found->link, &found->details);
	/* Somebody who renames what appears was faster: it keeps our mark. */
	if (rc == -ENODEV)
		rc = link_details_of(&world->host, iface_temporary_name_of(state->id, ours),
			&found->link, &found->details);
	return rc < 0 ? failed(state, &world->host, rc, "look up", err) : 1;
}

static int put_back(struct world *world, const struct state *state, const struct found *found,
	struct link_transfer change, const char *what, struct cni_error *err)
{
	int rc;

	change.netns = -1;
	rc = link_transfer(&world->host, found->link.index, &change);
	return is_passing(rc) ? failed(state, &world->host, rc, what, err) : 0;
}

/* One by one: what one device refuses must not take the others with it. */
static int restore_attributes(struct world *world, const struct state *state,
	const struct found *found, struct cni_error *err)
{
	const struct link_details *details = &found->details;
	struct hwaddr mac = { 0 };
	struct link address = { 0 };
	uint32_t mtu = (uint32_t)state->mtu, txqlen = (uint32_t)state->txqlen;

	if (*state->mac && !hwaddr_parse(state->mac, &mac)) {
		address.address_length = mac.length;
		memcpy(address.address, mac.bytes, mac.length);
	}
	if (mtu && mtu != found->link.mtu &&
		put_back(world, state, found, (struct link_transfer){ .mtu = mtu },
			"restore the MTU of", err) < 0)
		return -1;
	if (mac.length == 6 && memcmp(mac.bytes, found->link.address, 6) != 0 &&
		put_back(world, state, found, (struct link_transfer){ .address = &address },
			"restore the MAC of", err) < 0)
		return -1;
	if (state->has_flags && state->addr_gen_mode >= 0 &&
		state->addr_gen_mode != details->addr_gen_mode &&
		put_back(world, state, found,
			(struct link_transfer){ .has_addr_gen_mode = true,
				.addr_gen_mode = (uint8_t)state->addr_gen_mode },
			"restore the address generation of", err) < 0)
		return -1;
	if (state->has_flags && txqlen != details->txqlen)
		return put_back(world, state, found,
			(struct link_transfer){ .has_txqlen = true, .txqlen = txqlen },
			"restore the queue length of", err);
	return 0;
}

static int restore_flags(struct world *world, const struct state *state, const struct found *found,
	struct cni_error *err)
{
	struct link_transfer change = { .flags = (unsigned int)state->flags, .change = FLAGS };

	if (state->controller && state->controller != found->link.controller &&
		put_back(world, state, found,
			(struct link_transfer){ .controller = (int)state->controller },
			"restore the controller of", err) < 0)
		return -1;
	if (!((found->link.flags ^ change.flags) & FLAGS))
		return 0;
	return put_back(world, state, found, change, "restore the flags of", err);
}

static bool has_altname(const char *list, const char *wanted)
{
	link_each_altname(name, list) if (!strcmp(name, wanted)) return true;
	return false;
}

static bool is_saved(const struct state *state, const char *wanted)
{
	json_each (name, state->altnames)
		if (json_text(name) && !strcmp(json_text(name), wanted))
			return true;
	return false;
}

/* Ours goes last: by it the device is found. */
static int restore_altnames(struct world *world, const struct state *state,
	const struct found *found, struct cni_error *err)
{
	const struct link_details *details = &found->details;
	char ours[IFNAMSIZ];
	int index = found->link.index, rc = 0;

	iface_temporary_name_of(state->id, ours);
	if (state->has_flags) {
		link_each_altname(name, details->altnames) if (strcmp(name, ours) != 0 &&
							       !is_saved(state, name) &&
							       !is_passing(rc)) rc =
			link_del_altname(&world->host, index, name);
		json_each (name, state->altnames)
			if (json_text(name) && !has_altname(details->altnames, json_text(name)) &&
				!is_passing(rc))
				rc = link_add_altname(&world->host, index, json_text(name));
	}
	if (!is_passing(rc) && has_altname(details->altnames, ours))
		rc = link_del_altname(&world->host, index, ours);
	return is_passing(rc) ? failed(state, &world->host, rc, "restore the names of", err) : 0;
}

/* A gateway can be reached, and a preferred source is there, when what comes later is back. */
static int restore_config(struct world *world, const struct state *state, const struct found *found,
	struct cni_error *err)
{
	_Alignas(struct nlmsghdr) char message[2048];
	bool again = true;

	for (int pass = 0; pass < 2 && again; pass++) {
		again = false;
		json_each (item, state->config) {
			const char *text = json_text(item);
			int size = text ? hex_parse(text, message, sizeof(message)) : -EINVAL;
			int rc = size < 0 ? size
					  : link_restore_config(&world->host, found->link.index,
						    message, (size_t)size);

			if (is_passing(rc))
				return failed(state, &world->host, rc,
					"restore the addresses and routes of", err);
			again |= rc < 0 && rc != -EEXIST;
		}
	}
	return 0;
}

int restore_link(struct world *world, const struct state *state, const struct found *found,
	struct cni_error *err)
{
	if (restore_attributes(world, state, found, err) < 0 ||
		(state->has_flags && restore_flags(world, state, found, err) < 0) ||
		restore_config(world, state, found, err) < 0 ||
		restore_altnames(world, state, found, err) < 0)
		return -1;
	return 1;
}
