/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* normalize.h - a positive number as mantissa times a power of two, inside MPC: what reciprocal and rsqrt
 * begin and end with. */
#ifndef PRECISE_NORMALIZE_H
#define PRECISE_NORMALIZE_H

#include "precise.h"

#define MOST_EXPONENTS 48

/* x = t * 2^e with t in [1, 2), or with steps of two in [0.96, 3.84): secret indicator bits of e = low, low +
 * step …, `count` of them, and the table's function of t. */
typedef struct normalized {
    int        low, count;
    puma_share is[MOST_EXPONENTS]; /* is[j]: the exponent is low + step * j */
    puma_share value;              /* f(t), `frac` fraction bits in a ring of `bits`, |error| about 1e-5 */
} normalized;

/* x > 0 from 2^low to 2^high, in steps of 1 or 2 that divide high - low; smaller x count as 2^low (t is below
 * 1 then). */
typedef struct exponents {
    int low, high, step;
} exponents;

/* f on [0, 4) in 256 buckets, and what the protocol's roundings may add to it. */
typedef struct mantissa_table {
    const int64_t (*c)[256];
    double error;
} mantissa_table;

puma_status normalize(puma_session *s, normalized *n, puma_share x, exponents e, mantissa_table f,
                      uint32_t frac, uint32_t bits);
/* f(t) times the factor of its exponent: factor[j] for low + step * j, at `frac` fraction bits.  One round.
 */
puma_share  rescale(puma_session *s, const normalized *n, const double *factor, uint32_t frac);

#endif
