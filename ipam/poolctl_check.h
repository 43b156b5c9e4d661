/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolctl check. The files are read line by line, without the index and without giving up at the
 * first thing that is wrong, into a model of what is leased; the rest is compared with that.
 *
 * What --fix may do follows from one rule: an address that somebody may have is not given to
 * anybody else. A line that cannot be read may have been a lease. The index, where it was at rest,
 * still knows the addresses: they stay leased, to nobody, until the next boot.
 */
#ifndef IPAM_POOLCTL_CHECK_H
#define IPAM_POOLCTL_CHECK_H

#include "ipam/poolctl.h"
#include "ipam/store_impl.h"

enum repair {
	REPAIR_FILES = 1,  /* modes, owners, left-overs */
	REPAIR_TEXT = 2,   /* write the text anew from the model */
	REPAIR_INDEX = 4,  /* remove it */
	REPAIR_RANGES = 8, /* remove the file */
	REPAIR_DEAD = 16,  /* end leases of the dead, and those with a deferred release */
	REPAIR_TAIL = 32,  /* cut it off, as the next call would */
};

/* One lease of the model. */
struct model_line {
	char *text; /* owned; with its newline */
	uint32_t length;
};

struct check {
	const struct poolctl *tool;
	const char *pool;
	struct store *store; /* locked; loaded only by fix */
	struct json_writer *w;
	bool quiet;

	size_t findings, unfixable;
	size_t shown[32]; /* of each kind */
	unsigned int repairs;
	bool newer;   /* a newer program's files: hands off */
	bool blocked; /* the text cannot be written anew: two that live have one address */

	struct index model;	  /* in memory; positions are not used */
	struct model_line *lines; /* by lease */
	size_t n_lines;
	struct index_cursor cursors[RANGE_SETS_MAX];
	int64_t seq;
	uint64_t lost; /* lines that nobody can read any more, or gaps */
	struct recorded recorded;
	struct lease lease, other; /* scratch */
	struct cni_error err;
};

enum kind {
	KIND_FORMAT,
	KIND_CRC,
	KIND_DAMAGED,
	KIND_TAIL,
	KIND_GAP,
	KIND_TRAILER,
	KIND_RECORD,
	KIND_DUPLICATE,
	KIND_SECOND,
	KIND_INDEX,
	KIND_MODE,
	KIND_OWNER,
	KIND_FOREIGN,
	KIND_LEFTOVER,
	KIND_RANGES,
	KIND_OUTSIDE,
	KIND_CURSOR,
	KIND_OLD_BOOT,
	KIND_DEAD,
	KIND_ORPHAN,
	KIND_DEFERRED,
	KIND_MISSING,
};

/* Tell one. repair: what helps, 0: nothing that is without risk. */
void check_tell(struct check *, enum kind, unsigned int repair, const char *format, ...)
	PRINTF(4, 5);

/* Both files into the model. 0 or -1 with check->err: nothing could be said. */
int check_scan(struct check *);

/* Modes, owners and strangers in the directory. */
void check_files(struct check *);

/* The index against the model, if it says that it is of these files. */
void check_index(struct check *);

/* The leases and cursors against ranges, namespaces and cache. */
void check_leases(struct check *);

/* The index as it is, if it is whole, at rest and of this boot. False if not. */
bool check_open_index(struct check *, struct index *);

/* Parse the line of a lease of the model into *lease. */
void check_parse(const struct check *, uint32_t number, struct lease *);

/* Is any lease of the model lost? Calls until told returns false. */
typedef void check_lost_fn(struct check *, u128 address, void *data);
int check_each_lost(struct check *check, check_lost_fn *lost, void *data); /* -1: nobody knows */

/* Do check->repairs. 0 or -1 with check->err. */
int check_fix(struct check *);

/*
 * Write leases and journal anew, once the files as they were have been saved. 1: that would lose
 * something, told already; 0 or -1 with check->err.
 */
int check_fix_text(struct check *);

/* What was done, or not, on stderr. */
void check_said(const struct check *, const char *what);

#endif
