/* SPDX-License-Identifier: Apache-2.0 */
/* The state files of a directory. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "hostdevice/state.h"

int state_each(const char *directory, state_visit_fn *visit, void *data, struct cni_error *err)
{
	char id[CNI_ATTACHMENT_ID];
	struct dirent *entry;
	DIR *entries = opendir(directory);
	int rc = 0;

	if (!entries && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!entries)
		return cni_fail_errno(err, CNI_IO_FAILURE, -errno, NULL, "look into %s", directory);
	while (!rc && (entry = readdir(entries))) {
		size_t length = sizeof(id) - 1;

		if (strspn(entry->d_name, "0123456789abcdef") != length ||
			strcmp(entry->d_name + length, ".json") != 0)
			continue;
		memcpy(id, entry->d_name, length);
		id[length] = '\0';
		rc = visit(id, data);
	}
	closedir(entries);
	return rc;
}
