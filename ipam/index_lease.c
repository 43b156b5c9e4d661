/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ipam/index.h"

uint64_t index_mix(uint64_t high, uint64_t low)
{
	u128 product = (u128)(low ^ UINT64_C(0x9e3779b97f4a7c15)) *
		(high ^ UINT64_C(0xd1b54a32d192ed03));

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	size_t length = strlen(text);

	hash = index_mix(hash, length);
	for (; length; text += length < 8 ? length : 8, length -= length < 8 ? length : 8) {
		uint64_t word = 0;

		memcpy(&word, text, length < 8 ? length : 8);
		hash = index_mix(hash, word);
	}
	return hash;
}

/* Never 0, which stands for "none". */
uint64_t index_hash(const char *first, const char *second)
{
	return hash_text(hash_text(1, first), second) | 1;
}

uint32_t index_bucket(uint64_t hash, uint32_t capacity)
{
	return (uint32_t)(hash >> 32) & (capacity - 1);
}

/* May this link be followed? A chain longer than all records is a circle. */
bool index_step(struct index *index, uint32_t number, uint32_t capacity)
{
	if (!number)
		return false;
	if (number <= capacity && ++index->steps <= capacity)
		return true;
	index->damaged = true;
	return false;
}

static uint32_t *owner_head(struct index *index, uint64_t hash)
{
	return &index->owner_heads[index_bucket(hash, index->header->leases.capacity)];
}

static uint32_t *pod_head(struct index *index, uint64_t hash)
{
	return &index->pod_heads[index_bucket(hash, index->header->leases.capacity)];
}

void index_prefetch(struct index *index, const struct index_claim *claim)
{
	__builtin_prefetch(owner_head(index, claim->owner));
	if (claim->pod)
		__builtin_prefetch(pod_head(index, claim->pod));
}

void index_prefetch_owner(struct index *index, const struct index_claim *claim)
{
	uint32_t n = *owner_head(index, claim->owner);

	if (n <= index->header->leases.capacity)
		__builtin_prefetch(&index->leases[n]);
}

struct index_lease *index_lease(struct index *index, uint32_t lease)
{
	if (lease > index->header->leases.capacity) {
		index->damaged = true;
		lease = 0;
	}
	return &index->leases[lease];
}

uint32_t index_owner(struct index *index, uint64_t hash, uint32_t after)
{
	uint32_t n = after ? index_lease(index, after)->owner_next : *owner_head(index, hash);

	index->steps = 0;
	for (; index_step(index, n, index->header->leases.capacity);
		n = index->leases[n].owner_next)
		if (index->leases[n].owner == hash)
			return n;
	return INDEX_NONE;
}

uint32_t index_pod(struct index *index, uint64_t hash, uint32_t after)
{
	uint32_t n = after ? index_lease(index, after)->pod_next : *pod_head(index, hash);

	index->steps = 0;
	for (; index_step(index, n, index->header->leases.capacity); n = index->leases[n].pod_next)
		if (index->leases[n].pod == hash)
			return n;
	return INDEX_NONE;
}

static void link_lease(struct index *index, uint32_t n)
{
	struct index_lease *lease = &index->leases[n];
	uint32_t *head = owner_head(index, lease->owner);

	lease->owner_next = *head;
	*head = n;
	if (!lease->pod)
		return;
	head = pod_head(index, lease->pod);
	lease->pod_next = *head;
	*head = n;
}

static void unlink_lease(struct index *index, uint32_t n)
{
	struct index_lease *lease = &index->leases[n];
	uint32_t *link = owner_head(index, lease->owner);

	index->steps = 0;
	while (*link != n && index_step(index, *link, index->header->leases.capacity))
		link = &index->leases[*link].owner_next;
	*link = lease->owner_next;
	if (!lease->pod)
		return;
	link = pod_head(index, lease->pod);
	index->steps = 0;
	while (*link != n && index_step(index, *link, index->header->leases.capacity))
		link = &index->leases[*link].pod_next;
	*link = lease->pod_next;
}

void index_add(struct index *index, const struct index_claim *claim)
{
	struct index_pool *pool = &index->header->leases;
	uint32_t n = pool->free ? pool->free : ++pool->used;
	struct index_lease *lease = index_lease(index, n);

	if (index->damaged)
		return;
	if (pool->free)
		pool->free = lease->owner_next;
	pool->live++;
	index->header->kept += claim->kept;
	*lease = (struct index_lease){
		.owner = claim->owner,
		.pod = claim->pod,
		.position = claim->position,
		.length = claim->length & INT32_MAX,
		.kept = claim->kept,
	};
	link_lease(index, n);
	for (size_t i = claim->n_addresses; i-- > 0;) {
		uint32_t a = index_claim_address(index, claim->addresses[i]);

		index->addresses[a].lease = n;
		index->addresses[a].next = lease->first;
		lease->first = a;
		if (claim->kept)
			index_count_kept(index, a, true);
	}
}

void index_drop(struct index *index, uint32_t n, int64_t released)
{
	struct index_pool *pool = &index->header->leases;
	struct index_lease *lease = index_lease(index, n);
	uint32_t next;

	for (uint32_t a = lease->first; a; a = next) {
		next = index_address(index, a)->next;
		if (index->damaged || index->addresses[a].lease != n) {
			index->damaged = true;
			return;
		}
		if (lease->kept)
			index_count_kept(index, a, false);
		if (released < 0)
			index_free_address(index, a);
		else
			index_enqueue(index, a, released);
	}
	unlink_lease(index, n);
	index->header->kept -= lease->kept;
	*lease = (struct index_lease){ .owner_next = pool->free };
	pool->free = n;
	pool->live--;
}

void index_link_all(struct index *index)
{
	for (uint32_t n = 1; n <= index->header->leases.used; n++)
		if (index->leases[n].length)
			link_lease(index, n);
	for (uint32_t n = 1; n <= index->header->addresses.used; n++)
		if (index->addresses[n].lease)
			index_link_address(index, n);
	for (uint32_t n = 1; n <= index->header->nodes.used; n++)
		if (index->nodes[n].count)
			index_link_node(index, n);
}
