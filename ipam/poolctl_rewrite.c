/* SPDX-License-Identifier: Apache-2.0 */
/* poolctl check --fix: the text of a pool written anew from the model, after it has been saved. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>

#include "cni/boot.h"
#include "ipam/poolctl_check.h"

static int copy_file(const char *from, const char *to)
{
	CLEANUP(closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP(closep) int out = -1;
	ssize_t n;

	if (in < 0)
		return errno == ENOENT ? 0 : -errno;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	do
		n = sendfile(out, in, NULL, 1 << 30);
	while (n > 0);
	return n < 0 || fsync(out) < 0 ? -errno : 0;
}

/* What is repaired may be wanted once more. */
static int save(struct check *check)
{
	static const char *const names[] = { "leases", "journal", "index" };
	char directory[PATH_MAX], from[PATH_MAX], to[PATH_MAX + 16];
	int rc;

	snprintf(directory, sizeof(directory), "%s/saved", check->tool->data_dir);
	mkdir(directory, 0700);
	snprintf(directory, sizeof(directory), "%s/saved/%s-%jd-%d", check->tool->data_dir,
		check->pool, (intmax_t)time(NULL), (int)getpid());
	if (mkdir(directory, 0700) < 0)
		return cni_fail_errno(&check->err, CNI_IO_FAILURE, -errno, NULL,
			"make %s, to save the files as they are (nothing was repaired)", directory);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(from, sizeof(from), "%s", store_path(check->store, names[i]));
		snprintf(to, sizeof(to), "%s/%s", directory, names[i]);
		rc = copy_file(from, to);
		if (rc < 0)
			return cni_fail_errno(&check->err, CNI_IO_FAILURE, rc, NULL,
				"save %s to %s (nothing was repaired)", from, to);
	}
	fprintf(stderr, "Pool %s: the files as they were are in %s.\n", check->pool, directory);
	return 0;
}

struct writing {
	struct check *check;
	FILE *out;
	int64_t lines;
	bool failed;
};

static void put_record(struct writing *w, const struct record *record)
{
	char line[LEASE_LINE_MAX];
	size_t length = record_print(record, line);

	w->failed |= !length || fwrite(line, 1, length, w->out) != length;
	w->lines++;
}

/* A lease of nobody, until the next boot: who had the address may still have it. */
static void put_lost(struct check *check, u128 address, void *data)
{
	struct ip ip = ip_whole(address);
	char text[IP_TEXT], name[IP_TEXT + 8], *at;
	struct writing *w = data;
	struct record record;

	memset(&record, 0, RECORD_FIELDS);
	/* A container ID has no ':'. */
	snprintf(name, sizeof(name), "lost-%s", ip_print(&ip, text));
	while ((at = strchr(name, ':')))
		*at = '_';
	record.op = RECORD_ADD;
	record.seq = check->seq;
	record.lease.container_id = name;
	record.lease.ifname = "lost";
	record.lease.boot = boot_id();
	record.lease.time = time(NULL);
	record.lease.n_addresses = 1;
	record.lease.addresses[0] = ip;
	record.lease.fixed = 1;
	put_record(w, &record);
	fprintf(stderr,
		"Pool %s: %s stays leased, to %s: its lease is lost. Release it once no "
		"container has the address; the next boot does, too.\n",
		check->pool, text, name);
}

static bool put_cooling(u128 address, int64_t released, void *data)
{
	struct writing *w = data;
	struct record record;
	char cool[COOL_TEXT];
	int64_t other;

	if (index_holder(&w->check->model, address, &other))
		return false;
	cool_describe(&record, address, released, cool);
	put_record(w, &record);
	return false;
}

static void put_cursors(struct writing *w)
{
	const struct check *check = w->check;

	for (int64_t set = 0; set < RANGE_SETS_MAX; set++) {
		u128 address = (u128)check->cursors[set].high << 64 | check->cursors[set].low;
		struct record record = { .op = RECORD_CURSOR, .set = set };

		if (!check->cursors[set].is_set ||
			(check->recorded.n_networks && !recorded_spans(&check->recorded, address)))
			continue;
		record.lease.n_addresses = 1;
		record.lease.addresses[0] = ip_whole(address);
		put_record(w, &record);
	}
}

struct numbered {
	int64_t seq;
	uint32_t lease;
};

