/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attend_one.c - see attend_one.h */
#include "exec/attend_one.h"

#include "exec/parts.h"

/* The keys from … to - 1 that each row attends to; the same for all heads. */
typedef struct span {
    size_t  rows, width; /* width: keys of the longest row */
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

/* Cuts rows of (H, T', S) down to their spans: (H, T', width).  Shorter spans are padded with arbitrary
 * entries. */
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

/* (K, G T', …) and (H, T', …) are the same numbers, because the heads that share a key are neighbours. */
static puma_share grouped(puma_session *s, puma_share x, size_t groups)
{
    return x == NULL ? NULL : puma_reshape3(s, x, groups, x->n / groups / x->dim[2], x->dim[2]);
}

/* (H, T, T): for each pair of tokens the entry of the secret table for their distance.  Distances are
 * public. */
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

/* q k^T / sqrt(e), where q already carries the factor, plus what relative positions add: (H, T', S). */
static puma_share scores_of(struct exec *x, puma_share q, puma_share k)
{
    const rings *r = &x->config.rings;
    puma_share   z, at = NULL;
    puma_term terms[2] = { { .op = PUMA_TERM_MATMUL, .y = k, .y_transposed = 1 }, { .op = PUMA_TERM_ADD } };
    size_t    dim[3];

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

/* Squares of `size` rows and `size` keys that together cover all spans.  The squares of row t begin with
 * number first[t / size]; their keys begin where the span of their first row does. */
typedef struct squares {
    size_t  size, count;
    size_t *first, *row, *entry; /* each square's first row and first key */
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

/* For each square, the `size` rows of x (n, rows, e) that begin at begin[square], of the `times` heads of
 * each group, gathered into (groups * squares, times * size, e).  Past the end the last row is repeated. */
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

/* The scores of the spans: (H, T', width); shorter spans are padded with arbitrary entries.  All squares are
 * one product, about half of all rows times all keys. */
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
    scores = exec_softmax(x, scores, lengths);
    return a->from[a->rows - 1] > 0 && scores != NULL ? spread(s, scores, a, all) : scores;
}

puma_share exec_attend_one(struct exec *x, puma_share q, puma_share k, puma_share v, int layer)
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
                        : exec_softmax(x, weights, NULL);
    host_at(s, "layer", layer, "mix");
    if (weights == NULL) return NULL;
    weights =
        puma_matmul(s, grouped(s, weights, m->kv_heads), v, 0, x->config.rings.frac, x->config.rings.mixed);
    return puma_reshape3(s, weights, m->heads, q->dim[1], m->head_dim);
}
