/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of the property test (test_model.h), done by the engine in a directory on a disk. */
#ifndef IPAM_TEST_PROPERTY_RUN_H
#define IPAM_TEST_PROPERTY_RUN_H

#include "ipam/test_model.h"

/* Where the pool is to be; the directory is there. */
void engine_start(const char *directory);

/*
 * Do the operation and compare with the model, which follows. Returns NULL, or what is wrong, valid
 * until the next call.
 */
const char *engine_step(struct model *, const struct op *);

#endif
