/* head.c - from the last layer's output to what the task reveals: hidden states, an embedding, a classifier's
 * logits, a decoder's next token. */
#include "exec/internal.h"

#include <math.h>

/* --- a sentence encoder's vector -------------------------------------------------------------- */

/* How many of `wanted` fraction bits a constant may have that takes x to at most 2^range: what is then truncated
 * stays two bits below its ring. */
static uint32_t bits_left(puma_share x, int32_t range, uint32_t wanted)
{
    int32_t left = (int32_t)x->bits - 3 - (int32_t)x->frac - range;

    return left < 0 ? 0 : (uint32_t)left < wanted ? (uint32_t)left : wanted;
}

/* c x, at the fraction that every tensor has. */
static puma_share times(struct exec *x, puma_share row, double c)
{
    if (row == NULL) return NULL;
    return puma_trunc(x->s, puma_scale(x->s, row, c, bits_left(row, row->range + puma_exponent(c), 20)),
                      x->config.rings.frac);
}

/* The rows, weighed: of the bare n, because gain and bias are the same for all rows and weights sum to 1.  (1, d).
 * `extra` fraction bits more than the count takes, so that a weight's rounding is below the sum's. */
static puma_share weighed(struct exec *x, puma_share n, bool rising)
{
    puma_session *s = x->s;
    const rings  *r = &x->config.rings;
    size_t        tokens = n->dim[0];
    uint32_t      log = (uint32_t)puma_exponent((double)tokens), extra = bits_left(n, n->range, 10 + (rising ? 2 : 1) * log);
    double        total = rising ? (double)tokens * (double)(tokens + 1) / 2 : (double)tokens;
    double       *weight = (double *)s->host->scratch(s, tokens);
    puma_share    sum = puma_permute(s, n, (const uint32_t[]){ 1, 0 });

    if (weight == NULL || sum == NULL) return NULL;
    for (size_t t = 0; t < tokens; t++) weight[t] = (rising ? (double)(t + 1) : 1) / total;
    if (rising)
        sum = puma_sum(s, puma_scale_reals(s, sum, weight, tokens, extra));
    else
        sum = puma_scale(s, puma_sum(s, sum), weight[0], extra);
    sum = puma_trunc(s, puma_promise(s, sum, n->range), r->frac);
    return puma_reshape2(s, sum, 1, n->dim[1]);
}

/* The rows of one sequence as one, (1, d): h is that of all sequences, or of this one alone. */
static puma_share pooled(struct exec *x, stream h, model_pooling how)
{
    puma_session *s = x->s;
    size_t        tokens = h.n->dim[0], hidden = h.n->dim[1];
    puma_share    row;

    switch (how) {
    case MODEL_POOL_CLS: h.n = puma_slice(s, h.n, 0, 0, 1); break;
    case MODEL_POOL_LAST: h.n = puma_slice(s, h.n, 0, tokens - 1, tokens); break;
    case MODEL_POOL_WEIGHTED_MEAN: h.n = weighed(x, h.n, true); break;
    case MODEL_POOL_MEAN:
    case MODEL_POOL_MEAN_SQRT_LEN: h.n = weighed(x, h.n, false); break;
    case MODEL_POOL_MAX: /* not of n: a gain may be negative */
        row = puma_permute(s, exec_formed(x, h), (const uint32_t[]){ 1, 0 });
        return puma_reshape2(s, puma_max(s, row), 1, hidden);
    default: return NULL;
    }
    row = exec_formed(x, h);
    return how == MODEL_POOL_MEAN_SQRT_LEN ? times(x, row, sqrt((double)tokens)) : row;
}

/* The vector of the sequence that begins at row `first`: (1, d), or as many d as there are poolings. */
static puma_share pooled_sequence(struct exec *x, stream h, size_t first, size_t count)
{
    const model *m = x->config.model;
    puma_share   row[MODEL_POOLINGS];

    h.n = puma_slice(x->s, h.n, 0, first, first + count);
    for (size_t i = 0; i < m->pooling_count; i++)
        row[i] = h.n == NULL ? NULL : pooled(x, h, m->pooling[i]);
    return m->pooling_count == 1 ? row[0] : puma_concat(x->s, row, m->pooling_count, 1);
}

/* Rows (n, d) scaled to length 1.  `down`: each entry's square is taken 2^-2down times, so that the function's
 * domain holds lengths below 2^(8 + down). */
