/* SPDX-License-Identifier: Apache-2.0 */
/* Network configuration lists. CNI specification 1.1.0, section 1. */
#ifndef LIBCNI_CONFLIST_H
#define LIBCNI_CONFLIST_H

#include <limits.h>

#include "cni/version.h"

struct libcni_list {
	char *text; /* owned, as the cache keeps it */
	size_t length;
	struct json *tree; /* owned; what follows points into it */
	const char *name;
	const char *version_text;   /* "" if absent */
	enum cni_version version;   /* the newest for one that we do not know: plugins refuse it */
	const struct json *plugins; /* at least one; each an object with a type */
};

/* One element of plugins. */
struct conflist_plugin {
	const char *type;
	const char *name;		 /* NULL: none */
	const struct json *capabilities; /* an object of booleans, or NULL */
};

/* See libcni_load(). Start with { 0 } and end with conflist_done(), also after an error. */
int conflist_load(struct libcni_list *, const char *dir, const char *name, struct cni_error *err);

/*
 * The file that conflist_load() would read, by its name alone: nothing else in it is looked at. A
 * file that is no JSON and stands before it is the one, because it stops the search.
 */
int conflist_find(const char *dir, const char *name, char path[PATH_MAX], struct cni_error *err);

/*
 * Read a list from text, which it owns from now on, in any case. what names it in messages. Keys
 * that only GC or the choice of versions needs are not looked at.
 */
int conflist_parse(
	struct libcni_list *, const char *what, char *text, size_t length, struct cni_error *err);

/* Fails with CNI_INVALID_CONFIG unless object is a plugin's configuration. */
int conflist_plugin(struct conflist_plugin *, const struct json *object, struct cni_error *err);

void conflist_done(struct libcni_list *);

#endif
