/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* gate.c - GeLU and SiLU: 0 on the far left, x on the far right, between them a table of quadratics
 * (tables.h).
 *
 * One call of the protocol's gate: index and gate bits from the same one-hots, five rounds.  Errors:
 * polynomial, rounding of slope and curvature to the bits that are kept, and outside of the table the
 * function's distance from 0 or x.  The bound of each is in precise.c; tests/approx holds it. */
#include "precise.h"

#include "tables.h"

/* Buckets of 2^-width_log numbers; `error`: what the protocol's roundings may add. */
static const puma_tensor *gate(puma_session *s, const puma_tensor *x, const puma_arguments *a,
                               const int64_t *const c[3], uint32_t index_bits, uint32_t width_log,
                               double error)
{
    const puma_table table = {
        .struct_size = sizeof table,
        .unit = x == NULL || x->frac < width_log ? 0 : x->frac - width_log,
        .index_bits = index_bits,
        .ring = FRAC + 1,
        .frac = FRAC,
        .slope_frac = SLOPE_FRAC,
        .curve_frac = CURVE_FRAC,
        .error = error,
        .c = { c[0], c[1], c[2] },
    };
    uint32_t   window;
    puma_share z;

    if (!puma_ready(s, x)) return NULL;
    /* Everything that the operand is promised to be, and at least one bit more than the table; not more than
     * 64 high entries. */
    window = x->frac + (uint32_t)(x->range > 1 ? x->range : 1) + 2;
    if (window < table.unit + index_bits + 1) window = table.unit + index_bits + 1;
    if (window > x->bits) window = x->bits;
    if (window > table.unit + index_bits + 8 || x->frac > FRAC) {
        s->host->fail(s, PUMA_ENUMERIC, "operand of %u integer bits is too wide for a table (limit %u)",
                      window - x->frac, table.unit + index_bits + 8 - x->frac);
        return NULL;
    }
    z = puma_gate(s, x, &table, window, a->bits);
    return z == NULL ? NULL : puma_promise(s, z, x->range);
}

const puma_tensor *precise_gelu(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    return gate(
        s, x, a,
        (const int64_t *const[]){ precise_gelu_table[0], precise_gelu_table[1], precise_gelu_table[2] }, 6, 3,
        1.8e-4);
}

const puma_tensor *precise_gelu_fast(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    return gate(s, x, a,
                (const int64_t *const[]){ precise_gelu_fast_table[0], precise_gelu_fast_table[1],
                                          precise_gelu_fast_table[2] },
                5, 2, 2.7e-4);
}

const puma_tensor *precise_gelu_tanh(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    return gate(s, x, a,
                (const int64_t *const[]){ precise_gelu_tanh_table[0], precise_gelu_tanh_table[1],
                                          precise_gelu_tanh_table[2] },
                6, 3, 1.8e-4);
}

const puma_tensor *precise_silu(puma_session *s, const puma_tensor *x, const puma_arguments *a)
{
    return gate(
        s, x, a,
        (const int64_t *const[]){ precise_silu_table[0], precise_silu_table[1], precise_silu_table[2] }, 7, 2,
        2.7e-4);
}
