/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* silu.c - SiLU in the manner of PUMA's GeLU: 0, a quadratic, a sextic, x between the knots (the pieces of
 * SPU's LLaMA example).  |error| <= 7.2e-2 against the exact SiLU, worst at x = 4. */
#include "parts.h"

static const piece PIECES[] = {
    { 0, { 0 } },
    { 2, { -0.3067541139982155, -0.0819767021525476, -0.0055465625580307 } },
    { 6, { 0.0085064025895951, 0.5, 0.2281430841728270, 0, -0.011113046708173, 0, 0.0002743776353465 } },
    { 1, { 0, 1 } },
};

static const puma_option OPTIONS[] = {
    { .key = "silu_knot0", .min = -16, .max = 16, .fallback = -8, .help = "SiLU is 0 left of it" },
    { .key = "silu_knot1",
      .min = -16,
      .max = 16,
      .fallback = -4,
      .help = "between the quadratic and the sextic of SiLU" },
    { .key = "silu_knot2", .min = -16, .max = 16, .fallback = 4, .help = "SiLU is x right of it" },
    { .key = NULL },
};

static puma_share silu(puma_session *s, puma_share x, const puma_arguments *a)
{
    double     knot[3];
    puma_share z;

    for (size_t i = 0; i < 3; i++) {
        knot[i] = approx_option(s, &OPTIONS[i]);
        if (i > 0 && !(knot[i - 1] < knot[i]))
            s->host->fail(s, PUMA_ECONFIG, "[plugin.puma] the knots of silu do not ascend: %g, %g",
                          knot[i - 1], knot[i]);
    }
    z = approx_pieces(s, x, knot, 3, PIECES, a);
    return puma_ready(s, z) ? puma_promise(s, z, puma_wider(x->range, 0)) : NULL;
}

const puma_approx approx_silu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_SILU,
    .name = "silu",
    .source = "SPU, example of LLaMA-7B under PUMA",
    .max_error = 7.3e-2,
    .domain = { -2048, 2048 },
    .eval = silu,
    .options = OPTIONS,
};
