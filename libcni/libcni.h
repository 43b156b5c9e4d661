/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcni: the runtime side of the Container Network Interface. It finds a network configuration
 * list, runs its plugins for one attachment, and remembers the result. CNI specification 1.1.0,
 * sections 1, 3 and 4; files, cache and environment are those of the Go libcni.
 *
 * Threads: there is no global state; different threads may work on different objects. A list may
 * be used by several threads at once, as long as none frees it. The environment of the process,
 * which plugins inherit, must not be changed meanwhile. Children are waited for, so SIGCHLD must
 * not be ignored (SIG_IGN).
 *
 * Output: the library itself writes to neither stdout nor stderr. What a plugin that succeeded said
 * on stderr is passed on to stderr of the process.
 *
 * Functions that can fail return 0, or -1 with *err filled. Outputs are written on success only.
 */
#ifndef LIBCNI_H
#define LIBCNI_H

struct libcni_error {
	int code;	   /* of the specification, section 5 "Error"; 999: none of them */
	char msg[2048];	   /* one line for people; complete, details included */
	char details[512]; /* what the plugin added; may be empty */
};

/* Where a runtime keeps things. */
struct libcni_runtime {
	const char *path;      /* CNI_PATH: directories of plugins, separated by ':' */
	const char *cache_dir; /* results/ is below; NULL: /var/lib/cni */
};

/* One interface in one container. NULL counts as "" throughout. */
struct libcni_attachment {
	const char *container_id; /* letters, digits, "_.-", the first a letter or digit */
	const char *netns;	  /* path of the network namespace; may be "" for DEL */
	const char *ifname;
	const char *args;	     /* CNI_ARGS, "K=V;K2=V2", passed on as it is */
	const char *capability_args; /* a JSON object by capability; "": none */
};

/* A network configuration list. */
struct libcni_list;

/*
 * Load the network of that name from a directory: the first match of its .conflist files in the
 * order of their names, else of its .conf and .json files, which count as lists of one plugin. A
 * file before the match that cannot be read or is no configuration is an error; those behind
 * it are not looked at. *list is to be freed.
 */
int libcni_load(
	struct libcni_list **list, const char *dir, const char *name, struct libcni_error *err);
void libcni_free(struct libcni_list *list); /* accepts NULL */

/*
 * ADD: run the plugins in order, each with the result of the one before as prevResult, then write
 * the cache. *result (malloc'd, the caller's) is the last plugin's result as it printed it, as
 * indented JSON with a final newline. After an error nothing is undone: the runtime must call
 * libcni_del(), as the specification has it. A cache that cannot be written is found out before
 * the first plugin runs.
 */
int libcni_add(const struct libcni_runtime *, const struct libcni_list *,
	const struct libcni_attachment *, char **result, struct libcni_error *err);

/*
 * CHECK: run the plugins in order with the cached result, if there is one, as prevResult. Stops
 * at the first error. Lists below version 0.4.0 and a broken cache are errors.
 */
int libcni_check(const struct libcni_runtime *, const struct libcni_list *,
	const struct libcni_attachment *, struct libcni_error *err);

/*
 * DEL: run the plugins in reverse order, from version 0.4.0 with the cached result as prevResult,
 * then remove the cache. A cache that is broken or missing is no error. Stops at the first error
 * and keeps the cache, so that it can be called again.
 */
int libcni_del(const struct libcni_runtime *, const struct libcni_list *,
	const struct libcni_attachment *, struct libcni_error *err);

#endif
