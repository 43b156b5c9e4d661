/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of virtual functions, which belong to the link of their physical function (PF):
 * rtnetlink(7), linux/if_link.h (IFLA_VFINFO_LIST). The socket is one in the PF's namespace.
 */
#ifndef NETLINK_VF_H
#define NETLINK_VF_H

#include "netlink/nl.h"

/* Bits of vf.has. */
#define VF_VLAN	      0x01 /* vlan, qos, proto */
#define VF_MAC	      0x02
#define VF_RATE	      0x04 /* min_tx_rate, max_tx_rate */
#define VF_SPOOFCHK   0x08
#define VF_TRUST      0x10
#define VF_NODE_GUID  0x20
#define VF_PORT_GUID  0x40
#define VF_LINK_STATE 0x80

/*
 * What vf_get() found, or what vf_set() is to change; only the members that has names count. Some
 * drivers do not tell all: a bit that is missing means unknown, not off.
 */
struct vf {
	uint32_t number; /* as in virtfnN */
	unsigned int has;
	uint32_t vlan; /* 0: none */
	uint32_t qos;
	uint16_t proto; /* ETH_P_8021Q or ETH_P_8021AD, host order */
	uint8_t mac_length;
	uint8_t mac[32];		   /* six octets on Ethernet, 20 on InfiniBand */
	uint32_t min_tx_rate, max_tx_rate; /* Mbit/s, 0: no limit */
	bool spoofchk, trust;
	uint32_t link_state;		    /* IFLA_VF_LINK_STATE_* */
	uint8_t node_guid[8], port_guid[8]; /* EUI-64 in network order, as people write them */
};

/*
 * Read one VF of the PF with that index. The kernel has no request for one: it tells the PF with
 * all of them, without their statistics, and the one whose "vf" field matches is taken; their
 * place in the list says nothing. A list that has outgrown its own length field (64 KiB, some 250
 * VFs) is read to its end all the same. -ENODEV: no such PF; -ENOENT: it has no such VF.
 */
int vf_get(struct nl *, int pf, uint32_t number, struct vf *);

/*
 * Change what has names, in the order of its bits, each setting in a message of its own. The kernel
 * applies the settings of one message one after the other and stops at the first that the driver
 * refuses: what came before stays in force, and it does not say which one it was. So nothing is
 * gained by sending them together, and this way *refused is the bit of the setting that failed:
 * those of lower bits are in force, it and the higher ones are as they were. -EINVAL without
 * asking the kernel for an address that does not fit. -EOPNOTSUPP and -EINVAL are the usual words
 * of drivers that do not have a setting; -EPROTONOSUPPORT of those without 802.1ad.
 */
int vf_set(struct nl *, int pf, const struct vf *, unsigned int *refused);

#endif
