/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/device.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cni/iface.h"

#define WAIT_MS 10000
#define STEP_MS 20

bool device_is_pci(const char *id)
{
	static const char form[] = "xxxx:xx:xx.x";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)id[i]) : id[i] != form[i])
			return false;
	return !id[i];
}

static int not_there(struct cni_error *err, const char *key, const char *value)
{
	return cni_fail(err, CNI_TRY_LATER,
		"%s %s does not exist on this host: its driver may not be loaded yet, a pod may "
		"have it, or the configuration is another node's",
		key, value);
}

static int find_name(const char *key, const char *name, struct nl *nl, struct device *device,
	struct cni_error *err)
{
	int rc = link_details_of(nl, name, &device->link, &device->details);

	if (rc == -ENODEV)
		return not_there(err, key, name);
	if (rc == -EINVAL)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s \"%s\" is no name that a link can have", key, name);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "look up %s %s", key, name);
	return 0;
}

static int find_address(const struct hostdev_conf *conf, struct nl *nl, struct device *device,
	struct cni_error *err)
{
	int rc = link_find_address(nl, conf->hwaddr.bytes, conf->hwaddr.length, &device->link);

	if (!rc)
		rc = link_details(nl, device->link.index, &device->link, &device->details);
	if (rc == -ENODEV)
		return not_there(err, "hwaddr", conf->hwaddr_text);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "look for hwaddr %s", conf->hwaddr_text);
	return 0;
}

static int find_directory(const char *key, const char *id, const char *directory, struct nl *nl,
	struct device *device, struct cni_error *err)
{
	char name[IFNAMSIZ];
	int rc = sysfs_interface(directory, name);

	if (rc == -ENODEV)
		return cni_fail(err, CNI_TRY_LATER,
			"%s %s has no network interface on this host: its driver may not be loaded "
			"yet, or a pod has it",
			key, id);
	if (rc < 0)
		return cni_fail(err, CNI_IO_FAILURE,
			"cannot read the interfaces of %s %s in %s: %s", key, id, directory,
			strerror(-rc));
	return find_name(key, name, nl, device, err);
}

static int find_path(const struct hostdev_conf *conf, const char *sys, struct nl *nl,
	struct device *device, struct cni_error *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s", sys, conf->kernelpath + strlen("/sys")) >=
		PATH_MAX)
		return cni_fail(err, CNI_INVALID_CONFIG, "kernelpath is longer than a path may be");
	if (access(path, F_OK) < 0)
		return not_there(err, "kernelpath", conf->kernelpath);
	return find_directory("kernelpath", conf->kernelpath, path, nl, device, err);
}

/* 1 if a process is to drive the device, 0 or -1. */
static int find_driver(const struct hostdev_conf *conf, const char *directory,
	struct device *device, struct cni_error *err)
{
	int rc = sysfs_driver(directory, device->driver);

	if (rc == -ENOENT)
		return cni_fail(err, CNI_TRY_LATER,
			"%s %s is bound to no driver: bind it to its network driver or to vfio-pci",
			conf->id_key, conf->id);
	if (rc < 0)
		return cni_fail(err, CNI_IO_FAILURE, "cannot read the driver of %s %s: %s",
			conf->id_key, conf->id, strerror(-rc));
	return sysfs_is_userspace(device->driver);
}

static int find_id(const struct hostdev_conf *conf, const char *sys, struct nl *nl,
	struct device *device, struct cni_error *err)
{
	char directory[PATH_MAX];
	enum sysfs_bus bus = sysfs_find(sys, conf->id, directory);
	int rc = 0;

	if (bus == SYSFS_NONE)
		return cni_fail(err, device_is_pci(conf->id) ? CNI_TRY_LATER : CNI_INVALID_CONFIG,
			"%s \"%s\" is neither a PCI nor an auxiliary device of this host: a shared "
			"device plugin's number needs \"device\" beside it",
			conf->id_key, conf->id);
	strcpy(device->bus_id, conf->id);
	if (bus == SYSFS_PCI)
		rc = find_driver(conf, directory, device, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	return find_directory(conf->id_key, conf->id, directory, nl, device, err);
}

void device_make_key(struct device *device, const char *sys)
{
	const char *parent = *device->details.parent ? device->details.parent : device->bus_id;
	struct link permanent = { .address_length = device->details.permanent_length };
	char text[HWADDR_TEXT];
	long port;

	memcpy(permanent.address, device->details.permanent, sizeof(permanent.address));
	port = *parent && device->link.index ? sysfs_port(sys, device->link.name) : 0;
	if (*parent && port > 0)
		snprintf(device->key, DEVICE_KEY, "%.100s-port%ld", parent, port);
	else if (*parent)
		snprintf(device->key, DEVICE_KEY, "%.100s", parent);
	else if (permanent.address_length)
		snprintf(device->key, DEVICE_KEY, "mac-%.96s", iface_mac(&permanent, text));
	else
		snprintf(device->key, DEVICE_KEY, "index-%d", device->link.index);
}

int device_refresh(struct device *device, struct nl *nl, struct cni_error *err)
{
	int rc = 0, index = device->link.index;

	if (index)
		rc = link_details(nl, index, &device->link, &device->details);
	if (rc == -ENODEV)
		return cni_fail(err, CNI_TRY_LATER,
			"%s has just left this host: another pod took it, or its driver ended",
			device->link.name);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "read %s", device->link.name);
	return 0;
}

/* 0 or -errno; -ENODEV: not (yet). */
static int look_again(
	struct device *device, const struct pci *pci, struct nl *nl, const char *wanted)
{
	char name[IFNAMSIZ];
	int rc = link_get_index(nl, device->link.index, &device->link);

	if (rc != -ENODEV)
		return rc;
	rc = sysfs_interface(pci->directory, name);
	if (!rc)
		rc = link_get(nl, name, &device->link);
	if (!rc && strcmp(name, wanted) != 0 && !link_rename(nl, device->link.index, wanted))
		strcpy(device->link.name, wanted);
	return rc;
}

int device_again(struct device *device, const struct pci *pci, struct nl *nl, const char *name,
	struct cni_error *err)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	int rc, waited = 0;

	while ((rc = look_again(device, pci, nl, name)) == -ENODEV && waited < WAIT_MS) {
		nanosleep(&step, NULL);
		waited += STEP_MS;
	}
	if (rc < 0)
		return cni_fail_errno(err, rc == -ENODEV ? CNI_TRY_LATER : CNI_INTERNAL, rc,
			nl->extack, "wait for the interface %s of %s, which is made anew", name,
			pci->id);
	return device_refresh(device, nl, err);
}

int device_find(const struct hostdev_conf *conf, const char *sys, struct nl *nl,
	struct device *device, struct cni_error *err)
{
	int rc;

	*device = (struct device){ 0 };
	if (conf->device)
		rc = find_name("device", conf->device, nl, device, err);
	else if (conf->hwaddr_text)
		rc = find_address(conf, nl, device, err);
	else if (conf->kernelpath)
		rc = find_path(conf, sys, nl, device, err);
	else
		rc = find_id(conf, sys, nl, device, err);
	if (rc < 0)
		return -1;
	if (device->link.flags & IFF_LOOPBACK)
		return cni_fail(err, CNI_INVALID_CONFIG,
			"%s is the loopback interface, which cannot leave its namespace",
			device->link.name);
	device_make_key(device, sys);
	return 0;
}
