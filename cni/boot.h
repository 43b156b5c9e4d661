/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CNI_BOOT_H
#define CNI_BOOT_H

/* The kernel's boot ID (random(4)), read once; "" if it cannot be read. */
const char *boot_id(void);

#endif
