/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* transformer.c - see transformer.h */
#include "exec/transformer.h"

#include "exec/attention.h"

/* activation(gate) * up; `both` is (T, 2I), the gate's half first. */
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
static puma_share mlp(struct exec *x, puma_share n, const residual *plus, const struct layer_weights *w,
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
    return exec_linear(x, up, w->down, w->down_bias, plus, x->config.rings.wide);
}

/* With norms before attention and MLP.  In the last layer only each sequence's last row may be needed. */
static residual layer_pre(struct exec *x, residual h, const pass *p, int i, puma_share *kept)
{
    bool                        last = exec_last_only(x, p, (size_t)i);
    const struct layer_weights *w = &x->layers[i];
    puma_session               *s = x->s;
    puma_share                  n, mixed;

    host_at(s, "layer", i, "norm");
    n = exec_norm(x, h.n, NULL, NULL).n;
    mixed = exec_attention(x, n, last, p, i, kept);
    if (mixed == NULL) return (residual){ 0 };
    if (last) h.n = exec_last_rows(s, h.n, p);
    host_at(s, "layer", i, "output");
    h = exec_sum(x, exec_linear(x, mixed, w->output, w->output_bias, &h, x->config.rings.wide));
    host_at(s, "layer", i, "norm");
    n = exec_norm(x, h.n, NULL, NULL).n;
    return exec_sum(x, mlp(x, n, &h, w, i));
}

/* With norms after the sums. */
static residual layer_post(struct exec *x, residual h, const pass *p, int i)
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

residual exec_layer(struct exec *x, residual h, const pass *p, size_t i)
{
    puma_session *s = x->s;
    puma_share    kept = NULL;
    size_t        mark = s->host->enter(s);

    h = x->config.model->place == MODEL_PRE_NORM ? layer_pre(x, h, p, (int)i, &kept)
                                                 : layer_post(x, h, p, (int)i);
    s->host->leave(s, mark, (const puma_share[]){ h.n, kept }, 2);
    if (h.n == NULL || kept == NULL) return h;
    s->host->drop(s, x->cache[i]);
    x->cache[i] = kept;
    return h;
}
