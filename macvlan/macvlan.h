/* SPDX-License-Identifier: Apache-2.0 */
/*
 * macvlan/ is the plugin `macvlan`: a sub-interface of a master, with an Ethernet address of its
 * own. It includes cni/, netlink/ and ipam/ipam.h.
 */
#ifndef MACVLAN_MACVLAN_H
#define MACVLAN_MACVLAN_H

#include "cni/plugin.h"

extern const struct cni_plugin macvlan_plugin;

#endif
