/* SPDX-License-Identifier: Apache-2.0 */
/* Pools as a whole: which there are, how full they are. Nothing here is linear in the leases. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cni/file.h"
#include "ipam/poolctl.h"
#include "ipam/store_impl.h"

static int is_pool(const struct dirent *entry)
{
	return cni_request_is_name(entry->d_name);
}

static char **copy_names(struct dirent **entries, int n)
{
	size_t size = ((size_t)n + 1) * sizeof(char *);
	char **names, *text;

	for (int i = 0; i < n; i++)
		size += strlen(entries[i]->d_name) + 1;
	names = calloc(1, size);
	if (!names)
		return NULL;
	text = (char *)(names + n + 1);
	for (int i = 0; i < n; i++) {
		names[i] = text;
		text = stpcpy(text, entries[i]->d_name) + 1;
	}
	return names;
}

char **poolctl_list(const struct poolctl *tool)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX], **names;
	int n;

	snprintf(path, sizeof(path), "%s/ipam", tool->data_dir);
	n = scandir(path, &entries, is_pool, alphasort);
	if (n < 0 && errno != ENOENT) {
		poolctl_complain("cannot list the pools in %s: %s", path, strerror(errno));
		return NULL;
	}
	if (n < 0)
		n = 0;
	names = copy_names(entries, n);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	if (!names)
		poolctl_complain("out of memory for the names of the pools");
	return names;
}

int poolctl_open(
	const struct poolctl *tool, const char *pool, struct store **store, struct cni_error *err)
{
	const struct store_options options = {
		.directory = tool->data_dir,
		.pool = pool,
		.lock_timeout_ms = tool->lock_timeout_ms,
		.reuse_delay_ms = POOLCTL_FOREVER_MS,
	};

	if (store_open(store, &options, err) < 0)
		return -1;
	if (*store)
		return 0;
	return cni_fail(err, CNI_INVALID_CONFIG,
		"there is no pool \"%s\" in %s/ipam; \"poolctl pools\" lists them, --data-dir is "
		"for pools elsewhere",
		pool, tool->data_dir);
}

int poolctl_ranges(const struct poolctl *tool, struct store *store, struct recorded *recorded,
	struct cni_error *err)
{
	*recorded = (struct recorded){ 0 };
	if (tool->config)
		return recorded_read_config(tool->config, store->pool, recorded, err);
	return recorded_read(store, recorded, err);
}

/* ---- Capacity: networks may share ranges, which count once ---- */

struct spans {
	struct span *list;
	size_t n;
	bool failed;
};

static void add_span(struct spans *spans, struct span span)
{
	struct span *grown = reallocarray(spans->list, spans->n + 1, sizeof(span));

	if (!grown) {
		spans->failed = true;
		return;
	}
	spans->list = grown;
	grown[spans->n++] = span;
}

static int by_first(const void *a, const void *b)
{
	const struct span *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* All that is in one of them. Ends the list. */
static uint64_t count_union(struct spans *spans)
{
	uint64_t count = 0;
	u128 next = 0;

	if (spans->n)
		qsort(spans->list, spans->n, sizeof(struct span), by_first);
	for (size_t i = 0; i < spans->n; i++) {
		struct span span = spans->list[i];

		if (i && span.first < next)
			span.first = next;
		if (i && span.last < next)
			continue;
		count = add(count, span_count(span));
		next = span.last + 1;
		/* The highest address of all. */
		if (!next)
			break;
	}
	free(spans->list);
	return count;
}

static void add_range(struct spans *usable, struct spans *excluded, const struct range *range)
{
	struct span rest = range->usable, gap;

	while (range_next_gap(range, &rest, &gap))
		add_span(usable, gap);
	for (size_t i = 0; i < range->n_excluded; i++)
		add_span(excluded, range->excluded[i]);
}

static int count_family(const struct recorded *recorded, uint8_t family, struct range_counts *out)
{
	struct spans usable = { 0 }, excluded = { 0 };

	for (size_t n = 0; n < recorded->n_networks; n++) {
		const struct range_sets *sets = &recorded->networks[n].sets;

		for (size_t i = 0; i < sets->n_sets; i++)
			for (size_t k = 0; k < sets->sets[i].n_ranges; k++)
				if (sets->sets[i].ranges[k].subnet.family == family)
					add_range(&usable, &excluded, &sets->sets[i].ranges[k]);
	}
	out->usable = count_union(&usable);
	out->excluded = count_union(&excluded);
	return usable.failed || excluded.failed ? -1 : 0;
}

/* ---- State ---- */

static void look_at_files(struct store *store, struct pool_state *state)
{
	struct stat status;

	if (!fstat(store->journal, &status)) {
		state->journal_bytes = (uint64_t)status.st_size;
		state->changed = status.st_mtim.tv_sec;
	}
	if (!stat(store_path(store, "leases"), &status))
		state->snapshot_bytes = (uint64_t)status.st_size;
	/* The lock is made once and never written. */
	if (file_created(store->lock, "", &state->created) < 0 && !fstat(store->lock, &status))
		state->created = status.st_mtim.tv_sec;
}

int poolctl_state(const struct poolctl *tool, const char *pool, struct pool_state *state,
	struct cni_error *err)
{
	CLEANUP(recorded_done) struct recorded recorded = { 0 };
	CLEANUP(store_closep) struct store *store = NULL;
	struct cni_error no_ranges = { 0 };

	*state = (struct pool_state){ 0 };
	if (poolctl_open(tool, pool, &store, err) < 0)
		return -1;
	state->counts = store_counts(store);
	state->deferred = store_deferred(store);
	look_at_files(store, state);
	/* A file that is broken is check's affair; one that was asked for is not. */
	if (poolctl_ranges(tool, store, &recorded, &no_ranges) < 0 && tool->config) {
		*err = no_ranges;
		return -1;
	}
	state->known = recorded.n_networks > 0;
	if (count_family(&recorded, AF_INET, &state->ipv4) < 0 ||
		count_family(&recorded, AF_INET6, &state->ipv6) < 0)
		return cni_fail(
			err, CNI_INTERNAL, "out of memory for the ranges of pool \"%s\"", pool);
	state->has_ipv4 =
		state->ipv4.usable || state->counts.ipv4_leased || state->counts.ipv4_kept;
	state->has_ipv6 = state->ipv6.usable || state->counts.leased > state->counts.ipv4_leased ||
			  state->counts.kept > state->counts.ipv4_kept;
	return 0;
}
