/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/devices.h"

#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "cni/ip.h"
#include "netlink/link.h"

/* The text of a member; NULL if it is absent, empty or none. */
static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_text(json_get(object, key));

	return text && *text ? text : NULL;
}

static void check_link(struct findings *f, const char *place, const char *key, const char *name)
{
	CLEANUP(nl_closep) struct nl nl = NL_CLOSED;
	struct link link;
	int rc = nl_open(&nl, NETLINK_ROUTE, -1, -1);

	if (!rc)
		rc = link_get(&nl, name, &link);
	if (rc == -EINVAL)
		finding_error(f, place, "%s \"%s\" is no name that a link can have", key, name);
	else if (rc == -ENODEV)
		finding_warning(f, place,
			"%s %s does not exist on this machine, or not yet: ADD will ask to try "
			"again later",
			key, name);
	else if (rc < 0)
		finding_warning(f, place, "cannot look up %s %s: %s", key, name, strerror(-rc));
}

static bool is_there(const char *directory, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s%s", directory, name) < (int)sizeof(path) &&
	       !access(path, F_OK);
}

static void check_bus(struct findings *f, const char *place, const char *key, const char *id)
{
	if (*id == '.' || strchr(id, '/') ||
		(!is_there("/sys/bus/pci/devices/", id) &&
			!is_there("/sys/bus/auxiliary/devices/", id)))
		finding_warning(f, place,
			"%s %s is neither a PCI nor an auxiliary device of this machine", key, id);
}

static void check_bus_keys(struct findings *f, const char *place, const struct json *object)
{
	const char *pci = text_of(object, "pciBusID"), *id = text_of(object, "deviceID");

	if (pci)
		check_bus(f, place, "pciBusID", pci);
	if (id && (!pci || strcmp(id, pci) != 0))
		check_bus(f, place, "deviceID", id);
}

static void check_master(
	struct findings *f, const char *place, const struct json *object, bool required)
{
	const char *master = text_of(object, "master");

	if (!master && required)
		finding_warning(f, place,
			"there is no \"master\": set it, or ADD will refuse the configuration");
	/* Whose container it is in cannot be known. */
	else if (master && !json_is_true(json_get(object, "linkInContainer")))
		check_link(f, place, "master", master);
}

/* What host-device looks for, the first one that is given. */
static void check_host_device(struct findings *f, const char *place, const struct json *object)
{
	static const char *const selectors[] = { "device", "hwaddr", "kernelpath", "pciBusID" };
	const char *device = text_of(object, "device"), *path = text_of(object, "kernelpath");
	const char *mac = text_of(object, "hwaddr"), *winner = NULL;
	struct hwaddr address;

	for (size_t i = 0; i < sizeof(selectors) / sizeof(*selectors); i++) {
		if (!text_of(object, selectors[i]))
			continue;
		if (winner)
			finding_warning(f, place, "\"%s\" is ignored, because \"%s\" is given, too",
				selectors[i], winner);
		else
			winner = selectors[i];
	}
	if (device)
		check_link(f, place, "device", device);
	if (mac && hwaddr_parse(mac, &address) < 0)
		finding_error(f, place, "hwaddr \"%s\" is no link-layer address", mac);
	if (path && strncmp(path, "/sys/devices/", 13) != 0)
		finding_error(f, place, "kernelpath %s is not below /sys/devices/", path);
	else if (path && !is_there("", path))
		finding_warning(f, place, "kernelpath %s does not exist on this machine", path);
}

void devices_check(struct findings *f, const char *place, const struct json *object)
{
	const char *type = json_text(json_get(object, "type"));

	if (!type)
		return;
	if (!strcmp(type, "macvlan") || !strcmp(type, "ipoib"))
		check_master(f, place, object, !strcmp(type, "ipoib"));
	if (!strcmp(type, "host-device"))
		check_host_device(f, place, object);
	check_bus_keys(f, place, object);
}
