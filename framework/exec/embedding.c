/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* embedding.c - see embedding.h */
#include "exec/embedding.h"

#include "exec/share.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* The shares of a pass's inputs, in the form that [run] embedding chose; what the other forms need is
 * NULL. */
typedef struct shared_input {
    size_t          count;      /* rows of all sequences                                       */
    puma_share      hot;        /* one-hot rows over tokens and types: (T, V + types), frac 0  */
    puma_share      ids, types; /* integers (T), for equality tests; types NULL when the model has none */
    puma_share      patches;    /* pictures: (count - one a picture, numbers in a patch)       */
    const uint32_t *client_ids, *client_types; /* for the protocol's lookup, at the provider   */
} shared_input;

/* The tokens as one-hot rows over token and type tables (frac 0), made by the provider. */
static puma_share share_one_hot(struct exec *x, size_t tokens, const uint32_t *ids, const uint32_t *types)
{
    const model *m = x->config.model;
    size_t       dim[2] = { tokens, m->vocabulary + m->types };
    double      *rows = NULL;
    puma_share   z;

    if (exec_is_provider(x)) {
        rows = calloc(dim[0] * dim[1], sizeof *rows);
        if (rows == NULL) {
            x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)",
                             dim[0] * dim[1] * sizeof *rows);
            return NULL;
        }
        for (size_t t = 0; t < tokens; t++) {
            rows[t * dim[1] + ids[t]] = 1;
            if (m->types > 0) rows[t * dim[1] + m->vocabulary + types[t]] = 1;
        }
    }
    z = exec_share(x, rows, 2, dim, 0, x->config.rings.table);
    free(rows);
    return z;
}

/* The ids themselves as integers, for equality tests. */
static puma_share share_integers(struct exec *x, size_t tokens, const uint32_t *values)
{
    double    *numbers = NULL;
    puma_share z;

    if (exec_is_provider(x)) {
        numbers = malloc(tokens * sizeof *numbers);
        if (numbers == NULL) {
            x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)",
                             tokens * sizeof *numbers);
            return NULL;
        }
        for (size_t t = 0; t < tokens; t++) numbers[t] = values[t];
    }
    z = exec_share(x, numbers, 1, &tokens, 0, x->config.rings.table);
    free(numbers);
    return z;
}

/* Looks rows up by ids that only the provider knows, through the protocol's own lookup: the client sends what
 * the parties need, and they wait for it. */
static puma_share lookup(struct exec *x, const shared_input *in)
{
    const model     *m = x->config.model;
    const puma_index parts[] = { { .first = 0, .rows = m->vocabulary, .ids = in->client_ids },
                                 { .first = m->vocabulary, .rows = m->types, .ids = in->client_types } };

    return puma_embed(x->s, x->table, parts, m->types > 0 ? 2 : 1, in->count, x->provider,
                      puma_ring_for(x->s, x->config.rings.table));
}

/* Called at every node; `ids` and `types` are the provider's, NULL elsewhere. */
static shared_input share_tokens(struct exec *x, size_t tokens, const uint32_t *ids, const uint32_t *types)
{
    shared_input in = { .count = tokens };

    if (x->config.lookup) {
        if (exec_is_provider(x)) {
            in.client_ids = ids;
            in.client_types = types;
        }
        if (x->s->role == PUMA_CLIENT) lookup(x, &in);
    } else if (x->config.equality) {
        in.ids = share_integers(x, tokens, ids);
        if (x->config.model->types > 0) in.types = share_integers(x, tokens, types);
    } else {
        in.hot = share_one_hot(x, tokens, ids, types);
    }
    return in;
}

/* One-hot rows: those that the provider shared, or made by comparing the shared ids with every row number. */
static puma_share one_hot_rows(struct exec *x, const shared_input *in)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    puma_share    both[2];

    if (!x->config.equality) return in->hot;
    both[0] = puma_one_hot(s, in->ids, m->vocabulary);
    both[1] = m->types > 0 ? puma_one_hot(s, in->types, m->types) : NULL;
    return puma_b2a(s, m->types > 0 ? puma_concat(s, both, 2, 1) : both[0], 0, x->config.rings.table);
}

/* --- pictures (Dosovitskiy et al. 2021) -------------------------------------------------------- */

/* Writes the patches of one picture, row after row; returns their end. */
static double *cut_patches(const model *m, const double *pixels, double *to)
{
    size_t high = m->patch[0], wide = m->patch[1], across = m->image[1] / wide;

    for (size_t i = 0; i + 1 < m->positions; i++)
        for (size_t c = 0; c < m->channels; c++)
            for (size_t y = i / across * high; y < (i / across + 1) * high; y++)
                for (size_t column = i % across * wide; column < (i % across + 1) * wide; column++)
                    *to++ = pixels[(c * m->image[0] + y) * m->image[1] + column];
    return to;
}

/* Called at every node; the pixels are the provider's. */
static shared_input share_patches(struct exec *x, const exec_input *pictures, size_t count)
{
    const model *m = x->config.model;
    size_t       dim[2] = { count * (m->positions - 1), m->channels * m->patch[0] * m->patch[1] };
    double      *rows = NULL, *to;
    shared_input in = { .count = count * m->positions };

    if (exec_is_provider(x) && (rows = calloc(dim[0] * dim[1], sizeof *rows)) == NULL) {
        x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory (%zu bytes asked)",
                         dim[0] * dim[1] * sizeof *rows);
        return in;
    }
    to = rows;
    for (size_t i = 0; rows != NULL && i < count; i++)
        if (pictures[i].pixels != NULL) to = cut_patches(m, pictures[i].pixels, to);
    in.patches = exec_share(x, rows, 2, dim, x->config.rings.frac, x->config.rings.wide);
    if (rows != NULL) OPENSSL_cleanse(rows, dim[0] * dim[1] * sizeof *rows);
    free(rows);
    return in;
}

