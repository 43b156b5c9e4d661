/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the journal (or as FUZZ_FILE says) of a pool: the store refuses them with words and
 * does not touch them, or what it takes from them is consistent and stays so.
 *
 * The first byte of an input: 's' puts checksums behind the lines that follow, so that chance gets
 * past them; what follows any other is the file as it is.
 */
#include "ipam/crc32c.h"
#include "ipam/fuzz.h"
#include "ipam/test_store.h"

#ifndef FUZZ_FILE
#define FUZZ_FILE "journal"
#endif

enum { TEXT_MAX = 1 << 18 };

static char text[TEXT_MAX];

static size_t seal(const uint8_t *data, size_t size)
{
	size_t n = 0;

	for (const uint8_t *end = data + size, *newline; data < end; data = newline + 1) {
		newline = memchr(data, '\n', (size_t)(end - data));
		if (!newline)
			newline = end;
		size = (size_t)(newline - data);
		if (n + size + 16 > sizeof(text))
			break;
		memcpy(text + n, data, size);
		n += size;
		n += (size_t)sprintf(text + n, " *%08x\n", crc32c(data, size));
	}
	return n;
}

static void expect(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, FUZZ_FILE ": %s: %s\n", what, test_error.msg);
	abort();
}

static void check_refusal(size_t length)
{
	CLEANUP(freep) char *after = NULL;
	size_t after_length;

	expect(test_error.code && *test_error.msg, "refused without words");
	after = test_slurp(FUZZ_FILE, &after_length);
	expect(after && after_length == length && !memcmp(after, text, length),
		"refused and changed all the same");
}

/* What the lease says and what the lookups say is the same. */
static int check_lease(struct store *store, const struct lease *lease, void *data)
{
	struct lease *other = malloc(sizeof(*other));

	(void)data;
	expect(other &&
			store_find(store, lease->container_id, lease->ifname, other, &test_error) ==
				1 &&
			other->seq == lease->seq,
		"an owner that is not found");
	for (size_t i = 0; i < lease->n_addresses; i++) {
		expect(store_is_taken(store, ip_number(&lease->addresses[i])),
			"a leased address that is not taken");
		expect(store_find_address(store, &lease->addresses[i], other, &test_error) == 1 &&
				!strcmp(other->container_id, lease->container_id) &&
				!strcmp(other->ifname, lease->ifname),
			"an address of two leases");
	}
	free(other);
	return 0;
}

static int drop(struct store *store, const struct lease *lease, void *data)
{
	(void)data;
	return store_remove(store, lease->container_id, lease->ifname, &test_error) < 0 ? -1 : 1;
}

static struct store_counts counts_anew(void)
{
	CLEANUP(store_closep) struct store *store = NULL;

	unlink(test_path("index"));
	store = test_open();
	expect(store != NULL, "what was accepted is refused later");
	expect(!store_each(store, check_lease, NULL, &test_error), "leases that cannot be read");
	return store_counts(store);
}

/* Closes it. */
static void use(struct store *store)
{
	struct store_counts before, after;
	struct test_lease lease;
	u128 address;
	int rc = 0;

	expect(!store_each(store, check_lease, NULL, &test_error), "leases that cannot be read");
	test_lease(&lease, 7);
	lease.lease.container_id = "one more";
	if (store_next_free(store, (struct span){ BASE, BASE + 0xffff }, &address)) {
		lease.lease.addresses[0] = ip_from_number(address, 16);
		rc = store_put(store, &lease.lease, NULL, &test_error);
	}
	expect(!rc, "a free address cannot be leased");
	expect(store_each(store, drop, NULL, &test_error) >= 0, "a lease cannot be released");
	expect(store_rewrite(store), "it cannot be compacted");
	before = store_counts(store);
	store_closep(&store);
	after = counts_anew();
	expect(before.leases == after.leases && before.leased == after.leased,
		"another number of leases later");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const files[] = { "journal", "leases", "index", "index.tmp",
		"leases.tmp" };
	struct store *store = NULL;
	size_t length;

	if (!size || size > TEXT_MAX)
		return 0;
	if (!*test_directory)
		test_fresh();
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(test_path(files[i]));
	length = size - 1;
	if (*data == 's')
		length = seal(data + 1, length);
	else
		memcpy(text, data + 1, length);
	/* The directory is made by whoever opens the pool first. */
	if (access(test_path(""), F_OK) < 0) {
		store = test_open();
		store_closep(&store);
		for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
			unlink(test_path(files[i]));
	}
	test_spill(FUZZ_FILE, text, length);
	store = test_open();
	if (store)
		use(store);
	else
		check_refusal(length);
	return 0;
}
