/* SPDX-License-Identifier: Apache-2.0 */
/* poolctl check: findings, and the order of looking, asking and repairing. */
#include "ipam/poolctl_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Of one kind; the rest is counted. */
#define SHOWN_MAX 20

static const struct {
	const char *name;
	bool is_error;
} kinds[] = {
	[KIND_FORMAT] = { "format", true },
	[KIND_CRC] = { "checksum", true },
	[KIND_DAMAGED] = { "damaged-line", true },
	[KIND_TAIL] = { "torn-tail", false },
	[KIND_GAP] = { "gap", true },
	[KIND_TRAILER] = { "trailer", true },
	[KIND_RECORD] = { "record", true },
	[KIND_DUPLICATE] = { "leased-twice", true },
	[KIND_SECOND] = { "second-lease", true },
	[KIND_INDEX] = { "index", true },
	[KIND_MODE] = { "mode", true },
	[KIND_OWNER] = { "owner", true },
	[KIND_FOREIGN] = { "foreign-file", false },
	[KIND_LEFTOVER] = { "left-over", false },
	[KIND_RANGES] = { "ranges", false },
	[KIND_OUTSIDE] = { "outside", false },
	[KIND_CURSOR] = { "cursor", false },
	[KIND_OLD_BOOT] = { "old-boot", false },
	[KIND_DEAD] = { "dead", false },
	[KIND_ORPHAN] = { "orphan", false },
	[KIND_DEFERRED] = { "deferred", false },
	[KIND_MISSING] = { "missing", true },
};

static void put_json(struct check *check, enum kind kind, bool fixable, const char *message)
{
	json_open(check->w, NULL, '{');
	json_put_string(check->w, "pool", check->pool);
	json_put_string(check->w, "level", kinds[kind].is_error ? "error" : "warning");
	json_put_string(check->w, "kind", kinds[kind].name);
	json_put_bool(check->w, "fixable", fixable);
	json_put_string(check->w, "message", message);
	json_close(check->w, '}');
}

static void say(const struct check *check, enum kind kind, char *message)
{
	poolctl_disarm(message);
	printf("%s: %s: %s: %s\n", check->pool, kinds[kind].is_error ? "error" : "warning",
		kinds[kind].name, message);
}

void check_tell(struct check *check, enum kind kind, unsigned int repair, const char *format, ...)
{
	CLEANUP(freep) char *message = NULL;
	va_list ap;
	int length;

	check->findings++;
	check->repairs |= repair;
	check->unfixable += !repair;
	check->blocked |= !repair && (kind == KIND_DUPLICATE || kind == KIND_SECOND);
	if (check->quiet || check->shown[kind]++ >= SHOWN_MAX)
		return;
	va_start(ap, format);
	length = vasprintf(&message, format, ap);
	va_end(ap);
	if (length < 0)
		message = NULL;
	else if (check->tool->json)
		put_json(check, kind, repair != 0, message);
	else
		say(check, kind, message);
}

static void tell_rest(const struct check *check)
{
	for (size_t i = 0; !check->quiet && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (check->shown[i] > SHOWN_MAX)
			fprintf(stderr, "%s: %s: %zu more of these\n", check->pool, kinds[i].name,
				check->shown[i] - SHOWN_MAX);
}

static void check_done(struct check *check)
{
	for (size_t i = 0; check->lines && i < check->n_lines; i++)
		free(check->lines[i].text);
	free(check->lines);
	index_close(&check->model);
	recorded_done(&check->recorded);
	store_closep(&check->store);
}

/* 0 or -1: nothing could be found out. */
static int look(struct check *check)
{
	if (check_scan(check) < 0)
		return -1;
	check_files(check);
	if (check->newer)
		return 0;
	check_index(check);
	check_leases(check);
	tell_rest(check);
	return 0;
}

/* One look under the lock, and the repairs where they are wanted. */
static int visit(struct check *check, bool fix)
{
	const struct store_options options = {
		.directory = check->tool->data_dir,
		.pool = check->pool,
		.lock_timeout_ms = check->tool->lock_timeout_ms,
		.reuse_delay_ms = POOLCTL_FOREVER_MS,
	};
	int rc = store_open_lock(&check->store, &options, &check->err);

	if (!rc)
		return cni_fail(&check->err, CNI_INVALID_CONFIG,
			"there is no pool \"%s\" in %s/ipam; \"poolctl pools\" lists them",
			check->pool, check->tool->data_dir);
	if (rc < 0 || look(check) < 0)
		return -1;
	return fix && !check->newer ? check_fix(check) : 0;
}

struct result {
	size_t findings, unfixable;
	unsigned int repairs;
	bool newer;
};

static int look_at(const struct poolctl *tool, const char *pool, struct json_writer *w, bool fix,
	bool quiet, struct result *result)
{
	CLEANUP(freep) struct check *check = calloc(1, sizeof(*check));
	int rc;

	if (!check)
		return poolctl_complain("out of memory to check pool \"%s\"", pool), -1;
	check->tool = tool;
	check->pool = pool;
	check->w = w;
	check->quiet = quiet;
	rc = visit(check, fix);
	*result =
		(struct result){ check->findings, check->unfixable, check->repairs, check->newer };
	if (rc < 0)
		poolctl_complain("%s", check->err.msg);
	check_done(check);
	return rc;
}

static void summary(const char *pool, const struct result *result)
{
	fprintf(stderr, "Pool %s: %zu finding%s%s.\n", pool, result->findings,
		result->findings == 1 ? "" : "s", result->newer ? "; it was left alone" : "");
}

static int check_pool(const struct poolctl *tool, const char *pool, struct json_writer *w)
{
	struct result result;

	if (look_at(tool, pool, w, false, false, &result) < 0)
		return POOLCTL_FAILED;
	summary(pool, &result);
	if (!result.findings)
		return POOLCTL_OK;
	if (!tool->fix || !result.repairs || result.newer)
		return POOLCTL_FOUND;
	if (!poolctl_confirm(
		    tool, "repair what can be repaired of the findings above in pool %s", pool))
		return tool->dry_run ? POOLCTL_FOUND : POOLCTL_REFUSED;
	/* Both look again: pods have come and gone meanwhile. */
	if (look_at(tool, pool, w, true, true, &result) < 0 ||
		look_at(tool, pool, w, false, true, &result) < 0)
		return POOLCTL_FAILED;
	fprintf(stderr, "Pool %s: %zu finding%s left.\n", pool, result.findings,
		result.findings == 1 ? "" : "s");
	return result.findings ? POOLCTL_FOUND : POOLCTL_OK;
}

int poolctl_check(const struct poolctl *tool)
{
	CLEANUP(freep) char **pools = tool->n_operands ? NULL : poolctl_list(tool);
	struct json_writer w = { .indent = 4 };
	int status = POOLCTL_OK, one;

	if (!pools && !tool->n_operands)
		return POOLCTL_FAILED;
	json_open(&w, NULL, '{');
	json_open(&w, "findings", '[');
	if (tool->n_operands)
		status = check_pool(tool, tool->operands[0], &w);
	for (size_t i = 0; pools && pools[i]; i++) {
		one = check_pool(tool, pools[i], &w);
		/* A failure counts more than findings. */
		if (one && status != POOLCTL_FAILED)
			status = one;
	}
	json_close(&w, ']');
	json_close(&w, '}');
	if (!tool->json) {
		json_writer_done(&w);
		return fflush(stdout) || ferror(stdout) ? POOLCTL_FAILED : status;
	}
	one = poolctl_print_json(&w);
	return status ? status : one;
}
