/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* head.c - from the last layer's output to what the task reveals: hidden states, an embedding, a classifier's
 * logits, a decoder's next token. */
#include "exec/internal.h"

#include <puma/rows.h>

#include <math.h>

/* --- a sentence encoder's vector -------------------------------------------------------------- */

/* Tokens of the longest sequence. */
static size_t longest(const pass *p)
{
    size_t most = 1;

    for (size_t i = 0; i < p->count; i++)
        if (p->tokens[i] > most) most = p->tokens[i];
    return most;
}

/* How many of `wanted` fraction bits a constant may have that takes x to at most 2^range: what is then
 * truncated stays two bits below its ring. */
static uint32_t bits_left(puma_share x, int32_t range, uint32_t wanted)
{
    int32_t left = (int32_t)x->bits - 3 - (int32_t)x->frac - range;

    return left < 0 ? 0 : (uint32_t)left < wanted ? (uint32_t)left : wanted;
}

/* Rows (n, d), each times its own constant, at the fraction that every tensor has. */
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

/* The sum of one sequence's rows n (T, d), weighed by constants of `extra` fraction bits: (1, d), local. */
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

/* Each sequence's rows, weighed: of the bare n, because gain and bias are the same for all rows and weights sum
 * to 1.  (sequences, d).  A weight has more fraction bits than the longest count takes, so that its rounding is
 * below the sum's. */
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

/* The first row of each sequence. */
static puma_share first_rows(puma_session *s, puma_share in, const pass *p)
{
    size_t *index = (size_t *)s->host->scratch(s, p->count), from = 0;

    for (size_t i = 0; index != NULL && i < p->count; from += p->tokens[i++]) index[i] = from;
    return puma_pick(s, in, index, p->count);
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
            for (size_t t = 0; t < most; t++) /* what stands behind a row's end is some number */
                index[used++] = (from + (t < p->tokens[i] ? t : 0)) * wide + k;
        }
    in = puma_reshape2(s, puma_pick(s, puma_reshape1(s, in, in->n), index, used), p->count * wide, most);
    if (puma_rows_of(s, &g, in, lengths) != PUMA_OK) return NULL;
    return puma_reshape2(s, puma_max_rows(s, puma_pack(s, in, &g), &g), p->count, wide);
}

/* The rows of each sequence as one: (sequences, d). */
static puma_share pooled(struct exec *x, stream h, const pass *p, model_pooling how)
{
    puma_session *s = x->s;
    double       *root;

    switch (how) {
    case MODEL_POOL_CLS: h.n = first_rows(s, h.n, p); break;
    case MODEL_POOL_LAST: h.n = exec_last_rows(s, h.n, p); break;
    case MODEL_POOL_WEIGHTED_MEAN: h.n = weighed(x, h.n, p, true); break;
    case MODEL_POOL_MEAN:
    case MODEL_POOL_MEAN_SQRT_LEN: h.n = weighed(x, h.n, p, false); break;
    case MODEL_POOL_MAX: return largest(s, exec_formed(x, h), p); /* not of n: a gain may be negative */
    default: return NULL;
    }
    h.n = exec_formed(x, h);
    if (how != MODEL_POOL_MEAN_SQRT_LEN) return h.n;
    root = (double *)s->host->scratch(s, p->count);
    for (size_t i = 0; root != NULL && i < p->count; i++) root[i] = sqrt((double)p->tokens[i]);
    return root == NULL ? NULL : times(x, h.n, root);
}

/* The vector of each sequence: (sequences, d), or as many d as there are poolings. */
static puma_share vectors(struct exec *x, stream h, const pass *p)
{
    const model *m = x->config.model;
    puma_share   part[MODEL_POOLINGS];

    for (size_t i = 0; i < m->pooling_count; i++) part[i] = pooled(x, h, p, m->pooling[i]);
    return m->pooling_count == 1 ? part[0] : puma_concat(x->s, part, m->pooling_count, 1);
}

/* Rows (n, d) scaled to length 1.  `down`: each entry's square is taken 2^-2down times, so that the
 * function's domain holds lengths below 2^(8 + down). */
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