/* For each picture the row of the class, then one row a patch, which is a product; each plus its position's
 * row. */
static puma_share embed_patches(struct exec *x, const shared_input *in)
{
    puma_session  *s = x->s;
    size_t         each = x->config.model->positions, *index = (size_t *)s->host->scratch(s, in->count);
    const residual position = { .n = puma_slice(s, x->position, 0, 1, each) }; /* the same for all pictures */
    puma_share     rows[2];

    rows[0] = puma_add(s, puma_reshape2(s, x->cls, 1, x->config.model->hidden),
                       puma_slice(s, x->position, 0, 0, 1));
    rows[1] = exec_linear(x, in->patches, x->patch, x->patch_bias, &position, x->config.rings.wide);
    if (rows[0] == NULL || rows[1] == NULL || index == NULL) return NULL;
    for (size_t i = 0; i < in->count; i++) index[i] = i % each == 0 ? 0 : i - i / each;
    return puma_promise(s, puma_pick(s, puma_concat(s, rows, 2, 0), index, in->count),
                        x->config.model->ranges.hidden);
}

/* The rows of the position table for the pass's tokens. */
static puma_share positions_of(struct exec *x, const pass *p)
{
    puma_session *s = x->s;
    size_t        rows = pass_rows(p, false), at = 0, *index = (size_t *)s->host->scratch(s, rows);

    if (index == NULL) return NULL;
    for (size_t i = 0; i < p->count; i++)
        for (size_t t = 0; t < p->tokens[i]; t++)
            index[at++] = x->config.model->position_offset + p->first[i] + t;
    return puma_pick(s, x->position, index, rows);
}

/* At nodes that compute: the rows of the tokens and their types, plus those of their positions. */
static puma_share embed(struct exec *x, const shared_input *in, const pass *p)
{
    const model  *m = x->config.model;
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    size_t        dim[2] = { in->count, m->embedding_width };
    puma_share    position = NULL, rows; /* rotary positions have no table */
    puma_term     terms[2] = { { .op = PUMA_TERM_MATMUL, .y = x->table }, { .op = PUMA_TERM_ADD } };

    if (m->pixels) return embed_patches(x, in);
    if (x->position != NULL && (position = positions_of(x, p)) == NULL) return NULL;
    if (x->config.lookup) {
        rows = lookup(x, in);
        if (position != NULL) rows = puma_add(s, rows, position);
    } else {
        terms[0].x = one_hot_rows(x, in);
        terms[1].x = position;
        if (terms[0].x == NULL) return NULL;
        rows = puma_product(s, terms, position != NULL ? 2 : 1, 2, dim, r->frac, r->table);
    }
    return puma_promise(s, puma_resize(s, rows, r->wide), m->ranges.embedding + 2);
}

/* The first layer's input: the embedded rows, normed and mapped where the model says so. */
static residual first_layer(struct exec *x, const shared_input *in, const pass *p)
{
    puma_share rows;
    residual   h;

    host_at(x->s, "embedding", -1, x->config.model->pixels ? "patches" : "lookup");
    rows = embed(x, in, p);
    if (rows == NULL || x->config.model->place == MODEL_PRE_NORM) return (residual){ rows, NULL, NULL };
    host_at(x->s, "embedding", -1, "norm");
    h = exec_norm(x, rows, x->embedding_gain, x->embedding_bias);
    if (!x->config.model->mapped) return h;
    host_at(x->s, "embedding", -1, "map");
    return exec_sum(x, exec_linear(x, h.n, x->map, x->map_bias, NULL, x->config.rings.wide));
}

/* At the provider: the ids of all inputs one after the other, then all their types; malloc'd. */
static uint32_t *joined_ids(struct exec *x, const exec_input *in, size_t count, size_t tokens)
{
    bool      types = x->config.model->types > 0;
    uint32_t *all = NULL;

    if (!exec_is_provider(x)) return NULL;
    all = calloc(2 * tokens, sizeof *all);
    if (all == NULL) x->s->host->fail(x->s, PUMA_ERESOURCE, "out of memory for the inputs");
    for (size_t i = 0, at = 0; all != NULL && i < count; at += in[i++].tokens) {
        if (in[i].tokens == 0) continue;
        memcpy(all + at, in[i].ids, in[i].tokens * sizeof *all);
        if (types) memcpy(all + tokens + at, in[i].types, in[i].tokens * sizeof *all);
    }
    return all;
}

residual exec_embed(struct exec *x, const exec_input *in, const pass *p)
{
    puma_session *s = x->s;
    size_t        mark = s->host->enter(s), tokens = pass_rows(p, false);
    bool          pictures = x->config.model->pixels;
    uint32_t     *ids = pictures ? NULL : joined_ids(x, in, p->count, tokens);
    shared_input  shared = { 0 };
    residual      h = { 0 };

    host_at(s, "input", -1, "share");
    if (s->status == PUMA_OK)
        shared = pictures ? share_patches(x, in, p->count)
                          : share_tokens(x, tokens, ids, ids == NULL ? NULL : ids + tokens);
    if (s->role != PUMA_CLIENT) h = first_layer(x, &shared, p);
    puma_leave(s, mark, h.n);
    if (ids != NULL) OPENSSL_cleanse(ids, 2 * tokens * sizeof *ids);
    free(ids);
    return h;
}
