/* head.c - from the last layer's output to what the task reveals: hidden states, an embedding, a classifier's
 * logits, a decoder's next token. */
#include "exec/internal.h"

/* Mean of the rows or the first of them: of n, because gain and bias are the same for all rows. */
static stream pooled(struct exec *x, stream h)
{
    puma_session *s = x->s;
    puma_share    sum;
    size_t        tokens;
    uint32_t      extra;

    if (h.n == NULL) return h;
    tokens = h.n->dim[0];
    if (x->config.task == MODEL_EMBED && x->config.pooling_mean) {
        /* 1/T with ten bits more than the count takes, so that its rounding is below the sum's. */
        extra = 10 + (uint32_t)puma_exponent((double)tokens);
        sum = puma_sum(s, puma_permute(s, h.n, (const uint32_t[]){ 1, 0 }));
        sum = puma_trunc(s, puma_scale(s, sum, 1.0 / (double)tokens, extra), x->config.rings.frac);
        h.n = puma_reshape2(s, sum, 1, x->config.model->hidden);
    } else {
        h.n = puma_slice(s, h.n, 0, 0, 1);
    }
    return h;
}

/* The row scaled to length 1. */
static puma_share normalized(struct exec *x, puma_share row)
{
    puma_session *s = x->s;
    puma_share    square, inverse;

    s->host->label(s, "head normalize");
    square = puma_matmul(s, row, row, 1, x->config.rings.frac, x->config.rings.wide); /* (1, 1) */
    inverse = exec_function(x, PUMA_SLOT_RSQRT, square, NULL);
    return inverse == NULL ? NULL : puma_mul_rows(s, row, puma_reshape1(s, inverse, 1));
}

/* The first token's row through a classifier. */
static puma_share classified(struct exec *x, stream h)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    s->host->label(s, "head dense");
    h = pooled(x, h);
    first = h.gain == NULL ? h.n : exec_formed(x, h); /* a final norm's are in the head's matrix */
    if (m->head_dense) {
        first = exec_linear(x, first, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        s->host->label(s, "head activation");
        first = exec_function(x, rings_slot(m->head_activation), first, NULL);
    }
    s->host->label(s, "head logits");
    return exec_linear(x, first, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
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
        first = exec_formed(x, pooled(x, h));
        if (x->config.normalize) first = normalized(x, first);
        return x->config.linear_head ? binary(x, first) : first;
    default: break;
    }
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
