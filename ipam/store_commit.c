/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cni/boot.h"
#include "ipam/store_impl.h"

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

const char *cool_print(int64_t released, char out[COOL_TEXT])
{
	if (released < 0)
		return NULL;
	snprintf(out, COOL_TEXT, "%" PRId64 "@%s", released, boot_id());
	return out;
}

void cool_describe(struct record *record, u128 address, int64_t released, char text[COOL_TEXT])
{
	memset(record, 0, RECORD_FIELDS);
	record->op = RECORD_COOL;
	record->cool = cool_print(released, text);
	record->lease.n_addresses = 1;
	record->lease.addresses[0] = ip_whole(address);
}

int journal_slack(struct store *store, uint64_t end)
{
	uint64_t step = end / STORE_SLACK * STORE_SLACK;

	if (!fallocate(store->journal, FALLOC_FL_KEEP_SIZE, (off_t)step,
		    2 * (off_t)STORE_SLACK))
		return 0;
	return errno == EOPNOTSUPP ? 0 : -errno;
}

static int cannot_write(struct store *store, int rc, struct cni_error *err)
{
	return cni_fail_errno(err, CNI_IO_FAILURE, rc, NULL, "write %s (nothing was changed)",
		store_path(store, "journal"));
}

/* One system call, unless a limit or a full disk cuts it short: the second one tells which. */
static int write_line(int fd, const char *line, size_t length, uint64_t offset)
{
	for (ssize_t n; length; line += n, length -= (size_t)n, offset += (uint64_t)n) {
		n = pwrite(fd, line, length, (off_t)offset);
		if (n < 0)
			return -errno;
		if (!n)
			return -ENOSPC;
	}
	return 0;
}

/* The commit. An attachment's lease does not take the slack that is kept for releases. */
static int append(struct store *store, const char *line, size_t length, bool release,
	struct cni_error *err)
{
	uint64_t end = store->index.header->cover.journal_end;
	int rc = 0;

	if (store->read_only || store->broken)
		return cannot_write(store, store->read_only ? -EROFS : -EIO, err);
	if (end / STORE_SLACK != (end + length) / STORE_SLACK)
		rc = journal_slack(store, end + length);
	if (!release && (rc == -ENOSPC || rc == -EDQUOT))
		return cannot_write(store, rc, err);
	rc = write_line(store->journal, line, length, end);
	if (!rc && store->durable && fdatasync(store->journal) < 0)
		rc = -errno;
	if (!rc)
		return 0;
	store->broken = ftruncate(store->journal, (off_t)end) < 0;
	return cannot_write(store, rc, err);
}

int journal_reset(struct store *store, int64_t seq, struct cni_error *err)
{
	struct record header = {
		.op = RECORD_HEADER,
		.format = RECORD_FORMAT,
		.file = "journal",
		.pool = store->pool,
		.seq = seq,
	};
	char line[LEASE_LINE_MAX];
	size_t length = record_print(&header, line);

	if (ftruncate(store->journal, 0) < 0)
		return cannot_write(store, -errno, err);
	store->index.header->cover.journal_end = 0;
	journal_slack(store, 0);
	if (append(store, line, length, true, err) < 0)
		return -1;
	store->index.header->cover.journal_end = length;
	return 0;
}

/*
 * Is the address leased to somebody whose lease does not end? The two ways in which the index knows
 * of an address must agree, because a lease that it forgot would be given out twice.
 */
static bool is_foreign(struct store *store, const struct change *change, u128 address)
{
	struct index *index = &store->index;
	int64_t released;
	uint32_t holder = index_holder(index, address, &released);

	if (index_next_free(index, (struct span){ address, address }, &address) !=
		(holder == INDEX_NONE))
		index->damaged = true;
	return holder != INDEX_NONE && holder != INDEX_COOLING && holder != change->held &&
		holder != change->replaced;
}

static int resolve_owners(struct store *store, const struct record *record, struct change *change,
	struct cni_error *err)
{
	const struct lease *lease = &record->lease;
	struct index *index = &store->index;

	change->held = change->replaced = INDEX_NONE;
	/* Mostly there is none, and the hash alone tells. */
	if ((index_owner(index, change->claim.owner, 0) || index->damaged) &&
		store_owner(store, lease->container_id, lease->ifname, &change->held,
			&store->scratch, err) < 0)
		return -1;
	if (!record->replaced_id)
		return 0;
	if (store_owner(store, record->replaced_id, text_or_empty(record->replaced_ifname),
		    &change->replaced, &store->scratch, err) < 0)
		return -1;
	if (change->replaced == change->held)
		change->replaced = INDEX_NONE;
	return 0;
}

void change_begin(struct change *change, const struct record *record)
{
	const struct lease *lease = &record->lease;

	change->claim = (struct index_claim){
		.owner = index_hash(lease->container_id, lease->ifname),
		.kept = lease_is_kept(lease),
	};
	if (lease->pod && *lease->pod)
		change->claim.pod = index_hash(lease->pod, lease->ifname);
}

int change_resolve(struct store *store, const struct record *record, struct change *change,
	size_t *conflict, struct cni_error *err)
{
	const struct lease *lease = &record->lease;
	struct index_claim *claim = &change->claim;

	if (resolve_owners(store, record, change, err) < 0)
		return -1;
	change->released = cool_parse(record->cool);
	if (record->op == RECORD_DEL)
		return 0;
	for (size_t i = 0; i < lease->n_addresses; i++) {
		change->addresses[i] = ip_number(&lease->addresses[i]);
		*conflict = i;
		if (is_foreign(store, change, change->addresses[i]))
			return 1;
		for (size_t k = 0; k < i; k++)
			if (change->addresses[k] == change->addresses[i])
				return 1;
	}
	if (store->index.damaged)
		return store_distrust(store, err);
	claim->addresses = change->addresses;
	claim->n_addresses = lease->n_addresses;
	if (index_reserve(&store->index, lease->n_addresses) < 0)
		return cni_fail(err, CNI_IO_FAILURE, "out of memory for the index of pool \"%s\"",
			store->pool);
	return 0;
}

