/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* transformer.c - the generic Transformer on shares (Vaswani et al. 2017): encoders whose norms follow each
 * sum, decoders whose norms precede each part.
 *
 * x: (T, d) hidden states.  What differs between families is in the model (read from models/X.ini); which
 * GeLU, which softmax and which protocol was put in the plan before it starts.  Nothing is revealed here. */
#include "exec/internal.h"

#include <stdlib.h>

puma_share exec_function(struct exec *x, puma_slot slot, puma_share in, const size_t *lengths)
{
    puma_arguments a = { .struct_size = sizeof a,
                         .bits = x->config.rings.wide,
                         .frac = x->config.rings.frac,
                         .epsilon = x->config.model->epsilon,
                         .lengths = lengths };

    return puma_call(x->s, slot, in, &a);
}

puma_share exec_linear(struct exec *x, puma_share in, puma_share weight, puma_share bias,
                       const stream *residual, uint32_t bits)
{
    puma_term terms[4] = { { .op = PUMA_TERM_MATMUL, .x = in, .y = weight, .y_transposed = 1 } };
    size_t    count = 1;

    if (in == NULL || weight == NULL) return NULL;
    if (bias != NULL) terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = bias };
    if (residual != NULL && residual->gain == NULL)
        terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = residual->n };
    if (residual != NULL && residual->gain != NULL) {
        terms[count++] = (puma_term){ .op = PUMA_TERM_MUL, .x = residual->n, .y = residual->gain };
        if (residual->bias != NULL) terms[count++] = (puma_term){ .op = PUMA_TERM_ADD, .x = residual->bias };
    }
    return puma_product(x->s, terms, count, 2, (const size_t[]){ in->dim[0], weight->dim[0] },
                        x->config.rings.frac, bits);
}

stream exec_norm(struct exec *x, puma_share in, puma_share gain, puma_share bias)
{
    puma_slot  slot = x->config.model->norm == MODEL_RMSNORM ? PUMA_SLOT_RMSNORM : PUMA_SLOT_LAYERNORM;
    puma_share n = exec_function(x, slot, in, NULL);

    return (stream){ n == NULL ? NULL : puma_promise(x->s, n, x->config.model->ranges.norm), gain, bias };
}

puma_share exec_formed(struct exec *x, stream h)
{
    const puma_term terms[] = { { .op = PUMA_TERM_MUL, .x = h.n, .y = h.gain },
                                { .op = PUMA_TERM_ADD, .x = h.bias } };

    if (h.n == NULL) return NULL;
    return puma_promise(x->s,
                        puma_product(x->s, terms, h.bias == NULL ? 1 : 2, h.n->rank, h.n->dim,
                                     x->config.rings.frac, x->config.rings.wide),
                        x->config.model->ranges.norm);
}

/* activation(gate n) * up n, from both side by side: (T, 2I). */
static puma_share gated(struct exec *x, puma_share both, int layer)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    gate = puma_promise(s, puma_slice(s, both, 1, 0, m->intermediate), m->ranges.activation);
    puma_share    up =
        puma_promise(s, puma_slice(s, both, 1, m->intermediate, 2 * m->intermediate), m->ranges.gated);

    host_at(s, "layer", layer, "activation");
    gate = exec_function(x, rings_slot(m->activation), gate, NULL);
    host_at(s, "layer", layer, "gated");
    return puma_promise(s, puma_mul_to(s, gate, up, 0, x->config.rings.frac, x->config.rings.inner),
                        m->ranges.gated);
}

/* The MLP of n, plus the residual. */
static puma_share mlp(struct exec *x, puma_share n, const stream *residual, const struct layer_weights *w,
                      int layer)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    up;

    host_at(s, "layer", layer, "up");
    up = exec_linear(x, n, w->up, w->up_bias, NULL, x->config.rings.activation);
    if (m->gated) {
        up = gated(x, up, layer);
    } else {
        up = puma_promise(s, up, m->ranges.activation);
        host_at(s, "layer", layer, "activation");
        up = exec_function(x, rings_slot(m->activation), up, NULL);
    }
    host_at(s, "layer", layer, "down");
    return exec_linear(x, up, w->down, w->down_bias, residual, x->config.rings.wide);
}

/* A sum of the residual stream, with its promise. */
static stream summed(struct exec *x, puma_share sum)
{
    return (stream){ sum == NULL ? NULL : puma_promise(x->s, sum, x->config.model->ranges.hidden), NULL,
                     NULL };
}

