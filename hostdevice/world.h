/* SPDX-License-Identifier: Apache-2.0 */
/* What a call works with: sockets, namespaces, directories. */
#ifndef HOSTDEVICE_WORLD_H
#define HOSTDEVICE_WORLD_H

#include "cni/iface.h"
#include "hostdevice/claim.h"
#include "hostdevice/state.h"

struct world {
	const char *sys, *directory; /* "/sys", STATE_DIRECTORY; others in tests */
	struct nl host, inside;	     /* inside is closed where there is no pod (any more) */
	int netns, home;	     /* of them, or -1; borrowed */
};

#define WORLD                                                                                      \
	{                                                                                          \
		.sys = "/sys", .directory = STATE_DIRECTORY, .host = NL_CLOSED,                    \
		.inside = NL_CLOSED, .netns = -1, .home = -1                                       \
	}

/* Open the sockets of a request; they live as long as the process. */
int world_open(struct world *, const struct cni_request *, struct cni_error *err);

/* The alias of a device that an attachment has: iface_alias() and what it is called at home. */
#define DEVICE_ALIAS (IFACE_ALIAS + IFNAMSIZ)
const char *device_alias(const char *id, const char *name, char out[DEVICE_ALIAS]);

/*
 * The name at home that an alias tells; NULL if it is no such alias. id gets the attachment's ID
 * unless NULL.
 */
const char *device_alias_read(const char *alias, char id[CNI_ATTACHMENT_ID]);

#endif
