/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attachment found before it changed anything: one JSON file for each, readable by people,
 *
 *	/var/lib/cni/fabric-cni/host-device/<attachment>.json
 *
 * with cni_request_id() as the name, mode 0600 in a directory of mode 0700. It is written, with
 * rename(2), before the first change and removed after the last one was undone. The disk is not
 * waited for: with the power the kernel loses all that the file is about, and what is torn then is
 * dropped by DEL, or by the next ADD that wants the device.
 */
#ifndef HOSTDEVICE_STATE_H
#define HOSTDEVICE_STATE_H

#include "hostdevice/device.h"

#define STATE_DIRECTORY "/var/lib/cni/fabric-cni/host-device"

struct state {
	char id[CNI_ATTACHMENT_ID];
	int64_t format;
	const char *network, *container_id, *ifname;
	const char *netns, *netns_id, *boot; /* netns_is_dead() */

	/* The device on the host. Texts that are empty and numbers that are 0 were not known. */
	const char *key;  /* device.h */
	const char *name; /* "": it has no interface, there is only the claim */
	const char *alias, *kind, *parent, *mac, *permanent;
	int64_t index, type, mtu, txqlen, flags, controller, addr_gen_mode; /* the last -1 */
	bool has_flags; /* flags, txqlen and altnames are known: not so without a state file */
	const struct json *altnames; /* of strings */
	const struct json *config;   /* of link_save_config()'s messages, in hexadecimal */

	/*
	 * Of hardware.h: what was found of a virtual function's settings at its PF, and of the
	 * RDMA device. NULL: nothing. They are written and read as they are.
	 */
	const struct json *vf, *rdma;

	struct json *tree, *modules; /* owned: what the above points into */
	char *text;		     /* owned: the file */
	size_t length;
};

void state_done(struct state *); /* frees the content */

/* Describe an attachment of this device, through nl, a socket on the host. */
int state_describe(struct state *, const struct cni_request *, const struct device *, struct nl *nl,
	struct cni_error *err);

/* Take vf and rdma from this object, before state_write(). Members of other versions stay. */
int state_set_modules(struct state *, struct json_writer *, struct cni_error *err);

/* Write or replace the file, as described or read; the directory is made. */
int state_write(const struct state *, const char *directory, struct cni_error *err);

/*
 * Read the file of an attachment. 1; 0: there is none; -1: it cannot be read or understood (torn,
 * of a newer version): CNI_IO_FAILURE or CNI_DECODING_FAILURE with its path.
 */
int state_read(struct state *, const char *directory, const char id[CNI_ATTACHMENT_ID],
	struct cni_error *err);

/* Success if there is none. */
int state_remove(const char *directory, const char *id, struct cni_error *err);

/* The attachment's namespace is gone, or the machine was restarted: no DEL is to be waited for. */
bool state_is_dead(const struct state *);
bool state_is_of_this_boot(const struct state *);

/*
 * Visit the attachment of every file, whether it can be read or not. A visitor that returns
 * non-zero ends it and that value is returned; else 0. No directory: nothing to visit.
 */
typedef int state_visit_fn(const char id[CNI_ATTACHMENT_ID], void *data);
int state_each(const char *directory, state_visit_fn *visit, void *data, struct cni_error *err);

#endif
