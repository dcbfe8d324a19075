/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* norm.c - LayerNorm and RMSNorm rows: y / sqrt(mean of y^2 + epsilon), without gain and bias.
 *
 * A norm does not depend on its operand's scale, so nothing is divided by the row's length n: LayerNorm takes
 * y = (n x - sum x) / 2^L = k (x - mean), k = n / 2^L, and sqrt(n) is put into the factors of 1/sqrt.  The
 * sum of squares is opened once a row, untruncated, and may reach 2^(2 range): one entry as large as the plan
 * promises, or several of half of that.  Where this does not fit the ring, the squared operand gives up
 * fraction bits.  In RMSNorm only the copy for the sum does (a truncation without rounds): activations of
 * 2^15 leave 14 of its 18 bits, and the row itself keeps all.  In LayerNorm it is y, which gives up to two
 * bits without a round, or is truncated into the whole ring.  1/sqrt is the value of a mantissa, 20 fraction
 * bits, times a power of two, which is exact: a row of deviation 2^11 has as many right digits as one of
 * 2^-6.  Variances are told apart by their exponent from 2^-16 on; smaller ones count as 2^-16. */
#include "normalize.h"

#include "tables.h"

enum { LEAST = -16, MOST = 28 }; /* exponents of the variance */

/* The exponent of a row's largest sum of squares; 17 where nothing is promised. */
static int squares_of(puma_share x)
{
    int ring = (int)x->bits - 1 - (int)x->frac;

    return x->range < ring && 2 * x->range > 17 ? 2 * x->range : 17;
}

/* floor(sqrt(v)): in integers, because all parties must have the same table. */
static uint64_t integer_root(uint64_t v)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= v) root |= bit;
    return root;
}

/* The table of 1/sqrt times sqrt(n / 4^a), which is in [1, 2) and goes to *scale; returns a. */
static int scaled_table(int64_t c[3][256], uint64_t n, double *scale)
{
    int     a = 0;
    int64_t root;

    while (n >> (2 * a + 2) != 0) a++;
    root = (int64_t)integer_root(n << (60 - 2 * a)); /* 30 fraction bits */
    *scale = ldexp((double)root, -30);
    for (int j = 0; j < 3; j++)
        for (int d = 0; d < 256; d++) c[j][d] = (precise_rsqrt_table[j][d] * root + (1 << 29)) >> 30;
    return a;
}

/* y (rows, n) scaled by k: rows of y k / sqrt(mean((y/k)^2) + epsilon) … that is y sqrt(n) / sqrt(sum y^2 + n
 * k^2 epsilon).  `coarse` is y, or y with fewer fraction bits, for the sum. */
static puma_share scaled_rows(puma_session *s, puma_share y, puma_share coarse, double k,
                              const puma_arguments *a)
{
    enum { VALUE = 20 };
    size_t     rows = y == NULL ? 0 : y->dim[0], n = y == NULL ? 0 : y->dim[1];
    double     factor[MOST_EXPONENTS], scale;
    int64_t    table[3][256];
    int        low, high, base, a_n, factor_frac, room, value_frac = VALUE;
    uint32_t   bits;
    normalized v;
    puma_share sum, r, lines = puma_reshape3(s, coarse, rows, 1, n);

    sum = puma_ready(s, lines) ? puma_matmul(s, lines, lines, 1, 2 * lines->frac, lines->bits) : NULL;
    sum = puma_add_real(s, puma_reshape1(s, sum, rows), a->epsilon * (double)n * k * k);
    if (!puma_ready(s, sum)) return NULL;
    low = LEAST + puma_exponent((double)n * k * k) - 1;
    high = MOST + puma_exponent((double)n * k * k);
    if (high > (int)sum->bits - 2 - (int)sum->frac)
        high = (int)sum->bits - 2 - (int)sum->frac; /* what the ring holds */
    if (low + (int)sum->frac < 1) low = 1 - (int)sum->frac;
    low -= (high - low) % 2 != 0;
    /* 1/sqrt of 4^j 2^low t, times sqrt(n): the table's value times 2^(a_n - base - j). */
    a_n = scaled_table(table, low % 2 != 0 ? 2 * (uint64_t)n : (uint64_t)n, &scale);
    base = (low + (low % 2 != 0)) / 2;
    factor_frac = (high - low) / 2 - 1 + base - a_n;
    if (factor_frac < 0) factor_frac = 0;
    /* An entry of the result is sqrt(n) at most; its sign and a spare bit leave this for the value. */
    bits = puma_ring_for(s, 64 + VALUE - FRAC);
    if (bits > 64 + VALUE - FRAC) bits = 64 + VALUE - FRAC;
    room = (int)(bits < y->bits ? bits : y->bits) - 2 - (int)y->frac - (puma_exponent((double)n) + 1) / 2 -
           factor_frac;
    if (value_frac > room) value_frac = room;
    if (value_frac < 8) {
        s->host->fail(s, PUMA_ENUMERIC, "a ring of %u bits is too narrow for a norm", bits);
        return NULL;
    }
    if (bits > 64 - FRAC + (uint32_t)value_frac) bits = 64 - FRAC + (uint32_t)value_frac;
    if (normalize(s, &v, sum, (exponents){ low, high, 2 },
                  (mantissa_table){ (const int64_t(*)[256])table, PRECISE_RSQRT_ERROR * scale },
                  (uint32_t)value_frac, bits) != PUMA_OK)
        return NULL;
    for (int j = 0; j < v.count; j++) factor[j] = ldexp(1.0, a_n - base - j);
    r = rescale(s, &v, factor, (uint32_t)factor_frac);
    return puma_ready(s, r) ? puma_mul_to(s, y, r, 1, a->frac, a->bits) : NULL;
}