/* torch's LayerNorm of the rows. */
static puma_share normed(struct exec *x, puma_share rows, const struct step_weights *w)
{
    puma_arguments a = { .struct_size = sizeof a,
                         .bits = x->config.rings.wide,
                         .frac = x->config.rings.frac,
                         .epsilon = MODEL_STEP_EPSILON };
    stream         h = { puma_call(x->s, PUMA_SLOT_LAYERNORM, rows, &a), w->gain, w->bias };

    return exec_formed(x, h);
}

/* What follows the pooling, of all sequences' vectors at once: (n, d). */
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
            if (model_is_narrow(step->activation)) rows = puma_promise(s, rows, m->ranges.activation);
            rows = exec_function(x, rings_slot(step->activation), rows, NULL);
            break;
        }
    }
    return rows;
}

/* The first tokens' rows through a classifier. */
static puma_share classified(struct exec *x, stream h, const pass *p)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    host_at(s, "head", -1, "dense");
    h.n = first_rows(s, h.n, p);
    if (h.n == NULL) return NULL;
    first = h.gain == NULL ? h.n : exec_formed(x, h); /* a final norm's are in the head's matrix */
    if (m->head_dense) {
        first = exec_linear(x, first, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        host_at(s, "head", -1, "activation");
        if (model_is_narrow(m->head_activation)) first = puma_promise(s, first, m->ranges.activation);
        first = exec_function(x, rings_slot(m->head_activation), first, NULL);
    }
    host_at(s, "head", -1, "logits");
    return exec_linear(x, first, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
}

/* Of every token, whose row is the last norm's bare output: the labels' logits, or those of the words that
 * could stand there. */
static puma_share token_logits(struct exec *x, puma_share n)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;

    if (x->config.task == MODEL_MASK) {
        host_at(s, "head", -1, "dense");
        n = exec_linear(x, n, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        host_at(s, "head", -1, "activation");
        if (n != NULL && model_is_narrow(m->mask_activation)) n = puma_promise(s, n, m->ranges.activation);
        n = exec_function(x, rings_slot(m->mask_activation), n, NULL);
        host_at(s, "head", -1, "norm");
        n = exec_norm(x, n, NULL, NULL).n;
    }
    host_at(s, "head", -1, "logits");
    n = exec_linear(x, n, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
    return n == NULL ? NULL : puma_promise(s, n, m->ranges.logits);
}

/* w . embedding + b, (rows, 1), or its sign: the label is 1 where 0 is less, the larger of (0, logit). */
static puma_share binary(struct exec *x, puma_share row)
{
    puma_session *s = x->s;
    puma_share    pair[2];

    host_at(s, "head", -1, "logits");
    pair[1] = exec_linear(x, row, x->head_out, x->head_out_bias, NULL, x->config.rings.wide);
    if (pair[1] == NULL) return NULL;
    pair[1] = puma_promise(s, pair[1], x->config.model->ranges.hidden);
    if (!x->config.reveal_label) return pair[1];
    host_at(s, "head", -1, "argmax");
    pair[0] = s->host->tensor(s, PUMA_ARITH, 2, pair[1]->dim, pair[1]->bits, pair[1]->frac); /* shares of 0 */
    if (pair[0] == NULL) return NULL;
    return exec_argmax(s, puma_promise(s, puma_concat(s, pair, 2, 1), pair[1]->range));
}

puma_share exec_answer(struct exec *x, stream h, const pass *p)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    if (m->place == MODEL_PRE_NORM && h.n != NULL) {
        host_at(s, "final", -1, "norm");
        h = exec_norm(x, h.n, x->final_gain, x->final_bias);
    }
    switch (x->config.task) {
    case MODEL_HIDDEN: host_at(s, "head", -1, "hidden"); return exec_formed(x, h);
    case MODEL_EMBED:
        host_at(s, "head", -1, "pooling");
        if (h.n == NULL) return NULL;
        first = finished(x, vectors(x, h, p));
        return x->config.linear_head ? binary(x, first) : first;
    default: break;
    }
    if (x->config.task == MODEL_TOKENS || x->config.task == MODEL_MASK) return token_logits(x, h.n);
    if (m->causal) {
        host_at(s, "head", -1, "logits");
        first = exec_linear(x, h.n, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
    } else {
        first = classified(x, h, p);
    }
    if (first == NULL) return NULL;
    first = puma_promise(s, first, m->ranges.logits);
    if (!x->config.reveal_label) return first;
    host_at(s, "head", -1, "argmax");
    return exec_argmax(s, first);
}
