/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attention.c - see attention.h */
#include "exec/attention.h"

#include "exec/attend_many.h"
#include "exec/attend_one.h"
#include "exec/cache.h"
#include "exec/guard.h"
#include "exec/parts.h"
#include "exec/rotary.h"

/* From (T, …), the columns of `count` heads from head `from` on: (count, rows, e).  Takes all rows, or with
 * `last` each sequence's last. */
static puma_share heads(struct exec *x, puma_share in, const pass *p, bool last, size_t from, size_t count)
{
    puma_session *s = x->s;
    size_t        e = x->config.model->head_dim;

    in = puma_slice(s, in, 1, from * e, (from + count) * e);
    if (in != NULL && last) in = exec_last_rows(s, in, p);
    if (in == NULL) return NULL;
    return puma_permute(s, puma_reshape3(s, in, in->dim[0], count, e), (const uint32_t[]){ 1, 0, 2 });
}

puma_share exec_attention(struct exec *x, puma_share n, bool last, const pass *p, int layer, puma_share *kept)
{
    const model                *m = x->config.model;
    const rings                *r = &x->config.rings;
    const struct layer_weights *w = &x->layers[layer];
    puma_session               *s = x->s;
    puma_share                  qkv, q, k, v, mixed;
    bool                        recalls = false;

    host_at(s, "layer", layer, "qkv");
    qkv = exec_linear(x, n, w->qkv, w->qkv_bias, NULL, r->attention);
    if (qkv == NULL) return NULL;
    exec_guard_scores(x, qkv);
    q = heads(x, qkv, p, last, 0, m->heads);
    k = heads(x, qkv, p, false, m->heads, m->kv_heads);
    v = heads(x, qkv, p, false, m->heads + m->kv_heads, m->kv_heads);
    if (m->rotary != NULL) {
        host_at(s, "layer", layer, "rotary");
        exec_turn(x, &q, &k, last, p);
    }
    for (size_t i = 0; i < p->count; i++) recalls |= p->first[i] > 0;
    if (recalls) exec_cache_recall(s, x->cache[layer], p, &k, &v);
    if (q == NULL || k == NULL || v == NULL) return NULL;
    if (p->keep) *kept = exec_cache_joined(s, k, v);
    mixed = p->count == 1 ? exec_attend_one(x, q, k, v, layer) : exec_attend_many(x, q, k, v, last, p, layer);
    mixed = puma_permute(s, mixed, (const uint32_t[]){ 1, 0, 2 });
    return mixed == NULL ? NULL : puma_reshape2(s, mixed, mixed->dim[0], m->heads * m->head_dim);
}
