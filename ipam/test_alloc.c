/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of an address against a store that is one byte for each of 256 addresses. */
#include "cni/tap.h"
#include "ipam/alloc.h"

#define BASE ((u128)0xffff0a010000) /* 10.1.0.0 */

struct fake {
	int64_t state[256]; /* 0: free, -1: leased, else when it was released */
	bool has_cursor;
	u128 cursor;
};

static bool next_free(void *data, struct span span, u128 *address)
{
	struct fake *fake = data;

	for (u128 a = span.first; a <= span.last; a++) {
		if (!fake->state[a - BASE]) {
			*address = a;
			return true;
		}
	}
	return false;
}

static bool oldest_cooling(void *data, struct span span, u128 *address, int64_t *released)
{
	struct fake *fake = data;
	bool found = false;

	for (u128 a = span.first; a <= span.last; a++) {
		int64_t at = fake->state[a - BASE];

		if (at > 0 && (!found || at < *released)) {
			*released = at;
			*address = a;
			found = true;
		}
	}
	return found;
}

static bool cursor(void *data, size_t set, u128 *address)
{
	struct fake *fake = data;

	*address = fake->cursor;
	return set == 3 && fake->has_cursor;
}

static struct alloc_view view_of(struct fake *fake)
{
	return (struct alloc_view){ fake, next_free, oldest_cooling, cursor };
}

/* Three ranges, 10-19, 40-49, 30-39, without 12-13 and 44. */
static struct span excluded[2][1] = { { { BASE + 12, BASE + 13 } }, { { BASE + 44, BASE + 44 } } };
static struct range ranges[] = {
	{ .usable = { BASE + 10, BASE + 19 }, .excluded = excluded[0], .n_excluded = 1 },
	{ .usable = { BASE + 40, BASE + 49 }, .excluded = excluded[1], .n_excluded = 1 },
	{ .usable = { BASE + 30, BASE + 39 } },
};
static const struct range_set set = { ranges, 3 };

static void lease(struct fake *fake, int first, int last)
{
	for (int i = first; i <= last; i++)
		fake->state[i] = -1;
}

/* -1: none */
static int chosen(struct fake *fake, enum alloc_order order)
{
	struct alloc_view view = view_of(fake);
	u128 address;

	return alloc_free(&set, 3, order, &view, &address) ? (int)(address - BASE) : -1;
}

