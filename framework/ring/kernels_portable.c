/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* kernels_portable.c - the kernels in plain C: one word at a time.
 *
 * What ring.c falls back to on any CPU, and what the others must equal bit for bit. */
#include <stdint.h>

#define NAME ring_portable
#define TARGET
#define VL 1

typedef uint64_t vec;
typedef uint32_t vec32;
typedef uint64_t sum;

#define sum_zero() ((sum)0)
#define swapped(y) (y)
#define mac(s, x, y, y_swapped) ((void)(y_swapped), (s) + (x) * (y))
#define sum_value(s) (s)
#define times(x, y) ((x) * (y))

#define HIGH_64 6
#define ROWS_64(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define HIGH_32 4
#define ROWS_32(X) X(0) X(1) X(2) X(3)
#define COLUMNS_32 2

#include "ring/kernels_body.h"
