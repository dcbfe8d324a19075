/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* exp.c - exp(x) for x <= 0 as PUMA has it: 0 below a clip, else (1 + x/2^t)^(2^t).
 *
 * Dividing by 2^t moves the point and costs nothing, and keeps all digits: the squarings run with t more
 * fraction bits than x has, as far as the ring holds their squares.  |1 + x/2^t| <= 1 there, so a ring of
 * 2 frac + 3 bits is enough. */
#include "parts.h"

/* The clip may be missed by 2^-CLIP_BITS: exp has all but vanished there. */
#define CLIP_BITS 3

const puma_option exp_option_list[] = {
    { .key = "fxp_exp_iters", .min = 1, .max = 10, .fallback = 5, .help = "squarings in exp" },
    { .key = "fxp_exp_clip", .min = -64, .max = -1, .fallback = -14, .help = "exp is 0 below it" },
    { .key = NULL },
};

puma_status exp_read(puma_session *s, exp_options *o)
{
    double squarings = approx_option(s, &exp_option_list[0]);

    if (squarings != nearbyint(squarings))
        return s->host->fail(s, PUMA_ECONFIG, "[plugin.puma] fxp_exp_iters: %g is not an integer", squarings);
    o->squarings = (int)squarings;
    o->clip = fmax(approx_option(s, &exp_option_list[1]), -ldexp(1.0, o->squarings));
    return s->status;
}

uint32_t exp_bits(uint32_t frac) { return 2 * frac + 3; }

uint32_t exp_frac(const puma_session *s, const exp_options *o, uint32_t frac)
{
    uint32_t most = (puma_ring_for(s, 64) - 3) / 2;

    frac += (uint32_t)o->squarings;
    return frac < most ? frac : most;
}

puma_share exp_unclipped(puma_session *s, puma_share x, const exp_options *o, uint32_t frac, uint32_t bits)
{
    uint32_t   work, ring;
    size_t     mark;
    puma_share y;

    if (!puma_ready(s, x)) return NULL;
    work = exp_frac(s, o, x->frac);
    ring = exp_bits(work);
    mark = s->host->enter(s);
    y = puma_trunc_to(s, x, work - (uint32_t)o->squarings, ring);
    y = puma_add_real(s, puma_shift_point(s, y, -o->squarings), 1);
    for (int i = 1; i < o->squarings; i++) y = puma_mul_to(s, y, y, 0, work, ring);
    y = puma_mul_to(s, y, y, 0, frac < 2 * work ? frac : 2 * work, bits);
    return approx_leave(s, mark, puma_ready(s, y) ? puma_fit(s, y, frac, bits) : NULL);
}

puma_share exp_inside(puma_session *s, puma_share x, const exp_options *o)
{
    puma_share below;
    uint32_t   drop;

    if (!puma_ready(s, x)) return NULL;
    drop = x->frac > CLIP_BITS ? x->frac - CLIP_BITS : 0;
    return puma_less_reals(s, x, &o->clip, 1, drop, &below) == PUMA_OK ? puma_not(s, below) : NULL;
}

static puma_share exponential(puma_session *s, puma_share x, const puma_arguments *a)
{
    exp_options o;
    puma_share  z;
    size_t      mark;

    if (!puma_ready(s, x) || exp_read(s, &o) != PUMA_OK) return NULL;
    mark = s->host->enter(s);
    z = puma_select(s, exp_inside(s, x, &o), exp_unclipped(s, x, &o, a->frac, a->bits));
    return approx_leave(s, mark, puma_ready(s, z) ? puma_promise(s, z, 1) : NULL);
}

const puma_approx approx_exp = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_EXP,
    .name = "exp",
    .source = "arXiv 2307.12533, secure softmax",
    .max_error = 8.6e-3,
    .domain = { -128, 0 },
    .input_bits = 10,
    .eval = exponential,
    .options = exp_option_list,
};
