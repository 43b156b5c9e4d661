/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way in which the files of a store can be cut or changed: either all that was committed
 * before the damage is there, or the store is refused, and never touched then.
 */
#include "ipam/test_store.h"

#include <time.h>

#define LEASES 5

static struct lease found;

/* A small store: its journal with LEASES leases, its snapshot too if wanted. */
static void make(bool snapshot)
{
	struct store *store;

	test_fresh();
	store = test_open();
	for (int i = 0; i < LEASES; i++)
		test_put(store, i);
	if (snapshot) {
		test_options.reuse_delay_ms = store->reuse_delay_ms = 1000000;
		test_put(store, 50);
		test_drop(store, 50);
		store->index.header->compact_at = 1;
		store_compact(store);
	}
	store_closep(&store);
	test_options.reuse_delay_ms = 0;
}

/* Leases whose whole lines are within the first length bytes of a journal. */
static int whole_lines(const char *text, size_t length)
{
	int lines = 0;

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines ? lines - 1 : 0;
}

/* The journal has become length bytes of text: are the first leases there, and work they? */
static bool survives(const char *text, size_t length, int leases)
{
	struct store *store;
	bool good;
	u128 address;

	test_spill("journal", text, length);
	store = test_open();
	good = store && test_have(store, 0, leases) == leases &&
		store_counts(store).leases == (uint64_t)leases &&
		store_next_free(store, (struct span){ BASE, BASE + 99 }, &address) &&
		address == BASE + (u128)leases && !test_put(store, leases) &&
		test_have(store, 0, LEASES + 1) == leases + 1;
	store_closep(&store);
	unlink(test_path("index"));
	store = test_open();
	good = good && store && test_have(store, 0, LEASES + 1) == leases + 1;
	store_closep(&store);
	return good;
}

static void test_truncated_journal(void)
{
	CLEANUP(freep) char *text = NULL;
	size_t length, at;

	make(false);
	text = test_slurp("journal", &length);
	for (at = 0; at <= length; at++) {
		unlink(test_path("index"));
		if (!survives(text, at, whole_lines(text, at)))
			break;
	}
	ok(at > length, "journal cut at each of %zu bytes, index gone; stopped at %zu: %s", length,
		at, test_error.msg);
}

static void test_torn_tails(void)
{
	static const char *const tails[] = { "{", "{\"seq\":6,\"op\":\"add\"", "x", "\n", "\n\n",
		"garbage\n", "a *b\n", "{\"seq\":6,\"op\":\"add\",\"ips\":[\"10.1.0.0/16\"]} *0" };
	CLEANUP(freep) char *text = NULL, *longer = NULL;
	size_t length, more;
	int good = 0;

	make(false);
	text = test_slurp("journal", &length);
	longer = calloc(1, length + 70000);
	memcpy(longer, text, length);
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		more = strlen(tails[i]);
		memcpy(longer + length, tails[i], more);
		unlink(test_path("index"));
		ok(survives(longer, length + more, LEASES), "tail %zu is cut off: %s", i,
			test_error.msg);
	}
	memset(longer + length, 0, 70000);
	for (more = 1; more < 70000; more = more * 3 + 1) {
		unlink(test_path("index"));
		good += survives(longer, length + more, LEASES);
	}
	ok(good == 10, "zeros behind the journal, as a power failure leaves them: %s",
		test_error.msg);
	for (size_t i = 0; i < 70000; i++)
		longer[length + i] = (char)(i * i >> 3 | 1);
	memcpy(longer + length, "{\"seq\":6,\"op\":\"add\"\0\0\0\0\n", 25);
	unlink(test_path("index"));
	ok(survives(longer, length + 70000, LEASES), "garbage that begins as a line does: %s",
		test_error.msg);
}

/* Refused with a message that names the file, and the file is as it was. */
static bool is_refused(const char *file, const char *text, size_t length)
{
	CLEANUP(freep) char *after = NULL;
	CLEANUP(store_closep) struct store *store = test_open();
	size_t after_length;

	if (store || test_error.code != CNI_IO_FAILURE || !strstr(test_error.msg, test_path(file)))
		return false;
	after = test_slurp(file, &after_length);
	return after_length == length && !memcmp(text, after, length);
}

