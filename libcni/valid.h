/* SPDX-License-Identifier: Apache-2.0 */
/* The attachments that cnitool gc is to keep. */
#ifndef LIBCNI_VALID_H
#define LIBCNI_VALID_H

#include <stdbool.h>

#include "cni/error.h"
#include "libcni/libcni.h"

struct valid {
	struct libcni_attachment *items; /* container_id and ifname are set; owned, with texts */
	size_t count;
};

/* Each CONTAINERID/IFNAME of a list that ends with NULL. */
int valid_add_texts(struct valid *, char *const *texts, struct cni_error *err);

/*
 * What a file has, "-" being stdin: lines CONTAINERID/IFNAME, but for those that are empty or start
 * with '#'; or a JSON array of objects with "containerID" and "ifname". A text without any is
 * refused, because that is what a command that failed leaves behind; [] is none.
 */
int valid_add_file(struct valid *, const char *file, struct cni_error *err);

bool valid_has(const struct valid *, const struct libcni_attachment *);
void valid_done(struct valid *);

#endif
