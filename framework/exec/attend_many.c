/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attend_many.c - see attend_many.h */
#include "exec/attend_many.h"

#include "exec/parts.h"

typedef struct tile {
    size_t row, rows, from, to; /* its first row, its number of rows; its keys are from … to - 1 */
    size_t at;                  /* where its scores begin among those of a head */
} tile;

typedef struct tiling {
    tile   *tile;
    size_t  count;
    size_t  rows, entries, width; /* of one head: rows, scores in all tiles, scores of the longest row */
    size_t *from, *to, *in;       /* of each row: the keys that it sees, from … to - 1, and its tile */
    size_t *own;                  /* of each row: the key of the same token */
    bool    even; /* each row sees all keys of its tile, `width` of them: tiles need no rearranging */
} tiling;

static puma_status make_room(puma_session *s, tiling *g, size_t rows)
{
    *g = (tiling){ .rows = rows, .even = true };
    g->tile = (tile *)s->host->scratch(s, rows * (sizeof *g->tile / sizeof(uint64_t)));
    g->from = (size_t *)s->host->scratch(s, rows);
    g->to = (size_t *)s->host->scratch(s, rows);
    g->in = (size_t *)s->host->scratch(s, rows);
    g->own = (size_t *)s->host->scratch(s, rows);
    return s->status;
}

/* Adds the tiles of one sequence, whose keys are the `keys` from `first` on.  Its rows are the `rows` from
 * `row` on and belong to its last tokens. */
static void add_sequence(tiling *g, size_t row, size_t rows, size_t first, size_t keys, bool causal,
                         size_t window)
{
    size_t high = !causal ? rows : rows > 32 ? (rows + 7) / 8 : 4;

    for (size_t done = 0; done < rows; done += high) {
        tile *t = &g->tile[g->count];

        *t = (tile){ .row = row + done, .rows = rows - done < high ? rows - done : high, .at = g->entries };
        for (size_t r = t->row; r < t->row + t->rows; r++) {
            size_t behind = causal ? keys - rows + (r - row) + 1 : keys; /* up to its own, or all */

            g->from[r] = first + (window > 0 && behind > window ? behind - window : 0);
            g->to[r] = first + behind;
            g->in[r] = g->count;
            g->own[r] = first + keys - rows + (r - row);
            if (g->to[r] - g->from[r] > g->width) g->width = g->to[r] - g->from[r];
        }
        t->from = g->from[t->row];
        t->to = g->to[t->row + t->rows - 1];
        g->entries += t->rows * (t->to - t->from);
        g->count++;
    }
}

static puma_status cover(struct exec *x, tiling *g, bool last, const pass *p, int layer)
{
    const model *m = x->config.model;
    size_t       row = 0, first = 0;

    if (make_room(x->s, g, pass_rows(p, last)) != PUMA_OK) return x->s->status;
    for (size_t i = 0; i < p->count; i++) {
        size_t rows = pass_rows_of(p, last, i), keys = p->tokens[i] > 0 ? p->first[i] + p->tokens[i] : 0;

        add_sequence(g, row, rows, first, keys, m->causal, m->causal ? m->window[layer] : 0);
        row += rows;
        first += keys;
    }
    for (size_t r = 0; r < g->rows; r++) {
        const tile *t = &g->tile[g->in[r]];

        g->even = g->even && g->from[r] == t->from && g->to[r] == t->to && t->to - t->from == g->width;
    }
    return PUMA_OK;
}

/* The place of row r's score for key `key` among the scores of a head. */
static size_t entry_of(const tiling *g, size_t r, size_t key)
{
    const tile *t = &g->tile[g->in[r]];

    return t->at + (r - t->row) * (t->to - t->from) + key - t->from;
}

/* One block for each head and tile.  With `scores` it multiplies rows of q by keys (transposed), otherwise
 * weights by values.  `times` heads share a key. */
static puma_blocks blocks_of(puma_session *s, const tiling *g, size_t heads, size_t times, size_t keys,
                             size_t e, bool scores)
{
    puma_block *b = (puma_block *)s->host->scratch(s, heads * g->count * (sizeof *b / sizeof(uint64_t)));

    for (size_t h = 0; b != NULL && h < heads; h++)
        for (size_t i = 0; i < g->count; i++) {
            const tile *t = &g->tile[i];
            size_t      tiled = h * g->entries + t->at, row = (h * g->rows + t->row) * e;
            size_t      key = (h / times * keys + t->from) * e, wide = t->to - t->from;

            b[h * g->count + i] = scores ? (puma_block){ row, key, tiled, t->rows, wide, e }
                                         : (puma_block){ tiled, key, row, t->rows, e, wide };
        }
    return (puma_blocks){ .block = b, .count = heads * g->count, .y_transposed = scores };
}

/* Adds to each score in its tile the entry of the secret table for the pair's distance.  Distances are
 * public. */
