/* SPDX-License-Identifier: Apache-2.0 */
/* The versions of the CNI specification, in order, so that `<` compares them. */
#ifndef CNI_VERSION_H
#define CNI_VERSION_H

#include "cni/json.h"

enum cni_version {
	CNI_0_1_0,
	CNI_0_2_0,
	CNI_0_3_0,
	CNI_0_3_1,
	CNI_0_4_0,
	CNI_1_0_0,
	CNI_1_1_0,
	CNI_VERSIONS, /* how many there are */
};

#define CNI_NEWEST CNI_1_1_0

/* "1.0.0" */
const char *cni_version_name(enum cni_version);

/* 0, or -EINVAL for a text that is not exactly one of them. NULL and "" mean 0.1.0. */
int cni_version_parse(const char *text, enum cni_version *version);

/* "0.1.0, 0.2.0, ..." between the separator given; a static buffer per call site is not needed:
 * out must hold 64 bytes. */
const char *cni_version_list(char out[64], const char *separator);

/* The answer to VERSION: one line of JSON with its newline, as the specification words it. */
void cni_version_reply(struct json_writer *);

#endif
