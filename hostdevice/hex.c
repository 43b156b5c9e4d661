/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/hex.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

const char *hex_print(const void *bytes, size_t size, char *out)
{
	const uint8_t *octets = bytes;

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[octets[i] >> 4];
		out[2 * i + 1] = digits[octets[i] & 15];
	}
	out[2 * size] = '\0';
	return out;
}

int hex_parse(const char *text, void *bytes, size_t size)
{
	size_t length = strlen(text);
	uint8_t *octets = bytes;

	if (length % 2 || length / 2 > size || strspn(text, digits) != length)
		return -EINVAL;
	for (size_t i = 0; i < length / 2; i++)
		octets[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
				      (strchr(digits, text[2 * i + 1]) - digits));
	return (int)(length / 2);
}
