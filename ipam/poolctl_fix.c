/* SPDX-License-Identifier: Apache-2.0 */
/* poolctl check --fix: files, index and leases, once the text is right. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ipam/poolctl_check.h"
#include "ipam/reclaim.h"

/* ---- Files ---- */

void check_said(const struct check *check, const char *what)
{
	fprintf(stderr, "Pool %s: %s.\n", check->pool, what);
}

static void fix_mode(struct check *check, const char *name, mode_t mode)
{
	const char *path = store_path(check->store, name);
	struct stat status;

	if (lstat(path, &status) < 0 || S_ISLNK(status.st_mode))
		return;
	if ((status.st_mode & 077 && chmod(path, mode) < 0) ||
		(status.st_uid != geteuid() && chown(path, geteuid(), getegid()) < 0))
		poolctl_complain("change mode or owner of %s: %s", path, strerror(errno));
}

static void fix_files(struct check *check)
{
	static const char *const left_over[] = { "leases.tmp", "index.tmp", ".ranges" };
	static const char *const own[] = { "lock", "leases", "journal", "index", "ranges" };

	for (size_t i = 0; i < sizeof(left_over) / sizeof(*left_over); i++)
		unlink(store_path(check->store, left_over[i]));
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		fix_mode(check, own[i], 0600);
	fix_mode(check, "pending-del", 0700);
	fix_mode(check, ".", 0700);
	check_said(check, "modes, owners and left-over files are in order");
}

/* ---- Leases ---- */

struct sweep {
	size_t ended;
	struct cni_error *err;
};

static int end_dead(struct store *store, const struct lease *lease, void *data)
{
	struct sweep *sweep = data;

	if (!reclaim_is_dead(lease))
		return 0;
	sweep->ended++;
	return store_release(store, lease, sweep->err);
}

/* From here on it is a store like any other; as host-local's it changes those files, too. */
static int fix_store(struct check *check)
{
	struct sweep sweep = { .err = &check->err };
	struct store *store = check->store;
	int rc = mirror_open(store, false, &check->err), settled = 0;
	int64_t deadline = 0;

	if (rc > 0)
		rc = store_load(store, false, &check->err);
	if (rc <= 0)
		return rc;
	if (mirror_lock(store, check->tool->lock_timeout_ms, &deadline, &check->err) < 0)
		return -1;
	if (check->repairs & REPAIR_RANGES) {
		recorded_forget(store);
		check_said(check, "the file \"ranges\" is removed, the next ADD writes it anew");
	}
	if (!(check->repairs & REPAIR_DEAD))
		return 0;
	settled = store_settle(store, NULL, &check->err);
	if (settled < 0 || store_each(store, end_dead, &sweep, &check->err) < 0)
		return -1;
	fprintf(stderr,
		"Pool %s: %zu leases of the dead ended, %d deferred releases made up "
		"for.\n",
		check->pool, sweep.ended, settled);
	return 0;
}

int check_fix(struct check *check)
{
	if (check->repairs & REPAIR_FILES)
		fix_files(check);
	if (check->repairs & REPAIR_TEXT || check->blocked) {
		int rc = check_fix_text(check);

		if (rc)
			return rc < 0 ? -1 : 0;
	}
	if (check->repairs & REPAIR_INDEX) {
		unlink(store_path(check->store, "index"));
		check_said(check, "the index is removed, it is made anew from the text");
	}
	return fix_store(check);
}
