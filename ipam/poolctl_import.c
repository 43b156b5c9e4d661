/* SPDX-License-Identifier: Apache-2.0 */
/* poolctl import: from what another IPAM has leased to ours, one transaction for an attachment. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cni/boot.h"
#include "ipam/poolctl_import.h"

/* Of leases from before the last boot: their owners are dead, the next gc may have them. */
#define OLD_BOOT "before-import"

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

int import_put(struct import *import, const struct import_item *item, struct cni_error *err)
{
	struct import_item *grown = import->list, *copied;

	if (import->n == import->capacity) {
		import->capacity = import->capacity ? 2 * import->capacity : 64;
		grown = reallocarray(grown, import->capacity, sizeof(*grown));
		if (!grown)
			return cni_fail(err, CNI_INTERNAL, "out of memory for what is imported");
		import->list = grown;
	}
	copied = &grown[import->n++];
	*copied = *item;
	copied->pool = copy(item->pool);
	copied->container_id = copy(item->container_id);
	copied->ifname = copy(item->ifname);
	copied->pod = copy(item->pod);
	copied->pod_uid = copy(item->pod_uid);
	if (!copied->pool || !copied->container_id || !copied->ifname || !copied->pod ||
		!copied->pod_uid)
		return cni_fail(err, CNI_INTERNAL, "out of memory for what is imported");
	return 0;
}

void import_done(struct import *import)
{
	for (size_t i = 0; i < import->n; i++) {
		struct import_item *item = &import->list[i];

		free(item->pool);
		free(item->container_id);
		free(item->ifname);
		free(item->pod);
		free(item->pod_uid);
	}
	free(import->list);
	closep(&import->lock);
}

/* Attachments together, IPv4 first, as sets usually are. */
static int by_owner(const void *a, const void *b)
{
	const struct import_item *left = a, *right = b;
	u128 l = ip_number(&left->ip), r = ip_number(&right->ip);
	int order = strcmp(left->pool, right->pool);

	order = order ? order : strcmp(left->container_id, right->container_id);
	order = order ? order : strcmp(left->ifname, right->ifname);
	if (order)
		return order;
	if (left->ip.family != right->ip.family)
		return left->ip.family == AF_INET ? -1 : 1;
	return (l > r) - (l < r);
}

static bool is_same_owner(const struct import_item *a, const struct import_item *b)
{
	return !strcmp(a->pool, b->pool) && !strcmp(a->container_id, b->container_id) &&
	       !strcmp(a->ifname, b->ifname);
}

/* The prefix of the range that has it; the other IPAMs do not keep it. */
static uint8_t prefix_of(const struct recorded *recorded, const struct ip *ip)
{
	for (size_t n = 0; n < recorded->n_networks; n++) {
		const struct range_sets *sets = &recorded->networks[n].sets;

		for (size_t i = 0; i < sets->n_sets; i++)
			for (size_t k = 0; k < sets->sets[i].n_ranges; k++)
				if (ip_contains(&sets->sets[i].ranges[k].subnet, ip))
					return sets->sets[i].ranges[k].subnet.prefix;
	}
	return (uint8_t)ip_bits(ip);
}

struct importing {
	const struct poolctl *tool;
	const char *pool;
	struct store *store;
	struct recorded recorded;
	int64_t boot_time;
	struct lease lease, held;
	size_t made, there, refused;
};

static bool holds(const struct lease *held, const struct ip *ip)
{
	for (size_t i = 0; i < held->n_addresses; i++)
		if (ip_same(&held->addresses[i], ip))
			return true;
	return false;
}

/* What the owner holds already stays: an import may be repeated. */
static void make_lease(struct importing *to, const struct import_item *items, size_t n)
{
	struct lease *lease = &to->lease;

	memset(lease, 0, offsetof(struct lease, buffer));
	lease->container_id = items->container_id;
	lease->ifname = items->ifname;
	lease->network = to->tool->network ? to->tool->network : to->pool;
	lease->pod = items->pod;
	lease->pod_uid = items->pod_uid;
	lease->time = items->time;
	lease->boot = items->time && items->time < to->boot_time ? OLD_BOOT : boot_id();
	for (size_t i = 0; i < n && i < RANGE_SETS_MAX; i++) {
		struct ip *ip = &lease->addresses[lease->n_addresses++];

		*ip = items[i].ip;
		ip->prefix = prefix_of(&to->recorded, ip);
	}
	lease->fixed = (UINT32_C(1) << lease->n_addresses) - 1;
}

static int refuse(struct importing *to, const struct import_item *item, const char *why)
{
	char text[IP_TEXT];

	poolctl_complain("%s of %s %s is not imported: %s", ip_print(&item->ip, text),
		item->container_id, item->ifname, why);
	to->refused++;
	return 0;
}

/* Is anything in the way? 1 told, 0, -1. */
static int is_in_the_way(
	struct importing *to, const struct import_item *items, size_t n, struct cni_error *err)
{
	char why[2 * LEASE_TEXT_MAX + 64];

