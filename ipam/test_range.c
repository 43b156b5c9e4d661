/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cni/tap.h"
#include "ipam/range.h"

static struct ip subnet(const char *text)
{
	struct ip ip = { 0 };

	ip_parse_cidr(text, &ip);
	return ip;
}

static u128 number(const char *text)
{
	struct ip ip = { 0 };

	ip_parse(text, &ip);
	return ip_number(&ip);
}

static const char *show(struct span span, char out[2 * IP_TEXT])
{
	char first[IP_TEXT], last[IP_TEXT];
	struct ip a = ip_from_number(span.first, 0), b = ip_from_number(span.last, 0);

	snprintf(out, 2 * IP_TEXT, "%s-%s", ip_print(&a, first), ip_print(&b, last));
	return out;
}

static void test_numbers(void)
{
	static const char *const texts[] = { "0.0.0.0", "10.1.0.5", "255.255.255.255", "::", "::1",
		"fd00:1::2", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	char text[IP_TEXT];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct ip ip = ip_from_number(number(texts[i]), 24);

		is(ip_print(&ip, text), texts[i], "%s as a number and back", texts[i]);
		ok(ip.prefix == 24, "with the prefix given");
	}
	ok(number("10.1.0.255") + 1 == number("10.1.1.0"), "an IPv4 address counts up");
	ok(number("255.255.255.255") + 1 == number("::1:0:0:0"), "behind IPv4 comes IPv6");
	ok(number("::ffff:ffff") < number("0.0.0.0"), "::/96 is not IPv4");
}

static void test_hosts(void)
{
	static const struct {
		const char *subnet, *all, *hosts;
	} cases[] = {
		{ "10.1.0.0/24", "10.1.0.0-10.1.0.255", "10.1.0.1-10.1.0.254" },
		{ "10.1.0.8/30", "10.1.0.8-10.1.0.11", "10.1.0.9-10.1.0.10" },
		{ "10.1.0.8/31", "10.1.0.8-10.1.0.9", "10.1.0.8-10.1.0.9" },
		{ "10.1.0.8/32", "10.1.0.8-10.1.0.8", "10.1.0.8-10.1.0.8" },
		{ "10.0.0.0/8", "10.0.0.0-10.255.255.255", "10.0.0.1-10.255.255.254" },
		{ "0.0.0.0/0", "0.0.0.0-255.255.255.255", "0.0.0.1-255.255.255.254" },
		{ "fd00::/64", "fd00::-fd00::ffff:ffff:ffff:ffff",
			"fd00::1-fd00::ffff:ffff:ffff:ffff" },
		{ "fd00::4/126", "fd00::4-fd00::7", "fd00::5-fd00::7" },
		{ "fd00::4/127", "fd00::4-fd00::5", "fd00::4-fd00::5" },
		{ "fd00::4/128", "fd00::4-fd00::4", "fd00::4-fd00::4" },
		{ "::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	char text[2 * IP_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip ip = subnet(cases[i].subnet);

		is(show(span_of_subnet(&ip), text), cases[i].all, "all of %s", cases[i].subnet);
		is(show(span_of_hosts(&ip), text), cases[i].hosts, "hosts of %s", cases[i].subnet);
	}
}

static void test_spans(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "10.1.0.0/28", "10.1.0.0-10.1.0.15" },
		{ "10.1.0.9", "10.1.0.9-10.1.0.9" },
		{ "10.1.0.1-10.1.0.9", "10.1.0.1-10.1.0.9" },
		{ "10.1.0.9-10.1.0.9", "10.1.0.9-10.1.0.9" },
		{ "fd00::/127", "fd00::-fd00::1" },
		{ "fd00::1-fd00::9", "fd00::1-fd00::9" },
		{ "10.1.0.1/28", NULL },
		{ "10.1.0.9-10.1.0.1", NULL },
		{ "10.1.0.1-fd00::1", NULL },
		{ "10.1.0.1-", NULL },
		{ "-10.1.0.1", NULL },
		{ "10.1.0.0/33", NULL },
		{ "10.1.0.1 - 10.1.0.9", NULL },
		{ "0000000000000000000000000000000000000000000000000000-10.1.0.1", NULL },
		{ "", NULL },
	};
	char text[2 * IP_TEXT];
	struct span span;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int rc = span_parse(cases[i].text, &span);

		is(rc ? NULL : show(span, text), cases[i].want, "exclusion \"%s\"", cases[i].text);
		ok(!rc || rc == -EINVAL, "the error is EINVAL");
	}
}

