/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that plugins read, ours and the well-known others. Tables end with { 0 }, lists of
 * tables with NULL; of two rules for a key the first one counts. A list whose rule has fields is
 * one of objects, or of lists of them; an object's whose rule has none is free.
 */
#ifndef LIBCNI_KNOWN_H
#define LIBCNI_KNOWN_H

#include "cni/json.h"

/* A value is bound into a field of this size to find out whether it has the right type. */
#define KNOWN_FIELD_MAX 64

struct known_type {
	const char *type;
	const struct json_field *const *tables;
	bool strict; /* the plugin itself refuses a key that is one slip away from a known one */
};

/* What a plugin reads of its object, and of "ipam" when it is the IPAM. NULL: nothing is known. */
const struct known_type *known_plugin(const char *type);
const struct known_type *known_ipam(const char *type);

/* The object around "plugins". */
extern const struct json_field *const known_list[];

#endif
