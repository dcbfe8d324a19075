/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* softmax.c - rows of 2^x / sum of 2^x, by table; the operand comes multiplied by log2 e
 * (puma_approx.operand_scale).
 *
 * The maximum is taken on whole numbers, in a ring of nine bits or so: M differs from the row's maximum by
 * less than one, so every 2^(x - M) is below 2 and the largest at least 1/2.  Up to ten integer bits nothing is
 * clipped: the table covers all that the ring holds.  Where the plan gives more, what lies below 2^-64 is compared away
 * first.  A row's scores lie within 15/16 of half that ring (puma_larger), less one.
 * Costs a score (f = 16): one comparison and choice in the narrow ring, one table, one product. */
#include "normalize.h"

#include "tables.h"

#include <puma/rows.h>

/* 1 / x for a sum of n numbers below 2, the largest at least 1/2: exponents -1 … log2 n.  The factors are
 * powers of two and hold all the fraction bits that are needed, so that nothing is truncated after the table.
 */
static puma_share reciprocal_of_sum(puma_session *s, puma_share x, size_t n)
{
    double     factor[MOST_EXPONENTS];
    int        high = puma_exponent((double)n) + 1;
    uint32_t   frac = 16;
    normalized v;

    if (!puma_ready(s, x)) return NULL;
    /* e times this is near 1 in a row of one large score, and must stay below a quarter of the ring, with one
     * bit to spare: a long row's factors have more fraction bits, so that the table's value has fewer. */
    while (frac > 8 && x->frac + frac + (uint32_t)high - 1 > x->bits - 3) frac--;
    if (normalize(s, &v, x, (exponents){ -2, high, 1 },
                  (mantissa_table){ precise_reciprocal_table, PRECISE_RECIPROCAL_ERROR }, frac,
                  x->bits) != PUMA_OK)
        return NULL;
    for (int j = 0; j < v.count; j++) factor[j] = ldexp(1.0, 2 - j);
    return rescale(s, &v, factor, (uint32_t)(v.count - 3));
}

/* 2^x for x < 1.  The table takes TABLE_BITS integer bits: of a wider x the lowest of them stand for a number that the
 * comparison throws away, or for x. */
static puma_share powers_of_two(puma_session *s, puma_share x, uint32_t frac, uint32_t bits)
{
    enum { TABLE_BITS = 10, LEAST = -64 };
    puma_share below, e;

    if (!puma_ready(s, x)) return NULL;
    if ((s->caps & PUMA_CAP_RINGS) == 0 || x->bits <= x->frac + TABLE_BITS) return puma_exp2(s, x, 1, 4e-5, frac, bits);
    if (puma_less_reals(s, x, &(double){ LEAST }, 1, x->frac, &below) != PUMA_OK) return NULL;
    e = puma_exp2(s, puma_resize(s, x, x->frac + TABLE_BITS), 1, 4e-5, frac, bits);
    return puma_ready(s, e) ? puma_select(s, puma_not(s, below), puma_promise(s, e, 1)) : NULL;
}

const puma_tensor *precise_softmax(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    size_t     n = x == NULL || x->rank == 0 ? 0 : x->dim[x->rank - 1], mark;
    uint32_t   bits;
    puma_rows  g;
    puma_share scores, most, below, e, inverse, z;

    if (!puma_ready(s, x)) return NULL;
    if (n == 0) return x;
    mark = s->host->enter(s);
    if (puma_rows_of(s, &g, x, a->lengths) != PUMA_OK) return NULL;
    scores = puma_pack(s, x, &g);
    most = puma_max_rows(s, puma_trunc_to(s, scores, 0, x->bits - x->frac), &g);
    below = puma_sub(s, scores, puma_spread(s, puma_shift_up(s, most, x->frac), &g));
    if (below == NULL) return NULL;
    /* exp2 works in bits + 36 - f */
    bits = puma_ring_for(s, 28 + x->frac);
    e = powers_of_two(s, below, a->frac, bits);
    if (e == NULL) return NULL;
    e = puma_promise(s, e, 1);
    inverse = reciprocal_of_sum(s, puma_sum_rows(s, e, &g), n);
    z = puma_ready(s, inverse) ? puma_mul_spread(s, e, inverse, &g, a->frac, bits) : NULL;
    if (z != NULL) z = puma_unpack(s, puma_promise(s, z, 1), &g);
    puma_leave(s, mark, z);
    return z;
}
