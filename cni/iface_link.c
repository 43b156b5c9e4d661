/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/iface.h"

#define ALIAS "fabric-cni "

const char *iface_alias_of(const char *id, char out[IFACE_ALIAS])
{
	snprintf(out, IFACE_ALIAS, ALIAS "%s", id);
	return out;
}

const char *iface_alias(const struct cni_request *req, char out[IFACE_ALIAS])
{
	char id[CNI_ATTACHMENT_ID];

	return iface_alias_of(cni_request_id(req, id), out);
}

const char *iface_temporary_name_of(const char *id, char out[IFNAMSIZ])
{
	snprintf(out, IFNAMSIZ, "cni%.12s", id);
	return out;
}

const char *iface_temporary_name(const struct cni_request *req, char out[IFNAMSIZ])
{
	char id[CNI_ATTACHMENT_ID];

	return iface_temporary_name_of(cni_request_id(req, id), out);
}

const char *iface_mac(const struct link *link, char out[HWADDR_TEXT])
{
	struct hwaddr mac = { .length = link->address_length };

	memcpy(mac.bytes, link->address, sizeof(mac.bytes));
	return hwaddr_print(&mac, out);
}

int iface_mark(const struct cni_request *req, struct nl *nl, const struct link *link,
	struct link_state also, struct cni_error *err)
{
	char alias[IFACE_ALIAS];
	int rc;

	also.alias = iface_alias(req, alias);
	also.arp_notify = true;
	rc = link_set(nl, link->index, &also);
	/* The kernel has no IPv4 on a link of less than 68 octets: nothing to announce. */
	if (rc == -EAFNOSUPPORT) {
		also.arp_notify = false;
		rc = link_set(nl, link->index, &also);
	}
	if (rc < 0 && also.mtu)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack,
			"set the alias of %s and its mtu to %u", link->name, also.mtu);
	if (rc < 0)
		return cni_fail_errno(
			err, CNI_INTERNAL, rc, nl->extack, "set the alias of %s", link->name);
	return 0;
}

bool iface_is_ours(const struct cni_request *req, const struct link *link, const char *kind)
{
	char alias[IFACE_ALIAS];

	if (strcmp(link->kind, kind) != 0)
		return false;
	return !*link->alias || !strcmp(link->alias, iface_alias(req, alias));
}

bool iface_is_stray(const struct link *link, const char *kind)
{
	/* A device that was moved in has the alias with its name at home behind it: no stray. */
	return !strcmp(link->kind, kind) && !strncmp(link->alias, ALIAS, strlen(ALIAS)) &&
	       strlen(link->alias) == strlen(ALIAS) + CNI_ATTACHMENT_ID - 1 &&
	       !(link->flags & IFF_UP);
}
