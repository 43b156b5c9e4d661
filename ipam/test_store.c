/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam/test_store.h"

#include "cni/boot.h"

#include <time.h>

static struct lease found;

static bool any(const struct lease *lease, const void *data)
{
	(void)lease;
	(void)data;
	return true;
}

static void test_basics(void)
{
	struct store *store;
	struct cni_error err = { 0 };
	struct stat status;

	test_fresh();
	test_options.create = false;
	ok(!store_open(&store, &test_options, &err) && !store, "no pool and none to be made");
	ok(access(test_path("."), F_OK) < 0, "and none was made");
	test_options.create = true;
	store = test_open();
	if (!ok(store != NULL, "a new pool"))
		return;
	ok(!stat(test_path("."), &status) && (status.st_mode & 0777) == 0700, "directory 0700");
	ok(!stat(test_path("journal"), &status) && (status.st_mode & 0777) == 0600, "files 0600");
	ok(!test_has(store, 1), "nothing in it");
	ok(!test_put(store, 1) && !test_put(store, 2), "two leases");
	ok(test_has(store, 1) == 1 && test_has(store, 2) == 1, "are found");
	ok(store_counts(store).leases == 2 && store_counts(store).leased == 2, "counted");
	ok(!test_drop(store, 1) && !test_has(store, 1), "one is removed");
	ok(!test_drop(store, 1), "removing it twice is fine");
	store_closep(&store);
	ok(!store, "closing forgets the store");
	store = test_open();
	ok(store && !test_has(store, 1) && test_has(store, 2) == 1, "all that is still so");
	store_closep(&store);
	store_closep(&store);
}

static void test_lookups(void)
{
	struct store *store;
	struct test_lease one;
	struct ip ip = ip_from_number(BASE + 1, 32);

	test_fresh();
	store = test_open();
	test_put(store, 1);
	ok(store_find_pod(store, "default/pod1", "net1", any, NULL, &found, &test_error) == 1,
		"by pod");
	is(found.container_id, "container1", "the right one");
	is(found.netns, NULL, "what was not written is NULL");
	ok(!store_find_pod(store, "default/pod1", "net2", any, NULL, &found, &test_error),
		"not its net2");
	ok(!store_find(store, "container1", "net2", &found, &test_error), "not by owner either");
	ok(store_find_address(store, &ip, &found, &test_error) == 1, "by address");
	is(found.pod, "default/pod1", "the right one");
	ip = ip_from_number(BASE + 2, 32);
	ok(!store_find_address(store, &ip, &found, &test_error), "a free address has none");
	test_lease(&one, 3);
	one.lease.n_addresses = RANGE_SETS_MAX;
	for (int i = 0; i < RANGE_SETS_MAX; i++)
		one.lease.addresses[i] = ip_from_number(BASE + 100 + (u128)i, 16);
	one.lease.addresses[1] = ip_from_number(((u128)0xfd00 << 112) + 7, 64);
	ok(!store_put(store, &one.lease, NULL, &test_error), "%d addresses", RANGE_SETS_MAX);
	ok(store_find(store, "container3", "net1", &found, &test_error) == 1 &&
		found.n_addresses == RANGE_SETS_MAX &&
		!memcmp(found.addresses, one.lease.addresses, sizeof(found.addresses)),
		"in their order, with their prefixes");
	store_closep(&store);
}

static void test_next_free(void)
{
	struct store *store;
	struct span span = { BASE + 1, BASE + 6 };
	u128 address;

	test_fresh();
	store = test_open();
	ok(store_next_free(store, span, &address) && address == BASE + 1, "the lowest");
	for (int i = 1; i <= 6; i++)
		if (i != 4)
			test_put(store, i);
	ok(store_next_free(store, span, &address) && address == BASE + 4, "the only one");
	test_put(store, 4);
	ok(!store_next_free(store, span, &address), "none");
	ok(store_is_taken(store, BASE + 4) && !store_is_taken(store, BASE + 7), "taken or not");
	store_closep(&store);
}

