/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/iface.h"

#define ALIAS_PREFIX "fabric-cni "

const char *iface_alias(const struct cni_request *req, char out[IFACE_ALIAS])
{
	char id[CNI_ATTACHMENT_ID];

	snprintf(out, IFACE_ALIAS, ALIAS_PREFIX "%s", cni_request_id(req, id));
	return out;
}

const char *iface_temporary_name(const struct cni_request *req, char out[IFNAMSIZ])
{
	char id[CNI_ATTACHMENT_ID];

	snprintf(out, IFNAMSIZ, "cni%.12s", cni_request_id(req, id));
	return out;
}

const char *iface_mac(const struct link *link, char out[HWADDR_TEXT])
{
	struct hwaddr mac = { .length = link->address_length };

	memcpy(mac.bytes, link->address, sizeof(mac.bytes));
	return hwaddr_print(&mac, out);
}

/* Has no alias yet (its ADD was killed before it was set up), or ours. */
static bool is_ours(const struct cni_request *req, const struct link *link, const char *kind)
{
	char alias[IFACE_ALIAS];

	if (strcmp(link->kind, kind) != 0)
		return false;
	return strncmp(link->alias, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) != 0 ||
	       !strcmp(link->alias, iface_alias(req, alias));
}

static int remove_name(const struct cni_request *req, struct nl *nl, const char *name,
	const char *kind, struct cni_error *err)
{
	struct link link;
	int rc = link_get(nl, name, &link);

	if (!rc && is_ours(req, &link, kind))
		rc = link_del(nl, link.index);
	if (rc < 0 && rc != -ENODEV)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "remove %s", name);
	return 0;
}

int iface_remove(const struct cni_request *req, struct nl *nl, const char *kind,
	struct cni_error *err)
{
	char temporary[IFNAMSIZ];
	struct cni_error more = { 0 };

	remove_name(req, nl, req->ifname, kind, err);
	remove_name(req, nl, iface_temporary_name(req, temporary), kind, &more);
	return cni_fail_join(err, &more);
}
