/* SPDX-License-Identifier: Apache-2.0 */
/* The way back of an interface that was found: restore.h has the whole. */
#ifndef HOSTDEVICE_RESTORE_LINK_H
#define HOSTDEVICE_RESTORE_LINK_H

#include "hostdevice/find.h"

/*
 * To the host, under its name and alias. 1: found tells it as it is there; 0: it vanished
 * meanwhile; -1.
 */
int restore_bring_home(
	struct world *, const struct state *, struct found *, struct cni_error *err);

/*
 * Put back what the state says of an interface that is home. What it does not take back any more
 * stays away; -1 is what the kernel could not do for now. 1 otherwise.
 */
int restore_link(
	struct world *, const struct state *, const struct found *, struct cni_error *err);

#endif
