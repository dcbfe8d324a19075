/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pooling.c - see pooling.h */
#include "exec/pooling.h"

#include <puma/rows.h>

#include <math.h>

/* Tokens of the longest sequence. */
static size_t longest(const pass *p)
{
    size_t most = 1;

    for (size_t i = 0; i < p->count; i++)
        if (p->tokens[i] > most) most = p->tokens[i];
    return most;
}

/* A constant takes x to at most 2^range and should have `wanted` fraction bits: returns how many the ring has
 * room for.  What is truncated afterwards must keep two bits below its ring. */
static uint32_t bits_left(puma_share x, int32_t range, uint32_t wanted)
{
    int32_t left = (int32_t)x->bits - 3 - (int32_t)x->frac - range;

    return left < 0 ? 0 : (uint32_t)left < wanted ? (uint32_t)left : wanted;
}

/* Multiplies each row of (n, d) by its own constant; the result has the usual fraction bits. */
static puma_share times(struct exec *x, puma_share rows, const double *c)
{
    puma_session *s = x->s;
    size_t        n = rows == NULL ? 0 : rows->dim[0], wide = rows == NULL ? 0 : rows->dim[1];
    double       *each = (double *)s->host->scratch(s, n * wide), most = 0;

    if (rows == NULL || each == NULL) return NULL;
    for (size_t i = 0; i < n; i++) most = fmax(most, c[i]);
    for (size_t i = 0; i < n * wide; i++) each[i] = c[i / wide];
    return puma_trunc(
        s, puma_scale_reals(s, rows, each, n * wide, bits_left(rows, rows->range + puma_exponent(most), 20)),
        x->config.rings.frac);
}

/* The sum of one sequence's rows n (T, d), weighted by constants of `extra` fraction bits: (1, d).  Local. */
static puma_share weighed_sum(puma_session *s, puma_share n, bool rising, uint32_t extra)
{
    size_t     tokens = n == NULL ? 0 : n->dim[0];
    double     total = rising ? (double)tokens * (double)(tokens + 1) / 2 : (double)tokens;
    double    *weight = (double *)s->host->scratch(s, tokens);
    puma_share sum = puma_permute(s, n, (const uint32_t[]){ 1, 0 });

    if (weight == NULL || sum == NULL) return NULL;
    for (size_t t = 0; t < tokens; t++) weight[t] = (rising ? (double)(t + 1) : 1) / total;
    if (rising)
        sum = puma_sum(s, puma_scale_reals(s, sum, weight, tokens, extra));
    else
        sum = puma_scale(s, puma_sum(s, sum), weight[0], extra);
    sum = puma_promise(s, sum, n->range);
    return sum == NULL ? NULL : puma_reshape2(s, sum, 1, n->dim[1]);
}

/* The weighted mean of each sequence's rows: (sequences, d).  It is taken of the bare n, because gain and
 * bias are the same for all rows and the weights sum to 1.  A weight has more fraction bits than the longest
 * count takes, so that its rounding error stays below the sum's. */
static puma_share weighed(struct exec *x, puma_share n, const pass *p, bool rising)
{
    puma_session *s = x->s;
    puma_share   *sum = (puma_share *)s->host->scratch(s, p->count);
    size_t        from = 0;
    uint32_t      extra;

    extra = bits_left(n, n->range, 10 + (rising ? 2 : 1) * (uint32_t)puma_exponent((double)longest(p)));
    for (size_t i = 0; sum != NULL && i < p->count; from += p->tokens[i++])
        sum[i] = weighed_sum(s, puma_slice(s, n, 0, from, from + p->tokens[i]), rising, extra);
    if (s->status != PUMA_OK) return NULL;
    return puma_trunc(s, puma_concat(s, sum, p->count, 0), x->config.rings.frac);
}

/* The largest entry of each column of each sequence: (sequences, d), one tournament. */
static puma_share largest(puma_session *s, puma_share in, const pass *p)
{
    size_t    wide = in == NULL ? 0 : in->dim[1], most = longest(p), from = 0, used = 0, *index, *lengths;
    puma_rows g;

    index = (size_t *)s->host->scratch(s, p->count * wide * most);
    lengths = (size_t *)s->host->scratch(s, p->count * wide);
    if (in == NULL || index == NULL || lengths == NULL) return NULL;
    for (size_t i = 0; i < p->count; from += p->tokens[i++])
        for (size_t k = 0; k < wide; k++) {
            lengths[i * wide + k] = p->tokens[i];
            for (size_t t = 0; t < most; t++) /* padding beyond a row's end is arbitrary */
                index[used++] = (from + (t < p->tokens[i] ? t : 0)) * wide + k;
        }
    in = puma_reshape2(s, puma_pick(s, puma_reshape1(s, in, in->n), index, used), p->count * wide, most);
    if (puma_rows_of(s, &g, in, lengths) != PUMA_OK) return NULL;
    return puma_reshape2(s, puma_max_rows(s, puma_pack(s, in, &g), &g), p->count, wide);
}

