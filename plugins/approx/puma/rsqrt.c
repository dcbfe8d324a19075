/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rsqrt.c - 1/sqrt(x) for x in [2^-14, 2^16): x = n 4^k with n in [1/4, 1), then a cubic start of relative
 * error 0.0084 and one step of the third order: p (1 + e/2 + 3 e^2/8) with e = 1 - n p^2, |e| < 0.017, leaves
 * 5 e^3/16 = 1.6e-6. x = 0 gives a number (about 400), so that a row of equal entries does no harm. */
#include "parts.h"

#define LOW (-14)
#define HIGH 16

/* Minimax of the relative error on [0.245, 1.02], with -2.25 set for the cube so that it costs two fraction
 * bits. */
static const double START[] = { 3.0942988137563696, -5.7701933991515835, 5.928215648187284, -2.25 };

static puma_share rsqrt(puma_session *s, puma_share x, const puma_arguments *a)
{
    uint32_t   ring = puma_ring_for(s, 64), frac = (ring - 8) / 2;
    puma_share n, p, e, w, r;
    windows    at;
    int        high;

    if (!puma_ready(s, x)) return NULL;
    high = x->range < HIGH ? x->range + (x->range & 1) : HIGH;
    if (high < LOW + 4) high = LOW + 4;
    if ((int)x->frac + high > (int)x->bits - 3) {
        x = puma_trunc(s, x, (uint32_t)((int)x->bits - 3 - high));
        if (!puma_ready(s, x)) return NULL;
    }
    if (approx_windows(s, x, LOW, 2, (size_t)(high - LOW) / 2, &at) != PUMA_OK) return NULL;
    n = puma_fit(s, puma_shift_point(s, approx_align(s, x, &at, 2), -high), frac, ring);

    p = puma_add_real(s, puma_scale(s, n, START[3], 2), START[2]);
    p = puma_add_real(s, puma_mul_to(s, p, n, 0, frac, ring), START[1]);
    p = puma_add_real(s, puma_mul(s, p, n), START[0]);
    e = puma_add_real(s, puma_neg(s, puma_mul(s, puma_mul(s, n, p), p)), 1);
    w = puma_add_real(s, puma_scale(s, e, 0.375, 3), 0.5);
    w = puma_mul_to(s, w, e, 0, frac, ring);
    if (!puma_ready(s, w)) return NULL;
    r = puma_product(
        s, (puma_term[]){ { .op = PUMA_TERM_MUL, .x = p, .y = w }, { .op = PUMA_TERM_ADD, .x = p } }, 2,
        w->rank, w->dim, frac, ring);
    return puma_fit(s, puma_shift_point(s, approx_align(s, r, &at, 1), -high / 2), a->frac, a->bits);
}

const puma_approx approx_rsqrt = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_RSQRT,
    .name = "rsqrt",
    .source = "normalised by the leading one; cubic start and one step of the third order",
    .max_error = 2.0e-4,
    .domain = { 0x1p-14, 0x1p16 },
    .eval = rsqrt,
};
