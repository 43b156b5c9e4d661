/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const char *text, size_t length)
{
	char *out = malloc((length + 2) / 3 * 4 + 1), *to = out;

	for (; out && length; text += 3, to += 4) {
		size_t bytes = length < 3 ? length : 3;
		uint32_t group = 0;

		for (size_t i = 0; i < 3; i++)
			group = group << 8 | (i < bytes ? (unsigned char)text[i] : 0);
		for (int i = 0; i < 4; i++)
			to[i] = i > (int)bytes ? '=' : digits[group >> (18 - 6 * i) & 63];
		length -= bytes;
	}
	if (out)
		*to = '\0';
	return out;
}

char *base64_decode(const char *text)
{
	char *out = malloc(strlen(text) / 4 * 3 + 4), *to = out;
	const char *digit;
	uint32_t group = 0;
	int bits = 0;

	for (; out && *text && (digit = strchr(digits, *text)); text++) {
		group = group << 6 | (uint32_t)(digit - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*to++ = (char)(group >> bits & 0xff);
		}
	}
	if (out)
		*to = '\0';
	return out;
}
