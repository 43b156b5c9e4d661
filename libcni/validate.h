/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBCNI_VALIDATE_H
#define LIBCNI_VALIDATE_H

#include "libcni/findings.h"

/* Exit status of cnitool validate. */
enum { VALIDATE_OK, VALIDATE_ERRORS, VALIDATE_WARNINGS };

/*
 * Tell what is wrong with the text of a network configuration, a list or a single one. path is
 * CNI_PATH, where its plugins must be; "" is a warning.
 */
void validate_text(struct findings *, const char *path, const char *text, size_t length);

#endif
