/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* relu.c - max(x, 0): exact.  One comparison and one choice. */
#include "parts.h"

static puma_share relu(puma_session *s, puma_share x, const puma_arguments *a)
{
    puma_share z = puma_select(s, puma_not(s, puma_less_real(s, x, 0)), x);

    z = puma_ready(s, z) ? puma_promise(s, z, x->range) : NULL;
    return puma_ready(s, z) ? puma_fit(s, z, a->frac, a->bits) : NULL;
}

const puma_approx approx_relu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_RELU,
    .name = "relu",
    .source = "exact: a comparison and a choice",
    .max_error = 0,
    .domain = { -4096, 4096 },
    .input_bits = 16,
    .eval = relu,
};