static void test_repeat(void)
{
	struct store *store;
	struct test_lease lease;
	struct lease replaced = { .container_id = "container1", .ifname = "net1" };
	struct cni_error err = { 0 };

	test_fresh();
	store = test_open();
	test_put(store, 1);
	test_put(store, 2);
	ok(!test_put(store, 1) && store_counts(store).leased == 2, "the same lease again");
	test_lease(&lease, 1);
	lease.lease.addresses[0] = ip_from_number(BASE + 9, 16);
	ok(!store_put(store, &lease.lease, NULL, &err) && !store_is_taken(store, BASE + 1) &&
		store_is_taken(store, BASE + 9), "the owner's other address replaces the first");
	lease.lease.addresses[0] = ip_from_number(BASE + 2, 16);
	ok(store_put(store, &lease.lease, NULL, &err) < 0 && err.code == CNI_INTERNAL,
		"an address of somebody else is refused: %s", err.msg);
	ok(store_find(store, "container1", "net1", &found, &err) == 1 &&
		ip_number(&found.addresses[0]) == BASE + 9 && test_has(store, 2) == 1,
		"and nothing was changed");
	test_lease(&lease, 3);
	lease.lease.n_addresses = 2;
	lease.lease.addresses[1] = lease.lease.addresses[0];
	ok(store_put(store, &lease.lease, NULL, &err) < 0, "one address twice is refused");
	test_lease(&lease, 7);
	lease.lease.addresses[0] = ip_from_number(BASE + 9, 16);
	ok(!store_put(store, &lease.lease, &replaced, &err), "take over the address of a lease");
	ok(!store_find(store, "container1", "net1", &found, &err) &&
		store_find(store, "container7", "net1", &found, &err) == 1 &&
		store_counts(store).leases == 2, "which is gone");
	store_closep(&store);
	unlink(test_path("index"));
	store = test_open();
	ok(store && !store_find(store, "container1", "net1", &found, &err) &&
		store_find(store, "container7", "net1", &found, &err) == 1 &&
		store_counts(store).leases == 2, "so the journal says too");
	store_closep(&store);
}

/* The one that was taken over comes back, in the place of one that is gone: an older one, for the index. */
static void test_takeover(void)
{
	struct test_lease before, after;
	struct store *store;

	test_fresh();
	store = test_open();
	test_put(store, 1);
	test_put(store, 2);
	test_lease(&before, 2);
	test_lease(&after, 3);
	after.lease.addresses[0] = before.lease.addresses[0];
	ok(!store_put(store, &after.lease, &before.lease, &test_error) && !test_has(store, 2),
		"a lease is taken over");
	test_drop(store, 1);
	before.lease.addresses[0] = ip_from_number(BASE + 4, 32);
	ok(!store_put(store, &before.lease, NULL, &test_error), "its owner gets another");
	ok(store_rewrite(store), "compaction");
	store_closep(&store);
	unlink(test_path("index"));
	store = test_open();
	ok(store && store_counts(store).leases == 2 &&
			store_find(store, "container2", "net1", &found, &test_error) == 1 &&
			store_find(store, "container3", "net1", &found, &test_error) == 1,
		"the snapshot tells the same");
	store_closep(&store);
}

/* ADD and DEL of a pod that keeps its address. */
static int keep(struct store *store, int i)
{
	struct lease kept = { .ifname = "net1" };
	struct test_lease lease;
	char id[64];

	test_lease(&lease, i);
	snprintf(id, sizeof(id), "pod:%s", lease.pod);
	kept.container_id = id;
	lease.lease.keep = 1;
	if (store_put(store, &lease.lease, &kept, &test_error) < 0 ||
		store_find(store, lease.cid, "net1", &found, &test_error) != 1)
		return -1;
	return store_release(store, &found, &test_error);
}

/* Which kept lease is the oldest? -1: there is none. */
static int oldest(struct store *store)
{
	struct lease lease;

	return store_oldest_kept(store, NULL, &lease, &test_error) > 0
		       ? (int)(ip_number(&lease.addresses[0]) - BASE)
		       : -1;
}

static void test_kept(void)
{
	struct store *store;

	test_fresh();
	store = test_open();
	ok(store && oldest(store) < 0, "nothing is kept");
	test_put(store, 0);
	for (int i = 5; i > 0; i--)
		keep(store, i);
	test_put(store, 6);
	ok(store_counts(store).leases == 2 && store_counts(store).kept_leases == 5, "five are");
	ok(oldest(store) == 5, "the oldest");
	ok(!keep(store, 5) && oldest(store) == 4, "used and kept again, it is the youngest");
	ok(store_rewrite(store) && oldest(store) == 4, "in a snapshot");
	ok(!keep(store, 4) && oldest(store) == 3, "one in the journal is younger than those");
	store_closep(&store);
	unlink(test_path("index"));
	store = test_open();
	ok(store && oldest(store) == 3 && store_counts(store).kept == 5, "so says the text");
	test_drop(store, 0);
	ok(store_remove(store, "pod:default/pod3", "net1", &test_error) == 0 &&
			oldest(store) == 2 && store_counts(store).kept == 4 &&
			!store_is_taken(store, BASE + 3),
		"it ends");
	store_closep(&store);
}

