/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a flock(2), with a bound. */
#ifndef CNI_LOCK_H
#define CNI_LOCK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Take the exclusive lock on fd. 1: it was free, 0: after waiting for it, -EAGAIN after timeout_ms,
 * or -errno. *deadline starts at 0; who takes a lock in several attempts keeps it between them.
 */
int lock_wait(int fd, int64_t timeout_ms, int64_t *deadline);

/*
 * The process that has the lock, by the kernel's list, with its name cut to size; 0 and "?" if the
 * list does not show one.
 */
long lock_holder(int fd, char *name, size_t size);

#endif
