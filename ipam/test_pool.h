/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the pool plugin, with a data directory of its own, for the tests of the engine. */
#ifndef IPAM_TEST_POOL_H
#define IPAM_TEST_POOL_H

#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cni/tap.h"
#include "ipam/ipam.h"
#include "ipam/lease.h"

static char test_dir[256];

/* What calls are made with; NULL: not set. */
static struct {
	const char *command, *container, *ifname, *netns, *args, *path, *override;
} test_env = { .ifname = "net1", .path = "/none", .args = "" };

static inline char *test_get(const char *name)
{
	static const struct {
		const char *name;
		const char **value;
	} variables[] = {
		{ "CNI_COMMAND", &test_env.command },
		{ "CNI_CONTAINERID", &test_env.container },
		{ "CNI_IFNAME", &test_env.ifname },
		{ "CNI_NETNS", &test_env.netns },
		{ "CNI_ARGS", &test_env.args },
		{ "CNI_PATH", &test_env.path },
		{ "CNI_NETNS_OVERRIDE", &test_env.override },
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		if (!strcmp(name, variables[i].name))
			return (char *)(uintptr_t)*variables[i].value;
	return NULL;
}

static inline int test_remove_file(
	const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void test_remove(void)
{
	nftw(test_dir, test_remove_file, 16, FTW_DEPTH | FTW_PHYS);
}

/* An empty data directory; the one before is removed. */
static inline void test_fresh(void)
{
	if (*test_dir)
		test_remove();
	else
		atexit(test_remove);
	strcpy(test_dir, "/tmp/test_pool.XXXXXX");
	if (!mkdtemp(test_dir)) {
		perror(test_dir);
		_exit(1);
	}
}

static inline const char *test_file(const char *name)
{
	static char path[sizeof(test_dir) + 64];

	snprintf(path, sizeof(path), "%s/%s", test_dir, name);
	return path;
}

/* A configuration: ' stands for ", @ for the data directory. */
static inline const char *test_config(const char *text)
{
	static char config[8192];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '@')
			n += (size_t)sprintf(config + n, "%s", test_dir);
		else
			config[n++] = *text == '\'' ? '"' : *text;
	}
	config[n] = '\0';
	return config;
}

/* The usual one, around what is the test's: 'subnet':... */
#define CONFIG_FOR(network, ipam, beside)                                                          \
	"{'cniVersion':'1.1.0','name':'" network                                                   \
	"','type':'x','ipam':{'type':'pool','dataDir':'@'," ipam "}" beside "}"
#define CONFIG(ipam) CONFIG_FOR("rail0", ipam, "")

/* With requested addresses. */
#define WITH(ipam, ips) CONFIG_FOR("rail0", ipam, ",'runtimeConfig':{'ips':[" ips "]}")

/* Run a command with the configuration; out < 0 collects the output, which is returned. */
static inline const char *test_run(const char *command, const char *config, int out)
{
	static char output[16384];
	CLEANUP(cni_request_done) struct cni_request req = { .netns = -1 };
	const char *text = test_config(config);
	int in = memfd_create("in", MFD_CLOEXEC), own = memfd_create("out", MFD_CLOEXEC);
	ssize_t n;

	test_env.command = command;
	if (write(in, text, strlen(text)) < 0 || lseek(in, 0, SEEK_SET) < 0)
		abort();
	cni_plugin_run(&pool_plugin, &req, test_get, in, out < 0 ? own : out);
	n = pread(own, output, sizeof(output) - 1, 0);
	output[n < 0 ? 0 : n] = '\0';
	close(in);
	close(own);
	return output;
}

/* "10.1.0.5/24 fd00::5/64", "11: the message", or "" for no output. */
static inline const char *test_call(const char *command, const char *container, const char *config)
{
	static char summary[2048];
	const char *output;
	CLEANUP(json_freep) struct json *tree = NULL;
	struct cni_error err = { 0 };

	test_env.container = container;
	output = test_run(command, config, -1);
	*summary = '\0';
	if (*output && json_parse(&tree, "output", output, strlen(output), &err) < 0)
		return "no JSON";
	if (json_get(tree, "code"))
		snprintf(summary, sizeof(summary), "%s: %s", json_number(json_get(tree, "code")),
			json_text(json_get(tree, "msg")));
	json_each (item, json_get(tree, "ips")) {
		strcat(summary, *summary ? " " : "");
		strcat(summary, json_text(json_get(item, "address")));
	}
	return summary;
}

/* How much has been written to the pool rail0. */
static inline long test_journal(void)
{
	struct stat status;

	return stat(test_file("ipam/rail0/journal"), &status) < 0 ? -1 : (long)status.st_size;
}

struct test_list {
	char lines[64][256];
	int n;
};

static inline int test_visit(struct store *store, const struct lease *lease, void *data)
{
	struct test_list *list = data;
	char *line = list->lines[list->n++], text[IP_TEXT];

	(void)store;
	sprintf(line, "%s/%s=", lease->container_id, lease->ifname);
	for (size_t i = 0; i < lease->n_addresses; i++)
		sprintf(line + strlen(line), "%s%s", i ? "," : "",
			ip_print(&lease->addresses[i], text));
	return 0;
}

static inline int test_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static inline struct store *test_open(void)
{
	const struct store_options options = { .directory = test_dir,
		.pool = "rail0",
		.lock_timeout_ms = 1000,
		.reuse_delay_ms = 3600000, /* else opening would end what cools */
		.create = true };
	struct cni_error err = { 0 };
	struct store *store;

	if (store_open(&store, &options, &err) < 0) {
		printf("# %s\n", err.msg);
		abort();
	}
	return store;
}

/* What the pool rail0 has leased: "c1/net1=10.1.0.5,fd00::5", by owner. */
static inline const char *test_leases(void)
{
	static char all[64 * 256];
	struct test_list list = { .n = 0 };
	struct cni_error err = { 0 };
	CLEANUP(store_closep) struct store *store = test_open();

	store_each(store, test_visit, &list, &err);
	qsort(list.lines, (size_t)list.n, sizeof(*list.lines), test_compare);
	*all = '\0';
	for (int i = 0; i < list.n; i++)
		sprintf(all + strlen(all), "%s%s", i ? " " : "", list.lines[i]);
	return all;
}

/* A file as somebody's namespace, and its identity. */
static inline const char *test_netns(const char *name, char id[NETNS_ID_TEXT])
{
	static char path[2][512];
	static int turn;
	struct netns_id identity;
	int fd;

	turn = !turn;
	strcpy(path[turn], test_file(name));
	fd = open(path[turn], O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || netns_identify(fd, &identity) < 0)
		abort();
	close(fd);
	netns_print_id(&identity, id);
	return path[turn];
}

/* A lease of somebody else. address: "10.1.0.1/30"; the rest as struct lease has it. */
static inline void test_lease(const char *container, const char *address, const char *netns,
	const char *netns_id, const char *boot, const char *uid)
{
	CLEANUP(store_closep) struct store *store = test_open();
	struct lease lease = { .container_id = container,
		.ifname = "net1",
		.network = "rail0",
		.pod = "ns/web",
		.pod_uid = uid,
		.netns = netns,
		.netns_id = netns_id,
		.boot = boot,
		.fixed = 1,
		.n_addresses = 1 };
	struct cni_error err = { 0 };

	ok(!ip_parse_cidr(address, &lease.addresses[0]) && !store_put(store, &lease, NULL, &err),
		"lease %s to %s %s", address, container, err.msg);
}

#endif