static void test_kept_at_most(void)
{
	struct store *store;
	int failed = 0;

	test_fresh();
	store = test_open();
	for (int i = 0; i < STORE_KEPT_MAX; i++)
		failed += keep(store, i) < 0;
	ok(!failed && oldest(store) == 0, "as many as may be");
	ok(!keep(store, STORE_KEPT_MAX) && oldest(store) == 1 && !store_is_taken(store, BASE) &&
			store_counts(store).kept == STORE_KEPT_MAX,
		"one more, and the oldest ends");
	store_closep(&store);
}

static void test_cursor(void)
{
	struct store *store;
	struct test_lease lease;
	u128 address;

	test_fresh();
	store = test_open();
	ok(!store_cursor(store, 0, &address), "no cursor yet");
	ok(!store_cursor(store, RANGE_SETS_MAX, &address), "no such set");
	test_lease(&lease, 5);
	lease.lease.n_addresses = 2;
	lease.lease.addresses[1] = ip_from_number(BASE + 50, 16);
	lease.lease.fixed = 2;
	store_put(store, &lease.lease, NULL, &test_error);
	for (int again = 0; again < 2; again++) {
		ok(store_cursor(store, 0, &address) && address == BASE + 5, "the chosen one");
		ok(!store_cursor(store, 1, &address), "a fixed one leaves the cursor alone");
		store_closep(&store);
		unlink(test_path("index"));
		store = test_open();
	}
	store_closep(&store);
}

static int remove_odd(struct store *store, const struct lease *lease, void *data)
{
	int *count = data;

	++*count;
	if (atoi(lease->container_id + strlen("container")) % 2)
		return store_remove(store, lease->container_id, lease->ifname, &test_error);
	return 0;
}

static int stop_at_once(struct store *store, const struct lease *lease, void *data)
{
	(void)store;
	(void)lease;
	(void)data;
	return 42;
}

static void test_each(void)
{
	struct store *store;
	int count = 0;

	test_fresh();
	store = test_open();
	for (int i = 0; i < 100; i++)
		test_put(store, i);
	ok(!store_each(store, remove_odd, &count, &test_error) && count == 100, "visits all");
	ok(test_have(store, 0, 100) == 50 && store_counts(store).leases == 50,
		"and may remove what it is shown");
	ok(store_each(store, stop_at_once, NULL, &test_error) == 42, "a visitor ends it");
	store_closep(&store);
}

static void test_cooling(void)
{
	struct store *store;
	struct span span = { BASE, BASE + 3 };
	struct timespec delay = { .tv_nsec = 60000000 };
	int64_t released, later;
	u128 address;

	test_fresh();
	test_options.reuse_delay_ms = 100000;
	store = test_open();
	for (int i = 0; i < 4; i++)
		test_put(store, i);
	test_drop(store, 2);
	nanosleep(&delay, NULL);
	test_drop(store, 1);
	for (int again = 0; again < 3; again++) {
		ok(store_counts(store).cooling == 2 && store_counts(store).leased == 2 &&
			store_is_taken(store, BASE + 1) && !store_next_free(store, span, &address),
			"released addresses cool");
		ok(store_oldest_cooling(store, span, &address, &released) && address == BASE + 2,
			"the one released first");
		ok(store_oldest_cooling(store, (struct span){ BASE, BASE + 1 }, &address, &later) &&
			address == BASE + 1 && later >= released + 60, "the one of that span");
		ok(!store_oldest_cooling(store, (struct span){ BASE + 3, BASE + 9 }, &address,
			&later), "none there");
		store_closep(&store);
		if (!again)
			unlink(test_path("index"));
		store = test_open();
	}
	ok(!test_put(store, 2) && store_counts(store).cooling == 1, "may be taken all the same");
	store_closep(&store);
	test_options.reuse_delay_ms = 30;
	nanosleep(&delay, NULL);
	store = test_open();
	ok(!store_counts(store).cooling && store_next_free(store, span, &address) &&
		address == BASE + 1, "free when the delay has passed");
	test_drop(store, 2);
	ok(store_is_taken(store, BASE + 2), "cools");
	nanosleep(&delay, NULL);
	ok(!store_is_taken(store, BASE + 2), "and has cooled while the store was open");
	store_closep(&store);
	test_options.reuse_delay_ms = 0;
}

