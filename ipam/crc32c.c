/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <stdbool.h>
#include <string.h>

/*
 * glibc has asked the processor what it can. __builtin_cpu_supports() asks again, before main:
 * 0.1 ms where a hypervisor traps CPUID. With another C library the compiler's target decides.
 */
#if defined(__SSE4_2__)
#include <nmmintrin.h>
#define INSTRUCTION_IS_THERE true
#elif defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#include <nmmintrin.h>
#include <sys/platform/x86.h>
#define INSTRUCTION_IS_THERE CPU_FEATURE_ACTIVE(SSE4_2)
#endif

#include "ipam/crc32c.h"

#define POLYNOMIAL 0x82f63b78u /* reflected */

/* Bytes that cost as much by halves as the making of the tables. */
#define TABLES_PAY 4096

/* The effect of half a byte. */
static const uint32_t halves[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

/* Slicing by eight: tables[k][b] is the effect of byte b with k more bytes to come. */
static uint32_t tables[8][256];

static void make_tables(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		tables[0][b] = crc;
	}
	for (uint32_t b = 0; b < 256; b++)
		for (int k = 1; k < 8; k++)
			tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 0xff];
}

static uint64_t load(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

static uint32_t by_halves(const uint8_t *p, size_t length)
{
	uint32_t crc = ~0u;

	for (; length; p++, length--) {
		crc ^= *p;
		crc = crc >> 4 ^ halves[crc & 0xf];
		crc = crc >> 4 ^ halves[crc & 0xf];
	}
	return ~crc;
}

uint32_t crc32c_portable(const void *data, size_t length)
{
	static size_t seen;
	const uint8_t *p = data;
	uint32_t crc = ~0u;

	/* A process that reads and writes a line or two does without. */
	if (seen < TABLES_PAY) {
		seen += length;
		return by_halves(p, length);
	}
	if (!tables[0][1])
		make_tables();
	for (; length >= 8; p += 8, length -= 8) {
		uint64_t word = load(p) ^ crc;

		crc = 0;
		for (int k = 0; k < 8; k++)
			crc ^= tables[7 - k][word >> 8 * k & 0xff];
	}
	for (; length; p++, length--)
		crc = crc >> 8 ^ tables[0][(crc ^ *p) & 0xff];
	return ~crc;
}

#ifdef INSTRUCTION_IS_THERE
__attribute__((target("sse4.2"))) static uint32_t by_instruction(const uint8_t *p, size_t length)
{
	uint64_t crc = ~0u;

	for (; length >= 8; p += 8, length -= 8)
		crc = _mm_crc32_u64(crc, load(p));
	for (; length; p++, length--)
		crc = _mm_crc32_u8((uint32_t)crc, *p);
	return ~(uint32_t)crc;
}

uint32_t crc32c(const void *data, size_t length)
{
	if (INSTRUCTION_IS_THERE)
		return by_instruction(data, length);
	return crc32c_portable(data, length);
}
#else
uint32_t crc32c(const void *data, size_t length)
{
	return crc32c_portable(data, length);
}
#endif