static void test_counts(void)
{
	ok(span_count((struct span){ 5, 5 }) == 1, "one address");
	ok(span_count((struct span){ 6, 5 }) == 0, "an empty span");
	ok(span_count((struct span){ 0, UINT64_MAX }) == UINT64_MAX, "2^64 saturates");
	ok(span_count((struct span){ 0, ~(u128)0 }) == UINT64_MAX, "so does 2^128");
	ok(span_count((struct span){ 0, UINT64_MAX - 2 }) == UINT64_MAX - 1,
		"a little less does not");
}

/* The runs of usable addresses of 10.0.0.1-10.0.0.14 as text. */
static void test_gaps(void)
{
	static const struct {
		const char *excluded[5], *want;
	} cases[] = {
		{ { NULL }, "1-14" },
		{ { "10.0.0.1" }, "2-14" },
		{ { "10.0.0.14" }, "1-13" },
		{ { "10.0.0.0-10.0.0.2", "10.0.0.13-10.0.0.99" }, "3-12" },
		{ { "10.0.0.5", "10.0.0.7" }, "1-4 6-6 8-14" },
		{ { "10.0.0.7", "10.0.0.5", "10.0.0.6" }, "1-4 8-14" },
		{ { "10.0.0.4-10.0.0.9", "10.0.0.5", "10.0.0.8-10.0.0.10" }, "1-3 11-14" },
		{ { "10.0.0.0/29", "10.0.0.8/29" }, "" },
		{ { "10.0.0.0/8" }, "" },
		{ { "10.0.1.0/24", "fd00::/64" }, "1-14" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct range range = { .subnet = subnet("10.0.0.0/28") };
		struct span spans[5], rest, gap;
		char got[128] = "";
		size_t n = 0;

		range.usable = rest = span_of_hosts(&range.subnet);
		while (n < 5 && cases[i].excluded[n]) {
			span_parse(cases[i].excluded[n], &spans[n]);
			n++;
		}
		ok(!range_exclude(&range, spans, n), "exclude %zu spans", n);
		while (range_next_gap(&range, &rest, &gap))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u-%u",
				*got ? " " : "", (unsigned int)(gap.first & 0xff),
				(unsigned int)(gap.last & 0xff));
		is(got, cases[i].want, "gaps %zu", i);
		free(range.excluded);
	}
}

static void test_whole_space(void)
{
	struct range range = { .subnet = subnet("::/0") };
	struct span rest, gap, low = { 0, 9 };

	range.usable = rest = span_of_subnet(&range.subnet);
	ok(!range_exclude(&range, &low, 1), "exclude the first ten of all addresses");
	ok(range_next_gap(&range, &rest, &gap) && gap.first == 10 && gap.last == ~(u128)0,
		"the gap reaches the highest number");
	ok(!range_next_gap(&range, &rest, &gap), "and is the only one");
	ok(range_has(&range, ~(u128)0) && !range_has(&range, 9), "membership agrees");
	free(range.excluded);
}

/* Random exclusions of a /24, given in two portions, against one flag for each address. */
static void test_random(unsigned int seed)
{
	bool right = true;

	srandom(seed);
	for (int round = 0; round < 2000 && right; round++) {
		struct range range = { .usable = { 1000 + (u128)(random() % 20), 1200 } };
		struct span spans[12], rest = range.usable, gap;
		bool allowed[300] = { false }, seen[300] = { false };
		size_t n = (size_t)random() % 12, half = n / 2;

		for (u128 a = range.usable.first; a <= range.usable.last; a++)
			allowed[a - 1000] = true;
		for (size_t i = 0; i < n; i++) {
			spans[i].first = (u128)(980 + random() % 250);
			spans[i].last = spans[i].first + (u128)(random() % 40);
			for (u128 a = spans[i].first; a <= spans[i].last; a++)
				if (a >= 1000 && a < 1300)
					allowed[a - 1000] = false;
		}
		right = !range_exclude(&range, spans, half) &&
			!range_exclude(&range, spans + half, n - half);
		while (range_next_gap(&range, &rest, &gap))
			for (u128 a = gap.first; a <= gap.last; a++)
				seen[a - 1000] = true;
		for (size_t i = 0; i < 300; i++)
			right = right && seen[i] == allowed[i] &&
				range_has(&range, 1000 + i) == allowed[i];
		free(range.excluded);
	}
	ok(right, "random exclusions agree with flags (seed %u)", seed);
}