/* The store as another boot of the machine left it. */
static void test_reboot(void)
{
	struct record record = {
		.op = RECORD_DEL, .seq = 3, .cool = "1@another boot",
		.lease = { .container_id = "container1", .ifname = "net1" } };
	char line[LEASE_LINE_MAX], other[40] = "another boot";
	size_t more = record_print(&record, line);
	struct store *store;
	int fd;

	test_fresh();
	test_options.reuse_delay_ms = 100000;
	store = test_open();
	test_put(store, 1);
	test_put(store, 2);
	store_closep(&store);
	test_append("journal", line, more);
	fd = open(test_path("index"), O_WRONLY);
	ok(pwrite(fd, other, sizeof(other), offsetof(struct index_header, boot)) == sizeof(other),
		"an index of another boot");
	close(fd);
	store = test_open();
	ok(store && test_has(store, 2) == 1, "leases stay");
	ok(store && !test_has(store, 1) && !store_counts(store).cooling, "what cooled is free");
	ok(store && !strcmp(store->index.header->boot, boot_id()),
		"the index is of this boot");
	store_closep(&store);
	test_options.reuse_delay_ms = 0;
}

static void test_door(void)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "../a", "-a", "_a", "a b", "a\n",
		"\xc3\xa4" };
	struct store_options options = test_options;
	char name[STORE_POOL_MAX + 2], path[PATH_MAX + 1], text[LEASE_TEXT_MAX + 2];
	struct cni_error err = { 0 };
	struct test_lease lease;
	struct store *store;

	test_fresh();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		options.pool = bad[i];
		ok(store_open(&store, &options, &err) < 0 && err.code == CNI_INVALID_CONFIG &&
			!store, "no pool name: number %zu", i);
	}
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	options.pool = name;
	ok(store_open(&store, &options, &err) < 0, "a name of %d bytes", STORE_POOL_MAX + 1);
	name[STORE_POOL_MAX] = '\0';
	ok(!store_open(&store, &options, &err), "one of %d is fine", STORE_POOL_MAX);
	store_closep(&store);
	memset(path, '/', PATH_MAX);
	path[PATH_MAX] = '\0';
	options.directory = path;
	ok(store_open(&store, &options, &err) < 0 && err.code == CNI_INVALID_CONFIG, "a long path");
	store = test_open();
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	test_lease(&lease, 1);
	lease.lease.netns = text;
	ok(store_put(store, &lease.lease, NULL, &err) < 0 && err.code == CNI_INVALID_CONFIG,
		"a text of %d bytes: %s", LEASE_TEXT_MAX + 1, err.msg);
	text[LEASE_TEXT_MAX] = '\0';
	ok(!store_put(store, &lease.lease, NULL, &err), "one of %d is fine", LEASE_TEXT_MAX);
	memset(text, '\x01', LEASE_TEXT_MAX);
	lease.lease.network = lease.lease.pod_uid = text;
	ok(store_put(store, &lease.lease, NULL, &err) < 0, "too long in JSON: %s", err.msg);
	test_lease(&lease, 1);
	lease.lease.ifname = "";
	ok(store_put(store, &lease.lease, NULL, &err) < 0, "no ifname");
	test_lease(&lease, 1);
	lease.lease.n_addresses = 0;
	ok(store_put(store, &lease.lease, NULL, &err) < 0, "no address");
	lease.lease.n_addresses = RANGE_SETS_MAX + 1;
	ok(store_put(store, &lease.lease, NULL, &err) < 0, "too many addresses");
	store_closep(&store);
}

/* Many enough that the index grows and the journal becomes a snapshot. */
static void test_growth(void)
{
	struct store *store;
	struct stat journal, leases;
	size_t length;
	char *text;
	u128 address;

	test_fresh();
	store = test_open();
	for (int i = 0; i < 6000; i++)
		test_put(store, i);
	test_options.reuse_delay_ms = store->reuse_delay_ms = 1000000;
	for (int round = 0; round < 4; round++)
		for (int i = 0; i < 3000; i++) {
			test_drop(store, i);
			if (i % 2 || round < 3)
				test_put(store, i);
		}
	ok(!stat(test_path("journal"), &journal) && !stat(test_path("leases"), &leases) &&
		journal.st_size < (1 << 20) + 2 * leases.st_size, "the journal is bounded");
	ok(access(test_path("leases.tmp"), F_OK) < 0, "nothing temporary is left");
	for (int again = 0; again < 3; again++) {
		ok(test_have(store, 0, 6000) == 4500 && store_counts(store).leased == 4500 &&
			store_counts(store).cooling == 1500, "all leases are right");
		ok(store_cursor(store, 0, &address) && address == BASE + 2999, "the cursor too");
		store_closep(&store);
		if (again)
			unlink(test_path("index"));
		store = test_open();
	}
	store->index.header->compact_at = 1;
	store_compact(store);
	store_closep(&store);
	ok(!stat(test_path("journal"), &journal) && journal.st_size < 200, "compacted to nothing");
	unlink(test_path("index"));
	store = test_open();
	ok(store && test_have(store, 0, 6000) == 4500 && store_counts(store).cooling == 1500 &&
			store_cursor(store, 0, &address) && address == BASE + 2999,
		"all is in the snapshot");
	store_closep(&store);
	text = test_slurp("leases", &length);
	ok(text && strstr(text, "\"op\":\"end\",\"lines\":6001}"), "whose lines are counted");
	free(text);
	test_options.reuse_delay_ms = 0;
}

