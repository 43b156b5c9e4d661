/* SPDX-License-Identifier: Apache-2.0 */
/* What the pool IPAM does beside leasing. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ipam/dialect.h"
#include "ipam/lease.h"
#include "ipam/reclaim.h"

static bool is_ours(const struct pool_config *config, const struct ip *ip)
{
	for (size_t i = 0; i < config->n_extra; i++)
		if (ip_same(&config->extra[i].ip, ip))
			return false;
	for (size_t i = 0; i < config->sets.n_sets; i++)
		if (range_set_find(&config->sets.sets[i], ip_number(ip)))
			return true;
	return false;
}

static bool is_leased(const struct lease *lease, const struct ip *ip)
{
	for (size_t i = 0; i < lease->n_addresses; i++)
		if (ip_same(&lease->addresses[i], ip))
			return true;
	return false;
}

static bool is_in_result(const struct cni_result *result, const struct ip *ip)
{
	for (size_t i = 0; i < result->n_addresses; i++)
		if (ip_same(&result->addresses[i].ip, ip))
			return true;
	return false;
}

/* prevResult may also have addresses of other plugins: those are outside our ranges. */
static int compare(const struct pool_config *config, const struct lease *lease,
	const struct cni_result *result, struct cni_error *err)
{
	const char *pool = config->store.pool;
	char text[IP_TEXT];

	for (size_t i = 0; i < lease->n_addresses; i++)
		if (!is_in_result(result, &lease->addresses[i]))
			return cni_fail(err, CNI_INTERNAL,
				"container %s, interface %s holds %s in pool %s, which prevResult "
				"does not have", lease->container_id, lease->ifname,
				ip_print(&lease->addresses[i], text), pool);
	for (size_t i = 0; i < result->n_addresses; i++)
		if (is_ours(config, &result->addresses[i].ip) &&
			!is_leased(lease, &result->addresses[i].ip))
			return cni_fail(err, CNI_INTERNAL,
				"container %s, interface %s has %s in prevResult and does not "
				"hold it in pool %s", lease->container_id, lease->ifname,
				ip_print(&result->addresses[i].ip, text), pool);
	return 0;
}

int pool_check(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(config_done) struct pool_config config = { 0 };
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	CLEANUP(store_closep) struct store *store = NULL;
	struct lease lease;
	int rc;

	if (config_read(req, &config, err) < 0 || cni_result_previous(&result, req, err) < 0 ||
		store_open(&store, &config.store, err) < 0)
		return -1;
	rc = store ? store_find(store, req->container_id, req->ifname, &lease, err) : 0;
	if (rc < 0)
		return -1;
	/* Not code 3: that would tell the runtime to leave out the DEL. */
	if (!rc)
		return config.rules->unknown(req, &config, err);
	return compare(&config, &lease, &result, err);
}

/* Could an ADD find an address in each set? */
static int check_free(struct store *store, const struct pool_config *config, struct cni_error *err)
{
	struct cni_error ignored = { 0 };

	store_settle(store, NULL, &ignored);
	for (size_t i = 0; i < config->sets.n_sets; i++) {
		int rc = lease_can_choose(store, config, i, err);

		if (rc <= 0)
			return rc < 0 ? -1 : config->rules->exhausted(store, config, i, err);
	}
	return 0;
}

static int check_store(const struct pool_config *config, struct cni_error *err)
{
	CLEANUP(store_closep) struct store *store = NULL;
	char path[PATH_MAX];

	if (store_open(&store, &config->store, err) < 0)
		return -1;
	/* It fits: the store has opened files in it. */
	store_directory(&config->store, path, sizeof(path));
	if (access(path, W_OK | X_OK) < 0)
		return cni_fail_errno(err, CNI_UNAVAILABLE, -errno, NULL, "write to pool %s, %s",
			config->store.pool, path);
	return check_free(store, config, err);
}

int pool_status(const struct cni_request *req, struct cni_error *err)
{
	CLEANUP(config_done) struct pool_config config = { 0 };
	CLEANUP(cni_result_done) struct cni_result result = { 0 };

	if (config_read(req, &config, err) < 0 || config_result(&config, &result, err) < 0)
		return -1;
	config.store.create = true;
	if (check_store(&config, err) == 0)
		return 0;
	err->code = CNI_UNAVAILABLE;
	return -1;
}
