/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libFuzzer calls. With -Dfuzz=true (clang) it is the main program; without, fuzz_main.c runs
 * the corpus of testdata/fuzz through the same function, as a unit test.
 */
#ifndef IPAM_FUZZ_H
#define IPAM_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