static int by_seq(const void *a, const void *b)
{
	const struct numbered *left = a, *right = b;

	return (left->seq > right->seq) - (left->seq < right->seq);
}

/*
 * In the order of the transactions, in which the file is read again: a lease that took another's
 * place ends that one only if it is the older.
 */
static void put_leases(struct writing *w)
{
	struct check *check = w->check;
	const struct index_pool *leases = &check->model.header->leases;
	CLEANUP(freep) struct numbered *list = calloc(leases->live + (size_t)1, sizeof(*list));
	size_t count = 0;

	w->failed |= !list;
	for (uint32_t n = 1; list && n <= leases->used; n++) {
		if (!index_lease(&check->model, n)->length)
			continue;
		check_parse(check, n, &check->lease);
		list[count++] = (struct numbered){ check->lease.seq, n };
	}
	if (count)
		qsort(list, count, sizeof(*list), by_seq);
	for (size_t i = 0; i < count; i++) {
		const struct model_line *line = &check->lines[list[i].lease];

		w->failed |= fwrite(line->text, 1, line->length, w->out) != line->length;
		w->lines++;
	}
}

static void put_all(struct writing *w)
{
	struct check *check = w->check;
	const struct record header = {
		.op = RECORD_HEADER,
		.format = RECORD_FORMAT,
		.file = "leases",
		.pool = check->pool,
		.seq = check->seq,
	};
	struct index index = { 0 };

	put_record(w, &header);
	put_cursors(w);
	if (check_open_index(check, &index)) {
		index_each_cooling(&index, put_cooling, w);
		index_close(&index);
	}
	put_leases(w);
	if (check->lost)
		check_each_lost(check, put_lost, w);
	put_record(w, &(struct record){ .op = RECORD_END, .lines = w->lines - 1 });
}

/* 0 or -1: then there is the old one. */
static int write_snapshot(struct check *check)
{
	struct writing w = { .check = check };
	char tmp[PATH_MAX];
	int rc = 0;

	snprintf(tmp, sizeof(tmp), "%s", store_path(check->store, "leases.tmp"));
	w.out = fopen(tmp, "we");
	if (w.out)
		put_all(&w);
	if (!w.out || w.failed || fflush(w.out) || fsync(fileno(w.out)) < 0 ||
		fchmod(fileno(w.out), 0600) < 0 ||
		rename(tmp, store_path(check->store, "leases")) < 0)
		rc = cni_fail_errno(&check->err, CNI_IO_FAILURE, -errno, NULL,
			"write %s (nothing was repaired)", tmp);
	if (w.out)
		fclose(w.out);
	if (rc < 0)
		unlink(tmp);
	return rc;
}

/*
 * The snapshot first: until the journal is empty its lines are of before that and skipped. What the
 * index has seen counts, so that no number is used twice.
 */
static int write_text(struct check *check)
{
	struct index index = { 0 };
	int rc;

	if (check_open_index(check, &index)) {
		if (index.header->cover.seq > check->seq)
			check->seq = index.header->cover.seq;
		index_close(&index);
	}
	if (write_snapshot(check) < 0)
		return -1;
	rc = store_sync(check->store);
	if (rc < 0)
		return cni_fail_errno(&check->err, CNI_IO_FAILURE, rc, NULL,
			"write the name of %s to the disk (the journal was not emptied)",
			store_path(check->store, "leases"));
	if (truncate(store_path(check->store, "journal"), 0) < 0 && errno != ENOENT)
		return cni_fail_errno(&check->err, CNI_IO_FAILURE, -errno, NULL, "empty %s",
			store_path(check->store, "journal"));
	unlink(store_path(check->store, "index"));
	return 0;
}

int check_fix_text(struct check *check)
{
	int lost = check->lost ? check_each_lost(check, NULL, NULL) : 0;

	if (check->blocked) {
		check_said(check, "the text stays as it is: delete one of the two pods that have "
				  "one address, then check again");
		return 1;
	}
	if (lost < 0) {
		check_said(check, "the text stays as it is: lines are lost, and there is no index "
				  "of this boot that knows what they leased. Restore the files, or "
				  "remove the directory once no pod uses the pool");
		return 1;
	}
	if (save(check) < 0 || write_text(check) < 0)
		return -1;
	fprintf(stderr, "Pool %s: leases and journal are written anew, with %u leases.\n",
		check->pool, check->model.header->leases.live + (uint32_t)lost);
	return 0;
}
