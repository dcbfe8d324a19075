/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* softmax.c - rows of softmax: e_j = exp(x_j - max) masked by [x_j - max >= clip], then e_j / sum of e.
 *
 * The mask is taken from x - max and applied before the sum: the order that the paper prints lets large
 * negative inputs, where (1 + x/2^t)^(2^t) may be anything, into the sum.  Maximum and mask are computed in
 * the ring of x, which is narrow: differences within a row must fit it.  exp moves to a ring of its own.
 *
 * Error.  (1 + x/32)^32 falls faster than exp: a row of one maximum and n - 1 entries at -d, where a sum of
 * many small numbers decides, errs by 0.109 at worst for n = 128 (d = 5.4), 0.172 for n = 512 (d = 6.5),
 * 0.248 for n = 2048.  That lies in the method; more fxp_exp_iters make it smaller.  The other rows of
 * tests/approx stay below 0.052. */
#include "parts.h"

#include <puma/rows.h>

static puma_share softmax(puma_session *s, puma_share x, const puma_arguments *a)
{
    exp_options    o;
    puma_arguments inner = { .struct_size = sizeof inner };
    puma_rows      g;
    puma_share     d, e, sum, r, z;
    uint32_t       frac, bits;
    size_t         mark;
    int32_t        levels = 0;

    if (!puma_ready(s, x) || exp_read(s, &o) != PUMA_OK) return NULL;
    mark = s->host->enter(s);
    if (puma_rows_of(s, &g, x, a->lengths) != PUMA_OK) return NULL;
    while (((size_t)1 << levels) < g.n) levels++;
    x = puma_pack(s, x, &g);
    d = puma_sub(s, x, puma_spread(s, puma_max_rows(s, x, &g), &g));
    if (!puma_ready(s, d)) return NULL;

    frac = exp_frac(s, &o, x->frac);
    bits = exp_bits(frac);
    e = puma_select(s, exp_inside(s, d, &o), exp_unclipped(s, d, &o, frac, bits));
    /* Every e is at most 1, one of them is 1. */
    sum = puma_promise(s, puma_sum_rows(s, e, &g), levels + 1);
    if (!puma_ready(s, sum)) return NULL;

    /* e r <= 1 keeps their product below 2^(bits - 2). */
    inner.bits = bits;
    inner.frac = bits - 3 - frac;
    r = puma_call(s, PUMA_SLOT_RECIPROCAL, sum, &inner);
    if (!puma_ready(s, r)) return NULL;
    z = puma_mul_spread(s, e, r, &g, a->frac < e->frac + r->frac ? a->frac : e->frac + r->frac, a->bits);
    z = puma_fit(s, z, a->frac, a->bits);
    z = puma_ready(s, z) ? puma_unpack(s, puma_promise(s, z, 1), &g) : NULL;
    return approx_leave(s, mark, z);
}

const puma_approx approx_softmax = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_SOFTMAX,
    .name = "softmax",
    .source = "arXiv 2307.12533, secure softmax, mask before the sum",
    .max_error = 0.172,
    .domain = { -128, 128 },
    .input_bits = 10,
    .eval = softmax,
    .options = exp_option_list,
};
