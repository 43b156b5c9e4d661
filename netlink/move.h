/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that go from one namespace to another: what makes them themselves, and the way. */
#ifndef NETLINK_MOVE_H
#define NETLINK_MOVE_H

#include "netlink/link.h"

#define LINK_ALTNAMES 4096

/* What a link has beside struct link. Kernels leave out what they do not know. */
struct link_details {
	uint32_t txqlen;
	uint8_t permanent_length; /* 0: it has no address of its own */
	uint8_t permanent[32];
	char parent[64];	      /* bus device: "0000:3b:00.2", "mlx5_core.sf.2"; "" */
	int addr_gen_mode;	      /* IN6_ADDR_GEN_MODE_*; -1: no IPv6 */
	char port[32];		      /* phys_port_name: "p0", "pf0vf1"; "" */
	char altnames[LINK_ALTNAMES]; /* each with its NUL, ended by an empty one */
};

/*
 * By index, or by name as link_get() takes it. link: what that would tell, from the same answer;
 * NULL: not wanted. -EMSGSIZE: more alternative names than fit.
 */
int link_details(struct nl *, int index, struct link *link, struct link_details *);
int link_details_of(struct nl *, const char *name, struct link *link, struct link_details *);

/* `link_each_altname (name, details)`, in any such list */
#define link_each_altname(name, list)                                                              \
	for (const char *name = (list); *name; name += strlen(name) + 1)

/* Zeroed members stay as they are, but for netns: negative is where the link is. */
struct link_transfer {
	int netns;
	const char *name, *alias; /* NULL: unchanged; alias "": none */
	uint32_t mtu;
	const struct link *address; /* that of this link; NULL: unchanged */
	bool has_txqlen;
	uint32_t txqlen;
	unsigned int flags, change; /* IFF_UP, ...: those in change become what flags has */
	int controller;
	bool has_addr_gen_mode;
	uint8_t addr_gen_mode;
	bool arp_notify; /* switch net.ipv4.conf.LINK.arp_notify on, where it is then */
};

/*
 * One message, one pass under the kernel's lock: where the old name is taken in the other namespace
 * the link arrives under the new one at once. The kernel works off the attributes one by one and
 * does not go back: after a failure the link may have moved already, down and without its new name.
 * Who gets one looks where it is.
 *
 * A link that moves loses addresses and routes, its controller, its sysctls and addr_gen_mode. It
 * is down then, unless change says otherwise.
 *
 * -EAFNOSUPPORT for arp_notify where the link has no IPv4, on either side: its MTU is below 68.
 */
int link_transfer(struct nl *, int index, const struct link_transfer *);

/* The link whose address is this, or whose permanent address is, of all kinds: hardware before
 * what is stacked on it and has the same address. The kernel cannot be asked for that one: this
 * dumps. -ENODEV if there is none. */
int link_find_address(struct nl *, const uint8_t *address, size_t length, struct link *);

/*
 * The addresses and routes that a move destroys and nobody but an administrator will make again:
 * permanent addresses, IPv6 link-local ones aside, and routes over this link alone that are neither
 * the kernel's nor a router's (RA). As the kernel tells them, for link_restore_config() under the
 * same kernel; visit gets each, addresses first. up: the link is; on one that is down there are no
 * routes to look for.
 */
typedef int link_config_fn(const void *message, size_t size, void *data);
int link_save_config(struct nl *, int index, bool up, link_config_fn *visit, void *data);

/* Put one back, on the link that has this index now. -EEXIST, -ENETUNREACH (not yet), ... */
int link_restore_config(struct nl *, int index, const void *message, size_t size);

#endif