static puma_share placed(struct exec *x, puma_share scores, const tiling *g)
{
    const model  *m = x->config.model;
    puma_session *s = x->s;
    size_t       *index, used = 0;
    puma_share    table;

    if (x->relative == NULL || scores == NULL) return scores;
    index = (size_t *)s->host->scratch(s, scores->n);
    if (index == NULL) return NULL;
    for (size_t h = 0; h < m->heads; h++)
        for (size_t r = 0; r < g->rows; r++) {
            const tile *t = &g->tile[g->in[r]];

            for (size_t key = t->from; key < t->to; key++)
                index[used++] = model_bucket(m, (ptrdiff_t)key - (ptrdiff_t)g->own[r]) * m->heads + h;
        }
    table = puma_resize(s, puma_reshape1(s, x->relative, x->relative->n), scores->bits);
    scores = puma_add(s, scores, puma_pick(s, table, index, scores->n));
    return scores == NULL ? NULL : puma_promise(s, scores, m->ranges.scores);
}

/* From tiles to rows that hold what each row sees: (H, rows, width).  A shorter row is padded with arbitrary
 * entries. */
static puma_share as_rows(puma_session *s, puma_share x, const tiling *g, size_t heads)
{
    size_t *index, used = 0;

    if (x == NULL || g->even) return puma_reshape3(s, x, heads, g->rows, g->width);
    index = (size_t *)s->host->scratch(s, heads * g->rows * g->width);
    if (index == NULL) return NULL;
    for (size_t h = 0; h < heads; h++)
        for (size_t r = 0; r < g->rows; r++)
            for (size_t j = 0; j < g->width; j++) {
                size_t key = g->from[r] + j < g->to[r] ? g->from[r] + j : g->from[r];

                index[used++] = h * g->entries + entry_of(g, r, key);
            }
    return puma_reshape3(s, puma_pick(s, x, index, used), heads, g->rows, g->width);
}

/* From rows back to tiles, with 0 where a row does not see a key of its tile. */
static puma_share as_tiles(puma_session *s, puma_share x, const tiling *g, size_t heads)
{
    puma_tensor *zero;
    puma_share   both[2];
    size_t      *index, used = 0;

    if (x == NULL || g->even) return puma_reshape1(s, x, heads * g->entries);
    index = (size_t *)s->host->scratch(s, heads * g->entries);
    zero = s->host->tensor(s, PUMA_ARITH, 1, (const size_t[]){ 1 }, x->bits, x->frac);
    if (index == NULL || zero == NULL) return NULL;
    zero->range = x->range;
    for (size_t h = 0; h < heads; h++)
        for (size_t r = 0; r < g->rows; r++) { /* rows are ordered by tile, and within it */
            const tile *t = &g->tile[g->in[r]];

            for (size_t key = t->from; key < t->to; key++)
                index[used++] = key >= g->from[r] && key < g->to[r]
                                    ? (h * g->rows + r) * g->width + key - g->from[r]
                                    : x->n;
        }
    both[0] = puma_reshape1(s, x, x->n);
    both[1] = zero;
    return puma_pick(s, puma_concat(s, both, 2, 0), index, used);
}

/* Softmax of each row, over the keys that it sees. */
static puma_share softmax(struct exec *x, puma_share scores, const tiling *g, size_t heads)
{
    size_t *lengths = NULL;

    if (!g->even) {
        lengths = (size_t *)x->s->host->scratch(x->s, heads * g->rows);
        for (size_t i = 0; lengths != NULL && i < heads * g->rows; i++)
            lengths[i] = g->to[i % g->rows] - g->from[i % g->rows];
    }
    return x->s->status == PUMA_OK ? exec_softmax(x, scores, lengths) : NULL;
}

puma_share exec_attend_many(struct exec *x, puma_share q, puma_share k, puma_share v, bool last,
                            const pass *p, int layer)
{
    const model  *m = x->config.model;
    const rings  *r = &x->config.rings;
    puma_session *s = x->s;
    size_t        h = m->heads, times = h / m->kv_heads, e = m->head_dim;
    tiling        g;
    puma_blocks   to_scores, to_mix;
    puma_share    z;

    if (cover(x, &g, last, p, layer) != PUMA_OK || !puma_ready(s, q) || !puma_ready(s, k)) return NULL;
    to_scores = blocks_of(s, &g, h, times, k->dim[1], e, true);
    to_mix = blocks_of(s, &g, h, times, k->dim[1], e, false);
    if (to_scores.block == NULL || to_mix.block == NULL) return NULL;
    host_at(s, "layer", layer, "scores");
    z = puma_matmul_blocks(s, q, k, &to_scores, h * g.entries, r->frac, r->scores);
    z = placed(x, z == NULL ? NULL : puma_promise(s, z, m->ranges.scores), &g);
    z = as_rows(s, z, &g, h);
    host_at(s, "layer", layer, "softmax");
    z = as_tiles(s, softmax(x, z, &g, h), &g, h);
    host_at(s, "layer", layer, "mix");
    z = puma_matmul_blocks(s, z, v, &to_mix, h * g.rows * e, r->frac, r->mixed);
    return puma_reshape3(s, z, h, g.rows, e);
}
