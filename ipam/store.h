/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of one pool: <dataDir>/ipam/<pool>/
 *
 *	lock        flock(2) target; created once, never renamed or removed
 *	leases      snapshot: header, a JSON line for each lease, trailer; every line with its CRC
 *	journal     append-only; a JSON line for each transaction; writing that line is the commit
 *	index       mapped, derived from the two, may be deleted at any time
 *	ranges      what the networks of the pool may lease, for people (recorded.h)
 *	pending-del releases that could not be written, see store_defer()
 *
 * cat, grep and jq read the first three. No operation is linear in the number of leases, but for
 * the rebuilding of the index. A process may die at any instruction: a torn tail fails its CRC
 * and is cut off, an index caught in the middle of an update is rebuilt.
 *
 * All functions but store_open() need the lock, which an open store holds. A process that is forked
 * meanwhile shares it.
 *
 * A pool in <dataDir>/.fabric-cni/ipam/<pool>/ lives together with host-local, the IPAM plugin of the
 * CNI project, whose leases are <dataDir>/<pool>/<address>, "container ID CRLF ifname". Those files
 * are the truth about who has what; the store makes finding fast and remembers what they cannot tell
 * (namespace, boot, pod). An open store holds host-local's lock as well, every transaction changes
 * the files, and what others did to them since is taken over at the next store_open(): only then is
 * that linear in the leases.
 */
#ifndef IPAM_STORE_H
#define IPAM_STORE_H

#include "ipam/range.h"

/* Longer pool names, container IDs, ... are refused: a journal line has a bound. */
#define LEASE_TEXT_MAX 1024
#define LEASE_LINE_MAX 16384

/*
 * What one attachment holds. Strings of a lease that was read point into its buffer; of one to be
 * written they are the caller's. NULL and "" are the same: not known.
 */
struct lease {
	const char *container_id, *ifname, *network;
	const char *pod, *pod_uid; /* "namespace/name" */
	const char *netns;	   /* path */
	const char *netns_id;	   /* "dev:inode" of it */
	const char *boot;	   /* boot ID under which it was made */
	int64_t time;		   /* CLOCK_REALTIME, seconds: for people */
	size_t n_addresses;
	struct ip addresses[RANGE_SETS_MAX]; /* in the order of the sets */
	uint32_t fixed; /* bit k: the cursor did not choose addresses[k] (requested, or kept) */
	int64_t keep;	/* not 0: its pod keeps the addresses, see store_release() */
	/* Not for store_put(): */
	int64_t seq;	  /* of the transaction that made it */
	int64_t released; /* of a kept lease: CLOCK_BOOTTIME, ms; -1: not under this boot */
	char buffer[LEASE_LINE_MAX];
};

struct store_options {
	const char *directory; /* dataDir */
	const char *pool;
	int64_t lock_timeout_ms;
	int64_t reuse_delay_ms; /* released addresses cool for so long; 0: free at once */
	bool durable;		/* fdatasync(2) each transaction, else only at compaction */
	bool create; /* false: a pool that does not exist is no error, see store_open() */
	bool host_local; /* directory is host-local's dataDir: the store is in .fabric-cni in it */
};

/* The directory of a pool with its '/', as snprintf(3) does it. */
int store_directory(const struct store_options *, char *path, size_t size);

/* Can there be such a pool at all? CNI_INVALID_CONFIG: its name or path is none. 0 or -1. */
int store_check(const struct store_options *, struct cni_error *);

struct store;

/*
 * Open a pool and take its lock, waiting lock_timeout_ms for it at the most: then CNI_TRY_LATER
 * naming the holder. Repairs what a killed process left. Returns 0 with *store set, or -1; 0 with
 * *store NULL where options->create is false and there is no such pool.
 */
int store_open(struct store **store, const struct store_options *, struct cni_error *);
void store_closep(struct store **); /* unlocks; accepts NULL */

/*
 * An ifname of leases in a pool of host-local's: its old files have no interface. What it leased to
 * one interface beyond RANGE_SETS_MAX addresses has "ifname:1", "ifname:2", ...
 */
#define LEASE_ANY_IFNAME ":"

/* Is it a pool of host-local's? */
bool store_is_mirrored(const struct store *);

/*
 * 1 with *lease filled, 0 if there is none, -1. store_find() takes LEASE_ANY_IFNAME for ifname
 * where that has no lease. Of several leases of a pod, store_find_pod() finds the one that was made
 * last of those that are accepted.
 */
int store_find(struct store *, const char *container_id, const char *ifname, struct lease *,
	struct cni_error *);
typedef bool store_accept_fn(const struct lease *, const void *data);
int store_find_pod(struct store *, const char *pod, const char *ifname, store_accept_fn *accept,
	const void *data, struct lease *, struct cni_error *);