/* The index knows that there was more: what was leased behind the cut must not be leased again. */
static void test_cut_behind_the_index(void)
{
	CLEANUP(freep) char *text = NULL, *index = NULL;
	size_t length, index_length, at;

	make(false);
	text = test_slurp("journal", &length);
	index = test_slurp("index", &index_length);
	for (at = 0; at < length; at++) {
		test_spill("journal", text, at);
		if (!is_refused("journal", text, at))
			break;
	}
	ok(at == length, "journal cut at each of %zu bytes, index kept, is refused; stopped at %zu: %s",
		length, at, test_error.msg);
	test_spill("index", index, index_length);
	ok(survives(text, length, LEASES), "restored, it is accepted");
	test_spill("index", index, index_length);
	ok(survives(text, length, LEASES), "so is more than the index knows");
	make(false);
	test_spill("journal", text, whole_lines(text, length) ? length / 2 : 0);
	unlink(test_path("index"));
	ok(survives(text, length / 2, whole_lines(text, length / 2)),
		"without the index, what is there counts");
}

/* One byte differs, and neither size nor time tells. */
static void flip_in_place(const char *file, size_t at, char flip)
{
	CLEANUP(closep) int fd = open(test_path(file), O_RDWR | O_CLOEXEC);
	struct stat status;
	char byte;

	if (fd < 0 || fstat(fd, &status) < 0 || pread(fd, &byte, 1, (off_t)at) != 1)
		exit(1);
	byte ^= flip;
	if (pwrite(fd, &byte, 1, (off_t)at) != 1 ||
		futimens(fd, (struct timespec[]){ status.st_atim, status.st_mtim }) < 0)
		exit(1);
}

/* Nothing that the store says or does may take an address from whom it was leased to. */
static bool is_harmless(struct store *store)
{
	struct span span = { BASE, BASE + 99 };
	struct test_lease another;
	u128 address;

	for (int i = 0; i < LEASES; i++)
		if (test_has(store, i) == 0 || !store_is_taken(store, BASE + (u128)i))
			return false;
	if (store_next_free(store, span, &address) && address < BASE + LEASES)
		return false;
	for (int i = 0; i < LEASES; i++) {
		test_lease(&another, i);
		another.lease.container_id = "another";
		if (!store_put(store, &another.lease, NULL, &test_error))
			return false;
	}
	return true;
}

/*
 * A bit rots in each byte of a file, and the index stays the same: lines are believed by their checksum
 * only, one that is wrong is not carried into a snapshot, and no address is leased again.
 */
static void test_rot(const char *file, bool snapshot)
{
	CLEANUP(freep) char *text = NULL;
	size_t length, at, refused = 0;
	struct store *store;
	bool good = true;

	make(snapshot);
	text = test_slurp(file, &length);
	for (at = 0; at < length && good; at++) {
		flip_in_place(file, at, 0x10);
		store = test_open();
		good = store != NULL;
		if (good && store_rewrite(store))
			good = test_have(store, 0, LEASES) == LEASES;
		else
			refused++;
		store_closep(&store);
		store = test_open();
		good = good && store && is_harmless(store);
		store_closep(&store);
		make(snapshot);
	}
	ok(good && refused > LEASES * (size_t)100,
		"%s rots at each of %zu bytes behind the index; stopped at %zu: %s", file, length, at,
		test_error.msg);
}

static void test_flips(const char *file, bool snapshot)
{
	static const char flips[] = { 0x01, 0x20, (char)0x80 };
	CLEANUP(freep) char *text = NULL;
	size_t length, i;
	struct store *store;

	make(snapshot);
	text = test_slurp(file, &length);
	for (i = 0; i < length * 3; i++) {
		text[i / 3] ^= flips[i % 3];
		test_spill(file, text, length);
		unlink(test_path("index"));
		if (!is_refused(file, text, length))
			break;
		text[i / 3] ^= flips[i % 3];
	}
	ok(i == length * 3, "%s with each of %zu bytes changed is refused; stopped at %zu", file,
		length, i / 3);
	/* The last one changed was a newline. */
	ok(strstr(test_error.msg, "Restore the file") != NULL, "%s", test_error.msg);
	text[length - 1] = '\n';
	test_spill(file, text, length);
	store = test_open();
	ok(store && test_have(store, 0, LEASES) == LEASES, "restored, it is accepted");
	store_closep(&store);
}

/* With the index in place nobody reads the line before it is asked for. */
static void test_flips_behind_the_index(void)
{
	CLEANUP(freep) char *text = NULL;
	size_t length, line, i, bad = 0;
	struct store *store;

	make(false);
	text = test_slurp("journal", &length);
	line = (size_t)(strchr(text, '\n') - text) + 1;
	for (i = line; i < length && text[i] != '\n'; i++) {
		text[i] ^= 1;
		test_spill("journal", text, length);
		text[i] ^= 1;
		store = test_open();
		if (!store)
			break;
		bad += store_find(store, "container0", "net1", &found, &test_error) >= 0;
		test_spill("journal", text, length);
		store_closep(&store);
		store = test_open();
		bad += !store || test_have(store, 0, LEASES) != LEASES;
		store_closep(&store);
	}
	ok(i > line + 100 && !bad, "a changed line is not believed: %s", test_error.msg);
}

