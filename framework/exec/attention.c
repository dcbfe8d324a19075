/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attention.c - softmax(q k^T / sqrt(e)) v, of an encoder over all tokens, of a decoder over those before.
 *
 * q: (H, T', e) of the tokens whose result is wanted; k, v: (K, S, e) of all that there are, the cached ones
 * first. H / K heads share a key.  Row t of a decoder attends to entries lo … hi - 1: positions are public,
 * so that which scores there are is no secret, and only (all but) those are computed and go through softmax.
 */
#include "exec/internal.h"

/* Columns of `count` heads from head `from` on, of all rows or of each sequence's last: (T, …) to (count,
 * rows, e). */
static puma_share heads(struct exec *x, puma_share in, const pass *p, bool last, size_t from, size_t count)
{
    puma_session *s = x->s;
    size_t        e = x->config.model->head_dim;

    in = puma_slice(s, in, 1, from * e, (from + count) * e);
    if (in != NULL && last) in = exec_last_rows(s, in, p);
    if (in == NULL) return NULL;
    return puma_permute(s, puma_reshape3(s, in, in->dim[0], count, e), (const uint32_t[]){ 1, 0, 2 });
}

/* --- rotary positions (Su et al. 2021) -------------------------------------------------------- */

/* The partner of each number of (n, e), of a pair (a, b) that turns: b where a stands, and a where b stands.
 */
static puma_share partners(puma_session *s, puma_share x, bool interleaved)
{
    size_t     n = x->dim[0], e = x->dim[1];
    puma_share half[2], z;

    if (!interleaved) {
        half[0] = puma_slice(s, x, 1, e / 2, e);
        half[1] = puma_slice(s, x, 1, 0, e / 2);
        return puma_concat(s, half, 2, 1);
    }
    z = puma_reshape3(s, x, n, e / 2, 2);
    half[0] = puma_slice(s, z, 2, 1, 2);
    half[1] = puma_slice(s, z, 2, 0, 1);
    return puma_reshape2(s, puma_concat(s, half, 2, 2), n, e);
}

/* Rows of `x` (n, e), row i at position at[i], turned: a cos - b sin, b cos + a sin for each pair.  Angles
 * are public: two multiplications by constants, and one truncation for all of q and k. */
static puma_share turned(struct exec *x, puma_share in, const size_t *at)
{
    const model  *m = x->config.model;
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    size_t        n = in->dim[0], e = in->dim[1];
    double       *cosine = (double *)s->host->scratch(s, n * e), *sine = (double *)s->host->scratch(s, n * e);
    puma_share    z;

    if (cosine == NULL || sine == NULL) return NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < e / 2; k++) {
            double angle = (double)at[i] * m->rotary[k], c = cos(angle), d = sin(angle);
            size_t a = i * e + (m->interleaved ? 2 * k : k), b = m->interleaved ? a + 1 : a + e / 2;

            cosine[a] = cosine[b] = c;
            sine[a] = -d;
            sine[b] = d;
        }
    z = puma_add(s, puma_scale_reals(s, in, cosine, n * e, r->turn),
                 puma_scale_reals(s, partners(s, in, m->interleaved), sine, n * e, r->turn));
    if (z == NULL) return NULL;
    z = puma_trunc_to(s, puma_promise(s, z, m->ranges.attention + 1), r->frac, r->rotary);
    return z;
}

/* The positions of all rows, or of each sequence's last, `heads` times over; where they end. */
static size_t *positions(size_t *at, size_t heads, const pass *p, bool last)
{
    for (size_t h = 0; h < heads; h++)
        for (size_t i = 0; i < p->count; i++)
            for (size_t end = p->first[i] + p->tokens[i], t = end - pass_rows_of(p, last, i); t < end; t++)
                *at++ = t;
    return at;
}

/* Turns q (H, T', e) and k (K, T, e). */
static void turn(struct exec *x, puma_share *q, puma_share *k, bool last, const pass *p)
{
    puma_session *s = x->s;
    puma_share    both[2], z;
    size_t       *at, rows;

    if (*q == NULL || *k == NULL) return;
    rows = (*q)->dim[0] * (*q)->dim[1];
    both[0] = puma_reshape2(s, *q, rows, (*q)->dim[2]);
    both[1] = puma_reshape2(s, *k, (*k)->dim[0] * (*k)->dim[1], (*k)->dim[2]);
    at = (size_t *)s->host->scratch(s, rows + (*k)->dim[0] * (*k)->dim[1]);
    if (at == NULL || both[0] == NULL || both[1] == NULL) {
        *q = *k = NULL;
        return;
    }
    positions(positions(at, (*q)->dim[0], p, last), (*k)->dim[0], p, false);
    z = puma_concat(s, both, 2, 0);
    z = z == NULL ? NULL : turned(x, z, at);
    *q = puma_reshape(s, puma_slice(s, z, 0, 0, rows), 3, (*q)->dim);
    *k = puma_reshape(s, puma_slice(s, z, 0, rows, rows + both[1]->dim[0]), 3, (*k)->dim);
}