/* Pools the rows of each sequence into one row: (sequences, d). */
static puma_share pooled(struct exec *x, residual h, const pass *p, model_pooling how)
{
    puma_session *s = x->s;
    double       *root;

    switch (how) {
    case MODEL_POOL_CLS: h.n = exec_first_rows(s, h.n, p); break;
    case MODEL_POOL_LAST: h.n = exec_last_rows(s, h.n, p); break;
    case MODEL_POOL_WEIGHTED_MEAN: h.n = weighed(x, h.n, p, true); break;
    case MODEL_POOL_MEAN:
    case MODEL_POOL_MEAN_SQRT_LEN: h.n = weighed(x, h.n, p, false); break;
    case MODEL_POOL_MAX: return largest(s, exec_formed(x, h), p); /* not max of n: a gain may be negative */
    default: return NULL;
    }
    h.n = exec_formed(x, h);
    if (how != MODEL_POOL_MEAN_SQRT_LEN) return h.n;
    root = (double *)s->host->scratch(s, p->count);
    for (size_t i = 0; root != NULL && i < p->count; i++) root[i] = sqrt((double)p->tokens[i]);
    return root == NULL ? NULL : times(x, h.n, root);
}

/* The vector of each sequence: (sequences, d), with several poolings their vectors side by side. */
static puma_share vectors(struct exec *x, residual h, const pass *p)
{
    const model *m = x->config.model;
    puma_share   part[MODEL_POOLINGS];

    for (size_t i = 0; i < m->pooling_count; i++) part[i] = pooled(x, h, p, m->pooling[i]);
    return m->pooling_count == 1 ? part[0] : puma_concat(x->s, part, m->pooling_count, 1);
}

/* Scales rows (n, d) to length 1.  Each entry's square is multiplied by 2^(-2 down), so that lengths below
 * 2^(8 + down) stay within the function's domain. */
static puma_share normalized(struct exec *x, puma_share rows, int down)
{
    puma_session *s = x->s;
    const rings  *r = &x->config.rings;
    puma_share    each, square, inverse;

    host_at(s, "head", -1, "normalize");
    if (rows == NULL) return NULL;
    each = puma_reshape3(s, rows, rows->dim[0], 1, rows->dim[1]);
    square = puma_reshape2(s, puma_matmul(s, each, each, 1, r->frac, r->wide), rows->dim[0], 1);
    if (down > 0) square = puma_shift_point(s, square, -2 * down);
    inverse = exec_function(x, PUMA_SLOT_RSQRT, square, NULL);
    if (inverse == NULL) return NULL;
    if (down > 0) inverse = puma_shift_point(s, inverse, -down);
    return puma_mul_rows(s, rows, puma_reshape1(s, inverse, rows->dim[0]));
}

/* Sends the rows through torch's LayerNorm, which has an epsilon of its own. */
static puma_share normed(struct exec *x, puma_share rows, const struct step_weights *w)
{
    puma_share n = exec_bare_norm(x, PUMA_SLOT_LAYERNORM, rows, MODEL_STEP_EPSILON);

    return exec_formed(x, (residual){ n, w->gain, w->bias });
}

/* The steps after the pooling, on all sequences' vectors at once: (n, d). */
static puma_share finished(struct exec *x, puma_share rows)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    bool free = m->pooling_count > 1 || m->pooling[0] == MODEL_POOL_MEAN_SQRT_LEN; /* no norm bounds it */

    for (size_t i = 0; i < m->step_count && rows != NULL; i++) {
        const model_step          *step = &m->steps[i];
        const struct step_weights *w = &x->steps[i];

        switch (step->kind) {
        case MODEL_STEP_NORMALIZE: rows = normalized(x, rows, free ? MODEL_STEP_DOWN : 0); break;
        case MODEL_STEP_NORM:
            host_at(s, "head", -1, "norm");
            rows = normed(x, rows, w);
            free = false;
            break;
        case MODEL_STEP_DENSE:
            host_at(s, "head", -1, "dense");
            rows = exec_linear(x, rows, w->weight, w->bias, NULL, x->config.rings.wide);
            free = !step->active || step->activation != MODEL_TANH;
            if (!step->active) break;
            host_at(s, "head", -1, "activation");
            rows = exec_activation(x, rows, step->activation);
            break;
        }
    }
    return rows;
}

puma_share exec_sentence_vectors(struct exec *x, residual h, const pass *p)
{
    return h.n == NULL ? NULL : finished(x, vectors(x, h, p));
}
