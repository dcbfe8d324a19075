/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* kernels_avx512.c - the kernels for AVX-512, whose DQ part multiplies 64-bit lanes (vpmullq).
 *
 * Used by ring.c where the CPU has AVX-512 DQ.  The algorithms are kernels_body.h's; here are only vectors and how
 * they multiply. */
#include <stdint.h>

#if defined(__x86_64__)
#ifndef NAME        /* the unit test compiles this source for any CPU, under another name */
#define NAME ring_avx512
#define TARGET __attribute__((target("avx512f,avx512dq")))
#endif
#define VL 8

typedef uint64_t vec __attribute__((vector_size(64)));
typedef vec      sum;
typedef uint32_t vec32 __attribute__((vector_size(64)));

#define sum_zero() ((sum){ 0 })
#define swapped(y) (y)
#define mac(s, x, y, y_swapped) ((void)(y_swapped), (s) + (x) * (y))
#define sum_value(s) (s)
#define times(x, y) ((x) * (y))

#define HIGH_64 8
#define ROWS_64(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define HIGH_32 8
#define ROWS_32(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define COLUMNS_32 32
#ifdef madd52
#define HIGH_52 12
#define ROWS_52(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#endif

#include "ring/kernels_body.h"
#endif
