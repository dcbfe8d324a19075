/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* ring.h - kernels on u64 ring words, chosen at start by what the CPU has.
 *
 * host/ gives the table to plugins; cli/ and run/ set threads and check the choice, which are the only state behind
 * this header.  Which words are secret it does not know, so that every kernel treats all of them alike. */
#ifndef RING_H
#define RING_H

#include "base/error.h"

#include <puma/host.h>
#include <stdbool.h>

/* The kernels of this CPU: the best that it has, or the one that PUMA_KERNEL=portable|avx2|avx512|avx512ifma
 * names. */
const puma_ring *ring_kernels(void);
/* By name, for tests and `puma bench`; NULL when this CPU has not got it. */
const puma_ring *ring_kernels_named(const char *name);
const char      *ring_kernel_name(void);
/* PUMA_KERNEL names kernels that this CPU has not got, or none that exist: E0391.  ring_kernels() then
 * takes the best that it has, as every choice computes the same. */
puma_status      ring_check(puma_error *e);

/* Runs the arithmetic of the inner kernel behind matmul `loops` times on registers alone, so that a
 * benchmark can tell what a product could reach at best.  Multiply-adds of one loop; 0 where kernels of this
 * name have no such loop (all but avx2). */
size_t ring_mix(const char *name, uint32_t bits, size_t loops);

/* Threads of matmul (OpenMP); 1 unless set. */
void ring_set_threads(int threads);
/* Is this thread in a product on several threads?  OpenMP calls exit when the system refuses it memory or a thread: a handler
 * of atexit tells by this. */
bool ring_in_team(void);

/* n words of `bits` low bits each to ceil(n*bits/8) bytes, little-endian bit order, and back. */
size_t ring_packed_size(size_t n, uint32_t bits);
void   ring_pack(uint8_t *bytes, const uint64_t *words, size_t n, uint32_t bits);
void   ring_unpack(uint64_t *words, const uint8_t *bytes, size_t n, uint32_t bits);

#endif
