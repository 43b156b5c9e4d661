/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/version.h"

#include <errno.h>
#include <string.h>

static const char *const names[CNI_VERSIONS] = {
	"0.1.0",
	"0.2.0",
	"0.3.0",
	"0.3.1",
	"0.4.0",
	"1.0.0",
	"1.1.0",
};

const char *cni_version_name(enum cni_version version)
{
	return names[version];
}

int cni_version_parse(const char *text, enum cni_version *version)
{
	if (!text || !*text) {
		*version = CNI_0_1_0;
		return 0;
	}
	for (int i = 0; i < CNI_VERSIONS; i++) {
		if (!strcmp(text, names[i])) {
			*version = (enum cni_version)i;
			return 0;
		}
	}
	return -EINVAL;
}

void cni_version_reply(struct json_writer *w)
{
	json_open(w, NULL, '{');
	json_put_string(w, "cniVersion", names[CNI_NEWEST]);
	json_open(w, "supportedVersions", '[');
	for (int i = 0; i < CNI_VERSIONS; i++)
		json_put_string(w, NULL, names[i]);
	json_close(w, ']');
	json_close(w, '}');
}
