/* SPDX-License-Identifier: Apache-2.0 */
/* The way in. */
#ifndef HOSTDEVICE_ATTACH_H
#define HOSTDEVICE_ATTACH_H

#include "hostdevice/restore.h"

/* The device goes back when its scope ends, unless it is kept by setting world to NULL. */
struct attach_guard {
	struct world *world;
	const struct state *state;
	struct claim *claim;
};
void attach_guard_end(struct attach_guard *);

/*
 * Before an ADD: CNI_IFNAME is free in the pod, and what an earlier ADD of the same attachment left
 * when it was killed has gone back.
 */
int attach_begin(struct world *, const struct cni_request *, struct cni_error *err);

/*
 * Find the device and take it for the attachment: it is locked, nobody else has it, it is as it was
 * before anybody had it, and it may be moved. What dead attachments left is cleared up on the way.
 */
int attach_claim(struct world *, const struct hostdev_conf *, struct device *, struct claim *,
	struct cni_error *err);

/* Write the state and the claim down, and arm the guard. From here on all can be undone. */
int attach_record(struct world *, const struct state *, struct claim *, struct attach_guard *,
	struct cni_error *err);

/* Move the interface into the pod under CNI_IFNAME, down, with MTU and MAC. *link: as it is then.
 */
int attach_move(struct world *, const struct cni_request *, const struct hostdev_conf *,
	const struct device *, const struct state *, struct link *link, struct cni_error *err);

/*
 * End whatever an earlier call left of the request's attachment, with or without a state file that
 * can be read. ifname as for restore_lost().
 */
int attach_end(
	struct world *, const struct cni_request *, const char *ifname, struct cni_error *err);

/* 1 with the state of the living attachment that has the device which the configuration means; 0.
 */
int attach_find_owner(struct world *, const struct hostdev_conf *, struct state *);

#endif