bool exec_last(const struct exec *x, const pass *p, size_t i)
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

/* Norms before attention and MLP; with `last` each sequence's last row alone goes on. */
static stream layer_pre(struct exec *x, stream h, bool last, const pass *p, int i, puma_share *kept)
{
    const struct layer_weights *w = &x->layers[i];
    puma_session               *s = x->s;
    puma_share                  n, mixed;

    host_at(s, "layer", i, "norm");
    n = exec_norm(x, h.n, NULL, NULL).n;
    mixed = exec_attention(x, n, last, p, i, kept);
    if (mixed == NULL) return (stream){ 0 };
    if (last) h.n = exec_last_rows(s, h.n, p);
    host_at(s, "layer", i, "output");
    h = summed(x, exec_linear(x, mixed, w->output, w->output_bias, &h, x->config.rings.wide));
    host_at(s, "layer", i, "norm");
    n = exec_norm(x, h.n, NULL, NULL).n;
    return summed(x, mlp(x, n, &h, w, i));
}

/* Norms after the sums. */
static stream layer_post(struct exec *x, stream h, const pass *p, int i)
{
    const struct layer_weights *w = &x->layers[i];
    puma_session               *s = x->s;
    puma_share                  sum = exec_attention(x, h.n, false, p, i, NULL);

    host_at(s, "layer", i, "output");
    sum = exec_linear(x, sum, w->output, w->output_bias, &h, x->config.rings.wide);
    host_at(s, "layer", i, "norm");
    h = exec_norm(x, sum, w->attention_gain, w->attention_bias);
    sum = mlp(x, h.n, &h, w, i);
    host_at(s, "layer", i, "norm");
    return exec_norm(x, sum, w->mlp_gain, w->mlp_bias);
}

stream exec_first(struct exec *x, const exec_tokens *in, const pass *p)
{
    puma_share rows;
    stream     h;

    host_at(x->s, "embedding", -1, x->config.model->pixels ? "patches" : "lookup");
    rows = exec_embed(x, in, p);
    if (rows == NULL || x->config.model->place == MODEL_PRE_NORM) return (stream){ rows, NULL, NULL };
    host_at(x->s, "embedding", -1, "norm");
    h = exec_norm(x, rows, x->embedding_gain, x->embedding_bias);
    if (!x->config.model->mapped) return h;
    host_at(x->s, "embedding", -1, "map");
    return summed(x, exec_linear(x, h.n, x->map, x->map_bias, NULL, x->config.rings.wide));
}

/* Leaves a layer's scope with two tensors, by making one of both; the cache takes over the second. */
static puma_share leave_both(struct exec *x, size_t mark, puma_share h, puma_share kept, int layer)
{
    puma_session *s = x->s;
    puma_tensor  *part[2] = { puma_reshape1(s, h, h->n), puma_reshape1(s, kept, kept->n) };
    puma_tensor   old[2] = { *h, *kept };
    puma_share    both[2], all, out[2] = { NULL, NULL };

    if (part[0] == NULL || part[1] == NULL) return NULL;
    part[1]->bits = part[0]->bits;
    part[1]->frac = part[0]->frac;
    both[0] = part[0];
    both[1] = part[1];
    all = puma_concat(s, both, 2, 0);
    puma_leave(s, mark, all);
    for (int k = 0; k < 2; k++) {
        puma_tensor *flat =
            puma_slice(s, all, 0, k == 0 ? 0 : old[0].n, k == 0 ? old[0].n : old[0].n + old[1].n);
        puma_tensor *z = puma_reshape(s, flat, old[k].rank, old[k].dim);

        if (z == NULL) return NULL;
        z->bits = old[k].bits;
        z->frac = old[k].frac;
        z->range = old[k].range;
        out[k] = z;
        s->host->drop(s, flat);
    }
    s->host->drop(s, all);
    s->host->drop(s, x->cache[layer]);
    x->cache[layer] = out[1];
    return out[0];
}

/* --- rehearsals ------------------------------------------------------------------------------- */

static bool same_shape(puma_share x, puma_share y)
{
    if (x == NULL || y == NULL) return x == y;
    return puma_same_shape(x, y) && x->bits == y->bits && x->frac == y->frac && x->range == y->range;
}

