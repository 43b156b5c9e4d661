/* SPDX-License-Identifier: Apache-2.0 */
/* Every file of a directory, once: what fuzzing began with, and what it has found. */
#include <dirent.h>

#include "cni/file.h"
#include "cni/tap.h"
#include "ipam/fuzz.h"

int main(int argc, char **argv)
{
	DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;

	if (!directory)
		return 1;
	while ((entry = readdir(directory))) {
		CLEANUP(freep) char *text = NULL;
		char path[4096];
		size_t length;

		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		if (file_read(path, &text, &length) < 0)
			ok(0, "%s can be read", path);
		else
			ok(!LLVMFuzzerTestOneInput((uint8_t *)text, length), "%s", entry->d_name);
	}
	closedir(directory);
	ok(tap_count > 0, "there is a corpus");
	return tap_done();
}
