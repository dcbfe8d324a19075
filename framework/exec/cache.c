/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cache.c - see cache.h */
#include "exec/cache.h"

/* Keys and values live in different rings.  Only words are copied here, so the rings do not matter. */
puma_share exec_cache_joined(puma_session *s, puma_share k, puma_share v)
{
    puma_tensor *part[2] = { s->host->view(s, k), s->host->view(s, v) };
    uint32_t     bits = k->bits > v->bits ? k->bits : v->bits;

    for (int i = 0; i < 2; i++) {
        if (part[i] == NULL) return NULL;
        part[i]->bits = bits;
    }
    return puma_concat(s, (const puma_share[]){ part[0], part[1] }, 2, 2);
}

/* x (K, cached + new, e) holds the cached rows of all sequences, then all new ones.  Puts each sequence's
 * cached rows before its new ones, and leaves out sequences that take no part. */
static puma_share in_order(puma_session *s, puma_share x, const pass *p)
{
    size_t all, cached = 0, live = 0, used = 0, *index;

    if (!puma_ready(s, x) || p->count == 1) return x;
    all = x->dim[1];
    for (size_t i = 0; i < p->count; i++) {
        cached += p->first[i];
        if (p->tokens[i] > 0) live += p->first[i] + p->tokens[i];
    }
    index = (size_t *)s->host->scratch(s, x->dim[0] * live);
    if (index == NULL) return NULL;
    for (size_t h = 0; h < x->dim[0]; h++) {
        size_t old = h * all, fresh = h * all + cached;

        for (size_t i = 0; i < p->count; i++) {
            for (size_t t = 0; p->tokens[i] > 0 && t < p->first[i]; t++) index[used++] = old + t;
            for (size_t t = 0; t < p->tokens[i]; t++) index[used++] = fresh++;
            old += p->first[i];
        }
    }
    return puma_reshape3(s, puma_pick(s, puma_reshape2(s, x, x->dim[0] * all, x->dim[2]), index, used),
                         x->dim[0], live, x->dim[2]);
}

void exec_cache_recall(puma_session *s, puma_share cache, const pass *p, puma_share *k, puma_share *v)
{
    puma_share *part[2] = { k, v };

    for (size_t i = 0; i < 2; i++) {
        puma_share   now = *part[i], both[2];
        size_t       e = now == NULL ? 0 : now->dim[2];
        puma_tensor *old = now == NULL ? NULL : puma_slice(s, cache, 2, i * e, (i + 1) * e);

        *part[i] = NULL;
        if (old == NULL) return;
        old->bits = now->bits;
        old->frac = now->frac;
        old->range = now->range;
        both[0] = old;
        both[1] = now;
        *part[i] = in_order(s, puma_concat(s, both, 2, 1), p);
    }
}
