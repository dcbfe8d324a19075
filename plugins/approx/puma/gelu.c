/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* gelu.c - PUMA (arXiv 2307.12533, section on secure GeLU): 0, F0(x), F1(x), x between the knots.
 * |error| <= 2.0e-2 against the exact GeLU, worst near x = 3.  The tanh form of GeLU differs from it by less
 * than 5e-4, so the same pieces serve both. */
#include "parts.h"

static const piece PIECES[] = {
    { 0, { 0 } },
    { 3, { -0.5054031199708174, -0.42226581151983866, -0.11807612951181953, -0.011034134030615728 } },
    { 6,
      { 0.008526321541038084, 0.5, 0.3603292692789629, 0, -0.037688200365904236, 0, 0.0018067462606141187 } },
    { 1, { 0, 1 } },
};

static const puma_option OPTIONS[] = {
    { .key = "gelu_knot0", .min = -8, .max = 8, .fallback = -4.0, .help = "GeLU is 0 left of it" },
    { .key = "gelu_knot1",
      .min = -8,
      .max = 8,
      .fallback = -1.95,
      .help = "between the cubic and the sextic of GeLU" },
    { .key = "gelu_knot2", .min = -8, .max = 8, .fallback = 3.0, .help = "GeLU is x right of it" },
    { .key = NULL },
};

static puma_share gelu(puma_session *s, puma_share x, const puma_arguments *a)
{
    double     knot[3];
    puma_share z;

    for (size_t i = 0; i < 3; i++) {
        knot[i] = approx_option(s, &OPTIONS[i]);
        if (i > 0 && !(knot[i - 1] < knot[i]))
            s->host->fail(s, PUMA_ECONFIG, "[plugin.puma] the knots of gelu do not ascend: %g, %g",
                          knot[i - 1], knot[i]);
    }
    z = approx_pieces(s, x, knot, 3, PIECES, a);
    /* |GeLU(x)| <= |x|, to within the error. */
    return puma_ready(s, z) ? puma_promise(s, z, puma_wider(x->range, 0)) : NULL;
}

const puma_approx approx_gelu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU,
    .name = "gelu",
    .source = "arXiv 2307.12533, secure GeLU",
    .max_error = 2.0e-2,
    .domain = { -2048, 2048 },
    .eval = gelu,
    .options = OPTIONS,
};

const puma_approx approx_gelu_tanh = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU_TANH,
    .name = "gelu",
    .source = "arXiv 2307.12533, secure GeLU",
    .max_error = 2.0e-2,
    .domain = { -2048, 2048 },
    .eval = gelu,
    .options = OPTIONS,
};
