/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cni/iface.h"

const char *iface_alias_of(const char *id, char out[IFACE_ALIAS])
{
	snprintf(out, IFACE_ALIAS, "fabric-cni %s", id);
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
	struct cni_error *err)
{
	char alias[IFACE_ALIAS];
	int rc = link_set(nl, link->index,
		&(struct link_state){ .alias = iface_alias(req, alias), .arp_notify = true });

	/* The kernel has no IPv4 on a link of less than 68 octets: nothing to announce. */
	if (rc == -EAFNOSUPPORT)
		rc = link_set(nl, link->index, &(struct link_state){ .alias = alias });
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

static int remove_name(const struct cni_request *req, struct nl *nl, const char *name,
	const char *kind, struct cni_error *err)
{
	struct link link;
	int rc = link_get(nl, name, &link);

	if (!rc && iface_is_ours(req, &link, kind))
		rc = link_del(nl, link.index);
	if (rc < 0 && rc != -ENODEV)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "remove %s", name);
	return 0;
}

int iface_remove(
	const struct cni_request *req, struct nl *nl, const char *kind, struct cni_error *err)
{
	char temporary[IFNAMSIZ];
	struct cni_error more = { 0 };

	remove_name(req, nl, req->ifname, kind, err);
	remove_name(req, nl, iface_temporary_name(req, temporary), kind, &more);
	return cni_fail_join(err, &more);
}
