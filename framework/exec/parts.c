/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* parts.c - see parts.h */
#include "exec/parts.h"

#include "exec/guard.h"
#include "host/guard.h"

puma_share exec_function(struct exec *x, puma_slot slot, puma_share in, const size_t *lengths)
{
    puma_arguments a = { .struct_size = sizeof a,
                         .bits = x->config.rings.wide,
                         .frac = x->config.rings.frac,
                         .epsilon = x->config.model->epsilon,
                         .lengths = lengths };

    return puma_call(x->s, slot, in, &a);
}

puma_share exec_softmax(struct exec *x, puma_share in, const size_t *lengths)
{
    puma_share z = exec_function(x, PUMA_SLOT_SOFTMAX, in, lengths);

    /* What is known of a product is known mod the smaller ring of its operands. */
    return z != NULL && z->bits < x->config.rings.attention ? puma_resize(x->s, z, x->config.rings.attention) : z;
}

puma_share exec_activation(struct exec *x, puma_share in, model_activation a)
{
    if (model_is_narrow(a)) in = puma_promise(x->s, in, x->config.model->ranges.activation);
    return exec_function(x, rings_slot(a), in, NULL);
}

puma_share exec_linear(struct exec *x, puma_share in, puma_share weight, puma_share bias,
                       const residual *plus, uint32_t bits)
{
    puma_term terms[4] = { { .op = PUMA_TERM_MATMUL, .x = in, .y = weight, .y_transposed = 1 } };
    size_t    count = 1;

    if (in == NULL || weight == NULL) return NULL;
    if (bias != NULL) terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = bias };
    if (plus != NULL && plus->gain == NULL) terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = plus->n };
    if (plus != NULL && plus->gain != NULL) {
        terms[count++] = (puma_term){ .op = PUMA_TERM_MUL, .x = plus->n, .y = plus->gain };
        if (plus->bias != NULL) terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = plus->bias };
    }
    return puma_product(x->s, terms, count, 2, (const size_t[]){ in->dim[0], weight->dim[0] },
                        x->config.rings.frac, bits);
}

puma_share exec_bare_norm(struct exec *x, puma_slot slot, puma_share in, double epsilon)
{
    puma_arguments a = { .struct_size = sizeof a,
                         .bits = x->config.rings.wide,
                         .frac = x->config.rings.frac,
                         .epsilon = epsilon };
    size_t         flags = guard_flags(x->s);
    puma_share     n = puma_call(x->s, slot, in, &a);

    exec_guard_norm(x, n, flags);
    return n;
}

residual exec_norm(struct exec *x, puma_share in, puma_share gain, puma_share bias)
{
    const model *m = x->config.model;
    puma_share   n = exec_bare_norm(x, rings_norm_slot(m), in, m->epsilon);

    return (residual){ n == NULL ? NULL : puma_promise(x->s, n, m->ranges.norm), gain, bias };
}

puma_share exec_formed(struct exec *x, residual h)
{
    const puma_term terms[] = { { .op = PUMA_TERM_MUL, .x = h.n, .y = h.gain },
                                { .op = PUMA_TERM_ADD, .x = h.bias } };

    if (h.n == NULL) return NULL;
    return puma_promise(x->s,
                        puma_product(x->s, terms, h.bias == NULL ? 1 : 2, h.n->rank, h.n->dim,
                                     x->config.rings.frac, x->config.rings.wide),
                        x->config.model->ranges.norm);
}

residual exec_sum(struct exec *x, puma_share sum)
{
    if (sum == NULL) return (residual){ 0 };
    return (residual){ .n = puma_promise(x->s, sum, x->config.model->ranges.hidden) };
}

bool exec_last_only(const struct exec *x, const pass *p, size_t i)
{
    return p->last && i + 1 == x->config.model->layers;
}

puma_share exec_last_rows(puma_session *s, puma_share in, const pass *p)
{
    size_t rows = pass_rows(p, true), end = 0, used = 0, *index;

    if (!puma_ready(s, in)) return NULL;
    if (rows == in->dim[0]) return in;
    index = (size_t *)s->host->scratch(s, rows);
    for (size_t i = 0; index != NULL && i < p->count; i++) {
        end += p->tokens[i];
        if (p->tokens[i] > 0) index[used++] = end - 1;
    }
    return puma_pick(s, in, index, rows);
}

puma_share exec_first_rows(puma_session *s, puma_share in, const pass *p)
{
    size_t *index = (size_t *)s->host->scratch(s, p->count), from = 0;

    for (size_t i = 0; index != NULL && i < p->count; from += p->tokens[i++]) index[i] = from;
    return puma_pick(s, in, index, p->count);
}
