/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* mpcformer.c - the plugin `mpcformer`: what MPCFormer (Li et al., ICLR 2023, arXiv 2211.01452) puts in the
 * place of GeLU and softmax.
 *
 *     Quad    GeLU(x)       0.125 x^2 + 0.25 x + 0.5                     (section 4.1)
 *     2Quad   softmax(x)_i  (x_i + c)^2 / sum of (x_j + c)^2, c = 5      (section 4.1)
 *     2ReLU   softmax(x)_i  ReLU(x_i) / sum of ReLU(x_j)                 (there too; from SecureML, S&P 2017)
 *
 * These do not approximate: the paper trains the model again, by distillation, to work with them.  They
 * ruin a model that was not trained for them: Quad is 1.5 at x = -4, where GeLU is 0, and 2Quad grows
 * again left of -5.  They are here for models that were, and to compare costs: Quad is one product,
 * 2Quad two products and a reciprocal a row, and neither compares anything.
 *
 * A row is divided by `reciprocal`, as the run chose it, of the mean of its numerators, which has to lie in
 * that function's domain. */
#include <puma/rows.h>

#define C 5.0        /* of 2Quad                                                                      */
#define SMALL 0x1p-6 /* joins each ReLU: a row without a positive entry is shared out evenly          */

/* Each row's number times a power of two near 1 / the row's length. */
static puma_share by_length(puma_session *s, puma_share x, const puma_rows *g, uint32_t levels)
{
    size_t  count = g->length != NULL ? g->rows : 1;
    double *c = puma_ready(s, x) ? (double *)s->host->scratch(s, count) : NULL;

    for (size_t r = 0; c != NULL && r < count; r++) {
        size_t n = g->length != NULL ? g->length[r] : g->n;

        c[r] = 1;
        while (c[r] * (double)n > 1) c[r] /= 2;
    }
    return c != NULL ? puma_scale_reals(s, x, c, count, levels) : NULL;
}

/* q / sum of q over rows, q packed, of non-negative numbers.  What is divided by is nearly the mean, because
 * that is in reciprocal's domain; the power of two that makes it so comes back into the quotient. */
static puma_share shares_of_rows(puma_session *s, puma_share q, const puma_rows *g, const puma_arguments *a)
{
    puma_arguments inner = { .struct_size = sizeof inner };
    puma_share     mean, r, z;
    uint32_t       levels = 0, room;

    if (!puma_ready(s, q)) return NULL;
    while (((size_t)1 << levels) < g->n) levels++;
    mean = by_length(s, puma_sum_rows(s, q, g), g, levels);
    /* A reciprocal is 2^6 at most, and a quotient, before it is truncated, 1: this is left for fractions. */
    inner.bits = q->bits;
    room = q->bits - 3 - q->frac;
    inner.frac = room - levels < q->bits - 10 - levels ? room - levels : q->bits - 10 - levels;
    if (inner.frac > 28) inner.frac = 28;
    r = puma_ready(s, mean) ? puma_call(s, PUMA_SLOT_RECIPROCAL, mean, &inner) : NULL;
    r = puma_ready(s, r) ? by_length(s, r, g, levels) : NULL;
    z = puma_ready(s, r) ? puma_mul_spread(s, q, r, g, a->frac, a->bits) : NULL;
    return puma_ready(s, z) ? puma_unpack(s, puma_promise(s, z, 1), g) : NULL;
}

/* (x/8 + 1/4) x + 1/2: one product, one round. */
static puma_share quad(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t     mark = s->host->enter(s);
    puma_share line = puma_ready(s, x) ? puma_add_real(s, puma_shift_point(s, x, -3), 0.25) : NULL;
    puma_share z = puma_ready(s, line) ? puma_mul_to(s, line, x, 0, a->frac, a->bits) : NULL;

    z = puma_ready(s, z) ? puma_add_real(s, z, 0.5) : NULL;
    puma_leave(s, mark, z);
    return z;
}

/* The squares are those of (x + 5)/8: rows of scores up to 2^9 leave their mean in reciprocal's domain, which
 * ends at 2^14; it begins at 2^-6, a row whose entries are 1 from -5.  A square, a reciprocal a row, a
 * product. */
static puma_share two_quad(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t     mark = s->host->enter(s);
    puma_share y, q, z = NULL;
    puma_rows  g;

    if (puma_ready(s, x) && puma_rows_of(s, &g, x, a->lengths) == PUMA_OK) {
        y = puma_shift_point(s, puma_add_real(s, puma_pack(s, x, &g), C), -3);
        q = puma_ready(s, y) ? puma_mul_to(s, y, y, 0, x->frac, x->bits) : NULL;
        z = shares_of_rows(s, q, &g, a);
    }
    puma_leave(s, mark, z);
    return z;
}

/* A comparison and a choice a score, a reciprocal a row, a product a score. */
static puma_share two_relu(puma_session *s, puma_share x, const puma_arguments *a)
{
    size_t     mark = s->host->enter(s);
    puma_share q, z = NULL;
    puma_rows  g;

    if (puma_ready(s, x) && puma_rows_of(s, &g, x, a->lengths) == PUMA_OK) {
        q = puma_pack(s, x, &g);
        q = puma_select(s, puma_not(s, puma_less_real(s, q, 0)), q);
        q = puma_ready(s, q) ? puma_add_real(s, q, SMALL) : NULL;
        z = shares_of_rows(s, q, &g, a);
    }
    puma_leave(s, mark, z);
    return z;
}

#define QUAD "arXiv 2211.01452, section 4.1"
#define CAUTION "made for models that were trained with it: the answers of all others are ruined"

static const puma_approx gelu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU,
    .name = "quad",
    .source = QUAD,
    .max_error = 1.51,
    .domain = { -4, 4 },
    .eval = quad,
    .caution = CAUTION,
};

static const puma_approx gelu_tanh = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_GELU_TANH,
    .name = "quad",
    .source = QUAD,
    .max_error = 1.51,
    .domain = { -4, 4 },
    .eval = quad,
    .caution = CAUTION,
};

static const puma_approx softmax_quad = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_SOFTMAX,
    .name = "2quad",
    .source = QUAD,
    .max_error = 1,
    .domain = { -512, 512 },
    .eval = two_quad,
    .caution = CAUTION,
};

static const puma_approx softmax_relu = {
    .struct_size = sizeof(puma_approx),
    .slot = PUMA_SLOT_SOFTMAX,
    .name = "2relu",
    .source = "arXiv 2211.01452, section 4.1, after SecureML",
    .max_error = 1,
    .domain = { -512, 512 },
    .eval = two_relu,
    .caution = CAUTION,
};

static const puma_approx *const functions[] = { &gelu, &gelu_tanh, &softmax_quad, &softmax_relu, NULL };

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "mpcformer",
    .version = "0.1.0",
    .summary = "Quad, 2Quad, 2ReLU (arXiv 2211.01452): only for models that were trained with them",
    .approx = functions,
};
