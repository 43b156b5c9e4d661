/* SPDX-License-Identifier: Apache-2.0 */
/* What is leased, by the lines that could be read. */
#include <inttypes.h>
#include <string.h>

#include "ipam/poolctl_scan.h"
#include "ipam/reclaim.h"

void check_parse(const struct check *check, uint32_t number, struct lease *lease)
{
	struct record record;

	memcpy(lease->buffer, check->lines[number].text, check->lines[number].length);
	record_parse(&record, lease->buffer, check->lines[number].length);
	memcpy(lease, &record.lease, LEASE_FIELDS);
}

static uint32_t find_owner(struct check *check, const char *container_id, const char *ifname)
{
	uint64_t hash = index_hash(container_id, ifname);
	uint32_t n = 0;

	while ((n = index_owner(&check->model, hash, n))) {
		check_parse(check, n, &check->other);
		if (!strcmp(check->other.container_id, container_id) &&
			!strcmp(check->other.ifname, ifname))
			return n;
	}
	return INDEX_NONE;
}

static void drop(struct check *check, uint32_t n)
{
	if (!n)
		return;
	index_drop(&check->model, n, -1);
	free(check->lines[n].text);
	check->lines[n].text = NULL;
}

static int keep_line(struct scan_file *f, uint32_t n)
{
	struct check *check = f->check;
	size_t room = check->model.header->leases.capacity + 1;
	struct model_line *grown = check->lines;

	if (room > check->n_lines) {
		grown = reallocarray(grown, room, sizeof(*grown));
		if (!grown)
			return -1;
		memset(grown + check->n_lines, 0, (room - check->n_lines) * sizeof(*grown));
		check->lines = grown;
		check->n_lines = room;
	}
	check->lines[n].text = malloc(f->length);
	if (!check->lines[n].text)
		return -1;
	memcpy(check->lines[n].text, f->text, f->length);
	check->lines[n].length = (uint32_t)f->length;
	return 0;
}

/* Somebody else has the address. True if this lease may go on without him. */
static bool resolve_duplicate(struct scan_file *f, const struct lease *lease, size_t i, uint32_t n)
{
	struct check *check = f->check;
	bool old_dead, new_dead = reclaim_is_ownerless(lease);
	char text[IP_TEXT];

	check_parse(check, n, &check->other);
	old_dead = reclaim_is_ownerless(&check->other);
	check_tell(check, KIND_DUPLICATE, old_dead || new_dead ? REPAIR_TEXT : 0,
		"%s is leased twice: to %s %s%s and, in line %" PRIu64 " of %s, to %s %s%s",
		ip_print(&lease->addresses[i], text), check->other.container_id,
		check->other.ifname, old_dead ? " (dead)" : "", f->number, f->name,
		lease->container_id, lease->ifname, new_dead ? " (dead)" : "");
	if (old_dead)
		drop(check, n);
	return old_dead;
}

static bool has_duplicates(struct scan_file *f, const struct lease *lease, u128 *addresses)
{
	bool bad = false;

	for (size_t i = 0; i < lease->n_addresses; i++) {
		int64_t released;
		uint32_t n;

		addresses[i] = ip_number(&lease->addresses[i]);
		n = index_holder(&f->check->model, addresses[i], &released);
		if (n && !resolve_duplicate(f, lease, i, n))
			bad = true;
		for (size_t k = 0; k < i; k++)
			bad = bad || addresses[k] == addresses[i];
	}
	return bad;
}

static void move_cursors(struct check *check, const struct lease *lease, const u128 *addresses)
{
	for (size_t i = 0; i < lease->n_addresses; i++)
		if (!(lease->fixed >> i & 1))
			check->cursors[i] = (struct index_cursor){
				.high = (uint64_t)(addresses[i] >> 64),
				.low = (uint64_t)addresses[i],
				.is_set = 1,
			};
}

int scan_add(struct scan_file *f)
{
	struct check *check = f->check;
	const struct lease *lease = &f->record.lease;
	u128 addresses[RANGE_SETS_MAX];
	struct index_claim claim = {
		.owner = index_hash(lease->container_id, lease->ifname),
		.length = 1,
		.kept = lease_is_kept(lease),
		.addresses = addresses,
		.n_addresses = lease->n_addresses,
	};
	uint32_t held = find_owner(check, lease->container_id, lease->ifname);

	if (held && f->snapshot)
		check_tell(check, KIND_SECOND, 0,
			"line %" PRIu64 " of leases is a second lease of %s %s", f->number,
			lease->container_id, lease->ifname);
	drop(check, held);
	if (f->record.replaced_id)
		drop(check, find_owner(check, f->record.replaced_id,
				    f->record.replaced_ifname ? f->record.replaced_ifname : ""));
	if (has_duplicates(f, lease, addresses))
		return 0;
	if (index_reserve(&check->model, lease->n_addresses) < 0)
		return -1;
	index_add(&check->model, &claim);
	if (!f->snapshot)
		move_cursors(check, lease, addresses);
	return keep_line(f, index_holder(&check->model, addresses[0], &(int64_t){ 0 }));
}

void scan_del(struct check *check, const char *container_id, const char *ifname)
{
	drop(check, find_owner(check, container_id, ifname));
}
