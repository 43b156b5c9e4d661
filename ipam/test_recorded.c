/* SPDX-License-Identifier: Apache-2.0 */
/* The file of ranges: when it is written, and what is read of it. */
#include "ipam/test_pool.h"

#include "ipam/index.h"
#include "ipam/recorded.h"

static struct cni_error err;

/* The networks of the file: "rail0=2,1 other=1", sets and their first usable address' count. */
static const char *networks(void)
{
	CLEANUP(recorded_done) struct recorded recorded = { 0 };
	CLEANUP(store_closep) struct store *store = test_open();
	static char text[1024];

	err = (struct cni_error){ 0 };
	*text = '\0';
	if (recorded_read(store, &recorded, &err) < 0)
		return err.msg;
	for (size_t i = 0; i < recorded.n_networks; i++) {
		const struct recorded_network *network = &recorded.networks[i];

		sprintf(text + strlen(text), "%s%s:", i ? " " : "", network->name);
		for (size_t k = 0; k < network->sets.n_sets; k++)
			sprintf(text + strlen(text), "%ju/",
				(uintmax_t)range_set_counts(&network->sets.sets[k]).usable);
		sprintf(text + strlen(text), "%jd", (intmax_t)network->reuse_delay_ms);
	}
	return text;
}

static ino_t inode(void)
{
	struct stat status;

	return stat(test_file("ipam/rail0/ranges"), &status) < 0 ? 0 : status.st_ino;
}

static void test_writing(void)
{
	ino_t first;

	test_fresh();
	test_call("ADD", "c1",
		CONFIG("'subnet':'10.1.0.0/29','gateway':'10.1.0.1','exclude':['10.1.0.6']"));
	is(networks(), "rail0:4/0", "the first ADD records the ranges");
	first = inode();
	test_call("ADD", "c2",
		CONFIG("'subnet':'10.1.0.0/29','gateway':'10.1.0.1','exclude':['10.1.0.6']"));
	ok(first && inode() == first, "the next one does not");
	test_call("ADD", "c3",
		CONFIG("'ranges':[[{'subnet':'10.1.0.0/29'}],[{'subnet':'fd00::/126'}]]"
		       ",'reuseDelay':'1m'"));
	is(networks(), "rail0:6/3/60000", "a change is recorded");
	test_call("ADD", "c4", CONFIG_FOR("b", "'pool':'rail0','subnet':'10.1.0.0/30'", ""));
	is(networks(), "rail0:6/3/60000 b:2/0", "another network of the pool");
	first = inode();
	test_call("ADD", "c5",
		CONFIG("'ranges':[[{'subnet':'10.1.0.0/29'}],[{'subnet':'fd00::/126'}]]"
		       ",'reuseDelay':'1m'"));
	ok(inode() == first, "they do not take turns");
	test_call("ADD", "c6",
		CONFIG_FOR("b", "'pool':'rail0','subnet':'10.1.0.0/30'",
			",'runtimeConfig':{'ipRanges':[[{'subnet':'10.9.0.0/24'}]]}"));
	is(networks(), "rail0:6/3/60000 b:2/0", "ranges of a pod are not recorded");
	ok(inode() == first, "nor written");
	remove(test_file("ipam/rail0/index"));
	test_call("ADD", "c7", CONFIG_FOR("b", "'pool':'rail0','subnet':'10.1.0.0/24'", ""));
	is(networks(), "rail0:6/3/60000 b:254/0", "a new index, a new record");
}

static void test_many(void)
{
	char config[512];

	test_fresh();
	for (int i = 0; i < 40; i++) {
		snprintf(config, sizeof(config),
			CONFIG_FOR("n%d", "'pool':'rail0','subnet':'10.1.0.0/24'", ""), i);
		test_call("ADD", (const char *const[]){ "c1", "c2" }[i % 2], config);
	}
	ok(strstr(networks(), "n0:254/0 ") && strstr(networks(), " n39:254/0"),
		"more networks than the index remembers");
}

static void test_reading(void)
{
	static const char *const bad[] = { "", "x", "[]", "{}", "{\"format\":0,\"networks\":[]}",
		"{\"format\":1,\"networks\":[{\"name\":\"n\",\"ipam\":{}}]}",
		"{\"format\":1,\"networks\":[{\"name\":\"n\",\"ipam\":{\"subnet\":\"x\"}}]}" };

	test_fresh();
	test_call("ADD", "c1", CONFIG("'subnet':'10.1.0.0/30'"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		FILE *file = fopen(test_file("ipam/rail0/ranges"), "we");

		fputs(bad[i], file);
		fclose(file);
		networks();
		ok(err.code && strstr(err.msg, "ranges"), "%s", err.msg);
	}
	is(test_call("ADD", "c2", CONFIG("'subnet':'10.1.0.0/29'")), "10.1.0.2/29",
		"ADD does not need it");
	is(networks(), "rail0:6/0", "and makes it anew");
	remove(test_file("ipam/rail0/ranges"));
	is(networks(), "", "no file, no ranges");
}

/* Two versions may share a pool: what the newer one wrote is not for the older. */
static void test_newer(void)
{
	static const char newer[] = "{\"format\":2,\"networks\":[]}";
	struct stat before, after;
	FILE *file;

	test_fresh();
	test_call("ADD", "c1", CONFIG("'subnet':'10.1.0.0/30'"));
	file = fopen(test_file("ipam/rail0/ranges"), "we");
	fputs(newer, file);
	fclose(file);
	stat(test_file("ipam/rail0/ranges"), &before);
	is(test_call("ADD", "c2", CONFIG("'subnet':'10.1.0.0/29'")), "10.1.0.2/29",
		"ADD beside a newer version");
	ok(!stat(test_file("ipam/rail0/ranges"), &after) && before.st_ino == after.st_ino &&
			after.st_size == sizeof(newer) - 1,
		"leaves its file alone");
	networks();
	ok(err.code && strstr(err.msg, "format 2"), "%s", err.msg);
}

/* A directory in its place: it cannot be written. */
static void test_no_file(void)
{
	test_fresh();
	test_call("ADD", "c1", CONFIG("'subnet':'10.1.0.0/30'"));
	remove(test_file("ipam/rail0/ranges"));
	mkdir(test_file("ipam/rail0/ranges"), 0700);
	is(test_call("ADD", "c2", CONFIG("'subnet':'10.1.0.0/29'")), "10.1.0.2/29",
		"an ADD goes on without");
	remove(test_file("ipam/rail0/ranges"));
	is(test_call("ADD", "c3", CONFIG("'subnet':'10.1.0.0/29'")), "10.1.0.3/29",
		"and the next one");
	is(networks(), "rail0:6/0", "writes it");
}

int main(void)
{
	test_env.netns = "/run/netns/none";
	test_writing();
	test_many();
	test_reading();
	test_newer();
	test_no_file();
	return tap_done();
}
