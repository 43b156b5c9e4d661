/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the neighbours whose link-layer address answers for an address from now on, so that
 * nobody keeps sending to the pod that had it before: gratuitous ARP (RFC 5227, section 3) and unsolicited
 * neighbour advertisements (RFC 4861, section 7.2.6). Courtesy: nothing fails if they cannot be sent.
 */
#ifndef CNI_ANNOUNCE_H
#define CNI_ANNOUNCE_H

#include "cni/result.h"

/*
 * Send one for each address of the result, from the link with that index and Ethernet address.
 * Must be called inside the namespace of the link.
 */
void announce(int ifindex, const struct hwaddr *mac, const struct cni_result *);

#endif
