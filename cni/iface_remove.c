/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cni/iface.h"

static int removed(int rc, const struct nl *nl, const char *name, struct cni_error *err)
{
	if (rc < 0 && rc != -ENODEV)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack, "remove %s", name);
	return 0;
}

static int remove_name(const struct cni_request *req, struct nl *nl, const char *name,
	const char *kind, struct cni_error *err)
{
	struct link link;
	int rc = link_get(nl, name, &link);

	if (!rc && iface_is_ours(req, &link, kind))
		rc = link_del(nl, link.index);
	return removed(rc, nl, name, err);
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

int iface_remove_strays(
	const struct cni_request *req, struct nl *nl, const char *kind, struct cni_error *err)
{
	char temporary[IFNAMSIZ];
	struct cni_error more = { 0 };
	struct link link;
	int rc = link_get(nl, req->ifname, &link);

	if (!rc && iface_is_stray(&link, kind))
		rc = link_del(nl, link.index);
	removed(rc, nl, req->ifname, err);
	remove_name(req, nl, iface_temporary_name(req, temporary), kind, &more);
	return cni_fail_join(err, &more);
}

int iface_sweep(struct nl *nl, const char *kind,
	bool (*ours)(const struct link *, const void *data), const void *data,
	struct cni_error *err)
{
	CLEANUP(freep) struct link *links = NULL;
	size_t count;
	int rc = link_list(nl, kind, &links, &count);

	if (rc < 0)
		return cni_fail_errno(err, CNI_INTERNAL, rc, nl->extack,
			"look for %s interfaces that dead namespaces left", kind);
	for (size_t i = 0; i < count; i++) {
		struct cni_error more = { 0 };

		if (!ours(&links[i], data))
			continue;
		removed(link_del(nl, links[i].index), nl, links[i].name, &more);
		cni_fail_join(err, &more);
	}
	return err->code ? -1 : 0;
}
