/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* normalize.c - see normalize.h.  Few elements (one a row), so that rounds count and bytes do not. */
#include "normalize.h"

#include "tables.h"

enum { MANTISSA_FRAC = 19, MANTISSA_BITS = 22, UNIT = 13, INDEX = 8 }; /* [0, 4) in 256 buckets of 2^13 */

/* is[j] = [x lies in step j].  Edges may be off by 2^-12 of the smallest number: a mantissa a little outside
 * of [1, 2) is in the table too.  What lies below the first step or behind the last has no entry there, and is flagged. */
static puma_status find_exponent(puma_session *s, normalized *n, puma_share x, exponents e)
{
    uint32_t   spare = (int)x->frac + e.low > 12 ? (uint32_t)((int)x->frac + e.low - 12) : 0;
    size_t     count = (size_t)n->count - 1;
    double     edges[MOST_EXPONENTS + 2];
    puma_share below[MOST_EXPONENTS + 2];

    for (int j = 1; j < n->count; j++) edges[j - 1] = ldexp(e.step == 1 ? 1.0 : 0.96, e.low + e.step * j);
    if (puma_flags(s)) {
        edges[count] = ldexp(0.75, e.low);
        edges[count + 1] = ldexp(1.0, e.high);
    }
    if (puma_less_reals(s, x, edges, count + (puma_flags(s) ? 2 : 0), spare, below) != PUMA_OK) return s->status;
    if (puma_flags(s)) {
        puma_flag(s, below[count]);
        puma_flag(s, puma_not(s, below[count + 1]));
    }
    n->is[0] = below[0];
    for (int j = 1; j + 1 < n->count; j++) n->is[j] = puma_xor(s, below[j], below[j - 1]);
    n->is[n->count - 1] = puma_not(s, below[count - 1]);
    return s->status;
}

/* t = x 2^-e: whole powers of two on the words, the point moved at the end. */
static puma_share mantissa_of(puma_session *s, const normalized *n, puma_share x, exponents e)
{
    puma_choice  choices[MOST_EXPONENTS];
    puma_tensor *t;

    for (int j = 0; j < n->count; j++) {
        double factor = ldexp(1.0, -(e.low + e.step * j));

        choices[j] =
            (puma_choice){ .bit = n->is[j], .value = x, .coefficient = 1ull << e.step * (n->count - 1 - j) };
        if (puma_is_float(s)) memcpy(&choices[j].coefficient, &factor, sizeof factor);
    }
    t = puma_mux_sum(s, choices, (size_t)n->count, x->frac, x->bits);
    t = t == NULL ? NULL : s->host->view(s, t);
    if (t == NULL) return NULL;
    t->frac = (uint32_t)((int)x->frac + e.high - e.step);
    t->range = puma_range_cap(t, 2);
    return t->frac > MANTISSA_FRAC ? puma_trunc_to(s, t, MANTISSA_FRAC, MANTISSA_BITS)
                                   : puma_shift_up(s, t, MANTISSA_FRAC - t->frac);
}

puma_status normalize(puma_session *s, normalized *n, puma_share x, exponents e, mantissa_table f,
                      uint32_t frac, uint32_t bits)
{
    const puma_table table = {
        .struct_size = sizeof table,
        .unit = UNIT,
        .index_bits = INDEX,
        .ring = bits + FRAC - frac,
        .frac = FRAC,
        .slope_frac = SLOPE_FRAC,
        .curve_frac = CURVE_FRAC,
        .error = f.error,
        .c = { f.c[0], f.c[1], f.c[2] },
    };

    *n = (normalized){ .low = e.low, .count = (e.high - e.low) / e.step };
    if (!puma_ready(s, x)) return s->status;
    if (n->count < 2 || n->count > MOST_EXPONENTS || (int)x->frac + e.low < 0 ||
        (int)x->frac + e.high > (int)x->bits - 2)
        return s->host->fail(
            s, PUMA_ENUMERIC,
            "a number from 2^%d to 2^%d does not fit a ring of %u bits with %u fraction bits", e.low, e.high,
            x->bits, x->frac);
    if (find_exponent(s, n, x, e) != PUMA_OK) return s->status;
    x = mantissa_of(s, n, x, e);
    if (x == NULL) return s->status;
    n->value = puma_lookup(s, x, &table, frac, bits);
    if (n->value != NULL) n->value = puma_promise(s, n->value, 1);
    return s->status;
}

puma_share rescale(puma_session *s, const normalized *n, const double *factor, uint32_t frac)
{
    puma_choice  choices[MOST_EXPONENTS];
    puma_tensor *z;

    if (!puma_ready(s, n->value)) return NULL;
    for (int j = 0; j < n->count; j++)
        choices[j] = (puma_choice){ .bit = n->is[j],
                                    .value = n->value,
                                    .coefficient = puma_encode(s, factor[j], frac, n->value->bits) };
    z = puma_mux_sum(s, choices, (size_t)n->count, n->value->frac, n->value->bits);
    z = z == NULL ? NULL : s->host->view(s, z);
    if (z == NULL) return NULL;
    z->frac += frac;
    z->range = puma_range_cap(z, (int32_t)z->bits);
    return z;
}
