/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CNI_BOOT_H
#define CNI_BOOT_H

#include <stdint.h>

/* The kernel's boot ID (random(4)), read once; "" if it cannot be read. */
const char *boot_id(void);

/*
 * When this boot began, CLOCK_REALTIME in seconds: not later than it was, though the clock may have
 * been set meanwhile. What is older is of an earlier boot. INT64_MIN if nobody can tell.
 */
int64_t boot_time(void);

#endif
