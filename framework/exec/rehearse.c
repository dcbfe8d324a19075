/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rehearse.c - see rehearse.h */
#include "exec/rehearse.h"

#include "exec/transformer.h"
#include "host/rehearsal.h"

#include <stdlib.h>

/* What the messages of a recorded layer depend on. */
typedef struct layer_shape {
    bool        known;
    int         layer;         /* the recorded layer; the shapes of its weights count too */
    puma_tensor in, out, kept; /* shapes only, their words are never read; kept: n is 0 when nothing is kept */
    bool        last;
    size_t      count, *lengths; /* the pass's `tokens`, followed by its `first` */
} layer_shape;

/* layer[i] describes the session's recording i. */
struct recordings {
    layer_shape layer[SESSION_RECORDINGS];
    size_t      next; /* the oldest one, which is overwritten next */
};

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

/* Would layer i send with this operand what the recorded layer sent? */
static bool same_again(const struct exec *x, const layer_shape *r, puma_share in, const pass *p, size_t i)
{
    const struct layer_weights *a, *b = &x->layers[i];
    const size_t               *window = x->config.model->window;

    if (!r->known || !same_shape(&r->in, in) || r->last != exec_last_only(x, p, i) || !same_sequences(r, p) ||
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

/* Plays a recorded layer back as layer i. */
static residual again(struct exec *x, size_t number, size_t i)
{
    const struct layer_weights *w = &x->layers[i];
    const layer_shape          *r = &x->recordings->layer[number];
    bool                        post = x->config.model->place == MODEL_POST_NORM;

    session_replay(x->s, number, (int)i);
    if (r->kept.n > 0) {
        x->s->host->drop(x->s, x->cache[i]);
        x->cache[i] = session_like(x->s, &r->kept);
    }
    return (residual){ session_like(x->s, &r->out), post ? w->mlp_gain : NULL, post ? w->mlp_bias : NULL };
}

/* Runs layer i and records it under `number`. */
static residual record(struct exec *x, residual h, size_t number, const pass *p, size_t i)
{
    puma_share   in = h.n;
    layer_shape *r = &x->recordings->layer[number];
    size_t       bytes = p->count * sizeof *p->tokens, *lengths = realloc(r->lengths, 2 * bytes);

    if (lengths == NULL) {
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", 2 * bytes);
        return (residual){ 0 };
    }
    memcpy(lengths, p->tokens, bytes);
    memcpy(lengths + p->count, p->first, bytes);
    session_record(x->s, number);
    h = exec_layer(x, h, p, i);
    session_record_stop(x->s);
    *r = (layer_shape){ .known = h.n != NULL,
                        .layer = (int)i,
                        .in = *in,
                        .last = exec_last_only(x, p, i),
                        .count = p->count,
                        .lengths = lengths };
    if (h.n != NULL) r->out = *h.n;
    if (h.n != NULL && p->keep) r->kept = *x->cache[i];
    return h;
}

residual exec_rehearse_layer(struct exec *x, residual h, const pass *p, size_t i)
{
    if (x->recordings == NULL) x->recordings = calloc(1, sizeof *x->recordings);
    if (x->recordings == NULL) {
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)", sizeof *x->recordings);
        return (residual){ 0 };
    }
    for (size_t number = 0; number < SESSION_RECORDINGS; number++)
        if (same_again(x, &x->recordings->layer[number], h.n, p, i)) return again(x, number, i);
    return record(x, h, x->recordings->next++ % SESSION_RECORDINGS, p, i);
}

void exec_rehearse_end(struct exec *x)
{
    for (size_t i = 0; x->recordings != NULL && i < SESSION_RECORDINGS; i++)
        free(x->recordings->layer[i].lengths);
    free(x->recordings);
    x->recordings = NULL;
}
