/* SPDX-License-Identifier: Apache-2.0 */
/* Network configuration lists. CNI specification 1.1.0, section 1. */
#ifndef LIBCNI_CONFLIST_H
#define LIBCNI_CONFLIST_H

#include <limits.h>

#include "cni/version.h"

struct libcni_list {
	char *text; /* owned, as the cache keeps it: with the plugins that were appended */
	size_t length;
	struct json *tree; /* owned; what follows points into it */
	const char *name;
	const char *version_text;   /* "" if absent */
	enum cni_version version;   /* the newest for one that we do not know: plugins refuse it */
	const struct json *plugins; /* each an object with a type; NULL: none yet */
	bool disable_check, disable_gc, only_inlined;
};

/* One element of plugins. */
struct conflist_plugin {
	const char *type;
	const char *name;		 /* NULL: none */
	const struct json *capabilities; /* an object of booleans, or NULL */
};

void conflist_done(struct libcni_list *);

/* ---- Files (conflist.c) ---- */

/* See libcni_load() and libcni_read(). End with conflist_done(), also after an error. */
int conflist_load(struct libcni_list *, const char *dir, const char *name, struct cni_error *err);
int conflist_read(struct libcni_list *, const char *path, struct cni_error *err);

/*
 * Call each() for the configurations of a directory, see libcni_networks(): with the list, or with
 * the error that it has. Returns what each() returned, or -1 with *err filled.
 */
int conflist_each(const char *dir,
	int (*each)(
		void *data, const char *path, const struct libcni_list *, const struct cni_error *),
	void *data, struct cni_error *err);

/*
 * The file that conflist_load() would read, by its name alone: nothing else in it is looked at. A
 * file that is no JSON and stands before it is the one, because it stops the search.
 */
int conflist_find(const char *dir, const char *name, char path[PATH_MAX], struct cni_error *err);

/* ---- Texts (conflist_parse.c) ---- */

enum conflist_kind {
	CONFLIST_LIST,
	CONFLIST_SINGLE, /* one plugin's configuration, which becomes a list */
	CONFLIST_EITHER, /* a single one if it has a type and no plugins */
};

/*
 * Read a configuration from text (malloc'd), which it owns from now on, in any case. what names it
 * in messages. End with conflist_done(), also after an error.
 */
int conflist_parse(struct libcni_list *, const char *what, enum conflist_kind, char *text,
	size_t length, struct cni_error *err);

/* Append a plugin's configuration. what names the list, origin where the plugin came from. */
int conflist_append(struct libcni_list *, const char *what, const char *origin,
	const struct json *object, struct cni_error *err);

/* Fails with CNI_INVALID_CONFIG if the list has no plugins. */
int conflist_check(const struct libcni_list *, const char *what, struct cni_error *err);

/* Fails with CNI_INVALID_CONFIG unless object is a plugin's configuration. */
int conflist_plugin(struct conflist_plugin *, const struct json *object, struct cni_error *err);

#endif
