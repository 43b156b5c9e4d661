/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the neighbours whose link-layer address answers for an address from now on, so that
 * nobody keeps sending to the pod that had it before: gratuitous ARP (RFC 5227, section 3) and
 * unsolicited neighbour advertisements (RFC 4861, section 7.2.6). A courtesy: nothing fails if
 * they cannot be sent.
 */
#ifndef CNI_ANNOUNCE_H
#define CNI_ANNOUNCE_H

#include "cni/result.h"

/* A packet socket of the namespace that the caller is in, or -1. */
int announce_open(void);

/*
 * Send one announcement for each address of the result through the link with that index, which
 * has six octets of address. socket -1 does nothing.
 */
void announce(int socket, int ifindex, const uint8_t mac[6], const struct cni_result *);

#endif
