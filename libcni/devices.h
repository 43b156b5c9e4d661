/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBCNI_DEVICES_H
#define LIBCNI_DEVICES_H

#include "libcni/findings.h"

/*
 * Warn of a plugin's masters and devices that this machine has not got, or not got yet, and of
 * several selectors where one wins. place is the object's own.
 */
void devices_check(struct findings *, const char *place, const struct json *object);

#endif
