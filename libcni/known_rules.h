/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to libcni/known*.c: how their tables are written. Rules bind to nothing, so they have no
 * offset.
 */
#ifndef LIBCNI_KNOWN_RULES_H
#define LIBCNI_KNOWN_RULES_H

#include "libcni/known.h"

#define STRING(name)                                                                               \
	{                                                                                          \
		.key = (name), .bind = json_bind_string                                            \
	}
#define BOOLEAN(name)                                                                              \
	{                                                                                          \
		.key = (name), .bind = json_bind_bool                                              \
	}
#define INTEGER(name)                                                                              \
	{                                                                                          \
		.key = (name), .bind = json_bind_int                                               \
	}
#define RANGE(name, from, to)                                                                      \
	{                                                                                          \
		.key = (name), .bind = json_bind_int, .min = (from), .max = (to)                   \
	}
#define LIST(name)                                                                                 \
	{                                                                                          \
		.key = (name), .bind = json_bind_list                                              \
	}
#define LIST_OF(name, of)                                                                          \
	{                                                                                          \
		.key = (name), .bind = json_bind_list, .fields = (of)                              \
	}
#define OBJECT(name)                                                                               \
	{                                                                                          \
		.key = (name), .bind = json_bind_object                                            \
	}
#define OBJECT_OF(name, of)                                                                        \
	{                                                                                          \
		.key = (name), .bind = json_bind_object, .fields = (of)                            \
	}
#define ANY(name)                                                                                  \
	{                                                                                          \
		.key = (name), .bind = json_bind_value                                             \
	}
#define ROUTES                                                                                     \
	{                                                                                          \
		.key = "routes", .bind = known_routes                                              \
	}
#define DNS                                                                                        \
	{                                                                                          \
		.key = "dns", .bind = known_dns                                                    \
	}

#define TABLES(...)                                                                                \
	(const struct json_field *const[])                                                         \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

json_bind_fn known_routes, known_dns; /* lists of routes; the dns object */

/* The element of a list that ends with { 0 }; NULL: none. */
const struct known_type *known_find(const struct known_type *known, const char *type);

#endif
