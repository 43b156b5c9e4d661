/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has a device: a file for each device, which is also the lock under which anything is done to
 * it,
 *
 *	/var/lib/cni/fabric-cni/host-device/device-<key>
 *
 * holding the attachment's ID while it has the device, and nothing otherwise. The file stays. Who
 * is named there without a state file has left, and who has a state file without being named there
 * has not begun, or is done, with the device, and may not touch it.
 */
#ifndef HOSTDEVICE_CLAIM_H
#define HOSTDEVICE_CLAIM_H

#include "cni/request.h"

struct claim {
	int fd;			       /* -1: none */
	char owner[CNI_ATTACHMENT_ID]; /* "" for nobody */
};

#define CLAIM_NONE                                                                                 \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * Lock a device, waiting some seconds at the most: then CNI_TRY_LATER with the process that has the
 * lock. The directory is made.
 */
int claim_take(struct claim *, const char *directory, const char *key, struct cni_error *err);

/* Name the owner; "" ends the claim. */
int claim_give(struct claim *, const char *owner, struct cni_error *err);

void claim_end(struct claim *); /* unlocks; accepts a closed one */

#endif
