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

/* The answer to VERSION, section 2 of the specification. */
void cni_version_reply(struct json_writer *);

#endif
