/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: host name, alternative names, alias, MTU, MAC, queue length, controller, flags
 * (up), addresses and routes as they were. The device is known by the alternative name and the
 * alias that ADD gave it, by its bus device and its permanent address, never by its name alone; it
 * may be in the pod, under any name, or where the kernel put it when the pod's namespace ended.
 *
 * All of it may be done again after it was cut short at any point. What the device does not take
 * back any more (an address that is now elsewhere, an MTU that the driver refuses) stays away; what
 * the kernel could not do for now is an error, and the next call goes on.
 */
#ifndef HOSTDEVICE_RESTORE_H
#define HOSTDEVICE_RESTORE_H

#include "hostdevice/world.h"

/*
 * Put back what the state describes; the caller has the claim. 1: it is there, 0: it is not, and
 * never will be, 2: it is not there now, but its bus device is; -1. Fails with the device where it
 * is, and as it is, if its host name is taken by another link.
 */
int restore_device(struct world *, const struct state *, struct cni_error *err);

/*
 * End an attachment, as its file tells it: put its device back, end the claim, remove the file.
 * Touches nothing of a device that somebody else has by now. world->inside is the attachment's
 * namespace, or closed: the one that the file names is used then, if it lives. 0 or -1.
 */
int restore_attachment(struct world *, const struct state *, struct cni_error *err);

/*
 * The same by what the device itself tells, where there is no file that could be read: name from
 * the alias; the other attributes stay as they are. ifname: the device may have the name of a host
 * as its whole alias in the pod, as the reference plugin leaves it; NULL: not.
 */
int restore_lost(struct world *, const char id[CNI_ATTACHMENT_ID], const char *ifname,
	struct cni_error *err);

/*
 * End all attachments that nobody will send a DEL for: state_is_dead(). Failures are passed over:
 * whoever wants one of those devices gets to know. Returns how many files there were of them.
 */
int restore_dead(struct world *, struct cni_error *err);

#endif