static bool same_sequences(const layer_shape *r, const pass *p)
{
    size_t bytes = p->count * sizeof *p->tokens;

    return r->count == p->count && memcmp(r->lengths, p->tokens, bytes) == 0 &&
           memcmp(r->lengths + p->count, p->first, bytes) == 0;
}

/* Does layer i on this operand send what the recorded one sent? */
static bool same_again(const struct exec *x, const layer_shape *r, puma_share in, bool last, const pass *p,
                       size_t i)
{
    const struct layer_weights *a, *b = &x->layers[i];
    const size_t               *window = x->config.model->window;

    if (!r->known || !same_shape(&r->in, in) || r->last != last || !same_sequences(r, p) ||
        (r->kept.n > 0) != p->keep || (window != NULL && window[i] != window[r->layer]))
        return false;
    a = &x->layers[r->layer];
    return same_shape(a->qkv, b->qkv) && same_shape(a->qkv_bias, b->qkv_bias) &&
           same_shape(a->output, b->output) && same_shape(a->output_bias, b->output_bias) &&
           same_shape(a->up, b->up) && same_shape(a->up_bias, b->up_bias) && same_shape(a->down, b->down) &&
           same_shape(a->down_bias, b->down_bias) && same_shape(a->attention_gain, b->attention_gain) &&
           same_shape(a->attention_bias, b->attention_bias) && same_shape(a->mlp_gain, b->mlp_gain) &&
           same_shape(a->mlp_bias, b->mlp_bias);
}

/* A recorded layer once more, as layer i. */
static stream again(struct exec *x, size_t place, size_t i)
{
    const struct layer_weights *w = &x->layers[i];
    const layer_shape          *r = &x->rehearsed[place];
    bool                        post = x->config.model->place == MODEL_POST_NORM;

    session_replay(x->s, place, (int)i);
    if (r->kept.n > 0) {
        x->s->host->drop(x->s, x->cache[i]);
        x->cache[i] = session_like(x->s, &r->kept);
    }
    return (stream){ session_like(x->s, &r->out), post ? w->mlp_gain : NULL, post ? w->mlp_bias : NULL };
}

/* --- all layers ------------------------------------------------------------------------------- */

static stream one_layer(struct exec *x, stream h, bool last, const pass *p, int i)
{
    puma_session *s = x->s;
    puma_share    kept = NULL;
    size_t        mark = s->host->enter(s);

    h = x->config.model->place == MODEL_PRE_NORM ? layer_pre(x, h, last, p, i, &kept)
                                                 : layer_post(x, h, p, i);
    if (h.n != NULL && kept != NULL)
        h.n = leave_both(x, mark, h.n, kept, i);
    else
        puma_leave(s, mark, h.n);
    return h;
}

/* A layer of a rehearsal: what has been recorded of its kind, or itself, recorded. */
static stream rehearse_layer(struct exec *x, stream h, bool last, const pass *p, size_t i)
{
    puma_share in = h.n;
    size_t     place, bytes = p->count * sizeof *p->tokens, *lengths;

    for (place = 0; place < SESSION_RECORDINGS; place++)
        if (same_again(x, &x->rehearsed[place], in, last, p, i)) return again(x, place, i);
    place = x->next_rehearsed++ % SESSION_RECORDINGS;
    lengths = realloc(x->rehearsed[place].lengths, 2 * bytes);
    if (lengths == NULL) {
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", 2 * bytes);
        return (stream){ 0 };
    }
    memcpy(lengths, p->tokens, bytes);
    memcpy(lengths + p->count, p->first, bytes);
    session_record(x->s, place);
    h = one_layer(x, h, last, p, (int)i);
    session_record_stop(x->s);
    x->rehearsed[place] = (layer_shape){
        .known = h.n != NULL, .layer = (int)i, .in = *in, .last = last, .count = p->count, .lengths = lengths
    };
    if (h.n != NULL) x->rehearsed[place].out = *h.n;
    if (h.n != NULL && p->keep) x->rehearsed[place].kept = *x->cache[i];
    return h;
}

stream exec_layer(struct exec *x, stream h, const pass *p, size_t i)
{
    bool       hollow = (x->s->caps & PUMA_CAP_REHEARSAL) != 0, last = exec_last(x, p, i);
    puma_share in = h.n;

    if (in == NULL) return h;
    h = hollow ? rehearse_layer(x, h, last, p, i) : one_layer(x, h, last, p, (int)i);
    x->s->host->drop(x->s, in);
    return h;
}
