/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <time.h>

#include "cni/tap.h"
#include "ipam/index.h"

static uint64_t seed;

/* splitmix64 */
static uint64_t draw(uint64_t below)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

/*
 * The model: a few stretches of the number space, each of which lies across an edge of the tree,
 * with one cell for each address.
 */
#define STRETCH 9000
#define OWNERS 700
#define FREE 0
#define COOLS (-1)

struct stretch {
	const char *name;
	u128 first;
	int cells[STRETCH]; /* FREE, COOLS, or owner + 1 */
	int64_t released[STRETCH];
};

static struct stretch stretches[] = {
	{ .name = "IPv4, across a node" },
	{ .name = "IPv4, across a /8" },
	{ .name = "IPv6, across 2^36" },
	{ .name = "the end of the number space" },
};
#define STRETCHES (sizeof(stretches) / sizeof(*stretches))

struct owner {
	bool holds;
	size_t n, stretch[3], cell[3];
};

static struct owner owners[OWNERS];
static int64_t now;

static void lay_stretches(void)
{
	u128 v4 = (u128)0xffff << 32;
	u128 v6 = (u128)0xfd000001 << 96;

	stretches[0].first = v4 + 0x0a000000 + 100;
	stretches[1].first = v4 + 0x0b000000 - 3000;
	stretches[2].first = v6 + ((u128)7 << 36) - 5000;
	stretches[3].first = (u128)0 - STRETCH;
}

static u128 address_of(size_t s, size_t cell)
{
	return stretches[s].first + cell;
}

static uint64_t hash_of(int owner)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", owner);
	return index_hash(name, "net1");
}

static bool add(struct index *index, int o)
{
	struct owner *owner = &owners[o];
	struct index_claim claim = { .owner = hash_of(o), .position = (uint64_t)o, .length = 1 };
	u128 addresses[3];

	owner->n = 0;
	for (size_t want = 1 + draw(3), tries = 0; owner->n < want && tries < 8; tries++) {
		size_t s = draw(STRETCHES), c = draw(STRETCH);

		/* Long runs without a gap come from taking neighbours. */
		while (draw(200) && c < STRETCH - 1 && stretches[s].cells[c] > 0)
			c++;
		if (stretches[s].cells[c] > 0)
			continue;
		stretches[s].cells[c] = o + 1;
		owner->stretch[owner->n] = s;
		owner->cell[owner->n] = c;
		addresses[owner->n++] = address_of(s, c);
	}
	if (!owner->n)
		return true;
	claim.addresses = addresses;
	claim.n_addresses = owner->n;
	claim.pod = draw(2) ? hash_of(o % 10) : 0;
	if (index_reserve(index, owner->n) < 0)
		return false;
	index_begin(index);
	index_add(index, &claim);
	index_end(index);
	owner->holds = true;
	return true;
}

static bool drop(struct index *index, int o)
{
	uint32_t lease = index_owner(index, hash_of(o), 0);
	bool cool = draw(2);

	if (!lease || index_lease(index, lease)->position != (uint64_t)o)
		return false;
	for (size_t i = 0; i < owners[o].n; i++) {
		struct stretch *s = &stretches[owners[o].stretch[i]];

		s->cells[owners[o].cell[i]] = cool ? COOLS : FREE;
		s->released[owners[o].cell[i]] = now;
	}
	index_begin(index);
	index_drop(index, lease, cool ? now : -1);
	index_end(index);
	owners[o].holds = false;
	return !index_owner(index, hash_of(o), 0);
}

static void expire(struct index *index, int64_t until)
{
	index_begin(index);
	while (index_expire(index, until, 3))
		;
	index_end(index);
	for (size_t s = 0; s < STRETCHES; s++)
		for (size_t c = 0; c < STRETCH; c++)
			if (stretches[s].cells[c] == COOLS && stretches[s].released[c] <= until)
				stretches[s].cells[c] = FREE;
}

