/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of poolctl share. */
#ifndef IPAM_POOLCTL_H
#define IPAM_POOLCTL_H

#include <stdio.h>

#include "ipam/recorded.h"

/* Exit statuses, as the manual page has them. */
enum {
	POOLCTL_OK = 0,
	POOLCTL_FAILED = 1,
	POOLCTL_USAGE = 2,
	POOLCTL_FOUND = 3,   /* check: problems are left; find: there is nothing */
	POOLCTL_REFUSED = 4, /* nobody said yes */
};

/* What cools goes on cooling, however long the pool means: never over, and never an overflow. */
#define POOLCTL_FOREVER_MS (INT64_MAX / 4)

struct poolctl {
	const char *data_dir, *config, *cache_dir, *pool, *network, *ifname;
	const char *lock_timeout;
	bool json, yes, dry_run, fix, help;
	int64_t lock_timeout_ms;
	const char *const *operands; /* up to NULL */
	size_t n_operands;
};

struct poolctl_option {
	const char *name, *argument, *help; /* argument NULL: a bool */
	size_t offset;
};

/* Prints what failed itself. Returns an exit status. */
typedef int poolctl_fn(const struct poolctl *);

struct poolctl_command {
	const char *name, *operands, *help;
	size_t min, max; /* number of operands */
	poolctl_fn *run;
	const char *options; /* those that only some commands have: " fix yes " */
	const char *text;    /* of --help */
};

extern const struct poolctl_command poolctl_commands[]; /* up to a name of NULL */
extern const struct poolctl_option poolctl_options[];

poolctl_fn poolctl_pools, poolctl_metrics, poolctl_show, poolctl_find, poolctl_export;
poolctl_fn poolctl_release, poolctl_gc, poolctl_import, poolctl_check;

/* The script for bash, from the tables. */
void poolctl_completion(FILE *out);

/* ---- Text ---- */

/* "poolctl: ...\n" on stderr. Returns POOLCTL_FAILED. */
int poolctl_complain(const char *format, ...) PRINTF(1, 2);

/* A table of texts, printed with aligned columns. Memory that ran out is told by table_print(). */
struct table {
	const char *const *titles; /* up to NULL; '>' before one: to the right */
	size_t n_columns, n_cells, capacity;
	char **cells; /* owned */
	bool failed;
};

/* Names are whatever CNI_ARGS said: none shall play with the terminal. */
void poolctl_disarm(char *text);

void table_put(struct table *, const char *format, ...) PRINTF(2, 3);
int table_print(struct table *); /* frees. Returns an exit status */

/* "#####....." of how full it is, from 0 to 1; "?" below 0. Returns out. */
#define BAR_WIDTH 20
#define BAR_TEXT  (BAR_WIDTH + 1)
const char *poolctl_bar(double full, char out[BAR_TEXT]);

/* "3m", "2d5h" since a time of CLOCK_REALTIME; "-" for 0. Returns out. */
#define AGE_TEXT 32
const char *poolctl_age(int64_t time, char out[AGE_TEXT]);

/* One line on a terminal that is written again and again; nothing elsewhere. */
struct progress {
	const char *what;
	uint64_t done, total;
	int64_t next; /* ms */
	bool shown;
};
void progress_step(struct progress *);
void progress_end(struct progress *);

/*
 * May it be done? --yes says so; a terminal is asked; else nobody can say yes. what: "release 3
 * leases of pool rail0".
 */
bool poolctl_confirm(const struct poolctl *, const char *format, ...) PRINTF(2, 3);

/* Print and free. Returns an exit status. */
int poolctl_print_json(struct json_writer *);

/* ---- Pools ---- */

/* The names of all pools, sorted; NULL-terminated, malloc'd in one piece. NULL: told already. */
char **poolctl_list(const struct poolctl *);

/*
 * Open a pool and take its lock. Released addresses go on cooling: how long is the pool's affair.
 * 0; -1 also where there is no such pool.
 */
int poolctl_open(const struct poolctl *, const char *pool, struct store **, struct cni_error *err);

/* What the networks may lease: of --config, else what ADD recorded. */
int poolctl_ranges(
	const struct poolctl *, struct store *, struct recorded *, struct cni_error *err);

struct pool_state {
	struct store_counts counts;
	bool known; /* the ranges */
	struct range_counts ipv4, ipv6;
	bool has_ipv4, has_ipv6;
	uint64_t journal_bytes, snapshot_bytes;
	int64_t created, changed; /* CLOCK_REALTIME; 0: not known */
	unsigned int deferred;
};
int poolctl_state(
	const struct poolctl *, const char *pool, struct pool_state *, struct cni_error *err);

/* ---- Leases ---- */

/* A lease that outlives its store. */
struct entry {
	char *container_id, *ifname, *network, *pod, *pod_uid, *netns, *boot; /* "": none */
	struct ip *ip;
	size_t n_addresses;
	int64_t time, seq;
	bool dead, kept;
	char *pool;
};

struct entries {
	struct entry *list; /* owned */
	size_t n, capacity;
};

/* Does it belong in the list? */
typedef bool entry_filter(const struct lease *, const void *data);

/* Add those of a pool that is open, in the order of their addresses. 0 or -1. */
int entries_add(struct entries *entries, struct store *store, const char *pool,
	entry_filter *filter, const void *data, struct cni_error *err);
int entries_put(struct entries *, const struct lease *, const char *pool, struct cni_error *err);
void entries_done(struct entries *);
void entries_put_json(struct json_writer *, const struct entry *);

/* Print as a table or as JSON, {"leases": [...]}. Returns an exit status. */
int entries_print(const struct poolctl *, const struct entries *);

/* Does the text name the lease: address, container (or the first 8 letters and more), pod? */
bool entry_is_named(const struct lease *, const void *text);

/*
 * Release what is in the list, wholly or so that pods may keep it, and still is as it was there,
 * some hundreds at a time so that pods need not wait. *released counts. 0 or -1.
 */
int entries_release(const struct poolctl *, const char *pool, const struct entries *, bool wholly,
	size_t *released, struct cni_error *err);

#endif
