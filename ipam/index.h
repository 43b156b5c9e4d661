/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a pool: where the line of each lease is, who has which address, which addresses are
 * free. One mapped file of fixed-size records, linked by their numbers (0: none), so that no
 * operation is linear in them. It is derived from the text files, belongs to one boot of the
 * machine and is never trusted with an identity: a hash leads to a line, and the line decides.
 *
 *	header | leases | addresses | nodes | heads of the four hash tables
 *
 * Which addresses are free is a tree over the number space: a node is 4096 bits; a bit of level 0
 * is an address that is taken, a bit of level n + 1 a node of level n that is full. Nodes are found
 * by hash; one that does not exist is free throughout.
 *
 * Changes stand between index_begin() and index_end(): a process killed in between leaves an odd
 * sequence number, and the next one rebuilds. Nothing here does I/O but index_open(), _new(),
 * _reserve() and _publish().
 */
#ifndef IPAM_INDEX_H
#define IPAM_INDEX_H

#include "ipam/range.h"

#define INDEX_NONE 0u

struct index_lease {
	uint64_t owner, pod; /* hashes; pod 0: none */
	uint64_t position;   /* of its line: offset * 2, + 1 in the snapshot */
	uint32_t length : 31; /* of its line; 0: the record is free */
	uint32_t kept : 1;    /* lease_is_kept() */
	uint32_t first;	     /* address */
	uint32_t owner_next, pod_next;
};

struct index_address {
	uint64_t high, low;
	int64_t released; /* cooling: CLOCK_BOOTTIME, ms */
	uint32_t chain;
	uint32_t lease;		 /* 0: free record, INDEX_COOLING, or the lease */
	uint32_t next, previous; /* of the lease, or of the cooling queue */
};

#define INDEX_COOLING UINT32_MAX

struct index_node {
	uint64_t high, low; /* number of its first bit >> 12 */
	uint32_t level, chain, count, pad;
	uint64_t full; /* bit k: words[k] has no zero */
	uint64_t words[64];
};

/* Records of one kind: 1..used have been in use, those that are free again are a list. */
struct index_pool {
	uint32_t capacity, used, free, live;
};

/* What the index was derived from. */
struct index_cover {
	uint64_t journal_device, journal_inode, journal_end;
	uint64_t snapshot_inode, snapshot_size;
	int64_t snapshot_time; /* modification, ns */
	int64_t seq;	       /* of the last line */
};

struct index_cursor {
	uint64_t high, low, is_set;
};

/* Networks of the pool whose ranges the file "ranges" has, as they are now. */
#define INDEX_RANGES_MAX 16
struct index_ranges {
	uint64_t network, ranges; /* hashes; 0: free */
};

/* What the directory of host-local was when the index agreed with it. */
struct index_mirror {
	uint64_t device, inode;
	int64_t time; /* modification, ns */
	int64_t seq;  /* the last line then; 0: never */
};

struct index_header {
	char magic[8];
	uint32_t version, size; /* of this struct */
	uint64_t sequence;	/* odd: a change is under way */
	char boot[40];
	struct index_cover cover;
	struct index_pool leases, addresses, nodes;
	uint32_t cooling_first, cooling_last;
	uint64_t cooling;
	uint64_t ipv4_live, ipv4_cooling; /* part of addresses.live and of cooling */
	/* Part of leases.live, addresses.live and ipv4_live. */
	uint64_t kept, kept_addresses, ipv4_kept;
	uint64_t compact_at; /* journal size; 0: by the rule. For the store */
	struct index_cursor cursors[RANGE_SETS_MAX];
	struct index_ranges ranges[INDEX_RANGES_MAX];
	uint64_t ranges_next; /* the one to be replaced when all are in use */
	struct index_mirror mirror;
};