static bool search_agrees(struct index *index)
{
	size_t s = draw(STRETCHES), first = draw(STRETCH), last = first + draw(STRETCH - first);
	struct span span = { address_of(s, first), address_of(s, last) };
	u128 found = 0;
	bool is_found = index_next_free(index, span, &found);

	while (first <= last && stretches[s].cells[first] != FREE)
		first++;
	return is_found == (first <= last) && (!is_found || found == address_of(s, first));
}

static bool holder_agrees(struct index *index)
{
	size_t s = draw(STRETCHES), c = draw(STRETCH);
	int64_t released = 0;
	uint32_t holder = index_holder(index, address_of(s, c), &released);
	int cell = stretches[s].cells[c];

	if (cell == FREE)
		return holder == INDEX_NONE;
	if (cell == COOLS)
		return holder == INDEX_COOLING && released == stretches[s].released[c];
	return holder == index_owner(index, hash_of(cell - 1), 0);
}

struct order {
	int64_t last;
	size_t count;
	bool wrong;
};

static bool see(u128 address, int64_t released, void *data)
{
	struct order *order = data;

	(void)address;
	order->wrong |= released < order->last;
	order->last = released;
	order->count++;
	return false;
}

static bool counts_agree(struct index *index)
{
	size_t leases = 0, cooling = 0, leased = 0;
	struct order order = { 0 };

	for (int o = 0; o < OWNERS; o++)
		leases += owners[o].holds;
	for (size_t s = 0; s < STRETCHES; s++)
		for (size_t c = 0; c < STRETCH; c++) {
			cooling += stretches[s].cells[c] == COOLS;
			leased += stretches[s].cells[c] > 0;
		}
	index_each_cooling(index, see, &order);
	return index->header->leases.live == leases && index->header->cooling == cooling &&
		index->header->addresses.live == leased + cooling && order.count == cooling &&
		!order.wrong;
}

static bool step(struct index *index)
{
	int o = (int)draw(OWNERS);

	now += (int64_t)draw(3);
	switch (draw(40)) {
	case 0:
		return counts_agree(index);
	case 1:
		/* Most of a stretch is taken for a while, so that nodes fill and empty again. */
		for (int i = 0; i < OWNERS; i++)
			if (!owners[i].holds && !add(index, i))
				return false;
		return true;
	case 2:
		expire(index, now - (int64_t)draw(500));
		return true;
	default:
		if (draw(2) && !(owners[o].holds ? drop(index, o) : add(index, o)))
			return false;
		return search_agrees(index) && holder_agrees(index);
	}
}

