/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/announce.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>

int announce_open(void)
{
	/* Protocol 0: this socket sends only, nothing is queued for it. */
	return socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void send_packet(int fd, int ifindex, uint16_t protocol, const uint8_t to[6],
	const void *packet, size_t size)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = ifindex,
		.sll_halen = 6,
	};

	memcpy(address.sll_addr, to, 6);
	(void)sendto(fd, packet, size, MSG_DONTWAIT, (const struct sockaddr *)(const void *)&address,
		sizeof(address));
}

static void announce_ipv4(int fd, int ifindex, const uint8_t mac[6], const struct ip *ip)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct ether_arp arp = {
		.arp_hrd = htons(ARPHRD_ETHER),
		.arp_pro = htons(ETHERTYPE_IP),
		.arp_hln = 6,
		.arp_pln = 4,
		.arp_op = htons(ARPOP_REQUEST),
	};

	memcpy(arp.arp_sha, mac, 6);
	memcpy(arp.arp_spa, ip->bytes, 4);
	memcpy(arp.arp_tpa, ip->bytes, 4);
	send_packet(fd, ifindex, ETHERTYPE_ARP, everybody, &arp, sizeof(arp));
}

/* RFC 1071 over whole 16-bit words. */
static uint32_t sum_words(uint32_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return sum;
}

static void announce_ipv6(int fd, int ifindex, const uint8_t mac[6], const struct ip *ip)
{
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	struct {
		struct ip6_hdr ip;
		struct nd_neighbor_advert advert;
		struct nd_opt_hdr option;
		uint8_t mac[6];
	} packet = {
		.ip.ip6_flow = htonl(6u << 28),
		.ip.ip6_plen = htons(sizeof(packet) - sizeof(packet.ip)),
		.ip.ip6_nxt = IPPROTO_ICMPV6,
		.ip.ip6_hlim = 255,
		.advert.nd_na_type = ND_NEIGHBOR_ADVERT,
		.advert.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE,
		.option.nd_opt_type = ND_OPT_TARGET_LINKADDR,
		.option.nd_opt_len = 1,
	};
	uint32_t sum = IPPROTO_ICMPV6 + sizeof(packet) - sizeof(packet.ip);

	memcpy(&packet.ip.ip6_src, ip->bytes, 16);
	memcpy(&packet.ip.ip6_dst, all_nodes, 16);
	memcpy(&packet.advert.nd_na_target, ip->bytes, 16);
	memcpy(packet.mac, mac, 6);
	sum = sum_words(sum, &packet.ip.ip6_src, 32);
	sum = sum_words(sum, &packet.advert, sizeof(packet) - sizeof(packet.ip));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	packet.advert.nd_na_cksum = htons((uint16_t)~sum);
	send_packet(fd, ifindex, ETHERTYPE_IPV6, all_nodes_mac, &packet, sizeof(packet));
}

void announce(int socket, int ifindex, const uint8_t mac[6], const struct cni_result *result)
{
	for (size_t i = 0; socket >= 0 && i < result->n_addresses; i++) {
		const struct ip *ip = &result->addresses[i].ip;

		(ip->family == AF_INET ? announce_ipv4 : announce_ipv6)(socket, ifindex, mac, ip);
	}
}
