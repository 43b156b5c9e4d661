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

static uint32_t *address_head(struct index *index, const struct index_address *address)
{
	uint64_t hash = index_mix(address->high, address->low);

	return &index->address_heads[index_bucket(hash, index->header->addresses.capacity)];
}

struct index_lease *index_lease(struct index *index, uint32_t lease)
{
	if (lease > index->header->leases.capacity) {
		index->damaged = true;
		lease = 0;
	}
	return &index->leases[lease];
}

static struct index_address *address_at(struct index *index, uint32_t number)
{
	if (number > index->header->addresses.capacity) {
		index->damaged = true;
		number = 0;
	}
	return &index->addresses[number];
}

uint32_t index_owner(struct index *index, uint64_t hash, uint32_t after)
{
	uint32_t n = after ? index_lease(index, after)->owner_next : *owner_head(index, hash);

	index->steps = 0;
	for (; index_step(index, n, index->header->leases.capacity); n = index->leases[n].owner_next)
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

static uint32_t find_address(struct index *index, u128 number)
{
	struct index_address key = { .high = (uint64_t)(number >> 64), .low = (uint64_t)number };
	uint32_t n = *address_head(index, &key);

	index->steps = 0;
	for (; index_step(index, n, index->header->addresses.capacity);
		n = index->addresses[n].chain)
		if (index->addresses[n].low == key.low && index->addresses[n].high == key.high)
			return n;
	return INDEX_NONE;
}

uint32_t index_holder(struct index *index, u128 address, int64_t *released)
{
	uint32_t n = find_address(index, address);

	if (!n)
		return INDEX_NONE;
	*released = index->addresses[n].released;
	return index->addresses[n].lease;
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

static void link_address(struct index *index, uint32_t n)
{
	uint32_t *head = address_head(index, &index->addresses[n]);

	index->addresses[n].chain = *head;
	*head = n;
}

static void unlink_address(struct index *index, uint32_t n)
{
	uint32_t *link = address_head(index, &index->addresses[n]);

	index->steps = 0;
	while (*link != n && index_step(index, *link, index->header->addresses.capacity))
		link = &index->addresses[*link].chain;
	*link = index->addresses[n].chain;
}

static u128 number_of(const struct index_address *address)
{
	return (u128)address->high << 64 | address->low;
}

/* Out of the pool and the tree's bit set; neither leased nor cooling yet. */
static uint32_t new_address(struct index *index, u128 number)
{
	struct index_pool *pool = &index->header->addresses;
	uint32_t n = pool->free ? pool->free : ++pool->used;
	struct index_address *address = address_at(index, n);

	if (index->damaged)
		return 0;
	if (pool->free)
		pool->free = address->chain;
	pool->live++;
	*address = (struct index_address){
		.high = (uint64_t)(number >> 64),
		.low = (uint64_t)number,
	};
	link_address(index, n);
	index_take(index, number);
	return n;
}

static void free_address(struct index *index, uint32_t n)
{
	struct index_pool *pool = &index->header->addresses;

	unlink_address(index, n);
	index_give(index, number_of(&index->addresses[n]));
	index->addresses[n] = (struct index_address){ .chain = pool->free };
	pool->free = n;
	pool->live--;
}

static void enqueue(struct index *index, uint32_t n, int64_t released)
{
	struct index_header *header = index->header;
	struct index_address *address = &index->addresses[n];

	address->lease = INDEX_COOLING;
	address->released = released;
	address->next = INDEX_NONE;
	address->previous = header->cooling_last;
	if (header->cooling_last)
		address_at(index, header->cooling_last)->next = n;
	else
		header->cooling_first = n;
	header->cooling_last = n;
	header->cooling++;
}

static void dequeue(struct index *index, uint32_t n)
{
	struct index_header *header = index->header;
	const struct index_address *address = &index->addresses[n];

	if (address->previous)
		address_at(index, address->previous)->next = address->next;
	else
		header->cooling_first = address->next;
	if (address->next)
		address_at(index, address->next)->previous = address->previous;
	else
		header->cooling_last = address->previous;
	header->cooling--;
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
	*lease = (struct index_lease){
		.owner = claim->owner,
		.pod = claim->pod,
		.position = claim->position,
		.length = claim->length,
	};
	link_lease(index, n);
	for (size_t i = claim->n_addresses; i-- > 0;) {
		uint32_t a = find_address(index, claim->addresses[i]);

		if (a)
			dequeue(index, a);
		else
			a = new_address(index, claim->addresses[i]);
		index->addresses[a].lease = n;
		index->addresses[a].next = lease->first;
		lease->first = a;
	}
}

void index_drop(struct index *index, uint32_t n, int64_t released)
{
	struct index_pool *pool = &index->header->leases;
	struct index_lease *lease = index_lease(index, n);
	uint32_t next;

	for (uint32_t a = lease->first; a; a = next) {
		next = address_at(index, a)->next;
		if (index->damaged || index->addresses[a].lease != n) {
			index->damaged = true;
			return;
		}
		if (released < 0)
			free_address(index, a);
		else
			enqueue(index, a, released);
	}
	unlink_lease(index, n);
	*lease = (struct index_lease){ .owner_next = pool->free };
	pool->free = n;
	pool->live--;
}

void index_cool(struct index *index, u128 address, int64_t released)
{
	enqueue(index, new_address(index, address), released);
}

bool index_expire(struct index *index, int64_t released, unsigned int limit)
{
	uint32_t n;

	for (;;) {
		n = index->header->cooling_first;
		if (!n || address_at(index, n)->released > released || index->damaged)
			return false;
		if (!limit--)
			return true;
		dequeue(index, n);
		free_address(index, n);
	}
}

bool index_each_cooling(struct index *index, bool (*visit)(u128 address, int64_t released, void *data),
	void *data)
{
	const struct index_address *address;
	uint64_t left = index->header->cooling;

	for (uint32_t n = index->header->cooling_first; n && left; n = address->next, left--) {
		address = address_at(index, n);
		if (visit(number_of(address), address->released, data))
			return true;
	}
	return false;
}

void index_link_all(struct index *index)
{
	for (uint32_t n = 1; n <= index->header->leases.used; n++)
		if (index->leases[n].length)
			link_lease(index, n);
	for (uint32_t n = 1; n <= index->header->addresses.used; n++)
		if (index->addresses[n].lease)
			link_address(index, n);
	for (uint32_t n = 1; n <= index->header->nodes.used; n++)
		if (index->nodes[n].count)
			index_link_node(index, n);
}
