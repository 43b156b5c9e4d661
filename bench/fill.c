/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/fill.h"

#include <arpa/inet.h>
#include <err.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cni/boot.h"

struct store *fill_open(const char *directory, const char *pool)
{
	const struct store_options options = {
		.directory = directory,
		.pool = pool,
		.lock_timeout_ms = 10000,
		.create = true,
	};
	struct cni_error error = { 0 };
	struct store *store;

	if (store_open(&store, &options, &error) < 0)
		errx(1, "%s", error.msg);
	return store;
}

struct in_addr fill_nth(struct in_addr first, unsigned long i)
{
	return (struct in_addr){ .s_addr = htonl(ntohl(first.s_addr) + (uint32_t)i) };
}

void fill_put(struct store *store, const char *network, const char *id, struct in_addr address)
{
	struct cni_error error = { 0 };
	struct lease lease;

	memset(&lease, 0, offsetof(struct lease, buffer));
	lease.container_id = id;
	lease.ifname = "net1";
	lease.network = network;
	lease.boot = boot_id();
	lease.n_addresses = 1;
	lease.addresses[0] = (struct ip){ .family = AF_INET, .prefix = 32 };
	memcpy(lease.addresses[0].bytes, &address, 4);
	if (store_put(store, &lease, NULL, &error) < 0)
		errx(1, "%s", error.msg);
}

void fill_pool(const char *directory, const char *pool, struct in_addr first, unsigned long count)
{
	CLEANUP(store_closep) struct store *store = fill_open(directory, pool);
	char id[64];

	for (unsigned long i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "preload-%lu", i);
		fill_put(store, pool, id, fill_nth(first, i));
	}
}