/* --- the cache -------------------------------------------------------------------------------- */

/* (K, S, 2e): keys beside values.  They live in different rings, which a copy of words does not mind. */
static puma_share joined(puma_session *s, puma_share k, puma_share v)
{
    puma_tensor *part[2] = { s->host->view(s, k), s->host->view(s, v) };
    uint32_t     bits = k->bits > v->bits ? k->bits : v->bits;

    for (int i = 0; i < 2; i++) {
        if (part[i] == NULL) return NULL;
        part[i]->bits = bits;
    }
    return puma_concat(s, (const puma_share[]){ part[0], part[1] }, 2, 2);
}

/* (K, cached + new, e), all that were cached in front, to each sequence's cached ones in front of its new
 * ones; those of a sequence that takes no part are left out. */
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

/* *k and *v with the cached ones. */
static void recall(puma_session *s, puma_share cache, const pass *p, puma_share *k, puma_share *v)
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

/* --- which scores ----------------------------------------------------------------------------- */

/* Of each row the entries from … to; rows of one head, the same for all heads. */
typedef struct span {
    size_t  rows, width; /* width: of the longest row */
    size_t *from, *to;
} span;

static puma_status spans(struct exec *x, span *a, size_t rows, size_t all, int layer)
{
    puma_session *s = x->s;
    size_t        window = x->config.model->window[layer];

    *a = (span){ .rows = rows,
                 .from = (size_t *)s->host->scratch(s, rows),
                 .to = (size_t *)s->host->scratch(s, rows) };
    for (size_t t = 0; s->status == PUMA_OK && t < rows; t++) {
        a->to[t] = all - rows + t + 1;
        a->from[t] = window > 0 && a->to[t] > window ? a->to[t] - window : 0;
        if (a->to[t] - a->from[t] > a->width) a->width = a->to[t] - a->from[t];
    }
    return s->status;
}

/* Rows of (H, T', S) with the entries of their span first: (H, T', width). */
static puma_share aligned(puma_session *s, puma_share x, const span *a)
{
    size_t  h = x->dim[0], all = x->dim[2], used = 0;
    size_t *index = (size_t *)s->host->scratch(s, h * a->rows * a->width);

    if (index == NULL) return NULL;
    for (size_t i = 0; i < h * a->rows; i++)
        for (size_t j = 0; j < a->width; j++) {
            size_t from = a->from[i % a->rows];

            index[used++] = i * all + (from + j < all ? from + j : from);
        }
    return puma_reshape3(s, puma_pick(s, puma_reshape1(s, x, x->n), index, used), h, a->rows, a->width);
}

/* The inverse: (H, T', width) to (H, T', S), 0 outside the spans. */
static puma_share spread(puma_session *s, puma_share x, const span *a, size_t all)
{
    size_t       h = x->dim[0], used = 0;
    size_t      *index = (size_t *)s->host->scratch(s, h * a->rows * all);
    puma_tensor *zero = s->host->tensor(s, PUMA_ARITH, 1, (const size_t[]){ 1 }, x->bits, x->frac);
    puma_share   both[2];

    if (index == NULL || zero == NULL) return NULL;
    zero->range = x->range;
    for (size_t i = 0; i < h * a->rows; i++)
        for (size_t j = 0; j < all; j++) {
            size_t from = a->from[i % a->rows], to = a->to[i % a->rows];

            index[used++] = j >= from && j < to ? i * a->width + j - from : x->n;
        }
    both[0] = puma_reshape1(s, x, x->n);
    both[1] = zero;
    return puma_reshape3(s, puma_pick(s, puma_concat(s, both, 2, 0), index, used), h, a->rows, all);
}

/* (K, G T', …) and (H, T', …) are the same numbers: the heads of a group stand together. */
static puma_share grouped(puma_session *s, puma_share x, size_t groups)
{
    return x == NULL ? NULL : puma_reshape3(s, x, groups, x->n / groups / x->dim[2], x->dim[2]);
}

