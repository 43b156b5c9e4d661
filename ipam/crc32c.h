/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), the checksum of a journal line. RFC 3720, appendix B.4. */
#ifndef IPAM_CRC32C_H
#define IPAM_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t length);

/* The same without the processor's instruction. */
uint32_t crc32c_portable(const void *data, size_t length);

#endif