static puma_share normalized(struct exec *x, puma_share rows, int down)
{
    puma_session *s = x->s;
    const rings  *r = &x->config.rings;
    puma_share    each, square, inverse;

    s->host->label(s, "head normalize");
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
    bool          free = m->pooling_count > 1 || m->pooling[0] == MODEL_POOL_MEAN_SQRT_LEN; /* no norm bounds it */

    for (size_t i = 0; i < m->step_count && rows != NULL; i++) {
        const model_step          *step = &m->steps[i];
        const struct step_weights *w = &x->steps[i];

        switch (step->kind) {
        case MODEL_STEP_NORMALIZE: rows = normalized(x, rows, free ? MODEL_STEP_DOWN : 0); break;
        case MODEL_STEP_NORM:
            s->host->label(s, "head norm");
            rows = normed(x, rows, w);
            free = false;
            break;
        case MODEL_STEP_DENSE:
            s->host->label(s, "head dense");
            rows = exec_linear(x, rows, w->weight, w->bias, NULL, x->config.rings.wide);
            free = !step->active || step->activation != MODEL_TANH;
            if (!step->active) break;
            s->host->label(s, "head activation");
            if (model_is_narrow(step->activation)) rows = puma_promise(s, rows, m->ranges.activation);
            rows = exec_function(x, rings_slot(step->activation), rows, NULL);
            break;
        }
    }
    return rows;
}

/* The first token's row through a classifier. */
static puma_share classified(struct exec *x, stream h)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    s->host->label(s, "head dense");
    h.n = puma_slice(s, h.n, 0, 0, 1);
    if (h.n == NULL) return NULL;
    first = h.gain == NULL ? h.n : exec_formed(x, h); /* a final norm's are in the head's matrix */
    if (m->head_dense) {
        first = exec_linear(x, first, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        s->host->label(s, "head activation");
        if (model_is_narrow(m->head_activation)) first = puma_promise(s, first, m->ranges.activation);
        first = exec_function(x, rings_slot(m->head_activation), first, NULL);
    }
    s->host->label(s, "head logits");
    return exec_linear(x, first, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
}

/* Of every token, whose row is the last norm's bare output: the labels' logits, or those of the words that could
 * stand there. */
static puma_share token_logits(struct exec *x, puma_share n)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;

    if (x->config.task == MODEL_MASK) {
        s->host->label(s, "head dense");
        n = exec_linear(x, n, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        s->host->label(s, "head activation");
        if (n != NULL && model_is_narrow(m->mask_activation)) n = puma_promise(s, n, m->ranges.activation);
        n = exec_function(x, rings_slot(m->mask_activation), n, NULL);
        s->host->label(s, "head norm");
        n = exec_norm(x, n, NULL, NULL).n;
    }
    s->host->label(s, "head logits");
    n = exec_linear(x, n, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
    return n == NULL ? NULL : puma_promise(s, n, m->ranges.logits);
}

/* w . embedding + b, (1, 1), or its sign: the label is 1 where 0 is less, the larger of (0, logit). */
static puma_share binary(struct exec *x, puma_share row)
{
    puma_session *s = x->s;
    puma_share    pair[2];

    s->host->label(s, "head logits");
    pair[1] = exec_linear(x, row, x->head_out, x->head_out_bias, NULL, x->config.rings.wide);
    if (pair[1] == NULL) return NULL;
    pair[1] = puma_promise(s, pair[1], x->config.model->ranges.hidden);
    if (!x->config.reveal_label) return pair[1];
    s->host->label(s, "head argmax");
    pair[0] = s->host->tensor(s, PUMA_ARITH, 2, pair[1]->dim, pair[1]->bits, pair[1]->frac); /* shares of 0 */
    if (pair[0] == NULL) return NULL;
    return exec_argmax(s, puma_promise(s, puma_concat(s, pair, 2, 1), pair[1]->range));
}

puma_share exec_answer(struct exec *x, stream h)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    if (m->place == MODEL_PRE_NORM && h.n != NULL) {
        s->host->label(s, "final norm");
        h = exec_norm(x, h.n, x->final_gain, x->final_bias);
    }
    switch (x->config.task) {
    case MODEL_HIDDEN: s->host->label(s, "head hidden"); return exec_formed(x, h);
    case MODEL_EMBED:
        s->host->label(s, "head pooling");
        if (h.n == NULL) return NULL;
        first = finished(x, pooled_sequence(x, h, 0, h.n->dim[0]));
        return x->config.linear_head ? binary(x, first) : first;
    default: break;
    }
    if (x->config.task == MODEL_TOKENS || x->config.task == MODEL_MASK) return token_logits(x, h.n);
    if (m->causal) {
        s->host->label(s, "head logits");
        first = exec_linear(x, h.n, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
    } else {
        first = classified(x, h);
    }
    if (first == NULL) return NULL;
    first = puma_promise(s, first, m->ranges.logits);
    if (!x->config.reveal_label) return first;
    s->host->label(s, "head argmax");
    return exec_argmax(s, first);
}
