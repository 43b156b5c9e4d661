/* SPDX-License-Identifier: Apache-2.0 */
/* The members of an object, held against the tables of what is known. */
#ifndef LIBCNI_KEYS_H
#define LIBCNI_KEYS_H

#include "libcni/findings.h"
#include "libcni/known.h"

/*
 * Wrong types, missing keys and, as warnings, unknown keys with the nearest known one, in object
 * and below. place is its own. An unknown key that the plugin refuses (known->strict) is an error.
 */
void keys_check(struct findings *, const char *place, const struct json *object,
	const struct known_type *known);

/* Members of one name, in value and below: the last one counts, which few would expect. */
void keys_check_twins(struct findings *, const char *place, const struct json *value);

/* place with ".key" or "[index]" behind it (index < 0: the key). Returns out. */
const char *keys_place(char out[FINDING_PLACE], const char *place, const char *key, int index);

/* How many letters to change, insert, leave out or swap, in any case; 99 if either is too long. */
unsigned keys_distance(const char *a, const char *b);

#endif
