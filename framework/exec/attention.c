/* attention.c - softmax(q k^T / sqrt(e)) v, of an encoder over all tokens, of a decoder over those before.
 *
 * q: (H, T', e) of the tokens whose result is wanted; k, v: (K, S, e) of all that there are, the cached ones
 * first. H / K heads share a key.  Row t of a decoder attends to entries lo … hi - 1: positions are public,
 * so that which scores there are is no secret, and only (all but) those are computed and go through softmax.
 */
#include "exec/internal.h"

/* Columns of `count` heads from head `from` on, of the rows from `row` on: (T, …) to (count, T - row, e). */
static puma_share heads(struct exec *x, puma_share in, size_t row, size_t from, size_t count)
{
    puma_session *s = x->s;
    size_t        e = x->config.model->head_dim;

    in = puma_slice(s, in, 1, from * e, (from + count) * e);
    if (in != NULL && row > 0) in = puma_slice(s, in, 0, row, in->dim[0]);
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

/* Turns q (H, T', e) and k (K, T, e), whose last tokens are the same. */
static void turn(struct exec *x, puma_share *q, puma_share *k, size_t first)
{
    puma_session *s = x->s;
    puma_share    both[2], z;
    size_t       *at, rows, total, used = 0;

    if (*q == NULL || *k == NULL) return;
    total = (*q)->dim[1] < (*k)->dim[1] ? (*k)->dim[1] : (*q)->dim[1];
    rows = (*q)->dim[0] * (*q)->dim[1];
    both[0] = puma_reshape2(s, *q, rows, (*q)->dim[2]);
    both[1] = puma_reshape2(s, *k, (*k)->dim[0] * (*k)->dim[1], (*k)->dim[2]);
    at = (size_t *)s->host->scratch(s, rows + (*k)->dim[0] * (*k)->dim[1]);
    if (at == NULL || both[0] == NULL || both[1] == NULL) {
        *q = *k = NULL;
        return;
    }
    for (size_t i = 0; i < rows; i++) at[used++] = first + total - (*q)->dim[1] + i % (*q)->dim[1];
    for (size_t i = 0; i < both[1]->dim[0]; i++) at[used++] = first + total - (*k)->dim[1] + i % (*k)->dim[1];
    z = puma_concat(s, both, 2, 0);
    z = z == NULL ? NULL : turned(x, z, at);
    *q = puma_reshape(s, puma_slice(s, z, 0, 0, rows), 3, (*q)->dim);
    *k = puma_reshape(s, puma_slice(s, z, 0, rows, used), 3, (*k)->dim);
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

/* *k and *v with the cached ones in front. */
static void recall(puma_session *s, puma_share cache, puma_share *k, puma_share *v)
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
        *part[i] = puma_concat(s, both, 2, 1);
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

static puma_share scores_of(struct exec *x, puma_share q, puma_share k)
{
    const rings *r = &x->config.rings;
    puma_share   z;

    if (q == NULL || k == NULL) return NULL;
    z = puma_matmul(x->s, grouped(x->s, q, k->dim[0]), k, 1, r->frac, r->scores);
    z = puma_reshape3(x->s, z, q->dim[0], q->dim[1], k->dim[1]);
    return z == NULL ? NULL : puma_promise(x->s, z, x->config.model->ranges.scores);
}

/* softmax over the spans. */
static puma_share causal_weights(struct exec *x, puma_share scores, int layer)
{
    puma_session *s = x->s;
    size_t       *lengths, h, all;
    span          a;
    bool          moved = false;

    if (scores == NULL) return NULL;
    h = scores->dim[0];
    all = scores->dim[2];
    if (spans(x, &a, scores->dim[1], all, layer) != PUMA_OK) return NULL;
    lengths = (size_t *)s->host->scratch(s, h * a.rows);
    if (lengths == NULL) return NULL;
    for (size_t i = 0; i < h * a.rows; i++) {
        lengths[i] = a.to[i % a.rows] - a.from[i % a.rows];
        moved = moved || a.from[i % a.rows] > 0;
    }
    if (moved) scores = aligned(s, scores, &a);
    scores = exec_function(x, PUMA_SLOT_SOFTMAX, scores, lengths);
    return moved && scores != NULL ? spread(s, scores, &a, all) : scores;
}

puma_share exec_attention(struct exec *x, puma_share n, size_t rows, const pass *p, int layer,
                          puma_share *kept)
{
    const model                *m = x->config.model;
    const rings                *r = &x->config.rings;
    const struct layer_weights *w = &x->layers[layer];
    puma_session               *s = x->s;
    puma_share                  qkv, q, k, v, weights, mixed;

    s->host->label(s, "layer %d qkv", layer);
    qkv = exec_linear(x, n, w->qkv, w->qkv_bias, NULL, r->attention);
    if (qkv == NULL) return NULL;
    q = heads(x, qkv, qkv->dim[0] - rows, 0, m->heads);
    k = heads(x, qkv, 0, m->heads, m->kv_heads);
    v = heads(x, qkv, 0, m->heads + m->kv_heads, m->kv_heads);
    if (m->rotary != NULL) {
        s->host->label(s, "layer %d rotary", layer);
        turn(x, &q, &k, p->first);
    }
    if (p->first > 0) recall(s, x->cache[layer], &k, &v);
    if (q == NULL || k == NULL || v == NULL) return NULL;
    if (p->keep) *kept = joined(s, k, v);
    s->host->label(s, "layer %d scores", layer);
    weights = scores_of(x, q, k);
    s->host->label(s, "layer %d softmax", layer);
    weights =
        m->causal ? causal_weights(x, weights, layer) : exec_function(x, PUMA_SLOT_SOFTMAX, weights, NULL);
    s->host->label(s, "layer %d mix", layer);
    mixed =
        weights == NULL ? NULL : puma_matmul(s, grouped(s, weights, m->kv_heads), v, 0, r->frac, r->mixed);
    mixed =
        puma_permute(s, puma_reshape3(s, mixed, m->heads, rows, m->head_dim), (const uint32_t[]){ 1, 0, 2 });
    return puma_reshape2(s, mixed, rows, m->heads * m->head_dim);
}
