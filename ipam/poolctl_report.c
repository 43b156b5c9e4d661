/* SPDX-License-Identifier: Apache-2.0 */
/* poolctl pools, poolctl metrics. */
#include <inttypes.h>
#include <string.h>

#include "ipam/poolctl.h"
#include "ipam/record.h"

struct family {
	const char *name;
	struct range_counts range;
	uint64_t leased, cooling, kept;
};

/* Those that the pool has. Returns how many. */
static int families(const struct pool_state *state, struct family out[2])
{
	const struct store_counts *counts = &state->counts;
	int n = 0;

	if (state->has_ipv4)
		out[n++] = (struct family){ "ipv4", state->ipv4, counts->ipv4_leased,
			counts->ipv4_cooling, counts->ipv4_kept };
	if (state->has_ipv6)
		out[n++] = (struct family){ "ipv6", state->ipv6,
			counts->leased - counts->ipv4_leased,
			counts->cooling - counts->ipv4_cooling, counts->kept - counts->ipv4_kept };
	return n;
}

/* -1: not known. */
static double fullness(const struct pool_state *state, const struct family *family)
{
	if (!state->known || !family->range.usable)
		return -1;
	return (double)family->leased / (double)family->range.usable;
}

static int64_t clamped(uint64_t count)
{
	return count > INT64_MAX ? INT64_MAX : (int64_t)count;
}

/* ---- pools ---- */

static void put_count(struct table *table, bool known, uint64_t count)
{
	if (!known)
		table_put(table, "-");
	else if (count > INT64_MAX)
		table_put(table, ">9e18");
	else
		table_put(table, "%" PRIu64, count);
}

static void put_row(struct table *table, const char *pool, const struct pool_state *state,
	const struct family *family)
{
	double full = fullness(state, family);
	uint64_t taken = family->leased + family->cooling + family->kept;
	char bar[BAR_TEXT], age[AGE_TEXT];

	table_put(table, "%s", pool);
	table_put(table, "%s", family->name);
	table_put(table, "%s", poolctl_bar(full > 1 ? 1 : full, bar));
	if (full < 0)
		table_put(table, "-");
	else
		table_put(table, "%.1f%%", full * 100);
	put_count(table, true, family->leased);
	put_count(table, true, family->cooling);
	put_count(table, true, family->kept);
	put_count(table, state->known,
		family->range.usable > taken ? family->range.usable - taken : 0);
	put_count(table, state->known, family->range.usable);
	put_count(table, true, state->counts.leases);
	table_put(table, "%s", poolctl_age(state->changed, age));
}

static void put_rows(struct table *table, const char *pool, const struct pool_state *state)
{
	const struct family none = { "-", { 0, 0 }, 0, 0, 0 };
	struct family family[2];
	int n = families(state, family);

	for (int i = 0; i < n; i++)
		put_row(table, pool, state, &family[i]);
	if (!n)
		put_row(table, pool, state, &none);
}

