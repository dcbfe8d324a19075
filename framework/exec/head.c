/* head.c - from the last layer's output to what the task reveals: hidden states, an embedding, a classifier's
 * logits, a decoder's next token. */
#include "exec/internal.h"

/* (sequences, d): the mean of each one's rows.  1/T has ten bits more than the count takes, so that its
 * rounding is below the sum's. */
static puma_share means(struct exec *x, puma_share in, const pass *p)
{
    puma_session *s = x->s;
    size_t        hidden = x->config.model->hidden, from = 0, most = 1;
    puma_share   *sum = (puma_share *)s->host->scratch(s, p->count), all;
    double       *share = (double *)s->host->scratch(s, p->count * hidden);

    if (sum == NULL || share == NULL) return NULL;
    for (size_t i = 0; i < p->count; from += p->tokens[i++]) {
        puma_share rows = puma_slice(s, in, 0, from, from + p->tokens[i]);

        sum[i] = puma_reshape2(s, puma_sum(s, puma_permute(s, rows, (const uint32_t[]){ 1, 0 })), 1, hidden);
        if (p->tokens[i] > most) most = p->tokens[i];
        for (size_t k = 0; k < hidden; k++) share[i * hidden + k] = 1.0 / (double)p->tokens[i];
    }
    all = puma_concat(s, sum, p->count, 0);
    return puma_trunc(
        s, puma_scale_reals(s, all, share, p->count * hidden, 10 + (uint32_t)puma_exponent((double)most)),
        x->config.rings.frac);
}

/* (sequences, d): the first of each one's rows. */
static puma_share first_rows(puma_session *s, puma_share in, const pass *p)
{
    size_t *index = (size_t *)s->host->scratch(s, p->count), from = 0;

    for (size_t i = 0; index != NULL && i < p->count; from += p->tokens[i++]) index[i] = from;
    return puma_pick(s, in, index, p->count);
}

/* A row for each sequence: of n, because gain and bias are the same for all rows. */
static stream pooled(struct exec *x, stream h, const pass *p)
{
    if (h.n == NULL) return h;
    h.n =
        x->config.task == MODEL_EMBED && x->config.pooling_mean ? means(x, h.n, p) : first_rows(x->s, h.n, p);
    return h;
}

/* Each row scaled to length 1. */
static puma_share normalized(struct exec *x, puma_share rows)
{
    puma_session *s = x->s;
    puma_share    apart, square, inverse;

    s->host->label(s, "head normalize");
    if (rows == NULL) return NULL;
    apart = puma_reshape3(s, rows, rows->dim[0], 1, rows->dim[1]);
    square = puma_matmul(s, apart, apart, 1, x->config.rings.frac, x->config.rings.wide); /* (rows, 1, 1) */
    inverse = square == NULL
                  ? NULL
                  : exec_function(x, PUMA_SLOT_RSQRT, puma_reshape2(s, square, rows->dim[0], 1), NULL);
    return inverse == NULL ? NULL : puma_mul_rows(s, rows, puma_reshape1(s, inverse, rows->dim[0]));
}

/* (rows, 1): index of the largest entry of each row, an integer: a tournament of values above their indices,
 * so that one choice takes both on; of two equal ones either may win. */
static puma_share argmax(puma_session *s, puma_share x)
{
    size_t       n = x->dim[1], rows = x->dim[0];
    double      *leaf = (double *)s->host->scratch(s, n);
    puma_tensor *zero = s->host->tensor(s, PUMA_ARITH, 2, x->dim, x->bits, 0), *index;
    puma_share   pair[2] = { x }, both;
    int32_t      range = x->range;

    if (leaf == NULL || zero == NULL) return NULL;
    for (size_t i = 0; i < n; i++) leaf[i] = (double)i;
    pair[1] = puma_add_reals(s, zero, leaf, n);
    index = puma_ready(s, pair[1]) ? s->host->view(s, pair[1]) : NULL;
    if (index == NULL) return NULL;
    index->frac = x->frac; /* for company: its words are integers */
    pair[1] = index;
    both = puma_concat(s, pair, 2, 0); /* (2 rows, n) */
    while (n > 1 && s->status == PUMA_OK) {
        size_t     half = n / 2;
        puma_share a = puma_slice(s, both, 1, 0, half), b = puma_slice(s, both, 1, half, 2 * half), c[2];
        puma_share left = puma_promise(s, puma_slice(s, a, 0, 0, rows), range);
        puma_share right = puma_promise(s, puma_slice(s, b, 0, 0, rows), range);

        c[0] = c[1] = puma_less(s, left, right);
        c[0] = puma_mux(s, puma_concat(s, c, 2, 0), b, a);
        c[1] = puma_slice(s, both, 1, 2 * half, n);
        both = puma_concat(s, c, n % 2 != 0 ? 2 : 1, 1);
        n = half + n % 2;
    }
    zero = puma_reshape2(s, puma_slice(s, both, 0, rows, 2 * rows), rows, 1);
    if (zero != NULL) zero->frac = 0;
    return zero;
}

/* The first tokens' rows through a classifier. */
static puma_share classified(struct exec *x, stream h, const pass *p)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    s->host->label(s, "head dense");
    h = pooled(x, h, p);
    first = h.gain == NULL ? h.n : exec_formed(x, h); /* a final norm's are in the head's matrix */
    if (m->head_dense) {
        first = exec_linear(x, first, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        s->host->label(s, "head activation");
        first = exec_function(x, rings_slot(m->head_activation), first, NULL);
    }
    s->host->label(s, "head logits");
    return exec_linear(x, first, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
}

/* w . embedding + b, (rows, 1), or its sign: the label is 1 where 0 is less, the larger of (0, logit). */
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
    return argmax(s, puma_promise(s, puma_concat(s, pair, 2, 1), pair[1]->range));
}

puma_share exec_answer(struct exec *x, stream h, const pass *p)
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
        first = exec_formed(x, pooled(x, h, p));
        if (x->config.normalize) first = normalized(x, first);
        return x->config.linear_head ? binary(x, first) : first;
    default: break;
    }
    if (m->causal) {
        s->host->label(s, "head logits");
        first = exec_linear(x, h.n, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
    } else {
        first = classified(x, h, p);
    }
    if (first == NULL) return NULL;
    first = puma_promise(s, first, m->ranges.logits);
    if (!x->config.reveal_label) return first;
    s->host->label(s, "head argmax");
    return argmax(s, first);
}
