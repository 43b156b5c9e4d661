/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the journal and of the snapshot: a flat JSON object, " *", eight hexadecimal digits
 * of the CRC-32C of the JSON text, and a newline.
 *
 *	{"format":1,"file":"journal","pool":"rail0"} *1a2b3c4d
 *	{"seq":1,"op":"add","ips":["10.1.0.5/16"],"cid":"…","if":"net1",…} *9a3f01c2
 *	{"seq":2,"op":"del","cid":"…","if":"net1","cool":"81234@<boot ID>"} *0c11d7a9
 *
 *	{"seq":3,"op":"add","ips":["10.1.0.6/16"],"cid":"c2","pod":"ns/a",…,"keep":1} *51c0ffee
 *	{"seq":4,"op":"add","ips":["10.1.0.6/16"],"cid":"pod:ns/a",…,"keep":3,"rcid":"c2"} *7d2e11b0
 *
 * "keep" of an attachment's lease is 1 if its pod keeps the addresses after the DEL, that of a kept
 * lease the number of the transaction that gave them.
 *
 * A member that is absent is 0, "" or empty; those are not written. Members that are not known are
 * ignored, so that a newer program may add some without a new format.
 */
#ifndef IPAM_RECORD_H
#define IPAM_RECORD_H

#include <stddef.h>

#include "ipam/store.h"

#define RECORD_FORMAT 1

/* The highest number of a transaction that is read: there is always a next one. */
#define RECORD_SEQ_MAX (INT64_MAX / 2)

enum record_op {
	RECORD_HEADER, /* format, file, pool; seq: what comes before it, or what leases covers */
	RECORD_ADD,    /* the owner holds exactly lease.addresses from now on */
	RECORD_DEL,    /* the owner holds nothing any more */
	RECORD_CURSOR, /* leases: the cursor of set is lease.addresses[0] */
	RECORD_COOL,   /* leases: lease.addresses[0] was released */
	RECORD_END,    /* leases: the last line; lines between header and this one */
};

struct record {
	enum record_op op;
	int64_t format, seq, set, lines;
	const char *file, *pool;
	const char *replaced_id, *replaced_ifname; /* add: whose lease ends in the same moment */
	const char *cool; /* what is released cools: "<CLOCK_BOOTTIME, ms>@<boot ID>" */
	struct lease lease; /* its buffer is not used here; last, so that nobody has to clear it */
};

#define RECORD_FIELDS offsetof(struct record, lease.buffer)
#define LEASE_FIELDS offsetof(struct lease, buffer)

/* Is this one line, newline included, with the right checksum? */
bool record_is_sealed(const char *line, size_t length);

/*
 * Parse a sealed line in place: the strings of *record point into it. Returns -EINVAL for what is
 * no record of this format, with *record undefined but for format.
 */
int record_parse(struct record *, char *line, size_t length);

/* Print with checksum and newline; returns the length, or 0 if it is longer than LEASE_LINE_MAX. */
size_t record_print(const struct record *, char out[LEASE_LINE_MAX]);

/* The table of members, in the order of writing. */
enum record_type { RECORD_INTEGER, RECORD_TEXT, RECORD_KIND, RECORD_ADDRESSES, RECORD_POSITIONS };

struct record_field {
	const char *name;
	size_t length;
	enum record_type type;
	size_t offset;
};

extern const struct record_field record_fields[];
extern const size_t record_field_count;
extern const char *const record_op_names[]; /* by enum record_op; the header has none */

#endif
