/* SPDX-License-Identifier: Apache-2.0 */
/* poolctl show, find, export, release, gc. */
#include <inttypes.h>
#include <string.h>

#include "ipam/poolctl.h"
#include "ipam/reclaim.h"

/* Those of one pool; 0 or -1. */
static int collect(const struct poolctl *tool, const char *pool, entry_filter *filter,
	const void *data, struct entries *entries, struct cni_error *err)
{
	CLEANUP(store_closep) struct store *store = NULL;

	if (poolctl_open(tool, pool, &store, err) < 0)
		return -1;
	return entries_add(entries, store, pool, filter, data, err);
}

int poolctl_show(const struct poolctl *tool)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	struct cni_error err = { 0 };

	if (collect(tool, tool->operands[0], NULL, NULL, &entries, &err) < 0)
		return poolctl_complain("%s", err.msg);
	return entries_print(tool, &entries);
}

/* ---- find ---- */

/* An address is looked up; all else is looked for. */
static int find_address(const struct poolctl *tool, const char *pool, const struct ip *ip,
	struct entries *entries, struct cni_error *err)
{
	CLEANUP(store_closep) struct store *store = NULL;
	CLEANUP(freep) struct lease *lease = NULL;
	char text[IP_TEXT];
	int rc;

	if (poolctl_open(tool, pool, &store, err) < 0)
		return -1;
	lease = malloc(sizeof(*lease));
	if (!lease)
		return cni_fail(err, CNI_INTERNAL, "out of memory to find an address");
	rc = store_find_address(store, ip, lease, err);
	if (rc > 0)
		return entries_put(entries, lease, pool, err);
	if (!rc && store_is_taken(store, ip_number(ip)))
		fprintf(stderr, "poolctl: %s was released and is cooling in pool %s\n",
			ip_print(ip, text), pool);
	return rc;
}

int poolctl_find(const struct poolctl *tool)
{
	const char *what = tool->operands[0];
	CLEANUP(entries_done) struct entries entries = { 0 };
	CLEANUP(freep) char **pools = poolctl_list(tool);
	int status = POOLCTL_OK, printed;
	struct ip ip;

	if (!pools)
		return POOLCTL_FAILED;
	for (size_t i = 0; pools[i]; i++) {
		struct cni_error err = { 0 };
		int rc;

		if (!ip_parse(what, &ip))
			rc = find_address(tool, pools[i], &ip, &entries, &err);
		else
			rc = collect(tool, pools[i], entry_is_named, what, &entries, &err);
		if (rc < 0)
			status = poolctl_complain("%s", err.msg);
	}
	if (!entries.n && !tool->json && !status) {
		poolctl_complain("no lease of \"%s\" in %s", what, tool->data_dir);
		return POOLCTL_FOUND;
	}
	printed = entries_print(tool, &entries);
	if (status || printed)
		return POOLCTL_FAILED;
	return entries.n ? POOLCTL_OK : POOLCTL_FOUND;
}

/* ---- export ---- */

