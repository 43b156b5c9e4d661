/* SPDX-License-Identifier: Apache-2.0 */
/* The attachments of the cache, described. */
#ifndef LIBCNI_ATTACHED_H
#define LIBCNI_ATTACHED_H

#include "cni/json.h"
#include "libcni/libcni.h"

/*
 * Read {"attachments": [{"network": ..., "containerID": ..., "ifname": ..., ...}]}: of one network
 * (NULL: of all), those that wants() (NULL: all). The tree is the caller's. Returns 0, or -1 with
 * *err filled.
 */
int attached_read(struct json **tree, const struct libcni_runtime *, const char *network,
	bool (*wants)(void *data, const struct libcni_attachment *), void *data,
	struct libcni_error *err);

/* As a table on stdout. */
void attached_print(const struct json *description);

#endif
