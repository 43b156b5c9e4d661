/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcni: the runtime side of the Container Network Interface. It finds a network configuration,
 * runs its plugins for one attachment, and remembers the result. CNI specification 1.1.0, sections
 * 1, 3 and 4; files, cache and environment are those of the Go libcni. Link with -lcni, or ask
 * pkg-config for libcni.
 *
 * Threads: there is no global state; different threads may work on different objects. A list may
 * be used by several threads at once, as long as none frees it. Operations on one attachment are
 * to be serialized by the caller, as are libcni_gc() and all others on the same network
 * (specification, section 3 "Lifecycle & Ordering"). The environment of the process, which plugins
 * inherit, must not be changed meanwhile. Children are waited for, so SIGCHLD must not be ignored
 * (SIG_IGN).
 *
 * Output: the library itself writes to neither stdout nor stderr. What a plugin that succeeded said
 * on stderr is passed on to stderr of the process.
 *
 * Functions that can fail return 0, or -1 with *err filled. Outputs are written on success only.
 * A text that is NULL counts as "" throughout. JSON is passed on as it came: numbers digit by
 * digit, unknown keys untouched.
 */
#ifndef LIBCNI_H
#define LIBCNI_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libcni_error {
	int code;	   /* of the specification, section 5 "Error"; 999: none of them */
	char msg[2048];	   /* one line for people; complete, details included */
	char details[512]; /* what the plugin added; may be empty */
};

/* One plugin that was run, or could not be. It is valid during the call of trace() only. */
struct libcni_call {
	const char *command;		  /* CNI_COMMAND: "ADD" */
	const char *type;		  /* of the plugin */
	const char *name;		  /* of the plugin in the list; NULL: none */
	const char *file;		  /* what was executed; NULL: it was not found */
	const char *input;		  /* its stdin; NULL: none */
	size_t input_length;		  /* in bytes */
	const char *output;		  /* its stdout when it succeeded, else NULL */
	size_t output_length;		  /* in bytes */
	long long nanoseconds;		  /* from its start until its end was known */
	const struct libcni_error *error; /* NULL: it succeeded */
};

/* How a runtime runs plugins, and where it keeps things. Start with { 0 }, in C++ with {}. */
struct libcni_runtime {
	const char *path;      /* CNI_PATH: directories of plugins, separated by ':' */
	const char *cache_dir; /* results/ is below; NULL: /var/lib/cni */

	/*
	 * Milliseconds that each plugin may take, then it is killed (SIGKILL), and the operation
	 * fails with code 11, "try again later": as after any error, an ADD is to be followed by
	 * a DEL. 0: no bound.
	 */
	unsigned int timeout;

	/* Called after each plugin, in the caller's thread; NULL: not wanted. */
	void (*trace)(void *data, const struct libcni_call *);
	void *trace_data;
};

/* One interface in one container. */
struct libcni_attachment {
	const char *container_id; /* letters, digits, "_.-", the first a letter or digit */
	const char *netns;	  /* path of the network namespace; may be "" for DEL */
	const char *ifname;
	const char *args;	     /* CNI_ARGS, "K=V;K2=V2", passed on as it is */
	const char *capability_args; /* a JSON object by capability; "": none */
};

/* ---- Network configurations ---- */

/*
 * A network configuration: a list, or a single plugin, which counts as a list of one. Its version
 * is the highest of cniVersion and cniVersions that this library knows.
 */
struct libcni_list;

/*
 * Load the network of that name from a directory: the first match of its .conflist files in the
 * order of their names, else of its .conf and .json files, which are single plugins. A file
 * before the match that cannot be read or is no configuration is an error; those behind it
 * are not looked at. *list is to be freed.
 *
 * Unless loadOnlyInlinedPlugins is true, a list's plugins are followed by those of the .conf files
 * in the directory DIR/NAME, in the order of their names. The cache keeps them as part of the list.
 */