enum { LEAST_FRAC = 8 }; /* of the operand of the sum: below, a row of deviation 2^-6 is noise */

static puma_share too_wide(puma_session *s, puma_share x)
{
    s->host->fail(
        s, PUMA_ENUMERIC,
        "rows of numbers below 2^%d: a sum of squares does not fit (got %u fraction bits, limit %u bits)",
        (int)x->range, x->frac, x->bits);
    return NULL;
}

const puma_tensor *precise_layernorm(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    size_t     n, rows, mark;
    uint32_t   levels = 0, bits;
    int        lacking, lost;
    puma_share y, mean, z;

    if (!puma_ready(s, x)) return NULL;
    n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (n == 0) return x;
    while (((size_t)1 << levels) < n) levels++;
    mark = s->host->enter(s);
    rows = x->n / n;
    y = puma_reshape2(s, x, rows, n);
    mean = puma_expand(s, puma_sum(s, y), n); /* n times the mean */
    y = puma_sub(s, puma_scale(s, y, (double)n, 0), mean);
    if (!puma_ready(s, y)) return NULL;
    /* Bits that the largest sum of squares, with the sign and one to spare, lacks in what a truncation by
     * `levels` leaves.  A wide range means small rows beside large ones: no bit of theirs is given up for a
     * round. */
    lacking = 2 * (int)x->frac + squares_of(x) + 2 + (int)levels - (int)x->bits;
    if (lacking > (squares_of(x) > 18 ? 0 : 2)) {
        /* half of what the whole ring lacks, or up to four bits more than x has where it lacks nothing */
        lost = (lacking - (int)levels) / 2 + ((lacking - (int)levels) % 2 > 0);
        if (lost < -4) lost = -4;
        if (-lost > (int)levels) lost = -(int)levels;
        bits = x->bits;
    } else {
        lost = lacking > 0 ? lacking : 0;
        bits = x->bits - levels - (uint32_t)lost;
    }
    if ((int)x->frac < lost + LEAST_FRAC) return too_wide(s, x);
    y = puma_trunc_to(s, puma_shift_point(s, y, -(int)levels), (uint32_t)((int)x->frac - lost), bits);
    z = puma_ready(s, y) ? scaled_rows(s, y, y, (double)n / (double)((size_t)1 << levels), a) : NULL;
    z = puma_ready(s, z) ? puma_reshape(s, z, x->rank, x->dim) : NULL;
    puma_leave(s, mark, z);
    return z;
}

const puma_tensor *precise_rmsnorm(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    size_t     n, mark;
    uint32_t   bits, needed;
    puma_share y, coarse, z;

    if (!puma_ready(s, x)) return NULL;
    n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (n == 0) return x;
    mark = s->host->enter(s);
    y = puma_reshape2(s, x, x->n / n, n);
    needed = 2 * x->frac + (uint32_t)squares_of(x) + 2;
    if (needed <= x->bits) {
        bits = needed > 54 ? needed : 54;
        y = coarse = puma_resize(s, y, bits < x->bits ? bits : x->bits);
    } else {
        /* each bit that is lost gives two to the sum and takes one from its ring */
        uint32_t lost = needed - x->bits;

        if (x->frac < lost + LEAST_FRAC) return too_wide(s, x);
        coarse = puma_trunc_to(s, y, x->frac - lost, x->bits - lost);
    }
    z = puma_ready(s, y) && puma_ready(s, coarse) ? scaled_rows(s, y, coarse, 1.0, a) : NULL;
    z = puma_ready(s, z) ? puma_reshape(s, z, x->rank, x->dim) : NULL;
    puma_leave(s, mark, z);
    return z;
}
