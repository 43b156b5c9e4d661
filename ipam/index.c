/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cni/file.h"

#include "ipam/index.h"

#define MAGIC "ipamidx"
#define VERSION_OF_LAYOUT 3
#define CAPACITY_MIN 64
#define CAPACITY_MAX (UINT32_C(1) << 30)

/* Nodes that one more address can need: one of each level. */
#define NODES_PER_ADDRESS 3

static uint32_t round_up(uint64_t count)
{
	uint32_t capacity = CAPACITY_MIN;

	while (capacity < count && capacity < CAPACITY_MAX)
		capacity *= 2;
	return capacity;
}

/* The next section, on a cache line of its own; with map NULL only counts. */
static void *section(char *map, size_t *size, size_t bytes)
{
	char *start = map ? map + *size : NULL;

	*size += (bytes + 63) & ~(size_t)63;
	return start;
}

static size_t lay_out(struct index *index, char *map, struct index_size size)
{
	size_t total = 0;

	index->header = section(map, &total, sizeof(*index->header));
	index->leases = section(map, &total, (size.leases + 1) * sizeof(*index->leases));
	index->addresses = section(map, &total, (size.addresses + 1) * sizeof(*index->addresses));
	index->nodes = section(map, &total, (size.nodes + 1) * sizeof(*index->nodes));
	index->owner_heads = section(map, &total, size.leases * sizeof(uint32_t));
	index->pod_heads = section(map, &total, size.leases * sizeof(uint32_t));
	index->address_heads = section(map, &total, size.addresses * sizeof(uint32_t));
	index->node_heads = section(map, &total, size.nodes * sizeof(uint32_t));
	index->size = total;
	return total;
}

static bool is_capacity(const struct index_pool *pool)
{
	uint32_t capacity = pool->capacity;

	return capacity >= CAPACITY_MIN && capacity <= CAPACITY_MAX &&
		!(capacity & (capacity - 1)) && pool->used <= capacity && pool->live <= pool->used;
}

static bool is_ours(const struct index_header *header)
{
	return !memcmp(header->magic, MAGIC, sizeof(header->magic)) &&
		header->version == VERSION_OF_LAYOUT && header->size == sizeof(*header) &&
		!(header->sequence & 1) && is_capacity(&header->leases) &&
		is_capacity(&header->addresses) && is_capacity(&header->nodes) &&
		!header->boot[sizeof(header->boot) - 1];
}

int index_open(struct index *index, bool read_only)
{
	CLEANUP(closep) int fd = file_open(index->path, read_only ? O_RDONLY : O_RDWR, 0);
	const struct index_header *header;
	struct stat status;
	size_t size;
	void *map;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	size = (size_t)status.st_size;
	if (!S_ISREG(status.st_mode) || size < sizeof(*header))
		return -EINVAL;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, read_only ? MAP_PRIVATE : MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	header = map;
	if (!is_ours(header) || lay_out(index, map, (struct index_size){
		.leases = header->leases.capacity,
		.addresses = header->addresses.capacity,
		.nodes = header->nodes.capacity }) != size) {
		munmap(map, size);
		index->header = NULL;
		return -EINVAL;
	}
	index->in_memory = read_only;
	index->published = true;
	index->damaged = false;
	return 0;
}

static void tmp_path(const struct index *index, char *out, size_t size)
{
	snprintf(out, size, "%s.tmp", index->path);
}

/* A hole in a mapped file is SIGBUS on a full disk, so every block is there before it is used. */
static int preallocate(int fd, size_t size)
{
	static char zeros[1 << 16]; /* not const: .bss */

	if (!fallocate(fd, 0, 0, (off_t)size))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	for (size_t at = 0; at < size; at += sizeof(zeros)) {
		size_t length = size - at < sizeof(zeros) ? size - at : sizeof(zeros);

		if (pwrite(fd, zeros, length, (off_t)at) != (ssize_t)length)
			return -EIO;
	}
	return 0;
}

