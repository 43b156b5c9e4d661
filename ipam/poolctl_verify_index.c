/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a pool against its text, and what only the index still knows. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "cni/boot.h"
#include "ipam/poolctl_check.h"

bool check_open_index(struct check *check, struct index *index)
{
	snprintf(index->path, sizeof(index->path), "%s", store_path(check->store, "index"));
	index->header = NULL;
	if (index_open(index, true) < 0)
		return false;
	if (!strcmp(index->header->boot, boot_id()))
		return true;
	index_close(index);
	return false;
}

/* Is it of these files? Else the next call makes it anew. *size: the journal's. */
static bool is_of_files(struct check *check, const struct index *index, uint64_t *size)
{
	struct index_cover now = { 0 };

	check->store->journal = open(store_path(check->store, "journal"), O_RDONLY | O_CLOEXEC);
	if (check->store->journal < 0 || store_identify(check->store, &now, size) < 0)
		return false;
	return now.journal_device == index->header->cover.journal_device &&
	       now.journal_inode == index->header->cover.journal_inode &&
	       now.snapshot_inode == index->header->cover.snapshot_inode &&
	       now.snapshot_size == index->header->cover.snapshot_size &&
	       now.snapshot_time == index->header->cover.snapshot_time;
}

/* Every address of the model must be the same lease's in the index. Returns how many are not. */
static uint64_t compare(struct check *check, struct index *index)
{
	uint64_t wrong = 0;
	int64_t released;

	for (uint32_t n = 1; n <= check->model.header->leases.used; n++) {
		uint32_t held;

		if (!index_lease(&check->model, n)->length)
			continue;
		check_parse(check, n, &check->lease);
		held = index_holder(index, ip_number(&check->lease.addresses[0]), &released);
		if (!held || held == INDEX_COOLING) {
			wrong++;
			continue;
		}
		for (size_t i = 1; i < check->lease.n_addresses; i++)
			wrong += index_holder(index, ip_number(&check->lease.addresses[i]),
					 &released) != held;
		wrong += index_lease(index, held)->owner !=
				 index_hash(check->lease.container_id, check->lease.ifname) ||
			 index_lease(index, held)->kept != lease_is_kept(&check->lease);
	}
	return wrong;
}

void check_index(struct check *check)
{
	uint64_t wrong, in_text = check->model.header->addresses.live, in_index, size = 0, end;
	struct index index = { 0 };
	bool is_ours;

	if (!check_open_index(check, &index))
		return;
	is_ours = is_of_files(check, &index, &size);
	end = index.header->cover.journal_end;
	if (is_ours && end > size) {
		check->lost++;
		check_tell(check, KIND_GAP, REPAIR_TEXT,
			"journal ends at byte %" PRIu64 ", and went on to byte %" PRIu64
			": transactions are missing",
			size, end);
	} else if (is_ours && end == size && !check->lost && !check->blocked) {
		in_index = index.header->addresses.live - index.header->cooling;
		wrong = compare(check, &index);
		if (wrong || in_index != in_text || index.damaged ||
			index.header->cover.seq != check->seq)
			check_tell(check, KIND_INDEX, REPAIR_INDEX,
				"the index contradicts the text: it has %" PRIu64
				" leased addresses, the text %" PRIu64 "; %" PRIu64 " are wrong",
				in_index, in_text, wrong);
	}
	index_close(&index);
	closep(&check->store->journal);
	check->store->journal = -1;
}

int check_each_lost(struct check *check, check_lost_fn *lost, void *data)
{
	struct index index = { 0 };
	int64_t released;
	int rc = -1;

	if (!check_open_index(check, &index))
		return -1;
	/* All that was ever told to a caller is in it. */
	if (index.header->cover.seq >= check->seq) {
		rc = 0;
		for (uint32_t n = 1; n <= index.header->addresses.used; n++) {
			const struct index_address *a = index_address(&index, n);
			u128 address = (u128)a->high << 64 | a->low;

			if (a->lease && a->lease != INDEX_COOLING &&
				!index_holder(&check->model, address, &released)) {
				rc++;
				if (lost)
					lost(check, address, data);
			}
		}
	}
	index_close(&index);
	return rc;
}