static void put_pool_json(struct json_writer *w, const char *pool, const struct pool_state *state)
{
	struct family family[2];
	int n = families(state, family);

	json_open(w, NULL, '{');
	json_put_string(w, "pool", pool);
	json_put_int(w, "attachments", clamped(state->counts.leases));
	json_put_int(w, "deferred", state->deferred);
	json_put_int(w, "format", RECORD_FORMAT);
	json_put_int(w, "journalBytes", clamped(state->journal_bytes));
	json_put_int(w, "snapshotBytes", clamped(state->snapshot_bytes));
	json_put_int(w, "created", state->created);
	json_put_int(w, "changed", state->changed);
	json_open(w, "addresses", '[');
	for (int i = 0; i < n; i++) {
		json_open(w, NULL, '{');
		json_put_string(w, "family", family[i].name);
		json_put_int(w, "leased", clamped(family[i].leased));
		json_put_int(w, "cooling", clamped(family[i].cooling));
		json_put_int(w, "kept", clamped(family[i].kept));
		if (state->known) {
			json_put_int(w, "capacity", clamped(family[i].range.usable));
			json_put_int(w, "excluded", clamped(family[i].range.excluded));
		}
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

int poolctl_pools(const struct poolctl *tool)
{
	static const char *const titles[] = { "POOL", "FAMILY", "FULL", "> ", ">LEASED", ">COOLING",
		">KEPT", ">FREE", ">CAPACITY", ">ATTACHMENTS", "CHANGED", NULL };
	CLEANUP(freep) char **pools = poolctl_list(tool);
	struct table table = { .titles = titles };
	struct json_writer w = { .indent = 4 };
	int status = POOLCTL_OK, printed;

	if (!pools)
		return POOLCTL_FAILED;
	json_open(&w, NULL, '{');
	json_open(&w, "pools", '[');
	for (size_t i = 0; pools[i]; i++) {
		struct cni_error err = { 0 };
		struct pool_state state;

		if (poolctl_state(tool, pools[i], &state, &err) < 0) {
			status = poolctl_complain("%s", err.msg);
			continue;
		}
		if (tool->json)
			put_pool_json(&w, pools[i], &state);
		else
			put_rows(&table, pools[i], &state);
	}
	json_close(&w, ']');
	json_close(&w, '}');
	if (tool->json)
		printed = poolctl_print_json(&w);
	else
		printed = table_print(&table);
	if (!tool->json)
		json_writer_done(&w);
	return status ? status : printed;
}

/* ---- metrics ---- */

struct pool_metrics {
	const char *pool;
	bool readable;
	struct pool_state state;
};

typedef uint64_t value_fn(const struct pool_metrics *);
typedef uint64_t family_value_fn(const struct family *);

static uint64_t readable(const struct pool_metrics *m)
{
	return m->readable;
}

static uint64_t attachments(const struct pool_metrics *m)
{
	return m->state.counts.leases;
}

static uint64_t journal_bytes(const struct pool_metrics *m)
{
	return m->state.journal_bytes;
}

static uint64_t snapshot_bytes(const struct pool_metrics *m)
{
	return m->state.snapshot_bytes;
}

static uint64_t deferred(const struct pool_metrics *m)
{
	return m->state.deferred;
}

static uint64_t format_version(const struct pool_metrics *m)
{
	(void)m;
	return RECORD_FORMAT;
}

static uint64_t created(const struct pool_metrics *m)
{
	return (uint64_t)m->state.created;
}

static uint64_t changed(const struct pool_metrics *m)
{
	return (uint64_t)m->state.changed;
}

static uint64_t leased(const struct family *family)
{
	return family->leased;
}

static uint64_t cooling(const struct family *family)
{
	return family->cooling;
}

static uint64_t kept(const struct family *family)
{
	return family->kept;
}

static uint64_t capacity(const struct family *family)
{
	return family->range.usable;
}

static uint64_t excluded(const struct family *family)
{
	return family->range.excluded;
}

static const struct metric {
	const char *name, *help;
	value_fn *value;
	family_value_fn *family_value; /* one for each family */
	bool needs_ranges;
} metrics[] = {
	{ "readable", "1 if the pool could be opened, 0 if not.", readable, NULL, false },
	{ "attachments", "Interfaces that hold addresses.", attachments, NULL, false },
	{ "addresses_leased", "Addresses that are leased.", NULL, leased, false },
	{ "addresses_cooling", "Released addresses that wait for their reuse.", NULL, cooling,
		false },
	{ "addresses_kept", "Addresses that pods keep until they come back or the pool runs dry.",
		NULL, kept, false },
	{ "addresses_capacity", "Addresses that the recorded ranges can give.", NULL, capacity,
		true },
	{ "addresses_excluded", "Addresses of the ranges that are never given.", NULL, excluded,
		true },
	{ "deferred_releases", "Releases that wait for being written.", deferred, NULL, false },
	{ "journal_bytes", "Size of the journal.", journal_bytes, NULL, false },
	{ "snapshot_bytes", "Size of the snapshot.", snapshot_bytes, NULL, false },
	{ "format_version", "Version of the format of the files.", format_version, NULL, false },
	{ "created_timestamp_seconds", "When the pool was made, since the epoch.", created, NULL,
		false },
	{ "changed_timestamp_seconds", "When a lease changed last, since the epoch.", changed, NULL,
		false },
};

/* Pool names need no escapes: letters, digits, '_', '.' and '-'. */
static void print_metric(const struct metric *metric, const struct pool_metrics *pools, size_t n)
{
	printf("# HELP fabric_cni_pool_%s %s\n# TYPE fabric_cni_pool_%s gauge\n", metric->name,
		metric->help, metric->name);
	for (size_t i = 0; i < n; i++) {
		struct family family[2];
		int count = families(&pools[i].state, family);

		if (!pools[i].readable && metric->value != readable)
			continue;
		if (metric->value)
			printf("fabric_cni_pool_%s{pool=\"%s\"} %" PRIu64 "\n", metric->name,
				pools[i].pool, metric->value(&pools[i]));
		for (int k = 0; metric->family_value && k < count; k++)
			if (!metric->needs_ranges || pools[i].state.known)
				printf("fabric_cni_pool_%s{pool=\"%s\",family=\"%s\"} %" PRIu64
				       "\n",
					metric->name, pools[i].pool, family[k].name,
					metric->family_value(&family[k]));
	}
}

int poolctl_metrics(const struct poolctl *tool)
{
	CLEANUP(freep) struct pool_metrics *states = NULL;
	CLEANUP(freep) char **pools = poolctl_list(tool);
	int status = POOLCTL_OK;
	size_t n = 0;

	while (pools && pools[n])
		n++;
	states = calloc(n + 1, sizeof(*states));
	if (!pools || !states)
		return POOLCTL_FAILED;
	for (size_t i = 0; i < n; i++) {
		struct cni_error err = { 0 };

		states[i].pool = pools[i];
		states[i].readable = !poolctl_state(tool, pools[i], &states[i].state, &err);
		if (!states[i].readable)
			status = poolctl_complain("%s", err.msg);
	}
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics); i++)
		print_metric(&metrics[i], states, n);
	return fflush(stdout) || ferror(stdout) ? POOLCTL_FAILED : status;
}
