/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations of cnitool are about: a network, an attachment, and how plugins are run. */
#ifndef LIBCNI_TARGET_H
#define LIBCNI_TARGET_H

#include "libcni/tool.h"

/* "cnitool-" and ten bytes of the SHA-512 of the path of the namespace, as the Go tool has it. */
#define TARGET_ID_DIGITS 20
#define TARGET_ID	 (sizeof("cnitool-") + TARGET_ID_DIGITS)

struct target {
	struct libcni_runtime runtime;
	struct libcni_list *list;    /* owned; NULL at the start */
	struct libcni_attachment at; /* netns is "" without the operand NETNS */
	char id[TARGET_ID], netns[PATH_MAX];
};

/* From operands and environment. The exit status; what fails has been told. */
int target_read(struct target *, const struct tool *);
void target_done(struct target *); /* in any case */

/* The trace of --trace, for struct libcni_runtime; data is the struct tool. */
void tool_trace(void *data, const struct libcni_call *);

#endif
