/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a pool and its leases against everything around them. */
#include <dirent.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cni/boot.h"
#include "ipam/poolctl_check.h"
#include "ipam/reclaim.h"

/* ---- Files ---- */

static const struct {
	const char *name;
	bool left_over; /* of a killed process */
} files[] = { { "lock", false }, { "leases", false }, { "journal", false }, { "index", false },
	{ "ranges", false }, { "pending-del", false }, { "leases.tmp", true },
	{ "index.tmp", true }, { ".ranges", true } };

static int find_file(const char *name)
{
	for (int i = 0; i < (int)(sizeof(files) / sizeof(*files)); i++)
		if (!strcmp(files[i].name, name))
			return i;
	return -1;
}

static void check_file(struct check *check, const char *name, uid_t owner)
{
	const char *path = store_path(check->store, name);
	bool is_directory = !strcmp(name, "pending-del") || !strcmp(name, ".");
	struct stat status;
	int known = find_file(name);

	if (lstat(path, &status) < 0)
		return;
	if (strcmp(name, ".") != 0 && known < 0) {
		check_tell(check, KIND_FOREIGN, 0,
			"%s is none of the pool's files: look what it "
			"is, and move it away",
			path);
		return;
	}
	if (known >= 0 && files[known].left_over)
		check_tell(check, KIND_LEFTOVER, REPAIR_FILES,
			"%s was left by a process that was killed", path);
	else if (is_directory ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode))
		check_tell(check, KIND_FOREIGN, 0, "%s is no %s: move it away", path,
			is_directory ? "directory" : "regular file");
	else if (status.st_mode & 077)
		check_tell(check, KIND_MODE, REPAIR_FILES,
			"%s has mode %04o: others than the owner can get at it", path,
			status.st_mode & 07777);
	if (status.st_uid != owner)
		check_tell(check, KIND_OWNER, geteuid() ? 0 : REPAIR_FILES,
			"%s belongs to user %u, not to %u", path, status.st_uid, owner);
}

