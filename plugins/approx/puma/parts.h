/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* parts.h - what the functions of this plugin share: options, windows of powers of two; polynomials
 * between knots come from ../pieces. */
#ifndef PUMA_APPROX_PARTS_H
#define PUMA_APPROX_PARTS_H

#include "../pieces/pieces.h"

/* The tables, one a function; puma.c lists them. */
extern const puma_approx approx_gelu, approx_gelu_tanh, approx_silu, approx_relu, approx_tanh, approx_exp,
    approx_softmax, approx_reciprocal, approx_rsqrt, approx_layernorm, approx_rmsnorm;

/* An option of [plugin.puma]; a value that is not a number of its range fails the session. */
double approx_option(puma_session *s, const puma_option *option);

/* Ends the scope opened at `mark`: intermediate tensors go, z stays. */
static inline puma_share approx_leave(puma_session *s, size_t mark, puma_share z)
{
    puma_leave(s, mark, z);
    return z;
}

/* --- window.c --------------------------------------------------------------------------------- */

#define WINDOWS 32

/* bit[w] = [2^(low + w step) <= x < 2^(low + (w+1) step)] for w < count; the first takes all below, the last
 * all above. */
typedef struct windows {
    size_t     count;
    puma_share bit[WINDOWS];
} windows;

puma_status approx_windows(puma_session *s, puma_share x, int low, int step, size_t count, windows *z);
/* 2^((count-1-w) step) x, w the window that is 1: brings all windows to the size of the last one. */
puma_share  approx_align(puma_session *s, puma_share x, const windows *w, int step);

/* --- exp.c ------------------------------------------------------------------------------------ */

/* How the run approximates exp. */
typedef struct exp_options {
    int    squarings; /* fxp_exp_iters                                                             */
    double clip;      /* exp is 0 below; never under -2^squarings, where 1 + x/2^squarings is 0     */
} exp_options;

extern const puma_option exp_option_list[];

puma_status exp_read(puma_session *s, exp_options *o);
/* Fraction bits at which the squarings of exp run for an x of `frac` of them, and the ring they need. */
uint32_t    exp_frac(const puma_session *s, const exp_options *o, uint32_t frac);
uint32_t    exp_bits(uint32_t frac);
/* (1 + x/2^t)^(2^t), meant for clip <= x <= 0; what comes out elsewhere is for a mux to throw away. */
puma_share  exp_unclipped(puma_session *s, puma_share x, const exp_options *o, uint32_t frac, uint32_t bits);
/* [clip <= x] */
puma_share  exp_inside(puma_session *s, puma_share x, const exp_options *o);

#endif
