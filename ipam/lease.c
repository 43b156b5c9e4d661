/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/lease.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cni/boot.h"
#include "ipam/reclaim.h"
#include "ipam/recorded.h"

/* An ADD on its way to one transaction. */
struct plan {
	const struct cni_request *req;
	const struct pool_config *config;
	struct store *store;
	struct lease_requests requests;
	const struct lease *held; /* what is kept where it still fits; NULL: nothing */
	bool is_own;		  /* held is the attachment's, else of an older one of the pod */
	struct lease *next;	  /* what it will hold */
	const struct range *ranges[RANGE_SETS_MAX]; /* of next's addresses */
	char pod[LEASE_TEXT_MAX], netns_id[NETNS_ID_TEXT];
};

/* Who asks. */
static int describe(struct plan *plan, struct cni_error *err)
{
	const struct cni_request *req = plan->req;
	const char *namespace = cni_request_arg(req, "K8S_POD_NAMESPACE");
	const char *name = cni_request_arg(req, "K8S_POD_NAME");
	struct lease *next = plan->next;
	int length = 0;

	if (namespace && *namespace && name && *name)
		length = snprintf(plan->pod, sizeof(plan->pod), "%s/%s", namespace, name);
	if (length < 0 || (size_t)length >= sizeof(plan->pod))
		return cni_fail(err, CNI_BAD_ENVIRONMENT,
			"CNI_ARGS: namespace and name of the pod are longer than %zu bytes",
			sizeof(plan->pod) - 2);
	if (!length && plan->config->rules->needs_pod)
		return cni_fail(err, CNI_BAD_ENVIRONMENT,
			"CNI_ARGS: K8S_POD_NAMESPACE and K8S_POD_NAME are missing: this IPAM leases "
			"addresses to pods");
	if (req->netns >= 0)
		netns_print_id(&req->netns_id, plan->netns_id);
	next->container_id = req->container_id;
	next->ifname = req->ifname;
	next->network = req->name;
	next->pod = plan->pod;
	next->pod_uid = cni_request_arg(req, "K8S_POD_UID");
	next->netns = req->netns_path;
	next->netns_id = plan->netns_id;
	next->boot = boot_id();
	next->time = time(NULL);
	next->keep = plan->config->keep && *plan->pod;
	next->n_addresses = 0;
	next->fixed = 0;
	return 0;
}

/* The held address that the set could have given, or NULL. */
static const struct ip *kept(const struct plan *plan, size_t set)
{
	for (size_t i = 0; plan->held && i < plan->held->n_addresses; i++)
		if (range_set_find(
			    &plan->config->sets.sets[set], ip_number(&plan->held->addresses[i])))
			return &plan->held->addresses[i];
	return NULL;
}

/* May the attachment, of a pod with this UID, take over the lease of an older one? */
static bool is_heir(const struct lease *old, const void *data)
{
	const char *uid = data;

	return (uid && *uid && old->pod_uid && !strcmp(uid, old->pod_uid)) ||
	       reclaim_is_ownerless(old);
}

/* Look up what is held; held is filled with it. */
static int find_held(struct plan *plan, struct lease *held, struct cni_error *err)
{
	const struct cni_request *req = plan->req;
	int rc = store_find(plan->store, req->container_id, req->ifname, held, err);
	struct cni_error ignored = { 0 };

	plan->is_own = rc > 0;
	/* The DEL of the older sandbox may wait among the deferred. */
	if (!rc && plan->next->keep)
		store_settle(plan->store, NULL, &ignored);
	if (!rc && plan->config->sticky_pod && *plan->pod)
		rc = store_find_pod(plan->store, plan->pod, req->ifname, is_heir,
			plan->next->pod_uid, held, err);
	plan->held = rc > 0 ? held : NULL;
	return rc < 0 ? -1 : 0;
}

/* What is held and what is requested agree; an inheritance that does not is left alone. */
static int check_held(struct plan *plan, struct cni_error *err)
{
	for (size_t i = 0; i < plan->config->sets.n_sets; i++) {
		const struct ip *wanted = &plan->requests.of_set[i], *has = kept(plan, i);

		if (!has)
			continue;
		if (plan->is_own) {
			if (plan->config->rules->repeated(plan->req, plan->config, i, has,
				    wanted->family ? wanted : NULL, err) < 0)
				return -1;
		} else if (wanted->family && !ip_same(has, wanted)) {
			plan->held = NULL;
		}
	}
	return 0;
}

static bool is_held(const struct plan *plan, const struct ip *ip)
{
	for (size_t i = 0; plan->held && i < plan->held->n_addresses; i++)
		if (ip_same(&plan->held->addresses[i], ip))
			return true;
	return false;
}

/* Nobody else has it, or one who is dead, or kept it. */
static int claim_requested(
	struct plan *plan, size_t set, const struct ip *wanted, struct cni_error *err)
{
	struct cni_error ignored = { 0 };
	struct lease owner;
	int rc = is_held(plan, wanted) ? 0 : store_find_address(plan->store, wanted, &owner, err);

