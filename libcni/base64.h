/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4648, section 4. Texts that are handed out are malloc'd; NULL: no memory. */
#ifndef LIBCNI_BASE64_H
#define LIBCNI_BASE64_H

#include <stddef.h>

char *base64_encode(const char *text, size_t length);

/* NUL-terminated. What stands behind a character that is none of base64 is left out. */
char *base64_decode(const char *text);

#endif
