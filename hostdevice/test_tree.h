/* SPDX-License-Identifier: Apache-2.0 */
/* A tree like sysfs in a directory of its own, for unit tests. Removed by tree_remove(). */
#ifndef HOSTDEVICE_TEST_TREE_H
#define HOSTDEVICE_TEST_TREE_H

#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni/tap.h"

static char tree_root[64];

static inline void tree_make(void)
{
	snprintf(tree_root, sizeof(tree_root), "/tmp/fabric-cni-sys-XXXXXX");
	if (!mkdtemp(tree_root))
		abort();
}

static inline const char *tree_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", tree_root, name);
	return path;
}

/* Make the directories that lead to path. */
static inline void tree_parents(const char *path)
{
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%s", path);
	for (char *at = parent + strlen(tree_root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(parent, 0755);
		*at = '/';
	}
}

static inline void tree_directory(const char *name)
{
	tree_parents(tree_path(name));
	mkdir(tree_path(name), 0755);
}

static inline void tree_file(const char *name, const char *text)
{
	FILE *file;

	tree_parents(tree_path(name));
	file = fopen(tree_path(name), "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static inline void tree_link(const char *name, const char *target)
{
	tree_parents(tree_path(name));
	if (symlink(target, tree_path(name)) < 0)
		abort();
}

/* The first line of a file, "" if there is none. */
static inline const char *tree_text(const char *name)
{
	static char text[256];
	FILE *file = fopen(tree_path(name), "re");

	text[0] = '\0';
	if (file && !fgets(text, sizeof(text), file))
		text[0] = '\0';
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static inline int tree_unlink(
	const char *path, const struct stat *status, int flag, struct FTW *where)
{
	(void)status;
	(void)flag;
	(void)where;
	return remove(path);
}

static inline void tree_remove(void)
{
	nftw(tree_root, tree_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/*
 * A PF 0000:3b:00.0 (ens1f0np0, mlx5_0) with two VFs: 0000:3b:00.2 (ens1f0v0, mlx5_2) and 00.3,
 * which has neither.
 */
static inline void tree_sriov(void)
{
	static const char *const devices[] = { "0000:3b:00.0", "0000:3b:00.2", "0000:3b:00.3" };
	char name[256], target[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "bus/pci/devices/%s", devices[i]);
		tree_directory(name);
		snprintf(name, sizeof(name), "bus/pci/devices/%s/driver", devices[i]);
		tree_link(name, "../../../drivers/mlx5_core");
	}
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "bus/pci/devices/0000:3b:00.0/virtfn%zu", i);
		snprintf(target, sizeof(target), "../%s", devices[i + 1]);
		tree_link(name, target);
		snprintf(name, sizeof(name), "bus/pci/devices/%s/physfn", devices[i + 1]);
		tree_link(name, "../0000:3b:00.0");
	}
	tree_file("bus/pci/devices/0000:3b:00.0/sriov_numvfs", "2\n");
	tree_directory("bus/pci/devices/0000:3b:00.0/net/ens1f0np0");
	tree_directory("bus/pci/devices/0000:3b:00.2/net/ens1f0v0");
	tree_directory("bus/pci/devices/0000:3b:00.0/infiniband/mlx5_0");
	tree_directory("bus/pci/devices/0000:3b:00.2/infiniband/mlx5_2");
	tree_file("bus/pci/drivers/mlx5_core/bind", "");
	tree_file("bus/pci/drivers/mlx5_core/unbind", "");
}

#endif
