/* SPDX-License-Identifier: Apache-2.0 */
/* Octets as text. */
#ifndef HOSTDEVICE_HEX_H
#define HOSTDEVICE_HEX_H

#include <stddef.h>

#define HEX_TEXT(size) (2 * (size) + 1)

/* Two digits for each octet. Returns out, which has HEX_TEXT(size) bytes. */
const char *hex_print(const void *bytes, size_t size, char *out);

/* The number of octets, or -EINVAL if the text is none or has more than size. */
int hex_parse(const char *text, void *bytes, size_t size);

#endif
