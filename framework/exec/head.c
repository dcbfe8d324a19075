/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* head.c - see head.h */
#include "exec/head.h"

#include "exec/argmax.h"
#include "exec/pooling.h"

/* Sends the row of each sequence's first token through a classifier. */
static puma_share classified(struct exec *x, residual h, const pass *p)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    first;

    host_at(s, "head", -1, "dense");
    h.n = exec_first_rows(s, h.n, p);
    if (h.n == NULL) return NULL;
    first = h.gain == NULL ? h.n : exec_formed(x, h); /* the final norm's are folded into the head */
    if (m->head_dense) {
        first = exec_linear(x, first, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        host_at(s, "head", -1, "activation");
        first = exec_activation(x, first, m->head_activation);
    }
    host_at(s, "head", -1, "logits");
    return exec_linear(x, first, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
}

/* For every token, from its row of the last norm's bare output: the logits of the labels, or of the words
 * that could be there. */
static puma_share token_logits(struct exec *x, puma_share n)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;

    if (x->config.task == MODEL_MASK) {
        host_at(s, "head", -1, "dense");
        n = exec_linear(x, n, x->head_dense, x->head_dense_bias, NULL, x->config.rings.wide);
        host_at(s, "head", -1, "activation");
        n = exec_activation(x, n, m->mask_activation);
        host_at(s, "head", -1, "norm");
        n = exec_norm(x, n, NULL, NULL).n;
    }
    host_at(s, "head", -1, "logits");
    n = exec_linear(x, n, x->head_out, x->head_out_bias, NULL, x->config.rings.logits);
    return n == NULL ? NULL : puma_promise(s, n, m->ranges.logits);
}

/* The linear head: w . embedding + b, (rows, 1), or its label, the index of the larger of (0, logit). */
static puma_share binary(struct exec *x, puma_share row)
{
    puma_session *s = x->s;
    puma_share    pair[2];

    host_at(s, "head", -1, "logits");
    pair[1] = exec_linear(x, row, x->head_out, x->head_out_bias, NULL, x->config.rings.wide);
    if (pair[1] == NULL) return NULL;
    /* The client has seen to it (input_check_encoder). */
    pair[1] = puma_promise(s, pair[1], (int32_t)x->config.rings.wide - 2 - 2 * (int32_t)x->config.rings.frac);
    if (!x->config.reveal_label) return pair[1];
    host_at(s, "head", -1, "argmax");
    pair[0] = s->host->tensor(s, PUMA_ARITH, 2, pair[1]->dim, pair[1]->bits, pair[1]->frac); /* shares of 0 */
    if (pair[0] == NULL) return NULL;
    return exec_argmax(s, puma_promise(s, puma_concat(s, pair, 2, 1), pair[1]->range));
}

puma_share exec_answer(struct exec *x, residual h, const pass *p)
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
        first = exec_sentence_vectors(x, h, p);
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

bool exec_answers_tokens(const struct exec *x, const pass *p)
{
    return x->config.task == MODEL_HIDDEN || x->config.task == MODEL_TOKENS || x->config.task == MODEL_MASK ||
           (x->config.task != MODEL_EMBED && x->config.model->causal && !p->last);
}

puma_share exec_answer_shape(struct exec *x, const pass *p)
{
    const model *m = x->config.model;
    const rings *r = &x->config.rings;
    size_t       dim[2] = { pass_rows(p, !exec_answers_tokens(x, p)),
                      x->config.task == MODEL_EMBED ? m->embedding : m->hidden };
    uint32_t     frac = r->frac, bits = r->wide;

    if (x->config.linear_head) {
        dim[1] = 1;
        if (x->config.reveal_label) frac = 0;
    }
    if (x->config.task != MODEL_HIDDEN && x->config.task != MODEL_EMBED) {
        bits = r->logits;
        dim[1] = x->config.reveal_label ? 1 : m->labels;
        if (x->config.reveal_label) frac = 0;
    }
    return x->s->host->tensor(x->s, PUMA_ARITH, 2, dim, puma_ring_for(x->s, bits), frac);
}
