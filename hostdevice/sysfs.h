/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sysfs tells about devices of a bus and their network interfaces. sys is where it is mounted,
 * "/sys" but in tests. sysfs shows the namespace in which it was mounted, the host's: nothing here
 * is about interfaces inside a pod.
 */
#ifndef HOSTDEVICE_SYSFS_H
#define HOSTDEVICE_SYSFS_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>

/* An ID is the name of one entry: no '/', not "." or "..". */
bool sysfs_is_id(const char *id);

/* The directory of a PCI function or of an auxiliary device (scalable function). */
enum sysfs_bus { SYSFS_NONE, SYSFS_PCI, SYSFS_AUXILIARY };
enum sysfs_bus sysfs_find(const char *sys, const char *id, char directory[PATH_MAX]);

/* The name of the driver that a device is bound to. 0; -ENOENT: none. */
int sysfs_driver(const char *directory, char driver[NAME_MAX + 1]);

/* The driver hands the device to a process (DPDK, a virtual machine): it has no interface. */
bool sysfs_is_userspace(const char *driver);

/*
 * The interface of a device's directory; of several the one with the lowest port (dev_port), and
 * neither a representor (phys_port_name) nor an interface that is on top of another one (IPoIB
 * children). The interfaces of virtio are one level down. 0; -ENODEV: there is none.
 */
int sysfs_interface(const char *directory, char name[IFNAMSIZ]);

/* dev_port of an interface of a device; 0 if that cannot be read. */
long sysfs_port(const char *sys, const char *name);

#endif
