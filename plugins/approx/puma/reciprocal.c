/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* reciprocal.c - 1/x for x in [2^-6, 2^14): x = n 2^k with n in [1/2, 1), then 1/n by a quadratic start of
 * relative error 0.0126 and one step of the third order: p (1 + e + e^2) with e = 1 - n p leaves
 * e^3 = 2e-6. */
#include "parts.h"

#define LOW (-6)
#define HIGH 14

/* Minimax of the relative error on [0.49, 1.02], with 2.5 set for its square so that it costs one fraction
 * bit. */
static const double START[] = { 4.214831941435212, -5.714079153047815, 2.5 };

static puma_share reciprocal(puma_session *s, puma_share x, const puma_arguments *a)
{
    uint32_t   ring = puma_ring_for(s, 64), frac = (ring - 8) / 2;
    puma_share n, p, e, w, r;
    windows    at;
    int        high;

    if (!puma_ready(s, x)) return NULL;
    high = x->range < HIGH ? x->range : HIGH;
    if (high < LOW + 2) high = LOW + 2;
    /* The aligned x takes frac + high bits. */
    if ((int)x->frac + high > (int)x->bits - 3) {
        x = puma_trunc(s, x, (uint32_t)((int)x->bits - 3 - high));
        if (!puma_ready(s, x)) return NULL;
    }
    if (approx_windows(s, x, LOW, 1, (size_t)(high - LOW), &at) != PUMA_OK) return NULL;
    n = puma_fit(s, puma_shift_point(s, approx_align(s, x, &at, 1), -high), frac, ring);

    p = puma_add_real(s, puma_scale(s, n, START[2], 1), START[1]);
    p = puma_add_real(s, puma_mul_to(s, p, n, 0, frac, ring), START[0]);
    e = puma_add_real(s, puma_neg(s, puma_mul(s, n, p)), 1);
    if (!puma_ready(s, e)) return NULL;
    w = puma_product(
        s, (puma_term[]){ { .op = PUMA_TERM_MUL, .x = e, .y = e }, { .op = PUMA_TERM_ADD, .x = e } }, 2,
        e->rank, e->dim, frac, ring);
    r = puma_product(
        s, (puma_term[]){ { .op = PUMA_TERM_MUL, .x = p, .y = w }, { .op = PUMA_TERM_ADD, .x = p } }, 2,
        e->rank, e->dim, frac, ring);
    return puma_fit(s, puma_shift_point(s, approx_align(s, r, &at, 1), -high), a->frac, a->bits);
}

const puma_approx approx_reciprocal = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_RECIPROCAL,
    .name = "reciprocal",
    .source = "normalised by the leading one; quadratic start and one step of the third order",
    .max_error = 2.0e-4,
    .domain = { 0x1p-6, 0x1p14 },
    .eval = reciprocal,
};
