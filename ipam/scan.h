/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner for lines that we wrote ourselves: JSON without white space, in place, at a speed that
 * lets a million leases be read in a second. What others write is for cni/json.h.
 */
#ifndef IPAM_SCAN_H
#define IPAM_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* The text ends with a NUL at end, so that looking at *at needs no check of its own. */
struct scan {
	char *at, *end;
};

/* Pass this character if it comes next. */
bool scan_char(struct scan *, char c);

/* These pass a value or return -EINVAL. A string is decoded where it stands and gets a NUL. */
int scan_string(struct scan *, char **text);
int scan_integer(struct scan *, int64_t *value);
int scan_unknown(struct scan *); /* of any type */

#endif
