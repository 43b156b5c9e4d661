/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of a store of addresses: one binary file of fixed records, a bitmap and a hash of
 * (container ID, interface), read and written in place under its lock. It checks nothing, survives
 * no crash and nobody can read it: what ours costs above it is what those cost.
 */
#ifndef BENCH_SLOT_H
#define BENCH_SLOT_H

#include <stdint.h>

struct slot {
	int fd;
	uint32_t capacity; /* addresses: numbers from 0 on */
};

/* Open the file, or make it for so many addresses. Ends the program if that fails, as all do. */
void slot_open(struct slot *, const char *path, uint32_t capacity);
void slot_close(struct slot *);

/* Lease the next free address behind the last one, or what is held already. */
uint32_t slot_add(struct slot *, const char *id, const char *ifname);
void slot_del(struct slot *, const char *id, const char *ifname);

#endif
