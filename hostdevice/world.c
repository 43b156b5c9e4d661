/* SPDX-License-Identifier: Apache-2.0 */
#include "hostdevice/world.h"

#include <stdio.h>
#include <string.h>

#include "cni/iface.h"

int world_open(struct world *world, const struct cni_request *req, struct cni_error *err)
{
	if (iface_open(req, &world->host, -1, err) < 0)
		return -1;
	if (req->netns < 0) {
		/* Never closed: the process is short. */
		world->home = netns_home();
		return world->home < 0 ? netns_fail(err, "of our own", world->home) : 0;
	}
	world->netns = req->netns;
	world->home = req->home;
	return iface_open(req, &world->inside, req->netns, err);
}

const char *device_alias(const char *id, const char *name, char out[DEVICE_ALIAS])
{
	char alias[IFACE_ALIAS];

	snprintf(out, DEVICE_ALIAS, "%s %s", iface_alias_of(id, alias), name);
	return out;
}

const char *device_alias_read(const char *alias, char id[CNI_ATTACHMENT_ID])
{
	char read[CNI_ATTACHMENT_ID] = "", ours[IFACE_ALIAS];
	size_t length;

	if (sscanf(alias, "fabric-cni %16[0-9a-f]", read) != 1)
		return NULL;
	length = strlen(iface_alias_of(read, ours));
	if (strlen(read) != CNI_ATTACHMENT_ID - 1 || strncmp(alias, ours, length) != 0 ||
		alias[length] != ' ' || !alias[length + 1])
		return NULL;
	if (id)
		strcpy(id, read);
	return alias + length + 1;
}