/* (H, T, T): what a secret table says of the distance of each pair of tokens, which is public. */
static puma_share relative_scores(struct exec *x, size_t tokens)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    size_t        n = tokens * tokens, *index = (size_t *)s->host->scratch(s, m->heads * n);

    if (index == NULL) return NULL;
    for (size_t t = 0; t < tokens; t++)
        for (size_t k = 0; k < tokens; k++)
            for (size_t h = 0; h < m->heads; h++)
                index[h * n + t * tokens + k] = model_bucket(m, (ptrdiff_t)k - (ptrdiff_t)t) * m->heads + h;
    return puma_reshape3(s, puma_pick(s, puma_reshape1(s, x->relative, x->relative->n), index, m->heads * n),
                         m->heads, tokens, tokens);
}

/* q k^T / sqrt(e): the query carries the factor.  With relative positions plus theirs.  (H, T', S). */
static puma_share scores_of(struct exec *x, puma_share q, puma_share k)
{
    const rings *r = &x->config.rings;
    puma_share   z, at = NULL;
    puma_term    terms[2] = { { .op = PUMA_TERM_MATMUL, .y = k, .y_transposed = 1 }, { .op = PUMA_TERM_ADD } };
    size_t       dim[3];

    if (q == NULL || k == NULL) return NULL;
    if (x->relative != NULL && (at = relative_scores(x, k->dim[1])) == NULL) return NULL;
    terms[0].x = grouped(x->s, q, k->dim[0]);
    terms[1].x = grouped(x->s, at, k->dim[0]);
    if (terms[0].x == NULL) return NULL;
    memcpy(dim, terms[0].x->dim, sizeof dim);
    dim[2] = k->dim[1];
    z = puma_product(x->s, terms, at == NULL ? 1 : 2, 3, dim, r->frac, r->scores);
    z = puma_reshape3(x->s, z, q->dim[0], q->dim[1], k->dim[1]);
    return z == NULL ? NULL : puma_promise(x->s, z, x->config.model->ranges.scores);
}

/* Squares of `size` rows and as many entries that hold all spans; a square that holds no score of any span is
 * not there.  Row t lies in the squares from first[t / size] on, whose entries begin with the span of their
 * first row. */
typedef struct squares {
    size_t  size, count;
    size_t *first, *row, *entry; /* row, entry: where each square begins */
} squares;

static puma_status squares_of(puma_session *s, squares *g, const span *a)
{
    size_t rows, most;

    *g = (squares){ .size = a->rows > 32 ? (a->rows + 7) / 8 : 4 };
    rows = (a->rows + g->size - 1) / g->size;
    most = rows * ((a->to[a->rows - 1] + g->size - 1) / g->size);
    g->first = (size_t *)s->host->scratch(s, rows);
    g->row = (size_t *)s->host->scratch(s, most);
    g->entry = (size_t *)s->host->scratch(s, most);
    for (size_t b = 0; s->status == PUMA_OK && b < rows; b++) {
        size_t last = (b + 1) * g->size < a->rows ? (b + 1) * g->size - 1 : a->rows - 1;

        g->first[b] = g->count;
        for (size_t at = a->from[b * g->size]; at < a->to[last]; at += g->size) {
            g->row[g->count] = b * g->size;
            g->entry[g->count++] = at;
        }
    }
    return s->status;
}

/* `size` rows of each group's tensor x (n, rows, e) for each square and group, `times` heads a group:
 * gathered into (groups * squares, times * size, e).  Beyond the last row the last one stands again. */
static puma_share gathered(puma_session *s, puma_share x, const squares *g, const size_t *begin, size_t times)
{
    size_t  rows = x->dim[1], groups = x->dim[0] / times, used = 0;
    size_t *index = (size_t *)s->host->scratch(s, x->dim[0] * g->count * g->size);

    if (index == NULL) return NULL;
    for (size_t i = 0; i < groups; i++)
        for (size_t j = 0; j < g->count; j++)
            for (size_t k = 0; k < times; k++)
                for (size_t r = 0; r < g->size; r++) {
                    size_t row = begin[j] + r < rows ? begin[j] + r : rows - 1;

                    index[used++] = (i * times + k) * rows + row;
                }
    return puma_reshape3(s, puma_pick(s, puma_reshape2(s, x, x->dim[0] * rows, x->dim[2]), index, used),
                         groups * g->count, times * g->size, x->dim[2]);
}

