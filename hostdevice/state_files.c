/* SPDX-License-Identifier: Apache-2.0 */
/* The state files of a directory: who has one, and their end. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hostdevice/state.h"

static int remove_file(
	const char *directory, const char *prefix, const char *id, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s%s.json", directory, prefix, id) >= PATH_MAX)
		return -ENAMETOOLONG;
	return unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

int state_remove(const char *directory, const char *id, struct cni_error *err)
{
	char path[PATH_MAX];
	/* The file under which it is written, too: file_replace() may have been killed. */
	int rc = remove_file(directory, ".", id, path);

	if (!rc)
		rc = remove_file(directory, "", id, path);
	if (rc < 0)
		return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "remove %s", path);
	return 0;
}

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