	if (rc > 0 && store_settle(plan->store, plan->held, &ignored) > 0)
		rc = store_find_address(plan->store, wanted, &owner, err);
	if (rc <= 0)
		return rc;
	if (reclaim_is_ownerless(&owner))
		return store_remove(plan->store, owner.container_id, owner.ifname, err);
	return plan->config->rules->taken(plan->config, set, wanted, &owner, err);
}

static int plan_set(struct plan *plan, size_t set, struct cni_error *err)
{
	const struct ip *wanted = &plan->requests.of_set[set], *has = kept(plan, set);
	u128 address;

	if (wanted->family) {
		if (claim_requested(plan, set, wanted, err) < 0)
			return -1;
		address = ip_number(wanted);
	} else if (has) {
		address = ip_number(has);
	} else if (lease_choose(plan->store, plan->config, set, plan->held, &address, err) < 0) {
		return -1;
	}
	if (has || (wanted->family && !plan->config->rules->cursor_follows))
		plan->next->fixed |= 1u << set;
	plan->ranges[set] = range_set_find(&plan->config->sets.sets[set], address);
	plan->next->addresses[set] = ip_from_number(address, plan->ranges[set]->subnet.prefix);
	plan->next->n_addresses++;
	return 0;
}

/* What goes into the result unleased must not be anybody else's. */
static int check_extra(struct plan *plan, struct cni_error *err)
{
	for (size_t i = 0; i < plan->config->n_extra; i++)
		if (claim_requested(plan, 0, &plan->config->extra[i].ip, err) < 0)
			return -1;
	return 0;
}

static int add_to_result(const struct plan *plan, struct cni_result *result, struct cni_error *err)
{
	for (size_t i = 0; i < plan->next->n_addresses; i++) {
		struct cni_address *address = cni_result_address(result);

		if (!address)
			return cni_fail(err, CNI_INTERNAL, "make the result: out of memory");
		address->ip = plan->next->addresses[i];
		address->gateway = plan->ranges[i]->gateway;
	}
	if (config_extra_result(plan->config, result, err) < 0)
		return -1;
	return config_default_routes(plan->config, result, err);
}

static bool is_same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* A repeated ADD. The namespace counts: a lease of one that is gone would be taken for dead. */
static bool is_unchanged(const struct plan *plan)
{
	const struct lease *held = plan->held, *next = plan->next;

	if (!held || !plan->is_own || held->n_addresses != next->n_addresses ||
		held->keep != next->keep || !is_same(held->boot, next->boot) ||
		!is_same(held->netns, next->netns) || !is_same(held->netns_id, next->netns_id) ||
		!is_same(held->network, next->network))
		return false;
	for (size_t i = 0; i < next->n_addresses; i++)
		if (!ip_same(&held->addresses[i], &next->addresses[i]) ||
			held->addresses[i].prefix != next->addresses[i].prefix)
			return false;
	return true;
}

static int commit(struct plan *plan, struct ipam_guard *guard, struct cni_error *err)
{
	const struct lease *replaced = plan->is_own ? NULL : plan->held;

	for (size_t i = 0; i < plan->next->n_addresses; i++)
		if (!is_held(plan, &plan->next->addresses[i]))
			guard->leased[guard->n_leased++] = plan->next->addresses[i];
	guard->inherited = replaced != NULL;
	/* A release that was deferred would end what the attachment holds again, but for a new lease. */
	if (is_unchanged(plan) && !store_is_deferred(plan->store, plan->req->container_id,
		plan->req->ifname))
		return 0;
	return store_put(plan->store, plan->next, replaced, err);
}

static int run(struct plan *plan, struct ipam_guard *guard, struct cni_result *result,
	struct cni_error *err)
{
	struct lease held;

	if (describe(plan, err) < 0 || find_held(plan, &held, err) < 0 || check_held(plan, err) < 0)
		return -1;
	for (size_t i = 0; i < plan->config->sets.n_sets; i++)
		if (plan_set(plan, i, err) < 0)
			return -1;
	/* The commit is the last thing that can fail. */
	if (check_extra(plan, err) < 0 || add_to_result(plan, result, err) < 0)
		return -1;
	return commit(plan, guard, err);
}

int lease_add(const struct cni_request *req, struct ipam_guard *guard, struct cni_result *result,
	struct cni_error *err)
{
	CLEANUP(config_done) struct pool_config config;
	CLEANUP(store_closep) struct store *store = NULL;
	struct lease next;
	struct plan plan = { .req = req, .config = &config, .next = &next };

	*guard = (struct ipam_guard){ .request = req };
	if (config_read(req, &config, err) < 0 || config_result(&config, result, err) < 0 ||
		config.rules->requests(&config, &plan.requests, err) < 0)
		return -1;
	config.store.create = true;
	if (store_open(&store, &config.store, err) < 0)
		return -1;
	plan.store = store;
	recorded_update(store, req->name, &config);
	return run(&plan, guard, result, err);
}