int poolctl_export(const struct poolctl *tool)
{
	const char *pool = tool->operands[0];
	CLEANUP(entries_done) struct entries entries = { 0 };
	struct json_writer w = { .indent = 4 };
	struct cni_error err = { 0 };

	if (collect(tool, pool, NULL, NULL, &entries, &err) < 0)
		return poolctl_complain("%s", err.msg);
	json_open(&w, NULL, '{');
	json_put_string(&w, "pool", pool);
	json_open(&w, "leases", '[');
	for (size_t i = 0; i < entries.n; i++)
		entries_put_json(&w, &entries.list[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	return poolctl_print_json(&w);
}

/* ---- release ---- */

static int release_all(
	const struct poolctl *tool, const char *pool, const struct entries *entries, bool wholly)
{
	struct cni_error err = { 0 };
	size_t released = 0;
	int rc = entries_release(tool, pool, entries, wholly, &released, &err);

	fprintf(stderr, "Released %zu of %zu leases of pool %s.\n", released, entries->n, pool);
	return rc < 0 ? poolctl_complain("%s", err.msg) : POOLCTL_OK;
}

static size_t count_alive(const struct entries *entries)
{
	size_t n = 0;

	for (size_t i = 0; i < entries->n; i++)
		n += !entries->list[i].dead && !entries->list[i].kept;
	return n;
}

int poolctl_release(const struct poolctl *tool)
{
	const char *pool = tool->operands[0], *what = tool->operands[1];
	CLEANUP(entries_done) struct entries entries = { 0 };
	struct cni_error err = { 0 };
	size_t alive;
	int status;

	if (collect(tool, pool, entry_is_named, what, &entries, &err) < 0)
		return poolctl_complain("%s", err.msg);
	if (!entries.n) {
		poolctl_complain(
			"no lease of \"%s\" in pool \"%s\": nothing was changed", what, pool);
		return POOLCTL_FOUND;
	}
	status = entries_print(tool, &entries);
	if (status)
		return status;
	alive = count_alive(&entries);
	if (alive)
		fprintf(stderr,
			"%zu of them may be in use: a container that still has the address "
			"will share it with the next one.\n",
			alive);
	if (!poolctl_confirm(tool, "release %zu lease%s of pool %s", entries.n,
		    entries.n == 1 ? "" : "s", pool))
		return tool->dry_run ? POOLCTL_OK : POOLCTL_REFUSED;
	return release_all(tool, pool, &entries, true);
}

/* ---- gc ---- */

static bool is_dead(const struct lease *lease, const void *data)
{
	(void)data;
	return reclaim_is_dead(lease);
}

static int settle(const struct poolctl *tool, const char *pool)
{
	CLEANUP(store_closep) struct store *store = NULL;
	struct cni_error err = { 0 };
	int n;

	if (poolctl_open(tool, pool, &store, &err) < 0)
		return poolctl_complain("%s", err.msg);
	n = store_settle(store, NULL, &err);
	if (n < 0)
		return poolctl_complain("%s", err.msg);
	if (n)
		fprintf(stderr, "Made up for %d deferred release%s of pool %s.\n", n,
			n == 1 ? "" : "s", pool);
	return POOLCTL_OK;
}

static int gc_pool(const struct poolctl *tool, const char *pool)
{
	CLEANUP(entries_done) struct entries entries = { 0 };
	struct cni_error err = { 0 };
	struct pool_state state;
	int status;

	if (poolctl_state(tool, pool, &state, &err) < 0 ||
		collect(tool, pool, is_dead, NULL, &entries, &err) < 0)
		return poolctl_complain("%s", err.msg);
	if (!entries.n && !state.deferred) {
		fprintf(stderr, "Pool %s: nothing to collect in %" PRIu64 " leases.\n", pool,
			state.counts.leases);
		return POOLCTL_OK;
	}
	status = entries_print(tool, &entries);
	if (status)
		return status;
	if (!poolctl_confirm(tool,
		    "make up for %u deferred release%s and release %zu lease%s of pool %s whose "
		    "owners are dead",
		    state.deferred, state.deferred == 1 ? "" : "s", entries.n,
		    entries.n == 1 ? "" : "s", pool))
		return tool->dry_run ? POOLCTL_OK : POOLCTL_REFUSED;
	status = settle(tool, pool);
	return status ? status : release_all(tool, pool, &entries, false);
}

int poolctl_gc(const struct poolctl *tool)
{
	CLEANUP(freep) char **pools = NULL;
	int status = POOLCTL_OK;

	if (tool->n_operands)
		return gc_pool(tool, tool->operands[0]);
	pools = poolctl_list(tool);
	if (!pools)
		return POOLCTL_FAILED;
	for (size_t i = 0; pools[i]; i++) {
		int one = gc_pool(tool, pools[i]);

		status = status ? status : one;
	}
	return status;
}
