/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a configuration, told as it is found. */
#ifndef LIBCNI_FINDINGS_H
#define LIBCNI_FINDINGS_H

#include "cni/json.h"

/* Room for the place of a value, "plugins[1].ipam.ranges[0][0].gateway"; longer ones are cut. */
#define FINDING_PLACE 256

struct findings {
	const char *file;
	bool json;	      /* keep them for findings_end(), instead of printing to stderr */
	struct json_writer w; /* of findings_end(); zeroed at the start */
	unsigned errors, warnings;
};

void findings_start(struct findings *);

/* place is where in the configuration; "" for all of it. */
void finding_error(struct findings *, const char *place, const char *format, ...) PRINTF(3, 4);
void finding_warning(struct findings *, const char *place, const char *format, ...) PRINTF(3, 4);

/* The text is no JSON. */
void finding_syntax(struct findings *, const struct json_position *where);

/* Print the verdict, with json to stdout, and free. 0 or -errno of the output. */
int findings_end(struct findings *);

#endif
