/* SPDX-License-Identifier: Apache-2.0 */
/* What json.c needs of the syntax checker; everybody else calls json_check(). */
#ifndef CNI_JSON_SYNTAX_H
#define CNI_JSON_SYNTAX_H

#include "cni/json.h"

/* json_check(), telling as well whether a string needs U+FFFD somewhere. */
int json_scan(const char *text, size_t length, bool *bad_text, struct json_position *where);

/* The length of the UTF-8 sequence at the start, 0 for a bad one. at < end. */
size_t json_utf8(const char *at, const char *end);

/* Is the \uXXXX at the start half a surrogate pair? *length is that of the escape or the pair. */
bool json_lone_surrogate(const char *at, const char *end, size_t *length);

/* The value of four hexadecimal digits, -1 if there are none. */
int json_hex4(const char *at, const char *end);

#endif