int store_find_address(struct store *, const struct ip *, struct lease *, struct cni_error *);

/* Is the address leased, or cooling after its release? */
bool store_is_taken(struct store *, u128 address);

/*
 * The lowest address within span that is neither; false if there is none. O(1) in the leases. What
 * has cooled becomes free some hundreds at a call, so for a few calls it may not be the lowest.
 */
bool store_next_free(struct store *, struct span span, u128 *address);

/*
 * The cooling address within span that was released first, and when (ms, to compare with that of
 * another span); false if there is none.
 */
bool store_oldest_cooling(struct store *, struct span span, u128 *address, int64_t *released);

/* The address that the cursor of a set chose last; false if it has chosen none. */
bool store_cursor(struct store *, size_t set, u128 *address);

/*
 * Commit: from now on the owner (container ID, ifname) holds exactly these addresses. What it held
 * before and no longer holds is released; cooling addresses may be taken, leased ones of others may
 * not (an internal error, nothing is written). replaced is the owner whose lease this one takes
 * over (sticky pods), or NULL. On failure nothing is leased.
 */
int store_put(struct store *, const struct lease *, const struct lease *replaced,
	struct cni_error *);

/*
 * Write the snapshot and empty the journal now, whatever their sizes. False if that cannot be.
 */
bool store_rewrite(struct store *);

/*
 * Commit: the owner holds nothing any more. Success if it held nothing. What a pod kept for longer
 * than the reuse delay is free at once.
 */
int store_remove(struct store *, const char *container_id, const char *ifname,
	struct cni_error *);

/*
 * Commit the end of an attachment: where its lease says so, the pod keeps what it held in a lease
 * that is nobody's, for an attachment of the same pod and interface name; else that is
 * store_remove(), in a pool of host-local's with "ifname:1", "ifname:2", ... The owner of a kept
 * lease, "pod:<namespace>/<name>", can be no container's ID. A pod has one for each interface name,
 * with what it was given last; a pool up to STORE_KEPT_MAX, then the oldest one ends.
 */
#define STORE_KEPT_MAX 16384
int store_release(struct store *, const struct lease *, struct cni_error *);
bool lease_is_kept(const struct lease *);

/*
 * The kept lease that was released first of those with an address of the set, or, with NULL, of
 * all. 1, 0 or -1. Linear in the leases, but in memory.
 */
int store_oldest_kept(struct store *, const struct range_set *, struct lease *, struct cni_error *);

/* Has the reuse delay passed since the release of a kept lease? */
bool store_has_cooled(struct store *, const struct lease *);

/*
 * Visit every lease, in no order; a visitor that returns non-zero ends it and that value is
 * returned. The visitor may call store_remove() or store_release() for the lease that it is shown;
 * what is kept by that may be shown, too. store_each_attached() passes over kept leases.
 */
typedef int store_visit_fn(struct store *, const struct lease *, void *data);
int store_each(struct store *, store_visit_fn *visit, void *data, struct cni_error *);
int store_each_attached(struct store *, store_visit_fn *visit, void *data, struct cni_error *);

struct store_counts {
	uint64_t leases, leased, cooling;	       /* attachments; addresses */
	uint64_t kept_leases, kept;		       /* not part of the former; addresses */
	uint64_t ipv4_leased, ipv4_cooling, ipv4_kept; /* part of those */
};
struct store_counts store_counts(struct store *); /* O(1) */

/*
 * Releases that could not be written, because the disk was full or read-only, the lock busy or the
 * files damaged. Each is an empty file that has it all in its name, in the pool's directory
 * pending-del, or where that cannot be made, in STORE_RUN_DIR: what is lost with a reboot is then
 * no loss, because the leases of an older boot are dead anyway.
 *
 * Until it is settled the lease stays, so nobody else gets its addresses. It names the last
 * transaction of the pool before it, so that it cannot end a lease that the owner got later.
 */
#define STORE_RUN_DIR "/run/fabric-cni"

/*
 * Leave one, for the owner's lease of that network. Needs no lock: store may be NULL. On success
 * *err is cleared; else it has the cause that the caller put into it, the reason why not, and the
 * code CNI_TRY_LATER. Returns 0 or -1.
 */
int store_defer(struct store *, const struct store_options *, const struct lease *owner,
	struct cni_error *err);

/*
 * Release what was deferred, as store_release() does. Those that cannot be written now are left for
 * the next call, and so is that of the owner of but (NULL: of nobody): who is to hold anew what it
 * holds has to make a new lease. Returns how many leases ended, or -1.
 */
int store_settle(struct store *, const struct lease *but, struct cni_error *err);

/* Is there one for this owner, whatever the network and the lease? */
bool store_is_deferred(struct store *, const char *container_id, const char *ifname);

/* How many there are. */
unsigned int store_deferred(struct store *);

#endif