static void test_model(void)
{
	struct index index = { 0 };
	int steps = 0;

	if (!ok(!index_new(&index, (struct index_size){ 0 }, true), "an index in memory"))
		return;
	index_publish(&index);
	lay_stretches();
	while (steps < 30000 && step(&index))
		steps++;
	ok(steps == 30000, "agrees with the model for %d steps", steps);
	ok(counts_agree(&index) && !index.damaged, "counts and order of the cooling queue");
	for (int o = 0; o < OWNERS; o++)
		if (owners[o].holds)
			drop(&index, o);
	expire(&index, now);
	ok(!index.header->leases.live && !index.header->addresses.live && !index.header->nodes.live,
		"nothing is left of it");
	index_close(&index);
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A node of level 1 fills with 16 million addresses; the tree alone needs no records for them. */
static void test_dense(void)
{
	u128 first = (u128)0xffff << 32 | 0x0a000000, found = 0;
	struct span span = { first, first + (1 << 25) - 1 };
	struct index index = { 0 };
	double start, length;
	int hits = 0;

	if (!ok(!index_new(&index, (struct index_size){ .nodes = 8192 }, true), "room for nodes"))
		return;
	for (u128 a = first; a < first + (1 << 24); a++)
		index_take(&index, a);
	ok(index_next_free(&index, span, &found) && found == first + (1 << 24),
		"behind a full /8 comes the next one");
	index_give(&index, first + 77777);
	start = seconds();
	for (int i = 0; i < 1000; i++)
		hits += index_next_free(&index, span, &found) && found == first + 77777;
	length = seconds() - start;
	ok(hits == 1000, "the one free address of a /8");
	ok(length < 0.05, "found in %.2f us", length * 1000);
	span.last = first + (1 << 24) - 1;
	span.first = first + 77778;
	ok(!index_next_free(&index, span, &found), "none behind it");
	index_take(&index, first + 77777);
	span.first = first;
	ok(!index_next_free(&index, span, &found), "none at all");
	for (u128 a = first; a < first + (1 << 24); a++)
		index_give(&index, a);
	ok(!index.header->nodes.live && !index.damaged, "given back, no node is left");
	index_close(&index);
}

/* Every lease of a /64 far from the others: one node each. */
static void test_sparse(void)
{
	u128 base = (u128)0xfd00 << 112;
	struct index index = { 0 };
	int64_t released;
	int right = 0;

	index_new(&index, (struct index_size){ 0 }, true);
	index_publish(&index);
	for (uint64_t i = 0; i < 5000; i++) {
		u128 address = base + i * UINT64_C(0x10000000000);
		struct index_claim claim = {
			.owner = i * 2 + 1, .length = 1, .addresses = &address, .n_addresses = 1 };

		index_reserve(&index, 1);
		index_add(&index, &claim);
	}
	for (uint64_t i = 0; i < 5000; i++) {
		struct span span = { base + i * UINT64_C(0x10000000000), ~(u128)0 };
		u128 found;

		right += index_owner(&index, i * 2 + 1, 0) &&
			index_holder(&index, span.first, &released) ==
				index_owner(&index, i * 2 + 1, 0) &&
			index_next_free(&index, span, &found) && found == span.first + 1;
	}
	ok(right == 5000 && !index.damaged, "5000 addresses far apart");
	index_close(&index);
}

static void test_edges(void)
{
	u128 edges[] = { 0, 4095, 4096, (u128)1 << 24, ((u128)1 << 36) - 1, ~(u128)0 };
	struct index index = { 0 };
	u128 found;

	index_new(&index, (struct index_size){ 0 }, true);
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		struct span one = { edges[i], edges[i] };

		ok(index_next_free(&index, one, &found) && found == edges[i], "edge %zu free", i);
		index_take(&index, edges[i]);
		ok(!index_next_free(&index, one, &found), "edge %zu is taken", i);
	}
	ok(!index_next_free(&index, (struct span){ 5, 4 }, &found), "an empty span has none");
	index_close(&index);
}

/* Links that lead nowhere or in circles: no crash, no endless loop, and it is noticed. */
static void test_damage(void)
{
	int noticed = 0;

	for (int round = 0; round < 400; round++) {
		struct index index = { 0 };
		uint8_t *bytes;
		u128 found;

		memset(owners, 0, sizeof(owners));
		for (size_t s = 0; s < STRETCHES; s++)
			memset(stretches[s].cells, 0, sizeof(stretches[s].cells));
		index_new(&index, (struct index_size){ .leases = 64 }, true);
		index_publish(&index);
		for (int o = 0; o < 60; o++)
			add(&index, o);
		bytes = (uint8_t *)index.leases;
		for (int i = 0; i < 200; i++)
			bytes[draw(index.size - (size_t)(bytes - (uint8_t *)index.header))] =
				(uint8_t)draw(256);
		for (int o = 0; o < 60; o++) {
			uint32_t lease = index_owner(&index, hash_of(o), 0);

			if (lease)
				index_drop(&index, lease, draw(2) ? now : -1);
			index_next_free(&index, (struct span){ stretches[0].first, ~(u128)0 },
				&found);
		}
		index_expire(&index, now, 1000);
		noticed += index.damaged;
		index_close(&index);
	}
	ok(noticed > 200, "random damage: survived, and noticed %d times of 400", noticed);
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL) * 1000003;
	printf("# seed %" PRIu64 "\n", seed);
	test_model();
	test_dense();
	test_sparse();
	test_edges();
	test_damage();
	return tap_done();
}
