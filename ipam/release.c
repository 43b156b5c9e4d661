/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/release.h"

#include <string.h>

#include "ipam/config.h"

/* What earlier calls could not write; a failure of that is not this call's. */
static void settle(struct store *store)
{
	struct cni_error ignored = { 0 };

	store_settle(store, NULL, &ignored);
}

static int defer(struct store *store, const struct store_options *options,
	const struct cni_request *req, struct cni_error *err)
{
	const struct lease owner = {
		.container_id = req->container_id,
		.ifname = req->ifname,
		.network = req->name,
	};

	return store_defer(store, options, &owner, err);
}

static int release(struct store *store, const struct cni_request *req, struct cni_error *err)
{
	struct lease lease;
	int rc;

	settle(store);
	rc = store_find(store, req->container_id, req->ifname, &lease, err);
	/* Networks may share a pool: an interface of that name may be another one's attachment. */
	if (rc <= 0 || (lease.network && strcmp(lease.network, req->name) != 0))
		return rc < 0 ? -1 : 0;
	return store_release(store, &lease, err);
}

int release_owner(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(store_closep) struct store *store = NULL;
	struct cni_error bad_config = { 0 };
	struct store_options options;

	/* Nothing was ever leased where no ADD can go. */
	if (config_read_store(req, &options, &bad_config) < 0)
		return 0;
	if (store_open(&store, &options, err) < 0)
		return defer(NULL, &options, req, err);
	if (!store || !release(store, req, err))
		return 0;
	return defer(store, &options, req, err);
}

static int compare(const void *a, const void *b)
{
	const struct cni_attachment *left = a, *right = b;
	int order = strcmp(left->container_id, right->container_id);

	return order ? order : strcmp(left->ifname, right->ifname);
}

static int compare_containers(const void *a, const void *b)
{
	const struct cni_attachment *left = a, *right = b;

	return strcmp(left->container_id, right->container_id);
}

struct sweep {
	const char *network;
	const struct cni_attachment *valid; /* sorted */
	size_t n_valid;
	struct cni_error *err; /* of all */
};

static bool is_valid(const struct sweep *sweep, const struct lease *lease)
{
	const struct cni_attachment owner = { lease->container_id, lease->ifname };

	/* Of a network that is in use, pods may come back. */
	if (lease_is_kept(lease))
		return sweep->n_valid > 0;
	/* Without an interface of its own, a lease is the container's. */
	return bsearch(&owner, sweep->valid, sweep->n_valid, sizeof(owner),
		strchr(lease->ifname, ':') ? compare_containers : compare);
}

static int visit(struct store *store, const struct lease *lease, void *data)
{
	struct cni_error one = { 0 };
	struct sweep *sweep = data;
	int rc;

	if (!lease->network || strcmp(lease->network, sweep->network) != 0 ||
		is_valid(sweep, lease))
		return 0;
	if (sweep->n_valid)
		rc = store_release(store, lease, &one);
	else
		rc = store_remove(store, lease->container_id, lease->ifname, &one);
	if (rc < 0)
		cni_fail_join(sweep->err, &one);
	return 0;
}

int release_unlisted(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(freep) struct cni_attachment *valid = NULL;
	CLEANUP(store_closep) struct store *store = NULL;
	struct sweep sweep = { .network = req->name, .err = err };
	struct cni_error broken = { 0 };
	struct store_options options;

	if (cni_request_attachments(req, &valid, &sweep.n_valid, err) < 0 ||
		config_read_store(req, &options, err) < 0 || store_open(&store, &options, err) < 0)
		return -1;
	if (!store)
		return 0;
	settle(store);
	qsort(valid, sweep.n_valid, sizeof(*valid), compare);
	sweep.valid = valid;
	store_each(store, visit, &sweep, &broken);
	return cni_fail_join(err, &broken);
}

static bool is_among(const struct ip *ip, const struct ip *ips, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip_same(ip, &ips[i]))
			return true;
	return false;
}

void release_guarded(const struct ipam_guard *guard)
{
	const struct cni_request *req = guard->request;
	CLEANUP(store_closep) struct store *store = NULL;
	struct store_options options;
	struct cni_error err = { 0 };
	struct lease lease;
	size_t n = 0;

	if ((!guard->n_leased && !guard->inherited) || config_read_store(req, &options, &err) < 0 ||
		store_open(&store, &options, &err) < 0 || !store ||
		store_find(store, req->container_id, req->ifname, &lease, &err) <= 0)
		return;
	for (size_t i = 0; i < lease.n_addresses; i++)
		if (!is_among(&lease.addresses[i], guard->leased, guard->n_leased))
			lease.addresses[n++] = lease.addresses[i];
	lease.n_addresses = n;
	lease.fixed = (1u << n) - 1;
	if (n && !guard->inherited)
		store_put(store, &lease, NULL, &err);
	else if ((n ? store_release(store, &lease, &err)
		    : store_remove(store, req->container_id, req->ifname, &err)) < 0)
		defer(store, &options, req, &err);
}
