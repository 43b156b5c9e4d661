/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cni/file.h"
#include "cni/guard.h"

static void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* The content of an attribute without its newline. */
static int read_text(const char *path, const char *attribute, char out[PCI_NAME])
{
	CLEANUP(closep) int fd = -1;
	char file[PATH_MAX];
	ssize_t got;

	if (snprintf(file, sizeof(file), "%s/%s", path, attribute) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = file_open(file, O_RDONLY, 0);
	got = fd < 0 ? -1 : read(fd, out, PCI_NAME);
	if (got < 0)
		return -errno;
	if (got == PCI_NAME)
		return -EBADMSG;
	out[got] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

/* The last component of what a link in the device's directory points to. */
static int read_target(const char *path, const char *name, char out[PCI_NAME])
{
	char file[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t got;

	if (snprintf(file, sizeof(file), "%s/%s", path, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	got = readlink(file, target, sizeof(target) - 1);
	if (got < 0)
		return -errno;
	target[got] = '\0';
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (!*base || strlen(base) >= PCI_NAME)
		return -EBADMSG;
	strcpy(out, base);
	return 0;
}

int pci_find(const char *sys, const char *id, struct pci *out)
{
	struct pci pci = { .sys = sys };

	if (strlen(id) >= sizeof(pci.id))
		return -ENODEV;
	strcpy(pci.id, id);
	pci.bus = sysfs_find(sys, id, pci.directory);
	if (pci.bus == SYSFS_NONE)
		return -ENODEV;
	*out = pci;
	return 0;
}

int pci_physfn(const struct pci *vf, struct pci *pf)
{
	char id[PCI_NAME];
	int rc = read_target(vf->directory, "physfn", id);

	return rc < 0 ? rc : pci_find(vf->sys, id, pf);
}

int pci_vf_number(const struct pci *pf, const struct pci *vf, uint32_t *number)
{
	char link[32], id[PCI_NAME];
	uint32_t i;
	int rc;

	for (i = 0;; i++) {
		snprintf(link, sizeof(link), "virtfn%u", i);
		if ((rc = read_target(pf->directory, link, id)) < 0)
			return rc;
		if (!strcmp(id, vf->id))
			break;
	}
	*number = i;
	return 0;
}

int pci_vf_count(const struct pci *pf, uint32_t *count)
{
	char text[PCI_NAME], *end;
	unsigned long number;
	int rc = read_text(pf->directory, "sriov_numvfs", text);

	if (rc < 0)
		return rc;
	number = strtoul(text, &end, 10);
	if (end == text || *end || number > UINT16_MAX)
		return -EBADMSG;
	*count = (uint32_t)number;
	return 0;
}

int pci_driver(const struct pci *pci, char driver[PCI_NAME])
{
	char name[NAME_MAX + 1];
	int rc = sysfs_driver(pci->directory, name);

	if (rc < 0)
		return rc;
	if (strlen(name) >= PCI_NAME)
		return -EBADMSG;
	strcpy(driver, name);
	return 0;
}

struct search {
	char name[PCI_NAME];
	int count;
};

/* The names in a directory of the device, or, with an attribute, what it says in each of them. */
static int search_names(
	const struct pci *pci, const char *below, const char *attribute, struct search *search)
{
	CLEANUP(closedirp) DIR *directory = NULL;
	const struct dirent *entry;
	char path[PATH_MAX], file[2 * NAME_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", pci->directory, below) >= PATH_MAX)
		return -ENAMETOOLONG;
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while (errno = 0, (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		if (!attribute && strlen(entry->d_name) >= sizeof(search->name))
			return -EBADMSG;
		if (!attribute)
			strcpy(search->name, entry->d_name);
		snprintf(file, sizeof(file), "%s/%s", entry->d_name, attribute ? attribute : "");
		/* It may vanish meanwhile. */
		if (!attribute || !read_text(path, file, search->name))
			search->count++;
	}
	return -errno;
}

static int find_one(
	const struct pci *pci, const char *below, const char *attribute, char name[PCI_NAME])
{
	struct search search = { .count = 0 };
	int rc = search_names(pci, below, attribute, &search);

	if (rc < 0)
		return rc;
	if (search.count != 1)
		return search.count ? -ENOTUNIQ : -ENODEV;
	memcpy(name, search.name, sizeof(search.name));
	return 0;
}

int pci_rdma(const struct pci *pci, char name[PCI_NAME])
{
	return find_one(pci, "infiniband", NULL, name);
}

int pci_rdma_anywhere(const struct pci *pci, char name[PCI_NAME])
{
	int rc = pci_rdma(pci, name);

	return rc == -ENODEV ? find_one(pci, "infiniband_verbs", "ibdev", name) : rc;
}

static int write_driver(const struct pci *pci, const char *driver, const char *what)
{
	CLEANUP(closep) int fd = -1;
	size_t length = strlen(pci->id);
	char file[PATH_MAX];
	ssize_t written;

	if (!sysfs_is_id(driver) ||
		snprintf(file, sizeof(file), "%s/bus/%s/drivers/%s/%s", pci->sys,
			pci->bus == SYSFS_PCI ? "pci" : "auxiliary", driver, what) >= PATH_MAX)
		return -EINVAL;
	fd = file_open(file, O_WRONLY, 0);
	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	written = write(fd, pci->id, length);
	if (written < 0)
		return -errno;
	return written == (ssize_t)length ? 0 : -EIO;
}

int pci_unbind(const struct pci *pci, const char *driver)
{
	return write_driver(pci, driver, "unbind");
}

int pci_bind(const struct pci *pci, const char *driver)
{
	return write_driver(pci, driver, "bind");
}