void change_apply(struct store *store, const struct record *record, const struct change *change,
	bool cursors)
{
	struct index_header *header = store->index.header;

	if (change->held)
		index_drop(&store->index, change->held, change->released);
	if (change->replaced)
		index_drop(&store->index, change->replaced, change->released);
	if (record->op == RECORD_DEL)
		return;
	index_add(&store->index, &change->claim);
	for (size_t i = 0; cursors && i < change->claim.n_addresses; i++)
		if (!(record->lease.fixed >> i & 1))
			header->cursors[i] = (struct index_cursor){
				.high = (uint64_t)(change->addresses[i] >> 64),
				.low = (uint64_t)change->addresses[i],
				.is_set = 1,
			};
}

/* From the record to the disk to the index. */
static int commit(struct store *store, struct record *record, struct change *change,
	struct cni_error *err)
{
	struct index *index = &store->index;
	char line[LEASE_LINE_MAX];
	size_t length;

	record->seq = index->header->cover.seq + 1;
	length = record_print(record, line);
	if (!length)
		return cni_fail(err, CNI_IO_FAILURE,
			"the record of %s %s in pool \"%s\" is longer than %d bytes",
			record->lease.container_id, record->lease.ifname, store->pool,
			LEASE_LINE_MAX);
	if (mirror_begin(store, record, change, err) < 0)
		return -1;
	if (append(store, line, length, record->op == RECORD_DEL || change->claim.kept, err) < 0) {
		mirror_undo(store, record, change);
		return -1;
	}
	mirror_finish(store, record, change);
	change->claim.position = index->header->cover.journal_end * 2;
	change->claim.length = (uint32_t)length;
	index_begin(index);
	change_apply(store, record, change, true);
	index->header->cover.journal_end += length;
	index->header->cover.seq = record->seq;
	index_end(index);
	store_compact(store);
	return 0;
}

static bool is_too_long(const char *text)
{
	return text && strnlen(text, LEASE_TEXT_MAX + 1) > LEASE_TEXT_MAX;
}

/* What the allocator hands over was checked by it; this keeps mistakes out of the journal. */
static int check(struct store *store, const struct lease *lease, struct cni_error *err)
{
	const char *texts[] = { lease->container_id, lease->ifname, lease->network, lease->pod,
		lease->pod_uid, lease->netns, lease->netns_id, lease->boot };

	if (!*text_or_empty(lease->container_id) || !*text_or_empty(lease->ifname))
		return cni_fail(err, CNI_INTERNAL, "a lease of pool \"%s\" without an owner",
			store->pool);
	if (!lease->n_addresses || lease->n_addresses > RANGE_SETS_MAX ||
		lease->fixed >> lease->n_addresses)
		return cni_fail(err, CNI_INTERNAL, "a lease of pool \"%s\" with %zu addresses",
			store->pool, lease->n_addresses);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (is_too_long(texts[i]))
			return cni_fail(err, CNI_INVALID_CONFIG,
				"\"%.32s...\" is longer than %d bytes, too long for pool \"%s\"",
				texts[i], LEASE_TEXT_MAX, store->pool);
	return 0;
}

int store_put(struct store *store, const struct lease *lease, const struct lease *replaced,
	struct cni_error *err)
{
	int64_t released = store->reuse_delay_ms > 0 ? store_now() : -1;
	char cool[COOL_TEXT], address[IP_TEXT];
	struct change change;
	struct record record;
	size_t conflict = 0;
	int rc;

	if (check(store, lease, err) < 0)
		return -1;
	memset(&record, 0, RECORD_FIELDS);
	memcpy(&record.lease, lease, LEASE_FIELDS);
	record.op = RECORD_ADD;
	record.replaced_id = replaced ? replaced->container_id : NULL;
	record.replaced_ifname = replaced ? replaced->ifname : NULL;
	record.cool = cool_print(released, cool);
	change_begin(&change, &record);
	rc = change_resolve(store, &record, &change, &conflict, err);
	if (rc > 0)
		return cni_fail(err, CNI_INTERNAL,
			"%s was chosen for %s %s, but somebody else holds it in pool \"%s\"",
			ip_print(&lease->addresses[conflict], address), lease->container_id,
			lease->ifname, store->pool);
	if (rc < 0)
		return -1;
	if (!change.held && !change.replaced)
		record.cool = NULL;
	return commit(store, &record, &change, err);
}

int store_remove(struct store *store, const char *container_id, const char *ifname,
	struct cni_error *err)
{
	int64_t released = store->reuse_delay_ms > 0 ? store_now() : -1;
	struct change change;
	struct record record;
	char cool[COOL_TEXT];
	size_t conflict;

	memset(&record, 0, RECORD_FIELDS);
	record.op = RECORD_DEL;
	record.lease.container_id = container_id;
	record.lease.ifname = ifname;
	record.lease.time = time(NULL);
	record.cool = cool_print(released, cool);
	change_begin(&change, &record);
	if (change_resolve(store, &record, &change, &conflict, err) < 0)
		return -1;
	if (!change.held)
		return 0;
	/* The resolving has read it. */
	if (store_has_cooled(store, &store->scratch)) {
		change.released = -1;
		record.cool = NULL;
	}
	return commit(store, &record, &change, err);
}
