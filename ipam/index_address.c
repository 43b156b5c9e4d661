/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/index.h"

static bool is_ipv4(const struct index_address *address)
{
	return !address->high && address->low >> 32 == 0xffff;
}

/* Neighbours stay neighbours: what is leased together is on one page of the table. */
static uint32_t *address_head(struct index *index, const struct index_address *address)
{
	uint64_t hash = index_mix(address->high, address->low >> 12) + address->low;

	return &index->address_heads[hash & (index->header->addresses.capacity - 1)];
}

struct index_address *index_address(struct index *index, uint32_t number)
{
	if (number > index->header->addresses.capacity) {
		index->damaged = true;
		number = 0;
	}
	return &index->addresses[number];
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

void index_link_address(struct index *index, uint32_t n)
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
	struct index_address *address = index_address(index, n);

	if (index->damaged)
		return 0;
	if (pool->free)
		pool->free = address->chain;
	pool->live++;
	*address = (struct index_address){
		.high = (uint64_t)(number >> 64),
		.low = (uint64_t)number,
	};
	index->header->ipv4_live += is_ipv4(address);
	index_link_address(index, n);
	index_take(index, number);
	return n;
}

void index_free_address(struct index *index, uint32_t n)
{
	struct index_pool *pool = &index->header->addresses;

	unlink_address(index, n);
	index_give(index, number_of(&index->addresses[n]));
	index->header->ipv4_live -= is_ipv4(&index->addresses[n]);
	index->addresses[n] = (struct index_address){ .chain = pool->free };
	pool->free = n;
	pool->live--;
}

void index_count_kept(struct index *index, uint32_t n, bool more)
{
	uint64_t by = more ? 1 : UINT64_MAX;

	index->header->kept_addresses += by;
	if (is_ipv4(&index->addresses[n]))
		index->header->ipv4_kept += by;
}

void index_enqueue(struct index *index, uint32_t n, int64_t released)
{
	struct index_header *header = index->header;
	struct index_address *address = &index->addresses[n];

	address->lease = INDEX_COOLING;
	address->released = released;
	address->next = INDEX_NONE;
	address->previous = header->cooling_last;
	if (header->cooling_last)
		index_address(index, header->cooling_last)->next = n;
	else
		header->cooling_first = n;
	header->cooling_last = n;
	header->cooling++;
	header->ipv4_cooling += is_ipv4(address);
}

static void dequeue(struct index *index, uint32_t n)
{
	struct index_header *header = index->header;
	const struct index_address *address = &index->addresses[n];

	if (address->previous)
		index_address(index, address->previous)->next = address->next;
	else
		header->cooling_first = address->next;
	if (address->next)
		index_address(index, address->next)->previous = address->previous;
	else
		header->cooling_last = address->previous;
	header->cooling--;
	header->ipv4_cooling -= is_ipv4(address);
}

uint32_t index_claim_address(struct index *index, u128 number)
{
	uint32_t n = find_address(index, number);

	if (!n)
		return new_address(index, number);
	dequeue(index, n);
	return n;
}

void index_cool(struct index *index, u128 address, int64_t released)
{
	index_enqueue(index, new_address(index, address), released);
}

bool index_expire(struct index *index, int64_t released, unsigned int limit)
{
	uint32_t n;

	for (;;) {
		n = index->header->cooling_first;
		if (!n || index_address(index, n)->released > released || index->damaged)
			return false;
		if (!limit--)
			return true;
		dequeue(index, n);
		index_free_address(index, n);
	}
}

bool index_each_cooling(struct index *index, index_visit_fn *visit, void *data)
{
	const struct index_address *address;
	uint64_t left = index->header->cooling;

	for (uint32_t n = index->header->cooling_first; n && left; n = address->next, left--) {
		address = index_address(index, n);
		if (visit(number_of(address), address->released, data))
			return true;
	}
	return false;
}
