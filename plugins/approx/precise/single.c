/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* single.c - functions of one variable beside the activations: exp, tanh, reciprocal, 1/sqrt.  Heads and
 * other functions call them, on few elements, so that rounds count more than bytes. */
#include "normalize.h"

#include "tables.h"

/* z at `frac` fraction bits in the ring that was asked for. */
static puma_share fit(puma_session *s, puma_share z, const puma_arguments *a)
{
    if (!puma_ready(s, z)) return NULL;
    if (a->frac <= z->frac) return puma_trunc_to(s, z, a->frac, a->bits);
    z = puma_resize(s, z, a->bits);
    return z == NULL ? NULL : puma_scale(s, z, 1, a->frac - z->frac);
}

static puma_share leave(puma_session *s, size_t mark, puma_share z)
{
    puma_leave(s, mark, z);
    return z;
}

/* 2^(x log2 e) by the table that softmax has; x log2 e keeps x's fraction and nine integer bits. */
const puma_tensor *precise_exp(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    enum { LOG2E_FRAC = 16 };
    size_t     mark;
    puma_share y, z;

    if (!puma_ready(s, x)) return NULL;
    mark = s->host->enter(s);
    y = puma_trunc_to(s, puma_scale(s, x, 1.4426950408889634, LOG2E_FRAC), x->frac, x->frac + 9);
    z = puma_ready(s, y) ? puma_exp2(s, y, 1, 4e-5, a->frac, 28 + x->frac) : NULL;
    z = puma_ready(s, z) ? puma_resize(s, puma_promise(s, z, 1), a->bits) : NULL;
    return leave(s, mark, z);
}

/* x cut to [-8, 8 - 1/16], one bucket short of the table's end, and looked up. */
const puma_tensor *precise_tanh(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    enum { REACH_LOG = 3, INDEX = 8 }; /* 256 buckets of 1/16 */
    const double edges[2] = { -8, 8 - 0x1p-4 };
    puma_table   table = { .struct_size = sizeof table,
                           .index_bits = INDEX,
                           .frac = FRAC,
                           .slope_frac = SLOPE_FRAC,
                           .curve_frac = CURVE_FRAC,
                           .error = 1.2e-4,
                           .c = { precise_tanh_table[0], precise_tanh_table[1], precise_tanh_table[2] } };
    puma_share   below[2], inside, u, z;
    puma_choice  choices[2];
    uint32_t     bits;
    size_t       mark;

    if (!puma_ready(s, x)) return NULL;
    if (x->frac < INDEX - REACH_LOG - 1 || a->frac > FRAC) {
        s->host->fail(s, PUMA_ENUMERIC, "tanh from %u to %u fraction bits (limit %d to %d)", x->frac, a->frac,
                      INDEX - REACH_LOG - 1, FRAC);
        return NULL;
    }
    mark = s->host->enter(s);
    if (puma_less_reals(s, x, edges, 2, 0, below) != PUMA_OK) return NULL;
    inside = puma_xor(s, below[0], below[1]);
    x = puma_add_real(s, x, 8);
    if (!puma_ready(s, x)) return NULL;
    choices[0] = (puma_choice){ .bit = inside, .value = x, .coefficient = puma_integer(s, 1, x->bits) };
    choices[1] = (puma_choice){ .bit = puma_not(s, below[1]),
                                .coefficient = puma_encode(s, edges[1] + 8, x->frac, x->bits) };
    u = puma_mux_sum(s, choices, 2, x->frac,
                     x->frac + REACH_LOG + 3 < x->bits ? x->frac + REACH_LOG + 3 : x->bits);
    table.unit = x->frac + REACH_LOG + 1 - INDEX;
    /* In two rounds where 27 fraction bits and the result's ring leave room. */
    bits = a->bits + FRAC - a->frac <= 64 ? a->bits : 64 + a->frac - FRAC;
    table.ring = bits + FRAC - a->frac;
    z = puma_ready(s, u) ? puma_lookup(s, u, &table, a->frac, bits) : NULL;
    z = puma_ready(s, z) ? puma_resize(s, puma_promise(s, z, 1), a->bits) : NULL;
    return leave(s, mark, z);
}

/* Mantissa's value, 24 fraction bits; factors are powers of two and are exact. */
const puma_tensor *precise_reciprocal(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    enum { LOW = -6, HIGH = 14, VALUE = 24 };
    double     factor[MOST_EXPONENTS];
    normalized v;
    size_t     mark;
    uint32_t   bits;
    int        high = HIGH;

    if (!puma_ready(s, x)) return NULL;
    mark = s->host->enter(s);
    if (high > (int)x->bits - 2 - (int)x->frac) high = (int)x->bits - 2 - (int)x->frac;
    bits = puma_ring_for(s, 64 + VALUE - FRAC);
    bits = bits < 64 + VALUE - FRAC ? bits : 64 + VALUE - FRAC;
    if (normalize(s, &v, x, (exponents){ LOW, high, 1 },
                  (mantissa_table){ precise_reciprocal_table, PRECISE_RECIPROCAL_ERROR }, VALUE,
                  bits) != PUMA_OK)
        return NULL;
    for (int j = 0; j < v.count; j++) factor[j] = ldexp(1.0, -LOW - j);
    return leave(s, mark, fit(s, rescale(s, &v, factor, (uint32_t)(v.count - 1 + LOW)), a));
}

/* As in norm.c, for single numbers: mantissa's value and factor with 24 fraction bits each. */
const puma_tensor *precise_rsqrt(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    enum { LOW = -14, HIGH = 16, VALUE = 24 };
    double     factor[MOST_EXPONENTS];
    normalized v;
    size_t     mark;
    uint32_t   bits, lacking;
    int        low = LOW, high = HIGH;

    if (!puma_ready(s, x)) return NULL;
    mark = s->host->enter(s);
    if (low + (int)x->frac < 0) low = -(int)x->frac;
    if (high > (int)x->bits - 2 - (int)x->frac) high = (int)x->bits - 2 - (int)x->frac;
    bits = puma_ring_for(s, 60);
    bits = bits < 60 ? bits : 60;
    lacking = 60 - bits;
    if (lacking > 20) {
        s->host->fail(s, PUMA_ENUMERIC, "a ring of %u bits is too narrow for 1/sqrt (limit 40)", bits);
        return NULL;
    }
    if (normalize(s, &v, x, (exponents){ low, high, 1 },
                  (mantissa_table){ precise_rsqrt_table, PRECISE_RSQRT_ERROR }, VALUE - (lacking + 1) / 2,
                  bits) != PUMA_OK)
        return NULL;
    for (int j = 0; j < v.count; j++) factor[j] = pow(2.0, -0.5 * (low + j));
    return leave(s, mark, fit(s, rescale(s, &v, factor, VALUE - lacking / 2), a));
}
