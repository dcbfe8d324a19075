/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tables.h - coefficients [value, slope, curvature] of each bucket's polynomial, made by tables.py. */
#ifndef PRECISE_TABLES_H
#define PRECISE_TABLES_H

#include <stdint.h>

enum { FRAC = 27, SLOPE_FRAC = 24, CURVE_FRAC = 20 }; /* their fraction bits */

/* What a function adds to 0 or x, on buckets around 0. */
extern const int64_t precise_gelu_table[3][64], precise_gelu_fast_table[3][32],
    precise_gelu_tanh_table[3][64], precise_silu_table[3][128];
/* tanh itself on [-8, 8). */
extern const int64_t precise_tanh_table[3][256];
/* Functions of a mantissa, on [0, 4) in buckets of 1/64, and what a protocol's roundings may add to them. */
extern const int64_t precise_rsqrt_table[3][256], precise_reciprocal_table[3][256];
#define PRECISE_RSQRT_ERROR 9e-5
#define PRECISE_RECIPROCAL_ERROR 3e-4

#endif