/* The scores of the spans, each row's first: (H, T', width).  One product of all squares: about half of what
 * all rows times all entries would be.  What stands behind a row's span is some number. */
static puma_share scores_within(struct exec *x, puma_share q, puma_share k, const span *a)
{
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    size_t        h, times, *index, used = 0;
    squares       g;
    puma_share    z;

    if (q == NULL || k == NULL || squares_of(s, &g, a) != PUMA_OK) return NULL;
    if (a->rows <= g.size || g.count * g.size * g.size >= a->rows * k->dim[1]) {
        z = scores_of(x, q, k);
        return a->from[a->rows - 1] > 0 && z != NULL ? aligned(s, z, a) : z;
    }
    h = q->dim[0];
    times = h / k->dim[0];
    z = puma_matmul(s, gathered(s, q, &g, g.row, times), gathered(s, k, &g, g.entry, 1), 1, r->frac,
                    r->scores);
    index = (size_t *)s->host->scratch(s, h * a->rows * a->width);
    if (z == NULL || index == NULL) return NULL;
    for (size_t i = 0; i < h; i++)
        for (size_t t = 0; t < a->rows; t++)
            for (size_t j = 0; j < a->width; j++) {
                size_t entry = a->from[t] + j < a->to[t] ? a->from[t] + j : a->from[t], b = t / g.size;
                size_t in = entry - a->from[b * g.size], square = g.first[b] + in / g.size;
                size_t line = ((i / times * g.count + square) * times + i % times) * g.size + t % g.size;

                index[used++] = line * g.size + in % g.size;
            }
    z = puma_reshape3(s, puma_pick(s, puma_reshape1(s, z, z->n), index, used), h, a->rows, a->width);
    return z == NULL ? NULL : puma_promise(s, z, x->config.model->ranges.scores);
}

/* softmax over the spans: (H, T', S). */
static puma_share causal_weights(struct exec *x, puma_share scores, const span *a, size_t all)
{
    puma_session *s = x->s;
    size_t       *lengths;

    if (scores == NULL) return NULL;
    lengths = (size_t *)s->host->scratch(s, scores->dim[0] * a->rows);
    if (lengths == NULL) return NULL;
    for (size_t i = 0; i < scores->dim[0] * a->rows; i++)
        lengths[i] = a->to[i % a->rows] - a->from[i % a->rows];
    scores = exec_function(x, PUMA_SLOT_SOFTMAX, scores, lengths);
    return a->from[a->rows - 1] > 0 && scores != NULL ? spread(s, scores, a, all) : scores;
}

/* The same of one sequence: (H, T', e). */
static puma_share attend(struct exec *x, puma_share q, puma_share k, puma_share v, int layer)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    weights;
    span          a = { 0 };

    host_at(s, "layer", layer, "scores");
    if (m->causal && spans(x, &a, q->dim[1], k->dim[1], layer) != PUMA_OK) return NULL;
    weights = m->causal ? scores_within(x, q, k, &a) : scores_of(x, q, k);
    host_at(s, "layer", layer, "softmax");
    weights = m->causal ? causal_weights(x, weights, &a, k->dim[1])
                        : exec_function(x, PUMA_SLOT_SOFTMAX, weights, NULL);
    host_at(s, "layer", layer, "mix");
    if (weights == NULL) return NULL;
    weights =
        puma_matmul(s, grouped(s, weights, m->kv_heads), v, 0, x->config.rings.frac, x->config.rings.mixed);
    return puma_reshape3(s, weights, m->heads, q->dim[1], m->head_dim);
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
    q = heads(x, qkv, p, last, 0, m->heads);
    k = heads(x, qkv, p, false, m->heads, m->kv_heads);
    v = heads(x, qkv, p, false, m->heads + m->kv_heads, m->kv_heads);
    if (m->rotary != NULL) {
        host_at(s, "layer", layer, "rotary");
        turn(x, &q, &k, last, p);
    }
    for (size_t i = 0; i < p->count; i++) recalls |= p->first[i] > 0;
    if (recalls) recall(s, x->cache[layer], p, &k, &v);
    if (q == NULL || k == NULL || v == NULL) return NULL;
    if (p->keep) *kept = joined(s, k, v);
    mixed = p->count == 1 ? attend(x, q, k, v, layer) : exec_attend(x, q, k, v, last, p, layer);
    mixed = puma_permute(s, mixed, (const uint32_t[]){ 1, 0, 2 });
    return mixed == NULL ? NULL : puma_reshape2(s, mixed, mixed->dim[0], m->heads * m->head_dim);
}