static void test_truncated_snapshot(void)
{
	CLEANUP(freep) char *text = NULL;
	size_t length, at;
	struct store *store;

	make(true);
	text = test_slurp("leases", &length);
	for (at = 0; at < length; at++) {
		test_spill("leases", text, at);
		unlink(test_path("index"));
		if (!is_refused("leases", text, at))
			break;
	}
	ok(at == length, "snapshot cut at each of %zu bytes is refused; stopped at %zu", length,
		at);
	test_spill("leases", text, length);
	test_options.reuse_delay_ms = 1000000;
	store = test_open();
	ok(store && test_have(store, 0, LEASES) == LEASES && store_counts(store).cooling == 1,
		"restored, it is accepted");
	test_options.reuse_delay_ms = 0;
	store_closep(&store);
	unlink(test_path("leases"));
	ok(!test_open() && strstr(test_error.msg, "missing"), "gone: %s", test_error.msg);
}

static void test_lost_lines(void)
{
	CLEANUP(freep) char *text = NULL;
	size_t length, second, third;

	make(false);
	text = test_slurp("journal", &length);
	second = (size_t)(strchr(strchr(text, '\n') + 1, '\n') - text) + 1;
	third = (size_t)(strchr(text + second, '\n') - text) + 1;
	memmove(text + second, text + third, length - third);
	length -= third - second;
	test_spill("journal", text, length);
	unlink(test_path("index"));
	ok(is_refused("journal", text, length), "a line was removed: %s", test_error.msg);
	test_spill("journal", strchr(text, '\n') + 1,
		length - (size_t)(strchr(text, '\n') + 1 - text));
	ok(!test_open(), "the header was removed: %s", test_error.msg);
}

/* Somebody else's program wrote a line that is sealed and wrong. */
static void append_record(const struct record *record)
{
	CLEANUP(closep) int fd = open(test_path("journal"), O_WRONLY | O_APPEND);
	char line[LEASE_LINE_MAX];
	size_t length = record_print(record, line);

	if (write(fd, line, length) != (ssize_t)length)
		exit(1);
}

static void test_wrong_records(void)
{
	struct test_lease lease;
	struct record record = { .op = RECORD_ADD, .seq = LEASES + 1 };

	make(false);
	memcpy(&record.lease, test_lease(&lease, 1), LEASE_FIELDS);
	record.lease.container_id = "another";
	append_record(&record);
	ok(!test_open() && strstr(test_error.msg, "somebody else"), "%s", test_error.msg);
	make(false);
	record.lease.container_id = "container1";
	record.seq++;
	append_record(&record);
	ok(!test_open() && strstr(test_error.msg, "missing"), "%s", test_error.msg);
	make(false);
	append_record(&(struct record){ .op = RECORD_END, .lines = 3 });
	ok(!test_open() && strstr(test_error.msg, "no such record"), "%s", test_error.msg);
	make(false);
	append_record(&(struct record){ .format = 1, .file = "journal", .pool = POOL });
	ok(!test_open() && strstr(test_error.msg, "no record"), "%s", test_error.msg);
}

/* The reader is one line ahead, but nothing is done about a line before its turn has come. */
static void test_wrong_record_before_a_torn_one(void)
{
	CLEANUP(freep) char *text = NULL;
	struct test_lease lease;
	struct record record = { .op = RECORD_ADD, .seq = LEASES + 1 };
	size_t length;

	make(false);
	memcpy(&record.lease, test_lease(&lease, 1), LEASE_FIELDS);
	record.lease.container_id = "another";
	append_record(&record);
	test_append("journal", "{\"seq\":", 7);
	unlink(test_path("index"));
	text = test_slurp("journal", &length);
	ok(is_refused("journal", text, length) && strstr(test_error.msg, "at line 7 ") &&
			strstr(test_error.msg, "somebody else"),
		"a line that leases twice, a torn one behind it: %s", test_error.msg);
}

static void test_newer(const char *file, bool snapshot, const char *header)
{
	CLEANUP(freep) char *text = NULL;
	size_t length;

	make(snapshot);
	text = test_slurp(file, &length);
	memcpy(text, header, strlen(header));
	test_spill(file, text, length);
	unlink(test_path("index"));
	ok(is_refused(file, text, length) && strstr(test_error.msg, "format 2"), "%s",
		test_error.msg);
}