struct index {
	struct index_header *header; /* NULL: not open */
	struct index_lease *leases;
	struct index_address *addresses;
	struct index_node *nodes;
	uint32_t *owner_heads, *pod_heads, *address_heads, *node_heads;
	size_t size;
	bool in_memory; /* there is no file: this process only */
	bool published; /* the file has its name */
	bool damaged;	/* a link led nowhere: results are worthless */
	uint64_t steps;
	char path[4096]; /* "<directory>/index"; the new one is "<directory>/index.tmp" */
};

struct index_size {
	uint32_t leases, addresses, nodes;
};

uint64_t index_hash(const char *first, const char *second);

/*
 * Map the file at index->path, privately if it must not be written. -EINVAL if it is not a whole
 * index of this version at rest; -errno.
 */
int index_open(struct index *, bool read_only);

/*
 * A new and empty one, in the file index.tmp, or in memory where that cannot be made or must not.
 * Returns 0 with a change begun, or -ENOMEM.
 */
int index_new(struct index *, struct index_size, bool in_memory);

/* The change is done; give index.tmp its name. Without success it is one in memory from now on. */
void index_publish(struct index *);
void index_close(struct index *);

void index_begin(struct index *);
void index_end(struct index *);

/*
 * Make room for one more lease with n addresses, in a new and larger file if need be. Allowed
 * within a change. 0 or -ENOMEM.
 */
int index_reserve(struct index *, size_t n);

/* ---- Leases ---- */

/* The next lease after the one given (0: the first) with this hash, or INDEX_NONE. */
uint32_t index_owner(struct index *, uint64_t hash, uint32_t after);
uint32_t index_pod(struct index *, uint64_t hash, uint32_t after);

/* The record, for reading and for moving its line; a free one has length 0. */
struct index_lease *index_lease(struct index *, uint32_t lease);

struct index_claim {
	uint64_t owner, pod;
	uint64_t position;
	uint32_t length;
	bool kept;
	const u128 *addresses; /* none of them leased; they may be cooling */
	size_t n_addresses;
};

/*
 * This will be looked up and added soon: a large table is mostly not in the cache. First the one,
 * and when its memory has come the other, which looks at that.
 */
void index_prefetch(struct index *, const struct index_claim *);
void index_prefetch_owner(struct index *, const struct index_claim *);

/* The caller has reserved. */
void index_add(struct index *, const struct index_claim *);

/* Its addresses are free at once if released < 0, else they cool since then. */
void index_drop(struct index *, uint32_t lease, int64_t released);

/* ---- Addresses ---- */

/* The lease that has the address, INDEX_COOLING with *released, or INDEX_NONE. */
uint32_t index_holder(struct index *, u128 address, int64_t *released);

/* Make a free address cool, behind those that cool already. The caller has reserved. */
void index_cool(struct index *, u128 address, int64_t released);

/* Free up to limit addresses that were released at that time or before. True if more are left. */
bool index_expire(struct index *, int64_t released, unsigned int limit);

/* The cooling addresses in the order of their release: calls until visit returns true. */
typedef bool index_visit_fn(u128 address, int64_t released, void *data);
bool index_each_cooling(struct index *, index_visit_fn *visit, void *data);

bool index_next_free(struct index *, struct span span, u128 *address);

/* ---- Between the files of the index ---- */

uint32_t index_bucket(uint64_t hash, uint32_t capacity);
uint64_t index_mix(uint64_t high, uint64_t low);
bool index_step(struct index *, uint32_t number, uint32_t capacity);

/* The record; a number that cannot be is that of a spare one, and the index damaged. */
struct index_address *index_address(struct index *, uint32_t number);
uint32_t index_claim_address(struct index *, u128 address); /* a new one, or out of the queue */
void index_free_address(struct index *, uint32_t number);
void index_enqueue(struct index *, uint32_t number, int64_t released);
void index_count_kept(struct index *, uint32_t number, bool more); /* or one less */
void index_link_address(struct index *, uint32_t number);

void index_take(struct index *, u128 address);
void index_give(struct index *, u128 address);
void index_link_node(struct index *, uint32_t node);
void index_link_all(struct index *); /* of a larger copy: its hash tables are empty */

#endif