static void *map_file(const char *path, size_t size)
{
	CLEANUP(closep) int fd = -1;
	void *map = MAP_FAILED;

	/* A file of this name may be mapped, so it is not truncated. */
	if (unlink(path) < 0 && errno != ENOENT)
		return NULL;
	fd = file_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return NULL;
	if (!preallocate(fd, size))
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		return map;
	unlink(path);
	return NULL;
}

static void *map_memory(size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

int index_new(struct index *index, struct index_size want, bool in_memory)
{
	struct index_size size = {
		.leases = round_up(want.leases),
		.addresses = round_up(want.addresses),
		.nodes = round_up(want.nodes),
	};
	char tmp[sizeof(index->path) + 4];
	size_t total = lay_out(index, NULL, size);
	void *map;

	tmp_path(index, tmp, sizeof(tmp));
	map = in_memory ? NULL : map_file(tmp, total);
	index->in_memory = !map;
	if (!map)
		map = map_memory(total);
	if (!map)
		return -ENOMEM;
	lay_out(index, map, size);
	index->published = false;
	index->damaged = false;
	*index->header = (struct index_header){
		.magic = MAGIC,
		.version = VERSION_OF_LAYOUT,
		.size = sizeof(*index->header),
		.sequence = 1,
		.leases.capacity = size.leases,
		.addresses.capacity = size.addresses,
		.nodes.capacity = size.nodes,
	};
	return 0;
}

static void give_name(struct index *index)
{
	char tmp[sizeof(index->path) + 4];

	index->published = true;
	if (index->in_memory)
		return;
	tmp_path(index, tmp, sizeof(tmp));
	if (!rename(tmp, index->path))
		return;
	unlink(tmp);
	index->in_memory = true;
}

void index_publish(struct index *index)
{
	index_end(index);
	give_name(index);
}

void index_close(struct index *index)
{
	if (index->header)
		munmap(index->header, index->size);
	index->header = NULL;
}

/*
 * Other processes see a mapping as this one leaves it, so ordering is only a matter of the
 * compiler; the release and acquire of the lock do the rest.
 */
void index_begin(struct index *index)
{
	index->header->sequence |= 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* What is damaged stays under change, for the next process to rebuild. */
void index_end(struct index *index)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (!index->damaged)
		index->header->sequence = (index->header->sequence | 1) + 1;
}

static bool has_room(const struct index_pool *pool, size_t n)
{
	return pool->capacity - pool->live >= n;
}

/* Copies the records, and whether a change is under way; only the hash tables are made anew. */
static void copy(struct index *to, const struct index *from)
{
	const struct index_header *old = from->header;
	struct index_header *header = to->header;
	struct index_header fresh = *header;

	*header = *old;
	header->leases.capacity = fresh.leases.capacity;
	header->addresses.capacity = fresh.addresses.capacity;
	header->nodes.capacity = fresh.nodes.capacity;
	memcpy(to->leases, from->leases, (old->leases.used + 1) * sizeof(*to->leases));
	memcpy(to->addresses, from->addresses,
		(old->addresses.used + 1) * sizeof(*to->addresses));
	memcpy(to->nodes, from->nodes, (old->nodes.used + 1) * sizeof(*to->nodes));
	index_link_all(to);
}

/* Once there is a new file, everything that is half full grows with it. */
static uint32_t larger(const struct index_pool *pool, size_t n)
{
	return has_room(pool, n + pool->capacity / 2) ? pool->capacity : 2 * pool->capacity;
}

int index_reserve(struct index *index, size_t n)
{
	const struct index_header *header = index->header;
	size_t nodes = n * NODES_PER_ADDRESS;
	struct index grown;

	if (has_room(&header->leases, 1) && has_room(&header->addresses, n) &&
		has_room(&header->nodes, nodes))
		return 0;
	memcpy(grown.path, index->path, sizeof(grown.path));
	if (index_new(&grown, (struct index_size){
			.leases = larger(&header->leases, 1),
			.addresses = larger(&header->addresses, n),
			.nodes = larger(&header->nodes, nodes) }, index->in_memory) < 0)
		return -ENOMEM;
	copy(&grown, index);
	grown.damaged = index->damaged;
	if (index->published)
		give_name(&grown);
	index_close(index);
	*index = grown;
	return 0;
}