/* The journal that the snapshot was to empty is still there. */
static void test_old_journal(void)
{
	CLEANUP(freep) char *text = NULL;
	size_t length;
	struct store *store;

	make(false);
	text = test_slurp("journal", &length);
	store = test_open();
	test_put(store, LEASES);
	store->index.header->compact_at = 1;
	store_compact(store);
	store_closep(&store);
	test_spill("journal", text, length);
	store = test_open();
	ok(store && test_have(store, 0, 99) == LEASES + 1 && !test_put(store, 70),
		"lines that the snapshot covers are skipped");
	store_closep(&store);
	/* A process that is killed there leaves an index that is under change. */
	test_spill("journal", "", 0);
	unlink(test_path("index"));
	store = test_open();
	ok(store && test_have(store, 0, 60) == LEASES + 1, "the journal was emptied and no more");
	store_closep(&store);
	unlink(test_path("journal"));
	test_options.create = false;
	store = test_open();
	test_options.create = true;
	ok(store && test_have(store, 0, 60) == LEASES + 1, "there is only the snapshot");
	store_closep(&store);
}

static bool index_heals(void)
{
	struct store *store = test_open();
	bool good = store && test_have(store, 0, LEASES) == LEASES &&
		store_counts(store).leases == LEASES;

	store_closep(&store);
	return good;
}

/* An index that says that it belongs to the files as they are. */
static void relay_index(char *text, size_t length)
{
	struct index_header *header = (void *)text;
	struct stat journal;

	stat(test_path("journal"), &journal);
	header->cover.journal_inode = journal.st_ino;
	header->cover.journal_end = (uint64_t)journal.st_size;
	test_spill("index", text, length);
}

static void test_index(void)
{
	CLEANUP(freep) char *text = NULL;
	struct index_header header;
	size_t length, at;
	struct store *store;

	make(false);
	text = test_slurp("index", &length);
	memcpy(&header, text, sizeof(header));
	unlink(test_path("index"));
	ok(index_heals(), "deleted");
	for (at = 0; at < length; at += at < 2000 ? 7 : 1013) {
		test_spill("index", text, at);
		if (!index_heals())
			break;
	}
	ok(at >= length, "cut short");
	header.sequence |= 1;
	header.leases.live--;
	memcpy(text, &header, sizeof(header));
	relay_index(text, length);
	ok(index_heals(), "left in the middle of a change");
	header.sequence++;
	memcpy(text, &header, sizeof(header));
	relay_index(text, length);
	ok(!index_heals(), "the same index at rest would have been believed");
	for (at = 0; at < length; at++)
		text[at] = (char)(at * at >> 4);
	test_spill("index", text, length);
	ok(index_heals(), "garbage");
	unlink(test_path("index"));
	mkdir(test_path("index"), 0700);
	mkdir(test_path("index.tmp"), 0700);
	store = test_open();
	ok(store && store->index.in_memory && !test_put(store, 7), "no file can be made of it");
	for (int i = 100; i < 400; i++)
		test_put(store, i);
	ok(test_have(store, 0, 400) == LEASES + 301, "it grows in memory");
	store_closep(&store);
	rmdir(test_path("index"));
	store = test_open();
	ok(store && test_have(store, 0, 400) == LEASES + 301, "and is made anew each time");
	store_closep(&store);
}

/* Only the fields that lead into the file; the sealed text decides about all else. */
static void test_index_bits(void)
{
	CLEANUP(freep) char *text = NULL;
	size_t length;
	int wrong = 0;

	make(false);
	text = test_slurp("index", &length);
	for (size_t at = offsetof(struct index_header, leases); at < length; at++) {
		struct store *store;
		char old = text[at];
		int has;

		if (!old && at % 97)
			continue;
		text[at] = (char)~old;
		test_spill("index", text, length);
		text[at] = old;
		store = test_open();
		for (int i = 0; store && i < LEASES; i++) {
			struct test_lease want;

			test_lease(&want, i);
			has = store_find(store, want.cid, "net1", &found, &test_error);
			wrong += has > 0 && ip_number(&found.addresses[0]) != BASE + (u128)i;
		}
		store_closep(&store);
		unlink(test_path("index"));
	}
	ok(!wrong, "bytes of the index changed: no crash, no wrong lease");
}

int main(void)
{
	test_truncated_journal();
	test_cut_behind_the_index();
	test_torn_tails();
	test_flips("journal", false);
	test_flips("leases", true);
	test_flips_behind_the_index();
	test_rot("journal", false);
	test_rot("leases", true);
	test_truncated_snapshot();
	test_lost_lines();
	test_wrong_records();
	test_wrong_record_before_a_torn_one();
	test_newer("journal", false, "{\"format\":2");
	test_newer("leases", true, "{\"format\":2");
	test_old_journal();
	test_index();
	test_index_bits();
	return tap_done();
}
