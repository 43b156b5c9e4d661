/* SPDX-License-Identifier: Apache-2.0 */
/* Between the reading of text and the model: the line that is read. */
#ifndef IPAM_POOLCTL_SCAN_H
#define IPAM_POOLCTL_SCAN_H

#include "ipam/poolctl_check.h"

/* A file on its way into the model. */
struct scan_file {
	struct check *check;
	const char *name;
	bool snapshot, ended, torn;
	struct reader reader;
	uint64_t size, number, damaged; /* damaged: lines in a row before this one */
	int64_t seq;			/* journal: of the line before; -1: not known */
	char line[LEASE_LINE_MAX];	/* the current one, to be cut up */
	char text[LEASE_LINE_MAX];	/* the same, whole */
	size_t length;
	struct record record;
};

/* Its record is an add: into the model, whatever is wrong with it is told. 0, -1 without memory. */
int scan_add(struct scan_file *);

/* The owner holds nothing any more. */
void scan_del(struct check *, const char *container_id, const char *ifname);

#endif
