/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/slot.h"

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* header | bitmap | heads of the hash table | records; numbers are addresses + 1, 0: none */
struct header {
	uint32_t capacity, cursor, count, pad;
};

struct record {
	uint32_t next, used;
	char id[72], ifname[16];
};

static void get(const struct slot *slot, void *to, size_t size, uint64_t at)
{
	if (pread(slot->fd, to, size, (off_t)at) != (ssize_t)size)
		err(1, "slot store: read");
}

static void put(const struct slot *slot, const void *from, size_t size, uint64_t at)
{
	if (pwrite(slot->fd, from, size, (off_t)at) != (ssize_t)size)
		err(1, "slot store: write");
}

static uint64_t bitmap_at(uint32_t address)
{
	return sizeof(struct header) + address / 8;
}

static uint64_t head_at(const struct slot *slot, uint32_t hash)
{
	return bitmap_at(slot->capacity) + (uint64_t)(hash % slot->capacity) * sizeof(uint32_t);
}

static uint64_t record_at(const struct slot *slot, uint32_t number)
{
	return bitmap_at(slot->capacity) + (uint64_t)slot->capacity * sizeof(uint32_t) +
	       (uint64_t)(number - 1) * sizeof(struct record);
}

/* FNV-1a */
static uint32_t hash_of(const char *id, const char *ifname)
{
	uint32_t hash = UINT32_C(2166136261);

	for (; *id; id++)
		hash = (hash ^ (uint8_t)*id) * UINT32_C(16777619);
	for (; *ifname; ifname++)
		hash = (hash ^ (uint8_t)*ifname) * UINT32_C(16777619);
	return hash;
}

void slot_open(struct slot *slot, const char *path, uint32_t capacity)
{
	struct header header = { .capacity = capacity };
	struct stat status;

	slot->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	slot->capacity = capacity;
	if (slot->fd < 0 || fstat(slot->fd, &status) < 0)
		err(1, "%s", path);
	if (status.st_size)
		return;
	put(slot, &header, sizeof(header), 0);
	if (ftruncate(slot->fd, (off_t)record_at(slot, capacity + 1)) < 0)
		err(1, "%s", path);
}

void slot_close(struct slot *slot)
{
	close(slot->fd);
	slot->fd = -1;
}

/* The number of the owner's record, and where its number stands. */
static uint32_t find(const struct slot *slot, const char *id, const char *ifname,
	struct record *record, uint64_t *link)
{
	uint32_t number;

	*link = head_at(slot, hash_of(id, ifname));
	for (;;) {
		get(slot, &number, sizeof(number), *link);
		if (!number)
			return 0;
		get(slot, record, sizeof(*record), record_at(slot, number));
		if (!strcmp(record->id, id) && !strcmp(record->ifname, ifname))
			return number;
		*link = record_at(slot, number);
	}
}

/* The first clear bit of those, or to. */
static uint32_t clear_bit(const struct slot *slot, uint32_t from, uint32_t to)
{
	uint8_t part[4096];

	for (uint32_t at = from & ~UINT32_C(7); at < to;) {
		uint32_t bytes = (to - at + 7) / 8, end;

		if (bytes > sizeof(part))
			bytes = sizeof(part);
		get(slot, part, bytes, bitmap_at(at));
		end = at + bytes * 8;
		for (uint32_t i = 0; at < end; at += 8, i++)
			for (uint32_t bit = 0; part[i] != 0xff && bit < 8; bit++)
				if (!(part[i] >> bit & 1) && at + bit >= from && at + bit < to)
					return at + bit;
	}
	return to;
}

static void set_bit(const struct slot *slot, uint32_t address, bool value)
{
	uint8_t byte;

	get(slot, &byte, 1, bitmap_at(address));
	byte = (uint8_t)(value ? byte | 1u << address % 8 : byte & ~(1u << address % 8));
	put(slot, &byte, 1, bitmap_at(address));
}

static uint32_t take(const struct slot *slot, const char *id, const char *ifname)
{
	struct header header;
	struct record record;
	uint64_t link;
	uint32_t number = find(slot, id, ifname, &record, &link), address;

	if (number)
		return number - 1;
	get(slot, &header, sizeof(header), 0);
	address = clear_bit(slot, header.cursor, slot->capacity);
	if (address == slot->capacity)
		address = clear_bit(slot, 0, header.cursor);
	if (address == header.cursor && header.count == slot->capacity)
		errx(1, "the slot store is full");
	record = (struct record){ .used = 1 };
	strncpy(record.id, id, sizeof(record.id) - 1);
	strncpy(record.ifname, ifname, sizeof(record.ifname) - 1);
	number = address + 1;
	put(slot, &record, sizeof(record), record_at(slot, number));
	put(slot, &number, sizeof(number), link);
	set_bit(slot, address, true);
	header.cursor = (address + 1) % slot->capacity;
	header.count++;
	put(slot, &header, sizeof(header), 0);
	return address;
}

uint32_t slot_add(struct slot *slot, const char *id, const char *ifname)
{
	uint32_t address;

	flock(slot->fd, LOCK_EX);
	address = take(slot, id, ifname);
	flock(slot->fd, LOCK_UN);
	return address;
}

void slot_del(struct slot *slot, const char *id, const char *ifname)
{
	struct header header;
	struct record record;
	uint64_t link;
	uint32_t number;

	flock(slot->fd, LOCK_EX);
	number = find(slot, id, ifname, &record, &link);
	if (number) {
		put(slot, &record.next, sizeof(record.next), link);
		set_bit(slot, number - 1, false);
		get(slot, &header, sizeof(header), 0);
		header.count--;
		put(slot, &header, sizeof(header), 0);
	}
	flock(slot->fd, LOCK_UN);
}
