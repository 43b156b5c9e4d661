/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "cni/guard.h"

bool sysfs_is_id(const char *id)
{
	return *id && !strchr(id, '/') && strcmp(id, ".") != 0 && strcmp(id, "..") != 0 &&
	       strlen(id) <= NAME_MAX;
}

enum sysfs_bus sysfs_find(const char *sys, const char *id, char directory[PATH_MAX])
{
	static const struct {
		enum sysfs_bus bus;
		const char *name;
	} buses[] = { { SYSFS_PCI, "pci" }, { SYSFS_AUXILIARY, "auxiliary" } };

	for (size_t i = 0; sysfs_is_id(id) && i < sizeof(buses) / sizeof(*buses); i++)
		if (snprintf(directory, PATH_MAX, "%s/bus/%s/devices/%s", sys, buses[i].name, id) <
				PATH_MAX &&
			!access(directory, F_OK))
			return buses[i].bus;
	return SYSFS_NONE;
}

int sysfs_driver(const char *directory, char driver[NAME_MAX + 1])
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t length;

	if (snprintf(path, sizeof(path), "%s/driver", directory) >= PATH_MAX)
		return -ENAMETOOLONG;
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (strlen(base) > NAME_MAX)
		return -ENAMETOOLONG;
	strcpy(driver, base);
	return 0;
}

bool sysfs_is_userspace(const char *driver)
{
	return !strcmp(driver, "vfio-pci") || !strcmp(driver, "uio_pci_generic") ||
	       !strcmp(driver, "igb_uio");
}

/* The first line of an attribute; "" if there is none. */
static void read_attribute(int directory, const char *name, const char *attribute, char text[64])
{
	CLEANUP(closep) int fd = -1;
	char path[2 * NAME_MAX];
	ssize_t length = -1;

	if (snprintf(path, sizeof(path), "%s/%s", name, attribute) < (int)sizeof(path))
		fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		length = read(fd, text, 63);
	text[length < 0 ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static long read_number(int directory, const char *name, const char *attribute)
{
	char text[64];

	read_attribute(directory, name, attribute, text);
	return strtol(text, NULL, 10);
}

/* "pf0vf1", "c1pf0sf3": the kernel's names of the other ends of functions. */
static bool is_representor(int directory, const char *name)
{
	unsigned int number;
	char text[64], what[3];
	const char *at = text;

	read_attribute(directory, name, "phys_port_name", text);
	if (*at == 'c')
		at += 1 + strspn(at + 1, "0123456789");
	return sscanf(at, "pf%u%2[vsf]%u", &number, what, &number) == 3;
}

static bool is_stacked(int directory, const char *name)
{
	long lower = read_number(directory, name, "iflink");

	return lower && lower != read_number(directory, name, "ifindex");
}

struct choice {
	long port;
	char name[IFNAMSIZ];
};

static void consider(int directory, const char *name, struct choice *best)
{
	long port = read_number(directory, name, "dev_port");

	if (is_representor(directory, name) || is_stacked(directory, name))
		return;
	if (*best->name &&
		(port > best->port || (port == best->port && strcmp(name, best->name) > 0)))
		return;
	best->port = port;
	strcpy(best->name, name);
}

/* The interfaces of a "net" directory. 0, -ENODEV, or another -errno. */
static int choose(const char *path, char name[IFNAMSIZ])
{
	struct choice best = { 0 };
	char only[IFNAMSIZ] = "";
	struct dirent *entry;
	size_t count = 0;
	DIR *directory = opendir(path);

	if (!directory)
		return errno == ENOENT ? -ENODEV : -errno;
	while ((entry = readdir(directory))) {
		if (*entry->d_name == '.' || strlen(entry->d_name) >= IFNAMSIZ)
			continue;
		strcpy(only, entry->d_name);
		count++;
	}
	if (count > 1) {
		rewinddir(directory);
		while ((entry = readdir(directory)))
			if (*entry->d_name != '.' && strlen(entry->d_name) < IFNAMSIZ)
				consider(dirfd(directory), entry->d_name, &best);
	}
	closedir(directory);
	strcpy(name, count > 1 ? best.name : only);
	return *name ? 0 : -ENODEV;
}

/* The interfaces of virtioN below a PCI function. */
static int choose_virtio(const char *path, char name[IFNAMSIZ])
{
	char net[PATH_MAX];
	struct dirent *entry;
	int rc = -ENODEV;
	DIR *directory = opendir(path);

	if (!directory)
		return errno == ENOENT ? -ENODEV : -errno;
	while (rc == -ENODEV && (entry = readdir(directory)))
		if (!strncmp(entry->d_name, "virtio", 6) &&
			snprintf(net, sizeof(net), "%s/%s/net", path, entry->d_name) < PATH_MAX)
			rc = choose(net, name);
	closedir(directory);
	return rc;
}

int sysfs_interface(const char *directory, char name[IFNAMSIZ])
{
	char net[PATH_MAX];
	int rc;

	if (snprintf(net, sizeof(net), "%s/net", directory) >= PATH_MAX)
		return -ENAMETOOLONG;
	rc = choose(net, name);
	return rc == -ENODEV ? choose_virtio(directory, name) : rc;
}

long sysfs_port(const char *sys, const char *name)
{
	CLEANUP(closep) int directory = -1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/class/net", sys) < PATH_MAX)
		directory = file_open(path, O_RDONLY | O_DIRECTORY, 0);
	return directory < 0 ? 0 : read_number(directory, name, "dev_port");
}
