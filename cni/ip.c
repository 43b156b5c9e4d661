/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A decimal number without leading zeros; returns what follows it, or NULL. */
static const char *decimal(const char *text, unsigned int max, unsigned int *value)
{
	const char *at = text;

	for (*value = 0; *at >= '0' && *at <= '9'; at++) {
		*value = *value * 10 + (unsigned int)(*at - '0');
		if (*value > max)
			return NULL;
	}
	if (at == text || (*text == '0' && at > text + 1))
		return NULL;
	return at;
}

int ip_parse(const char *text, struct ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	struct ip parsed = { 0 };

	/* inet_pton(3) takes exactly the forms that Go takes: no leading zeros, no zone. */
	if (inet_pton(AF_INET, text, parsed.bytes) == 1) {
		parsed.family = AF_INET;
	} else if (inet_pton(AF_INET6, text, parsed.bytes) == 1) {
		parsed.family = AF_INET6;
		/* Go's net.IP does not tell ::ffff:10.0.0.1 from 10.0.0.1. */
		if (!memcmp(parsed.bytes, mapped, sizeof(mapped))) {
			parsed.family = AF_INET;
			memmove(parsed.bytes, parsed.bytes + 12, 4);
			memset(parsed.bytes + 4, 0, 12);
		}
	} else {
		return -EINVAL;
	}
	parsed.prefix = (uint8_t)ip_bits(&parsed);
	*ip = parsed;
	return 0;
}

int ip_parse_cidr(const char *text, struct ip *ip)
{
	const char *slash = strchr(text, '/');
	char address[IP_TEXT];
	unsigned int prefix;
	struct ip parsed;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	/* A mapped address would need its prefix counted from 96: refused, nobody writes it. */
	if (ip_parse(address, &parsed) < 0 || (parsed.family == AF_INET && strchr(address, ':')))
		return -EINVAL;
	slash = decimal(slash + 1, (unsigned int)ip_bits(&parsed), &prefix);
	if (!slash || *slash)
		return -EINVAL;
	parsed.prefix = (uint8_t)prefix;
	*ip = parsed;
	return 0;
}

const char *ip_print(const struct ip *ip, char out[IP_TEXT])
{
	static const uint8_t zero[12];
	const uint8_t *low = ip->bytes + 12;
	unsigned int left = (unsigned int)(low[0] << 8 | low[1]);
	unsigned int right = (unsigned int)(low[2] << 8 | low[3]);

	/* inet_ntop(3) prints ::1.2.3.4 where RFC 5952 and Go print ::102:304. */
	if (ip->family == AF_INET6 && !memcmp(ip->bytes, zero, sizeof(zero)) && left)
		snprintf(out, IP_TEXT, "::%x:%x", left, right);
	else
		inet_ntop(ip->family, ip->bytes, out, IP_TEXT);
	return out;
}

const char *ip_print_cidr(const struct ip *ip, char out[IP_TEXT])
{
	size_t length = strlen(ip_print(ip, out));

	snprintf(out + length, IP_TEXT - length, "/%u", ip->prefix);
	return out;
}

int ip_bits(const struct ip *ip)
{
	return ip->family == AF_INET ? 32 : 128;
}

bool ip_same(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, (size_t)ip_bits(a) / 8);
}

void ip_mask(struct ip *ip)
{
	for (int bit = ip->prefix; bit < ip_bits(ip); bit++)
		ip->bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

bool ip_contains(const struct ip *network, const struct ip *address)
{
	struct ip a = *network, b = *address;

	b.prefix = a.prefix;
	if (a.family != b.family)
		return false;
	ip_mask(&a);
	ip_mask(&b);
	return ip_same(&a, &b);
}

static int hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

int hwaddr_parse(const char *text, struct hwaddr *address)
{
	struct hwaddr parsed = { 0 };
	/* "0200.0000.0001" has its separators between pairs of octets. */
	bool pairs = strlen(text) > 4 && text[4] == '.';
	char separator = pairs ? '.' : text[0] && text[1] ? text[2] : '\0';

	if (separator != ':' && separator != '-' && separator != '.')
		return -EINVAL;
	if (separator == '.' && !pairs)
		return -EINVAL;
	while (*text) {
		if (parsed.length && !(pairs && parsed.length % 2) && *text++ != separator)
			return -EINVAL;
		if (parsed.length >= 20 || hex(text[0]) < 0 || hex(text[1]) < 0)
			return -EINVAL;
		parsed.bytes[parsed.length++] = (uint8_t)(hex(text[0]) << 4 | hex(text[1]));
		text += 2;
	}
	if (parsed.length != 6 && parsed.length != 8 && parsed.length != 20)
		return -EINVAL;
	*address = parsed;
	return 0;
}

const char *hwaddr_print(const struct hwaddr *address, char out[HWADDR_TEXT])
{
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < address->length; i++)
		length += (size_t)snprintf(out + length, HWADDR_TEXT - length, "%s%02x",
			i ? ":" : "", address->bytes[i]);
	return out;
}
