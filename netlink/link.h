/* SPDX-License-Identifier: Apache-2.0 */
/* Links: rtnetlink(7), linux/if_link.h. Asked for one at a time, never dumped on a pod's path. */
#ifndef NETLINK_LINK_H
#define NETLINK_LINK_H

#include <linux/if_link.h>
#include <net/if.h>

#include "netlink/nl.h"

struct link {
	int index;
	int parent;	       /* IFLA_LINK: the lower device's index; 0: none */
	bool parent_elsewhere; /* that is an index of another namespace (IFLA_LINK_NETNSID) */
	int controller;	       /* IFLA_MASTER: the bridge, bond, ... it is a port of; 0: none */
	unsigned int flags;    /* IFF_UP, ... */
	uint16_t type;	       /* ARPHRD_ETHER, ARPHRD_INFINIBAND, ... */
	uint32_t mtu, min_mtu, max_mtu; /* a max_mtu of 0 is no bound */
	uint8_t address_length;
	uint8_t address[32];
	char name[IFNAMSIZ];
	char kind[32]; /* "macvlan", "" for hardware */
	char alias[256];
	uint32_t macvlan_mode; /* MACVLAN_MODE_*, 0 unless a macvlan */
	uint32_t bc_queue_len; /* IFLA_MACVLAN_BC_QUEUE_LEN, 0 unless a macvlan */
	/* 0 unless an IPoIB interface */
	uint16_t ipoib_pkey, ipoib_mode; /* with the full member's bit; IPOIB_MODE_* */
	bool ipoib_umcast;
};

/*
 * By name or alternative name, of up to 127 octets. -ENODEV; -EINVAL for a name no link can have:
 * empty, "." or "..", longer, or with '/', ':' or white space.
 */
int link_get(struct nl *, const char *name, struct link *);
int link_get_index(struct nl *, int index, struct link *);

struct link_macvlan {
	const char *name;
	int parent;		/* index in the socket's namespace */
	uint32_t mode;		/* MACVLAN_MODE_* */
	uint32_t mtu;		/* 0: the parent's */
	uint32_t bc_queue_len;	/* 0: the kernel's default */
	const uint8_t *address; /* six octets, or NULL: the kernel's choice */
	int netns; /* descriptor of the namespace to create it in; negative: the socket's */
};

/*
 * -EEXIST if the name is taken; old kernels look in the wrong namespace for that. Here and in
 * link_rename() the name must be shorter than IFNAMSIZ, else -EINVAL.
 */
int link_add_macvlan(struct nl *, const struct link_macvlan *);

int link_rename(struct nl *, int index, const char *name);

/* What is to change; { 0 } is nothing. */
struct link_state {
	bool up, down;
	const char *alias; /* NULL: unchanged, "": none; 255 octets at the most */
	uint32_t mtu;	   /* 0: unchanged */
	/* Switch these of net.ipv4.conf.LINK on. */
	bool arp_notify, proxy_arp;
};

/*
 * All of it in one message. The kernel sets the link up before it sets arp_notify: who wants the
 * announcement that comes with the first sets the other in a message before.
 */
int link_set(struct nl *, int index, const struct link_state *);

/* Into another namespace, under the same name; -EEXIST if that is taken there. It comes up down. */
int link_move(struct nl *, int index, int netns);

int link_del(struct nl *, int index);
int link_add_altname(struct nl *, int index, const char *name);
int link_del_altname(struct nl *, int index, const char *name);

/*
 * Every link of a kind (NULL: of any) in the namespace. This one does dump: it is for what nobody
 * knows the name of. *list is malloc'd and to be freed.
 */
int link_list(struct nl *, const char *kind, struct link **list, size_t *count);

/*
 * The first macvlan, macvtap, ipvlan or ipvtap of this namespace on top of parent: what keeps it
 * from serving another kind. (What it is a port of, link_get() tells.) For messages only: it is
 * found in a dump. -ENODEV if there is none.
 */
int link_find_child(struct nl *, int parent, struct link *);

#endif