	if (n > RANGE_SETS_MAX)
		return refuse(to, items, "it has too many addresses"), 1;
	for (size_t i = 0; i < n; i++) {
		int rc = store_find_address(to->store, &items[i].ip, &to->held, err);

		if (rc < 0)
			return -1;
		/* Who is there goes before who may come back. */
		if (rc && lease_is_kept(&to->held)) {
			if (store_remove(to->store, to->held.container_id, to->held.ifname, err) <
				0)
				return -1;
			continue;
		}
		if (!rc || (!strcmp(to->held.container_id, items->container_id) &&
				   !strcmp(to->held.ifname, items->ifname)))
			continue;
		snprintf(why, sizeof(why), "%s %s has it in pool %s", to->held.container_id,
			to->held.ifname, to->pool);
		return refuse(to, &items[i], why), 1;
	}
	return 0;
}

static int import_owner(
	struct importing *to, const struct import_item *items, size_t n, struct cni_error *err)
{
	int rc = is_in_the_way(to, items, n, err);
	size_t there = 0;

	if (rc)
		return rc < 0 ? -1 : 0;
	rc = store_find(to->store, items->container_id, items->ifname, &to->held, err);
	if (rc < 0)
		return -1;
	for (size_t i = 0; rc && i < n; i++)
		there += holds(&to->held, &items[i].ip);
	if (rc && there == n) {
		to->there++;
		return 0;
	}
	if (rc)
		return refuse(to, items, "the interface holds other addresses in the pool");
	make_lease(to, items, n);
	if (store_put(to->store, &to->lease, NULL, err) < 0)
		return -1;
	to->made++;
	return 0;
}

/* Items of one pool, whose lock is held from the first to the last. */
static int import_pool(const struct poolctl *tool, const struct import_item *items, size_t n)
{
	const struct store_options options = {
		.directory = tool->data_dir,
		.pool = items->pool,
		.lock_timeout_ms = tool->lock_timeout_ms,
		.reuse_delay_ms = POOLCTL_FOREVER_MS,
		.create = true,
	};
	CLEANUP(freep) struct importing *to = calloc(1, sizeof(*to));
	struct progress progress = { .what = "importing", .total = n };
	struct cni_error err = { 0 };
	int rc = -1;

	if (!to)
		return poolctl_complain("out of memory to import");
	to->tool = tool;
	to->pool = items->pool;
	to->boot_time = boot_time();
	if (!store_open(&to->store, &options, &err))
		rc = poolctl_ranges(tool, to->store, &to->recorded, &err);
	for (size_t i = 0, end; !rc && i < n; i = end) {
		for (end = i + 1; end < n && is_same_owner(&items[i], &items[end]);)
			end++;
		progress_step(&progress);
		rc = import_owner(to, items + i, end - i, &err);
	}
	progress_end(&progress);
	store_closep(&to->store);
	recorded_done(&to->recorded);
	fprintf(stderr, "Pool %s: %zu leases imported, %zu were there, %zu refused.\n", items->pool,
		to->made, to->there, to->refused);
	if (rc < 0)
		return poolctl_complain("%s", err.msg);
	return to->refused ? POOLCTL_FAILED : POOLCTL_OK;
}

static int import_all(const struct poolctl *tool, struct import *import)
{
	int status = POOLCTL_OK;

	qsort(import->list, import->n, sizeof(struct import_item), by_owner);
	for (size_t i = 0, end; i < import->n; i = end) {
		int one;

		for (end = i + 1;
			end < import->n && !strcmp(import->list[i].pool, import->list[end].pool);)
			end++;
		one = import_pool(tool, import->list + i, end - i);
		status = status ? status : one;
	}
	return status;
}

int poolctl_import(const struct poolctl *tool)
{
	const char *kind = tool->operands[0], *path = tool->operands[1];
	CLEANUP(import_done) struct import import = { .lock = -1 };
	struct cni_error err = { 0 };
	int rc;

	if (!strcmp(kind, "nv-ipam") && (tool->pool || tool->ifname)) {
		poolctl_complain("--pool and --ifname are for host-local: each entry of nv-ipam "
				 "names its own");
		return POOLCTL_USAGE;
	}
	if (!strcmp(kind, "host-local")) {
		rc = import_host_local(tool, path, &import, &err);
	} else if (!strcmp(kind, "nv-ipam")) {
		rc = import_nv_ipam(path, &import, &err);
	} else {
		poolctl_complain("import knows host-local and nv-ipam, not \"%s\"", kind);
		return POOLCTL_USAGE;
	}
	if (rc < 0)
		return poolctl_complain("%s", err.msg);
	if (!import.n) {
		poolctl_complain("there is no lease in %s: nothing was changed", path);
		return import.skipped ? POOLCTL_FAILED : POOLCTL_OK;
	}
	if (!poolctl_confirm(tool, "lease %zu addresses of %s to their owners in %s/ipam", import.n,
		    path, tool->data_dir))
		return tool->dry_run ? POOLCTL_OK : POOLCTL_REFUSED;
	return import_all(tool, &import);
}
