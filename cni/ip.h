/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses in the text forms of Go's net package, so that files, results and messages agree
 * with what its users know: RFC 5952 for IPv6, IPv4-mapped addresses as dotted quads, never
 * "::1.2.3.4". Bytes are in network order.
 */
#ifndef CNI_IP_H
#define CNI_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "cni/error.h"

struct ip {
	uint8_t family; /* AF_INET, AF_INET6; 0: no address */
	uint8_t prefix; /* 0..32 or 0..128; the full length where there was none in the text */
	uint8_t bytes[16];
};

#define IP_TEXT (INET6_ADDRSTRLEN + 4) /* with "/128" and the NUL */

/* "10.1.0.5", "fd00::1". -EINVAL for anything else, leading zeros, zones and prefixes included. */
int ip_parse(const char *text, struct ip *ip);

/* "10.1.0.5/16": host bits are kept. -EINVAL without a prefix. */
int ip_parse_cidr(const char *text, struct ip *ip);

/* "10.1.0.5" and "10.1.0.5/16"; both return out. */
const char *ip_print(const struct ip *ip, char out[IP_TEXT]);
const char *ip_print_cidr(const struct ip *ip, char out[IP_TEXT]);

int ip_bits(const struct ip *ip);		      /* 32 or 128 */
bool ip_same(const struct ip *a, const struct ip *b); /* family and address, not the prefix */
bool ip_contains(const struct ip *network, const struct ip *address); /* by network's prefix */
void ip_mask(struct ip *ip);					      /* clears the host bits */

/* A link-layer address: 6 (Ethernet), 8 (EUI-64, GUID) or 20 (IPoIB) octets. */
struct hwaddr {
	uint8_t length; /* 0: none */
	uint8_t bytes[32];
};

#define HWADDR_TEXT 97 /* 32 octets and the NUL */

/* "02:00:..", "02-00-..", "0200.0000.0001". -EINVAL for anything else. */
int hwaddr_parse(const char *text, struct hwaddr *address);

/* Lower-case with colons; "" for none. Returns out. */
const char *hwaddr_print(const struct hwaddr *address, char out[HWADDR_TEXT]);

#endif