/* Made anew from the journal, after compaction, and made anew from the snapshot. */
static bool stays(struct store **store, bool has(struct store *))
{
	for (int i = 0; i < 3; i++) {
		if (!*store || !has(*store) || (i && (!store_rewrite(*store) || !has(*store))))
			return false;
		store_closep(store);
		unlink(test_path("index"));
		*store = test_open();
	}
	return *store && has(*store);
}

#define LONG_LINES 90 /* of 5 KiB: more than are read at once, and not yet compacted */

static const struct lease *long_lease(struct test_lease *lease, int i)
{
	static char text[LEASE_TEXT_MAX + 1];

	test_lease(lease, i);
	memset(text, 'a' + i % 26, LEASE_TEXT_MAX - i % 5);
	text[LEASE_TEXT_MAX - i % 5] = '\0';
	lease->lease.pod = lease->lease.pod_uid = lease->lease.network = text;
	lease->lease.netns = lease->lease.netns_id = text;
	return &lease->lease;
}

static bool has_long(struct store *store)
{
	struct test_lease want;
	int good = 0;

	for (int i = 0; i < LONG_LINES; i++) {
		long_lease(&want, i);
		good += store_find(store, want.cid, "net1", &found, &test_error) > 0 &&
			!strcmp(found.pod, want.lease.pod) &&
			!strcmp(found.netns_id, want.lease.netns_id) &&
			ip_same(&found.addresses[0], &want.lease.addresses[0]);
	}
	return good == LONG_LINES;
}

static void test_long_lines(void)
{
	struct test_lease lease;
	struct store *store;

	test_fresh();
	store = test_open();
	/* The second time in the place of the first. */
	for (int i = 0; i < 2 * LONG_LINES; i++)
		store_put(store, long_lease(&lease, i % LONG_LINES), NULL, &test_error);
	ok(stays(&store, has_long), "%d lines of 5 KiB: %s", LONG_LINES, test_error.msg);
	store_closep(&store);
}

#define SHORT_LINES 26

static bool has_short(struct store *store)
{
	struct ip ip = { .family = AF_INET6 };
	char id[2] = "a";
	int good = 0;

	for (; ip.bytes[15] < SHORT_LINES; ip.bytes[15]++, id[0]++)
		good += store_find(store, id, "b", &found, &test_error) > 0 &&
			ip_same(&found.addresses[0], &ip);
	return good == SHORT_LINES;
}

/* Compaction tells lines apart by where they begin. */
static void test_short_lines(void)
{
	struct lease lease;
	struct store *store;
	char id[2] = "a";

	test_fresh();
	store = test_open();
	memset(&lease, 0, LEASE_FIELDS);
	lease.container_id = id;
	lease.ifname = "b";
	lease.n_addresses = 1;
	lease.addresses[0].family = AF_INET6;
	for (int i = 0; i < SHORT_LINES; i++, id[0]++) {
		lease.addresses[0].bytes[15] = (uint8_t)i;
		store_put(store, &lease, NULL, &test_error);
	}
	ok(stays(&store, has_short), "the shortest lines: %s", test_error.msg);
	store_closep(&store);
}

static void test_durable(void)
{
	struct store *store;

	test_fresh();
	test_options.durable = true;
	store = test_open();
	ok(store && !test_put(store, 1) && !test_drop(store, 1) && !test_put(store, 2),
		"durable transactions");
	store_closep(&store);
	store = test_open();
	ok(store && test_have(store, 0, 9) == 1, "are there");
	store_closep(&store);
	test_options.durable = false;
}

int main(void)
{
	test_basics();
	test_lookups();
	test_next_free();
	test_repeat();
	test_takeover();
	test_kept();
	test_kept_at_most();
	test_cursor();
	test_each();
	test_cooling();
	test_reboot();
	test_door();
	test_growth();
	test_long_lines();
	test_short_lines();
	test_durable();
	ok(strlen(boot_id()) == 36, "the boot ID");
	return tap_done();
}
