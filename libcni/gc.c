/* SPDX-License-Identifier: Apache-2.0 */
/* What the cache knows, and the removal of what nobody claims. */
#include <string.h>

#include "libcni/cache.h"
#include "libcni/report.h"

int libcni_attachments(const struct libcni_runtime *runtime,
	int (*each)(void *data, const struct libcni_cached *), void *data, struct libcni_error *out)
{
	struct cni_error err = { 0 };
	int rc = cache_each(runtime->cache_dir, each, data, &err);

	return err.code ? report(out, &err, NULL) : rc;
}

struct collection {
	struct invocation run;
	struct libcni_error failures; /* code 0: none */
};

static bool is_valid(const struct invocation *run, const struct libcni_attachment *at)
{
	for (size_t i = 0; i < run->n_valid; i++)
		if (!strcmp(text_or_empty(run->valid[i].container_id), at->container_id) &&
			!strcmp(text_or_empty(run->valid[i].ifname), at->ifname))
			return true;
	return false;
}

static int delete_if_stale(void *data, const struct libcni_cached *cached)
{
	struct collection *collection = data;
	const struct invocation *run = &collection->run;
	struct libcni_error err;

	if (strcmp(cached->network, run->list->name) != 0 || is_valid(run, &cached->at))
		return 0;
	if (libcni_del(run->runtime, run->list, &cached->at, &err) < 0)
		report_join(&collection->failures, &err,
			"failed to delete stale attachment %s %s: ", cached->at.container_id,
			cached->at.ifname);
	return 0;
}

static void collect_in_plugins(struct collection *collection)
{
	struct invocation *run = &collection->run;
	struct libcni_error plain;
	struct cni_error err;

	json_each (object, run->list->plugins) {
		if (!invoke_silent(run, object, NULL, &err))
			continue;
		report(&plain, &err, NULL);
		report_join(&collection->failures, &plain,
			"failed to GC plugin %.200s: ", run->plugin.type);
	}
}

int libcni_gc(const struct libcni_runtime *runtime, const struct libcni_list *list,
	const struct libcni_attachment *valid, size_t count, struct libcni_error *out)
{
	struct collection collection = { .run = { .command = CNI_GC,
						 .runtime = runtime,
						 .list = list,
						 .valid = valid,
						 .n_valid = count } };
	struct libcni_error unread;
	struct cni_error err;

	if (list->disable_gc)
		return 0;
	if (invoke_check_name(list, &err) < 0)
		return report(out, &err, NULL);
	if (libcni_attachments(runtime, delete_if_stale, &collection, &unread) < 0)
		report_join(&collection.failures, &unread, "failed to find stale attachments: ");
	if (list->version >= CNI_1_1_0)
		collect_in_plugins(&collection);
	if (!collection.failures.code)
		return 0;
	*out = collection.failures;
	return -1;
}
