/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipoib/ is the plugin `ipoib`: a child of an IPoIB interface, in a partition of the InfiniBand
 * fabric. It includes cni/, netlink/ and ipam/ipam.h.
 */
#ifndef IPOIB_IPOIB_H
#define IPOIB_IPOIB_H

#include "cni/plugin.h"

extern const struct cni_plugin ipoib_plugin;

#endif