void check_files(struct check *check)
{
	DIR *directory = opendir(store_path(check->store, "."));
	struct dirent *entry;

	check_file(check, ".", geteuid());
	while (directory && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			check_file(check, entry->d_name, geteuid());
	if (directory)
		closedir(directory);
}

/* ---- Leases ---- */

/* What the runtime has cached, sorted: "<network>-<container ID>-<interface>". */
struct cache {
	struct dirent **entries;
	int n;
};

static int any_file(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static int compare_entry(const void *name, const void *entry)
{
	return strcmp(name, (*(struct dirent *const *)entry)->d_name);
}

static bool has_result(const struct cache *cache, const char *name)
{
	return cache->n > 0 && bsearch(name, cache->entries, (size_t)cache->n,
				       sizeof(struct dirent *), compare_entry);
}

/* Does the runtime cache the results of this network at all? */
static bool is_cached(const struct cache *cache, const char *network)
{
	size_t length = strlen(network);

	for (int i = 0; i < cache->n; i++)
		if (!strncmp(cache->entries[i]->d_name, network, length) &&
			cache->entries[i]->d_name[length] == '-')
			return true;
	return false;
}

static void check_orphan(struct check *check, const struct lease *lease, const struct cache *cache)
{
	char name[3 * LEASE_TEXT_MAX + 4];

	if (!lease->network || !is_cached(cache, lease->network))
		return;
	snprintf(
		name, sizeof(name), "%s-%s-%s", lease->network, lease->container_id, lease->ifname);
	if (!has_result(cache, name))
		check_tell(check, KIND_ORPHAN, 0,
			"%s %s has a lease and no result in %s: if the container is gone, "
			"\"poolctl release %s %s\"",
			lease->container_id, lease->ifname, check->tool->cache_dir, check->pool,
			lease->container_id);
}

static bool is_inside(const struct recorded *recorded, u128 address)
{
	for (size_t n = 0; n < recorded->n_networks; n++) {
		const struct range_sets *sets = &recorded->networks[n].sets;

		for (size_t i = 0; i < sets->n_sets; i++)
			if (range_set_find(&sets->sets[i], address))
				return true;
	}
	return false;
}

static void check_ranges(struct check *check, const struct lease *lease)
{
	char text[IP_TEXT];

	for (size_t i = 0; check->recorded.n_networks && i < lease->n_addresses; i++) {
		if (is_inside(&check->recorded, ip_number(&lease->addresses[i])))
			continue;
		if (lease_is_kept(lease))
			check_tell(check, KIND_OUTSIDE, 0,
				"%s, kept for %s %s, is outside every range: the ranges have "
				"changed; \"poolctl release %s %s\" ends it",
				ip_print(&lease->addresses[i], text), lease->pod, lease->ifname,
				check->pool, lease->container_id);
		else
			check_tell(check, KIND_OUTSIDE, 0,
				"%s of %s %s is outside every range: the ranges have changed, or "
				"the pod had some of its own; it ends with its container",
				ip_print(&lease->addresses[i], text), lease->container_id,
				lease->ifname);
	}
}

static void check_owner(struct check *check, const struct lease *lease, const struct cache *cache)
{
	const char *boot = boot_id();

	if (lease_is_kept(lease))
		return;
	if (!reclaim_is_dead(lease))
		check_orphan(check, lease, cache);
	else if (lease->boot && *lease->boot && strcmp(lease->boot, boot) != 0)
		check_tell(check, KIND_OLD_BOOT, REPAIR_DEAD,
			"%s %s has a lease from before the last boot", lease->container_id,
			lease->ifname);
	else
		check_tell(check, KIND_DEAD, REPAIR_DEAD,
			"%s %s has a lease, and its network namespace %s is gone or another one",
			lease->container_id, lease->ifname, lease->netns);
}

/* Where the next search begins: outside of the ranges it is the first address. */
static void check_cursors(struct check *check)
{
	for (size_t i = 0; i < RANGE_SETS_MAX; i++) {
		u128 address = (u128)check->cursors[i].high << 64 | check->cursors[i].low;
		struct ip ip = ip_from_number(address, 0);
		char text[IP_TEXT];

		if (check->cursors[i].is_set && check->recorded.n_networks &&
			!recorded_spans(&check->recorded, address))
			check_tell(check, KIND_CURSOR, REPAIR_TEXT,
				"the cursor of set %zu, %s, is outside every range", i,
				ip_print(&ip, text));
	}
}

void check_leases(struct check *check)
{
	struct progress progress = { .what = "leases", .total = check->model.header->leases.live };
	struct cni_error err = { 0 };
	struct cache cache = { 0 };
	unsigned int deferred = store_deferred(check->store);

	cache.n = scandir(check->tool->cache_dir, &cache.entries, any_file, alphasort);
	if (poolctl_ranges(check->tool, check->store, &check->recorded, &err) < 0)
		check_tell(check, check->recorded.newer ? KIND_FORMAT : KIND_RANGES,
			check->recorded.newer || check->tool->config ? 0 : REPAIR_RANGES, "%s",
			err.msg);
	for (uint32_t n = 1; n <= check->model.header->leases.used; n++) {
		if (!index_lease(&check->model, n)->length)
			continue;
		progress_step(&progress);
		check_parse(check, n, &check->lease);
		check_ranges(check, &check->lease);
		check_owner(check, &check->lease, &cache);
	}
	progress_end(&progress);
	check_cursors(check);
	if (deferred)
		check_tell(check, KIND_DEFERRED, REPAIR_DEAD,
			"%u release%s could not be written "
			"and wait%s",
			deferred, deferred == 1 ? "" : "s", deferred == 1 ? "s" : "");
	for (int i = 0; i < cache.n; i++)
		free(cache.entries[i]);
	free(cache.entries);
}