static void test_cases(void)
{
	static const struct {
		const char *name;
		int cursor, leased[3][2], lowest, round_robin;
	} cases[] = {
		{ "an empty pool", -1, { { 0 } }, 10, 10 },
		{ "the next one", 10, { { 10, 10 } }, 11, 11 },
		{ "behind an exclusion", 11, { { 10, 11 } }, 14, 14 },
		{ "from within an exclusion", 12, { { 0 } }, 10, 14 },
		{ "from one range to the next in the order of configuration", 19, { { 0 } }, 10,
			40 },
		{ "from the last range to the first", 39, { { 0 } }, 10, 10 },
		{ "around, over full ranges", 48, { { 49, 49 }, { 30, 39 }, { 10, 18 } }, 19, 19 },
		{ "around, to what is before it", 45, { { 46, 49 }, { 30, 39 }, { 10, 19 } }, 40,
			40 },
		{ "the last one chosen, if only that is free", 45,
			{ { 10, 39 }, { 40, 44 }, { 46, 49 } }, 45, 45 },
		{ "a cursor of ranges that are gone", 200, { { 10, 11 } }, 14, 14 },
		{ "nothing free", 30, { { 10, 19 }, { 30, 39 }, { 40, 49 } }, -1, -1 },
		{ "exclusions alone free", 30, { { 10, 11 }, { 14, 43 }, { 45, 49 } }, -1, -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake fake = { .has_cursor = cases[i].cursor >= 0 };

		fake.cursor = BASE + (u128)cases[i].cursor;
		for (size_t k = 0; k < 3; k++)
			lease(&fake, cases[i].leased[k][0], cases[i].leased[k][1]);
		ok(chosen(&fake, ALLOC_LOWEST) == cases[i].lowest, "lowest: %s", cases[i].name);
		ok(chosen(&fake, ALLOC_ROUND_ROBIN) == cases[i].round_robin, "round robin: %s",
			cases[i].name);
	}
}

static void test_cooling(void)
{
	struct fake fake = { .has_cursor = false };
	struct alloc_view view = view_of(&fake);
	u128 address;

	lease(&fake, 0, 255);
	ok(!alloc_cooling(&set, &view, &address), "nothing cools");
	fake.state[13] = 1;
	fake.state[44] = 2;
	fake.state[20] = 3;
	ok(!alloc_cooling(&set, &view, &address), "what is excluded or outside does not count");
	fake.state[19] = 70;
	fake.state[40] = 60;
	fake.state[31] = 50;
	fake.state[45] = 80;
	ok(alloc_cooling(&set, &view, &address) && address == BASE + 31,
		"the one released first, of all ranges and gaps");
	ok(chosen(&fake, ALLOC_LOWEST) < 0, "cooling is not free");
}

static void test_end_of_space(void)
{
	struct range last = { .usable = { ~(u128)0 - 1, ~(u128)0 } };
	struct range_set top = { &last, 1 };
	struct fake fake = { .has_cursor = true, .cursor = ~(u128)0 };
	struct alloc_view view = view_of(&fake);
	u128 address = 0;

	view.next_free = NULL; /* called with a span only */
	last.excluded = &(struct span){ ~(u128)0 - 1, ~(u128)0 };
	last.n_excluded = 1;
	ok(!alloc_free(&top, 3, ALLOC_ROUND_ROBIN, &view, &address), "the highest number ends it");
}

/* The n-th address of the sequence that round robin walks, by plain counting. */
static int model(const struct fake *fake, const struct range_set *in, bool round_robin)
{
	int sequence[1024], n = 0, start = 0;

	for (size_t i = 0; i < in->n_ranges; i++)
		for (u128 a = in->ranges[i].usable.first; a <= in->ranges[i].usable.last; a++)
			sequence[n++] = (int)(a - BASE);
	for (int i = 0; i < n; i++)
		if (round_robin && fake->has_cursor && BASE + (u128)sequence[i] == fake->cursor)
			start = i + 1;
	for (int i = 0; i < n; i++) {
		int at = sequence[(start + i) % n];
		bool allowed = true;

		for (size_t r = 0; r < in->n_ranges; r++)
			for (size_t k = 0; k < in->ranges[r].n_excluded; k++)
				allowed = allowed &&
					  !span_has(in->ranges[r].excluded[k], BASE + (u128)at);
		if (allowed && !fake->state[at])
			return at;
	}
	return -1;
}

static void random_set(struct range_set *in)
{
	struct range swap;
	int at = 0;

	in->n_ranges = 0;
	while (in->n_ranges < 4) {
		struct range *range = &in->ranges[in->n_ranges++];
		struct span out;

		at += (int)(random() % 8);
		*range = (struct range){ .usable = { BASE + (u128)at, 0 } };
		at += (int)(random() % 24);
		range->usable.last = BASE + (u128)at++;
		for (int i = 0; i < 3; i++) {
			out.first = range->usable.first + (u128)(random() % 24);
			out.last = out.first + (u128)(random() % 4);
			range_exclude(range, &out, random() % 2 != 0);
		}
	}
	/* The order of configuration is not that of the numbers. */
	swap = in->ranges[0];
	in->ranges[0] = in->ranges[2];
	in->ranges[2] = swap;
}

static void test_random(unsigned int seed)
{
	struct range some[4];
	struct range_set in = { some, 4 };
	bool right = true;

	srandom(seed);
	for (int round = 0; round < 300 && right; round++) {
		struct fake fake = { .has_cursor = false };
		struct alloc_view view = view_of(&fake);

		random_set(&in);
		for (int step = 0; step < 400 && right; step++) {
			bool round_robin = random() % 2;
			int want = model(&fake, &in, round_robin);
			u128 address = 0;
			bool found = alloc_free(&in, 3,
				round_robin ? ALLOC_ROUND_ROBIN : ALLOC_LOWEST, &view, &address);

			right = found == (want >= 0) && (!found || address == BASE + (u128)want);
			if (found) {
				fake.state[want] = -1;
				fake.cursor = address;
				fake.has_cursor = true;
			}
			if (!found || random() % 3 == 0)
				fake.state[random() % 128] = 0;
		}
		for (size_t i = 0; i < in.n_ranges; i++)
			free(some[i].excluded);
	}
	ok(right, "random sets agree with a model that counts (seed %u)", seed);
}

int main(void)
{
	test_cases();
	test_cooling();
	test_end_of_space();
	test_random(1);
	test_random((unsigned int)getpid());
	return tap_done();
}
