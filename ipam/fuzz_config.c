/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a network configuration: it is refused under a code that runtimes know, or an ADD
 * can be planned with it. Nothing is opened but what resolvConf names. Which dialect reads it,
 * "ipam.type" says; a dialect is fuzzed as soon as testdata/fuzz/config has a configuration of it.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipam/dialect.h"
#include "ipam/fuzz.h"
#include "ipam/lease.h"

static const char *cni_args = "";

static char *get(const char *name)
{
	static const char *const variables[][2] = {
		{ "CNI_COMMAND", "ADD" },
		{ "CNI_CONTAINERID", "c1" },
		{ "CNI_IFNAME", "net1" },
		{ "CNI_NETNS", "/run/netns/none" },
		{ "CNI_PATH", "/none" },
	};

	if (!strcmp(name, "CNI_ARGS"))
		return (char *)(uintptr_t)cni_args;
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		if (!strcmp(name, variables[i][0]))
			return (char *)(uintptr_t)variables[i][1];
	return NULL;
}

static void expect(bool good, const char *what, const struct cni_error *err)
{
	if (good)
		return;
	fprintf(stderr, "%s: code %d, %s\n", what, err->code, err->msg);
	abort();
}

/* An empty pool. */
static bool next_free(void *data, struct span span, u128 *address)
{
	(void)data;
	*address = span.first;
	return true;
}

static bool oldest_cooling(void *data, struct span span, u128 *address, int64_t *released)
{
	(void)data;
	(void)span;
	(void)address;
	(void)released;
	return false;
}

static bool cursor(void *data, size_t set, u128 *address)
{
	(void)data;
	*address = set & 1 ? ~(u128)0 : 0;
	return true;
}

static void plan(const struct pool_config *config)
{
	const struct alloc_view view = { NULL, next_free, oldest_cooling, cursor };
	struct cni_error err = { 0 };
	u128 address;

	expect(config->sets.n_sets <= RANGE_SETS_MAX, "too many sets", &err);
	for (size_t i = 0; i < config->sets.n_sets; i++) {
		const struct range_set *set = &config->sets.sets[i];
		struct range_counts counts = range_set_counts(set);

		if (alloc_free(set, i, config->order, &view, &address))
			expect(counts.usable && range_set_find(set, address),
				"an address that is none of the set", &err);
		else
			expect(!counts.usable, "a range with room has no address", &err);
	}
}

static void read_config(const struct cni_request *req)
{
	CLEANUP(config_done) struct pool_config config = { 0 };
	CLEANUP(cni_result_done) struct cni_result result = { 0 };
	struct lease_requests requests;
	struct store_options options;
	struct cni_error err = { 0 };

	if (config_read(req, &config, &err) < 0) {
		expect(err.code && *err.msg, "refused without words", &err);
		err = (struct cni_error){ 0 };
	} else {
		plan(&config);
		if (config_result(&config, &result, &err) < 0 ||
			(config.rules && config.rules->requests(&config, &requests, &err) < 0) ||
			config_default_routes(&config, &result, &err) < 0)
			expect(err.code && *err.msg, "refused without words", &err);
	}
	err = (struct cni_error){ 0 };
	if (dialect_of(req)->read_store && config_read_store(req, &options, &err) < 0)
		expect(err.code && *err.msg, "refused without words", &err);
}

/* Up to the first line: CNI_ARGS; what follows is stdin. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cni_request_done) struct cni_request req = { .netns = -1, .home = -1 };
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	struct cni_error err = { 0 };
	char args[1024];
	size_t length;
	int in;

	if (!newline || newline - data >= (ptrdiff_t)sizeof(args))
		return 0;
	length = (size_t)(newline - data);
	memcpy(args, data, length);
	args[length] = '\0';
	cni_args = args;
	in = memfd_create("in", MFD_CLOEXEC);
	if (in < 0 || write(in, newline + 1, size - length - 1) < 0 || lseek(in, 0, SEEK_SET) < 0)
		abort();
	if (cni_request_environment(&req, get, &err) < 0 || cni_request_read(&req, in, &err) < 0 ||
		cni_request_version(&req, &err) < 0)
		expect(err.code && *err.msg, "refused without words", &err);
	else
		read_config(&req);
	close(in);
	return 0;
}
