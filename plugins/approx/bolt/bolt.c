/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bolt.c - the plugin `bolt`: the GeLU of BOLT (Pang, Zhu, Moellering, Zheng, Schneider: "BOLT:
 * Privacy-Preserving, Accurate and Efficient Inference for Transformers", IEEE S&P 2024, Algorithm 4), in
 * which the even part of GeLU is one polynomial of |x|:
 *
 *     GeLU(x) ~ x/2 + e + d|x| + c|x|^2 + b|x|^3 + a|x|^4   for |x| <= 2.7,  else 0 or x.
 *
 * Here that is two polynomials of x, left and right of 0, so that one set of comparisons and one multiplexer
 * pick among all four pieces, where the paper takes |x| first.  The value is the same.  |error| <= 9.5e-3,
 * worst where the pieces meet; 1.7e-3 between them.
 * BOLT also prunes tokens and has an exp of its own; both are left out, and softmax comes from elsewhere.
 *
 * Powers, rounds and ring: see ../pieces/pieces.c. */
#include "../pieces/pieces.h"

#define A 0.020848611754127593
#define B -0.18352506127082727
#define C 0.5410550166368381
#define D -0.03798164612714154
#define E 0.001620808531841547
#define EDGE 2.7

static const double KNOTS[] = { -EDGE, 0, EDGE };
static const piece  PIECES[] = {
    { 0, { 0 } },
    { 4, { E, 0.5 - D, C, -B, A } },
    { 4, { E, 0.5 + D, C, B, A } },
    { 1, { 0, 1 } },
};

static puma_share eval(puma_session *s, puma_share x, const puma_arguments *a)
{
    puma_share z = approx_pieces(s, x, KNOTS, 3, PIECES, a);

    /* |GeLU(x)| <= |x|, to within the error. */
    return puma_ready(s, z) ? puma_promise(s, z, puma_wider(x->range, 0)) : NULL;
}

#define SOURCE "BOLT, IEEE S&P 2024, Algorithm 4"

static const puma_approx gelu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU,
    .name = "gelu",
    .source = SOURCE,
    .max_error = 9.5e-3,
    .domain = { -2048, 2048 },
    .eval = eval,
};

static const puma_approx gelu_tanh = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU_TANH,
    .name = "gelu",
    .source = SOURCE,
    .max_error = 9.5e-3,
    .domain = { -2048, 2048 },
    .eval = eval,
};

static const puma_approx *const functions[] = { &gelu, &gelu_tanh, NULL };

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "bolt",
    .version = "0.1.0",
    .summary = "GeLU by one polynomial of |x| (BOLT, IEEE S&P 2024)",
    .approx = functions,
};