int libcni_load(
	struct libcni_list **list, const char *dir, const char *name, struct libcni_error *err);

/* The same from one file, a list or a single plugin, whatever its name. */
int libcni_read(struct libcni_list **list, const char *path, struct libcni_error *err);

/* The same from text, which is copied. There is no directory to load further plugins from. */
int libcni_parse(
	struct libcni_list **list, const char *text, size_t length, struct libcni_error *err);

void libcni_free(struct libcni_list *list); /* accepts NULL */

/* Both live as long as the list. The version is "" if it has none, which means 0.1.0. */
const char *libcni_name(const struct libcni_list *);
const char *libcni_version(const struct libcni_list *);

/*
 * Call each() for every network configuration of a directory, in the order in which libcni_load()
 * looks at them; error is what libcni_load() would say of a broken file (name is NULL then), else
 * NULL. Names may come twice: the first one counts. A value other than 0 ends it and is returned.
 * A directory that does not exist has none.
 */
int libcni_networks(const char *dir,
	int (*each)(
		void *data, const char *name, const char *path, const struct libcni_error *error),
	void *data, struct libcni_error *err);

/* ---- Operations ---- */

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
 * at the first error. Lists below version 0.4.0 and a broken cache are errors; a list with
 * disableCheck is not checked.
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

/*
 * GC: DEL every cached attachment of the network that is not among the count valid ones (of which
 * container_id and ifname are looked at; NULL with 0: none is valid), with the namespace and
 * arguments that it was added with. Then, from version 1.1.0, run every plugin with the valid
 * ones. Goes on after errors; err has all of them, "first; second", cut with "..." if they are
 * too many, and the code of the first. A list with disableGC is left alone.
 *
 * Attachments are the network's by its name alone, whoever made them: every runtime that has a
 * network of that name must be asked for its valid ones.
 */
int libcni_gc(const struct libcni_runtime *, const struct libcni_list *,
	const struct libcni_attachment *valid, size_t count, struct libcni_error *err);

/*
 * STATUS: is every plugin ready for ADD? The first error counts, its code kept (50, 51). Lists
 * below version 1.1.0 cannot be asked: 0.
 */
int libcni_status(
	const struct libcni_runtime *, const struct libcni_list *, struct libcni_error *err);

/* What a plugin said to VERSION. */
struct libcni_versions {
	const char *type, *name, *file;	  /* as in struct libcni_call */
	const char *const *supported;	  /* "0.4.0", ...; ended by NULL; empty on errors */
	const struct libcni_error *error; /* NULL: it answered */
};

/*
 * VERSION: ask every plugin of the list, in order, and call each() for it. Goes on after errors,
 * and fails then with the first one. A value other than 0 from each() ends it and is returned.
 */
int libcni_plugin_versions(const struct libcni_runtime *, const struct libcni_list *,
	int (*each)(void *data, const struct libcni_versions *), void *data,
	struct libcni_error *err);

/*
 * Could an ADD be tried? The network's name is valid, its plugins are found in path, and all of
 * them support its version. All that is wrong is in err, as for libcni_gc().
 */
int libcni_validate(
	const struct libcni_runtime *, const struct libcni_list *, struct libcni_error *err);

/* ---- The cache ---- */

/* An attachment as ADD left it in the cache. Valid during the call of each() only. */
struct libcni_cached {
	const char *file;
	const char *network;
	struct libcni_attachment at;
	const char *config; /* the network configuration then, as text; "" if it is damaged */
	const char *result; /* JSON; NULL: none */
};

/*
 * Call each() for every attachment in the cache, in the order of the files' names. Files that are
 * none, or bear another attachment's name, are passed over. A value other than 0 ends it and is
 * returned. No cache: 0.
 */
int libcni_attachments(const struct libcni_runtime *,
	int (*each)(void *data, const struct libcni_cached *), void *data,
	struct libcni_error *err);

#ifdef __cplusplus
}
#endif

#endif
