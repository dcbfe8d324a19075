/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* exact.c - the plugin `exact`: every function by libm, on values in the clear.
 *
 * It is the yardstick: in floating point it is what PyTorch computes, in fixed point it errs by the rounding
 * of its result alone.  Only a backend with PUMA_CAP_CLEAR can run it. */
#include <puma/rows.h>

/* `row`: the function works on rows, not on single values. */
static puma_share apply(puma_session *s, puma_share x, const puma_arguments *a, int row,
                        void (*f)(double *row, size_t n, const void *context))
{
    size_t n = 1;

    if (!puma_ready(s, x)) return NULL;
    if (row) n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (n == 0) {
        s->host->fail(s, PUMA_EINTERNAL, "a function of empty rows");
        return NULL;
    }
    return puma_apply(s, x, n, f, a, a->frac, a->bits);
}

/* --- single values ---------------------------------------------------------------------------- */

#define EACH(name, expression)                                                                               \
    static void name##_of(double *v, size_t n, const void *context)                                          \
    {                                                                                                        \
        (void)context;                                                                                       \
        for (size_t i = 0; i < n; i++) {                                                                     \
            double x = v[i];                                                                                 \
            v[i] = (expression);                                                                             \
        }                                                                                                    \
    }                                                                                                        \
    static puma_share name(puma_session *s, puma_share x, const puma_arguments *a)                           \
    {                                                                                                        \
        return apply(s, x, a, 0, name##_of);                                                                 \
    }

EACH(gelu, 0.5 * x * erfc(-x * 0.70710678118654752440))
EACH(gelu_tanh, 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))))
EACH(silu, x / (1 + exp(-x)))
EACH(relu, x > 0 ? x : 0)
EACH(tangent, tanh(x))
EACH(exponential, exp(x))
EACH(reciprocal, 1 / x)
EACH(rsqrt, 1 / sqrt(x))

/* --- rows ------------------------------------------------------------------------------------- */

static void softmax_of(double *v, size_t n, const void *context)
{
    double most = v[0], sum = 0;

    (void)context;
    for (size_t i = 1; i < n; i++) most = fmax(most, v[i]);
    for (size_t i = 0; i < n; i++) sum += v[i] = exp(v[i] - most);
    for (size_t i = 0; i < n; i++) v[i] /= sum;
}

/* v / sqrt(mean of v^2 + eps) */
static void rmsnorm_of(double *v, size_t n, const void *context)
{
    const puma_arguments *a = context;
    double                sum = 0, deviation;

    for (size_t i = 0; i < n; i++) sum += v[i] * v[i];
    deviation = sqrt(sum / (double)n + a->epsilon);
    /* A row of zeros without an epsilon stays what it is. */
    for (size_t i = 0; i < n; i++) v[i] = deviation > 0 ? v[i] / deviation : 0;
}

static void layernorm_of(double *v, size_t n, const void *context)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) sum += v[i];
    for (size_t i = 0; i < n; i++) v[i] -= sum / (double)n;
    rmsnorm_of(v, n, context);
}

/* `count` rows of x by index, cut to `length` entries; zeros behind them. */
static puma_share softmax_of_some(puma_session *s, puma_share x, const size_t *index, size_t count,
                                  size_t length, const puma_arguments *a)
{
    puma_rows g = {
        .rows = count, .n = x->dim[1], .total = count * length, .rank = 2, .dim = { count, x->dim[1], 1, 1 }
    };
    size_t    *lengths = (size_t *)s->host->scratch(s, count);
    puma_share z = s->host->gather(s, x, index, count);

    if (lengths == NULL) return NULL;
    for (size_t i = 0; i < count; i++) lengths[i] = length;
    g.length = lengths;
    z = apply(s, puma_slice(s, z, 1, 0, length), a, 1, softmax_of);
    return puma_unpack(s, z == NULL ? NULL : puma_reshape1(s, z, z->n), &g);
}