/* Sets of one range each ("/": the next alternative of the same set), gateways after "@". */
static void build(struct range_sets *sets, const char *const texts[])
{
	*sets = (struct range_sets){ .sets = calloc(8, sizeof(struct range_set)) };
	for (size_t i = 0; texts[i]; i++) {
		const char *text = texts[i];
		struct range_set *set;
		struct range *range;
		char words[2][IP_TEXT] = { "", "" };

		if (*text != '+')
			sets->n_sets++;
		set = &sets->sets[sets->n_sets - 1];
		if (!set->ranges)
			set->ranges = calloc(8, sizeof(struct range));
		range = &set->ranges[set->n_ranges++];
		sscanf(text + (*text == '+'), "%49[^@]@%49s", words[0], words[1]);
		snprintf(range->path, sizeof(range->path), "%zu.%zu", sets->n_sets - 1,
			set->n_ranges - 1);
		range->subnet = subnet(words[0]);
		range->usable = span_of_hosts(&range->subnet);
		ip_parse(words[1], &range->gateway);
	}
}

static void test_sets(void)
{
	static const struct {
		const char *ranges[6], *want;
	} cases[] = {
		{ { "10.1.0.0/24" }, NULL },
		{ { "10.1.0.0/24", "10.2.0.0/24", "fd00::/64" }, NULL },
		{ { "10.3.0.0/24", "+10.1.0.0/24", "10.2.0.0/24" }, NULL },
		{ { "10.1.0.0/24", "+fd00::/64" },
			"0.0 and 0.1 are of different families: a set is the alternatives for one "
			"address; give each family a set of its own" },
		{ { "10.1.0.0/24", "10.1.0.0/25" }, "1.0 overlaps 0.0: both have 10.1.0.1" },
		{ { "10.1.0.0/16", "+10.1.7.0/24" }, "0.1 overlaps 0.0: both have 10.1.7.1" },
		{ { "fd00::/64", "10.1.0.0/24", "fd00::8/126" },
			"2.0 overlaps 0.0: both have fd00::9" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(range_sets_done) struct range_sets sets;
		struct cni_error err = { 0 };
		int rc;

		build(&sets, cases[i].ranges);
		rc = range_sets_check(&sets, &err);
		is(rc < 0 ? err.msg : NULL, cases[i].want, "sets %zu", i);
		ok(rc == (cases[i].want ? -1 : 0) && err.code == (rc ? CNI_INVALID_CONFIG : 0),
			"the code");
	}
}

static void test_gateways(void)
{
	static const char *const ranges[] = { "10.1.0.0/28@10.1.0.1", "10.2.0.0/28@10.1.0.14",
		"+10.3.0.0/28@10.3.0.1", "fd00::/126@fe80::1", NULL };
	CLEANUP(range_sets_done) struct range_sets sets;
	struct cni_error err = { 0 };
	struct range_counts counts;

	build(&sets, ranges);
	ok(!range_sets_check(&sets, &err), "gateways are accepted");
	ok(!range_set_find(&sets.sets[0], number("10.1.0.1")),
		"a gateway is reserved in its range");
	ok(!range_set_find(&sets.sets[0], number("10.1.0.14")), "also in the range of another set");
	ok(range_set_find(&sets.sets[0], number("10.1.0.2")) == &sets.sets[0].ranges[0],
		"not more");
	ok(range_set_find(&sets.sets[1], number("10.3.0.2")) == &sets.sets[1].ranges[1],
		"alternatives are searched");
	ok(!range_set_find(&sets.sets[1], number("10.1.0.2")), "other sets are not");
	counts = range_set_counts(&sets.sets[0]);
	ok(counts.usable == 12 && counts.excluded == 2, "14 addresses, 2 of them reserved");
	counts = range_set_counts(&sets.sets[2]);
	ok(counts.usable == 3 && counts.excluded == 0, "a gateway outside takes nothing");
}

int main(void)
{
	test_numbers();
	test_hosts();
	test_spans();
	test_counts();
	test_gaps();
	test_whole_space();
	test_random(1);
	test_random((unsigned int)getpid());
	test_sets();
	test_gateways();
	return tap_done();
}
