/* SPDX-License-Identifier: Apache-2.0 */
/* The file that CNI_NETNS names: namespaces(7), ioctl_ns(2). */
#ifndef CNI_NETNS_H
#define CNI_NETNS_H

#include <stdbool.h>
#include <stdint.h>

#include "cni/error.h"

/*
 * Open a network namespace. Returns a descriptor, or -errno: -ENOENT or -ENOTDIR if the path is
 * not there, -EINVAL if it names something else (an unmounted file of /run/netns, say).
 */
int netns_open(const char *path);

/* Such an answer means that there is no such namespace (any more), not that it cannot be opened. */
bool netns_is_gone(int rc);

/* What tells one namespace from another, as long as it lives. */
struct netns_id {
	uint64_t device, inode;
};

/* A descriptor of the namespace that this process is in, to come back to; or -errno. */
int netns_home(void);

/* Fill in the id of the namespace of a descriptor. Returns 0 or -errno. */
int netns_identify(int netns, struct netns_id *id);

/* The same as text, "dev:inode". Returns out. */
#define NETNS_ID_TEXT 48
const char *netns_print_id(const struct netns_id *, char out[NETNS_ID_TEXT]);

/*
 * Is the namespace that had this path and id, under this boot ID, gone for certain? Empty texts and
 * NULL are not known. One that was only unmounted counts as gone: nobody can be asked to enter it.
 */
bool netns_is_dead(const char *path, const char *id, const char *boot);

/* The words for a negative answer of netns_open(), under CNI_INVALID_NETNS. Returns -1. */
int netns_fail(struct cni_error *err, const char *path, int rc);

#endif