/* Rows of one length at a time, shortest first; then all in their own order. */
static puma_share softmax_of_lengths(puma_session *s, puma_share x, const puma_arguments *a)
{
    puma_rows   g;
    puma_share *part, z;
    size_t      mark = s->host->enter(s), *index, *place, count, parts = 0, done = 0;

    if (puma_rows_of(s, &g, x, a->lengths) != PUMA_OK) return NULL;
    index = (size_t *)s->host->scratch(s, g.rows);
    place = (size_t *)s->host->scratch(s, g.rows);
    part = (puma_share *)s->host->scratch(s, g.n);
    x = puma_reshape2(s, x, g.rows, g.n);
    if (index == NULL || place == NULL || part == NULL || x == NULL) return NULL;
    for (size_t length = 1; length <= g.n && s->status == PUMA_OK; length++) {
        count = 0;
        for (size_t r = 0; r < g.rows; r++)
            if (a->lengths[r] == length) {
                place[r] = done++;
                index[count++] = r;
            }
        if (count > 0) part[parts++] = softmax_of_some(s, x, index, count, length, a);
    }
    z = puma_concat(s, part, parts, 0);
    z = puma_ready(s, z) ? puma_reshape(s, s->host->gather(s, z, place, g.rows), g.rank, g.dim) : NULL;
    puma_leave(s, mark, z);
    return z;
}

static puma_share softmax(puma_session *s, puma_share x, const puma_arguments *a)
{
    if (a->lengths != NULL && puma_ready(s, x)) return softmax_of_lengths(s, x, a);
    return apply(s, x, a, 1, softmax_of);
}

static puma_share layernorm(puma_session *s, puma_share x, const puma_arguments *a)
{
    return apply(s, x, a, 1, layernorm_of);
}

static puma_share rmsnorm(puma_session *s, puma_share x, const puma_arguments *a)
{
    return apply(s, x, a, 1, rmsnorm_of);
}

/* --- tables ----------------------------------------------------------------------------------- */

#define FUNCTION(table, its_slot, its_name, function, from, to)                                              \
    static const puma_approx table = {                                                                       \
        .struct_size = sizeof(puma_approx),                                                                  \
        .slot = its_slot,                                                                                    \
        .name = its_name,                                                                                    \
        .source = "libm",                                                                                    \
        .needs = PUMA_CAP_CLEAR,                                                                             \
        .max_error = 1e-12,                                                                                  \
        .domain = { from, to },                                                                              \
        .eval = function,                                                                                    \
    };

FUNCTION(gelu_table, PUMA_SLOT_GELU, "gelu", gelu, -1000, 1000)
FUNCTION(gelu_tanh_table, PUMA_SLOT_GELU_TANH, "gelu_tanh", gelu_tanh, -1000, 1000)
FUNCTION(silu_table, PUMA_SLOT_SILU, "silu", silu, -1000, 1000)
FUNCTION(relu_table, PUMA_SLOT_RELU, "relu", relu, -1000, 1000)
FUNCTION(tanh_table, PUMA_SLOT_TANH, "tanh", tangent, -1000, 1000)
FUNCTION(exp_table, PUMA_SLOT_EXP, "exp", exponential, -1000, 0)
FUNCTION(softmax_table, PUMA_SLOT_SOFTMAX, "softmax", softmax, -1000, 1000)
FUNCTION(reciprocal_table, PUMA_SLOT_RECIPROCAL, "reciprocal", reciprocal, 0x1p-6, 0x1p14)
FUNCTION(rsqrt_table, PUMA_SLOT_RSQRT, "rsqrt", rsqrt, 0x1p-14, 0x1p16)
FUNCTION(layernorm_table, PUMA_SLOT_LAYERNORM, "layernorm", layernorm, -1000, 1000)
FUNCTION(rmsnorm_table, PUMA_SLOT_RMSNORM, "rmsnorm", rmsnorm, -1000, 1000)

static const puma_approx *const functions[] = {
    &gelu_table,    &gelu_tanh_table,  &silu_table,  &relu_table,      &tanh_table,    &exp_table,
    &softmax_table, &reciprocal_table, &rsqrt_table, &layernorm_table, &rmsnorm_table, NULL,
};

const puma_plugin puma_plugin_entry = {
    .abi_version = PUMA_ABI_VERSION,
    .struct_size = sizeof(puma_plugin),
    .name = "exact",
    .version = "0.1.0",
    .summary = "every function by libm, for plain",
    .approx = functions,
};
