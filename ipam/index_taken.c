/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ipam/index.h"

#define BITS 12 /* of a number that a node resolves */
#define NODE_BITS (1u << BITS)
#define LEVELS 3

static uint32_t *node_head(struct index *index, uint32_t level, u128 number)
{
	uint64_t hash = index_mix((uint64_t)(number >> 64) ^ (uint64_t)level << 56,
		(uint64_t)number);

	return &index->node_heads[index_bucket(hash, index->header->nodes.capacity)];
}

static u128 number_of(const struct index_node *node)
{
	return (u128)node->high << 64 | node->low;
}

void index_link_node(struct index *index, uint32_t n)
{
	struct index_node *node = &index->nodes[n];
	uint32_t *head = node_head(index, node->level, number_of(node));

	node->chain = *head;
	*head = n;
}

static uint32_t find_node(struct index *index, uint32_t level, u128 number)
{
	uint32_t n = *node_head(index, level, number);

	index->steps = 0;
	for (; index_step(index, n, index->header->nodes.capacity); n = index->nodes[n].chain)
		if (index->nodes[n].level == level && number_of(&index->nodes[n]) == number)
			return n;
	return INDEX_NONE;
}

static uint32_t new_node(struct index *index, uint32_t level, u128 number)
{
	struct index_pool *pool = &index->header->nodes;
	uint32_t n = pool->free ? pool->free : ++pool->used;

	if (n > pool->capacity) {
		index->damaged = true;
		n = 0;
	}
	if (pool->free)
		pool->free = index->nodes[n].chain;
	pool->live++;
	index->nodes[n] = (struct index_node){
		.high = (uint64_t)(number >> 64),
		.low = (uint64_t)number,
		.level = level,
	};
	index_link_node(index, n);
	return n;
}

static void free_node(struct index *index, uint32_t n)
{
	struct index_node *node = &index->nodes[n];
	uint32_t *link = node_head(index, node->level, number_of(node));

	index->steps = 0;
	while (*link != n && index_step(index, *link, index->header->nodes.capacity))
		link = &index->nodes[*link].chain;
	*link = node->chain;
	node->chain = index->header->nodes.free;
	index->header->nodes.free = n;
	index->header->nodes.live--;
}

void index_take(struct index *index, u128 number)
{
	for (uint32_t level = 0; level < LEVELS; level++, number >>= BITS) {
		unsigned int bit = (unsigned int)number & (NODE_BITS - 1);
		uint32_t n = find_node(index, level, number >> BITS);
		struct index_node *node;

		if (!n)
			n = new_node(index, level, number >> BITS);
		node = &index->nodes[n];
		node->words[bit / 64] |= UINT64_C(1) << bit % 64;
		node->count++;
		if (node->words[bit / 64] == UINT64_MAX)
			node->full |= UINT64_C(1) << bit / 64;
		if (node->full != UINT64_MAX)
			return;
	}
}

void index_give(struct index *index, u128 number)
{
	for (uint32_t level = 0; level < LEVELS; level++, number >>= BITS) {
		unsigned int bit = (unsigned int)number & (NODE_BITS - 1);
		uint32_t n = find_node(index, level, number >> BITS);
		struct index_node *node = &index->nodes[n];
		bool was_full = node->full == UINT64_MAX;

		if (!n || !(node->words[bit / 64] >> bit % 64 & 1)) {
			index->damaged = true;
			return;
		}
		node->words[bit / 64] &= ~(UINT64_C(1) << bit % 64);
		node->full &= ~(UINT64_C(1) << bit / 64);
		if (!--node->count)
			free_node(index, n);
		if (!was_full)
			return;
	}
}

/* The first zero bit from bit on; NODE_BITS if there is none. */
static unsigned int next_zero(const struct index_node *node, unsigned int bit)
{
	unsigned int word = bit / 64;
	uint64_t zeros = ~node->words[word] & UINT64_MAX << bit % 64;

	if (!zeros) {
		zeros = word == 63 ? 0 : ~node->full & UINT64_MAX << (word + 1);
		if (!zeros)
			return NODE_BITS;
		word = (unsigned int)__builtin_ctzll(zeros);
		zeros = ~node->words[word];
		/* Only where the file was damaged. */
		if (!zeros)
			return NODE_BITS;
	}
	return word * 64 + (unsigned int)__builtin_ctzll(zeros);
}

/*
 * number counts bits of its level. A node without a zero sends the search one level up, to the next
 * bit there; a zero bit sends it down again, to the first bit of what is not full. The top level
 * is not left: it goes node by node.
 */
bool index_next_free(struct index *index, struct span span, u128 *address)
{
	uint32_t level = 0;
	u128 number = span.first;

	while (number <= span.last >> BITS * level) {
		uint32_t n = find_node(index, level, number >> BITS);
		unsigned int bit = (unsigned int)number & (NODE_BITS - 1);

		if (n)
			bit = next_zero(&index->nodes[n], bit);
		if (bit == NODE_BITS) {
			number = (number >> BITS) + 1;
			level++;
			if (level < LEVELS)
				continue;
			if (number > span.last >> BITS * LEVELS)
				return false;
			number <<= BITS;
			level--;
		} else if (level) {
			number = (number >> BITS << BITS | bit) << BITS;
			level--;
		} else {
			*address = number >> BITS << BITS | bit;
			return *address <= span.last;
		}
	}
	return false;
}
