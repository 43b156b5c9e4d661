/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni/ is the plugin side of the CNI protocol: request, strict JSON, versions, results, errors,
 * delegation and the skeleton. Everybody above may include it; it includes netlink/ in iface.*
 * and nowhere else.
 *
 * The error object. A function that can fail takes it as its last parameter, fills it once and
 * returns -1: `return cni_fail(err, ...)`. It needs no memory and cannot fail itself.
 *
 * The message names the thing, the cause and the remedy, because `msg` is all that Multus keeps.
 * Texts that do not fit are cut at the end; nothing else is ever cut.
 */
#ifndef CNI_ERROR_H
#define CNI_ERROR_H

#include "cni/guard.h"

/* CNI specification 1.1.0, section 2 "Error"; 8 and 999 are what the Go implementation adds. */
enum cni_code {
	CNI_INCOMPATIBLE_VERSION = 1,
	CNI_UNSUPPORTED_FIELD = 2,
	CNI_UNKNOWN_CONTAINER = 3,
	CNI_BAD_ENVIRONMENT = 4,
	CNI_IO_FAILURE = 5,
	CNI_DECODING_FAILURE = 6,
	CNI_INVALID_CONFIG = 7,
	CNI_INVALID_NETNS = 8,
	CNI_TRY_LATER = 11,
	CNI_UNAVAILABLE = 50,
	CNI_LIMITED = 51,
	CNI_INTERNAL = 999,
};

struct cni_error {
	int code; /* 0: no error yet */
	char msg[1024];
	char details[512]; /* the kernel's or the delegate's own words; may be empty */
};

/*
 * Fill err and return -1. Macros, because compilers and analysers must see that it is always -1:
 * a caller's "< 0" is the other half of each output that is written on success only.
 */
#define cni_fail(err, code, ...)                                                                   \
	__extension__({                                                                            \
		cni_error_set((err), (code), __VA_ARGS__);                                         \
		-1;                                                                                \
	})
void cni_error_set(struct cni_error *err, int code, const char *format, ...) PRINTF(3, 4);

/*
 * The same for a failed system call: ": " and strerror(-rc) are appended to the message. rc is
 * -errno; details (the kernel's extended ack, say) may be NULL or empty.
 */
#define cni_fail_errno(err, code, rc, details, ...)                                                \
	__extension__({                                                                            \
		cni_error_set_errno((err), (code), (rc), (details), __VA_ARGS__);                  \
		-1;                                                                                \
	})
void cni_error_set_errno(struct cni_error *err, int code, int rc, const char *details,
	const char *format, ...) PRINTF(5, 6);

/* Set the details of an error that is filled already, and return -1. */
#define cni_fail_details(err, ...)                                                                 \
	__extension__({                                                                            \
		cni_error_set_details((err), __VA_ARGS__);                                         \
		-1;                                                                                \
	})
void cni_error_set_details(struct cni_error *err, const char *format, ...) PRINTF(2, 3);

/*
 * Add a further failure to err, "first; second", for operations that try everything (DEL, GC).
 * The first one's code and details stay. more->code 0 adds nothing. Returns -1 if err now holds
 * an error, else 0.
 */
int cni_fail_join(struct cni_error *err, const struct cni_error *more);

#endif
