/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/rows.h - functions of rows: maxima, and rows of public lengths packed one after the other, so that
 * what a causal mask hides costs no work.  For softmax and similar functions; written with <puma/ops.h>
 * only. */
#ifndef PUMA_ROWS_H
#define PUMA_ROWS_H

#include <puma/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- rows ------------------------------------------------------------------------------------- */

/* Maximum over the last axis, by a tournament: ceil(log2 n) levels of puma_larger. */
static inline puma_share puma_max(puma_session *s, puma_share x)
{
    puma_share left, right, rest, both[2];
    size_t     n, half, rows;

    if (!puma_ready(s, x)) return NULL;
    n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (n == 0) {
        s->host->fail(s, PUMA_EINTERNAL, "the maximum of an empty row");
        return NULL;
    }
    rows = x->n / n;
    puma_share y = puma_reshape2(s, x, rows, n);
    while (n > 1 && s->status == PUMA_OK) {
        half = n / 2;
        left = puma_slice(s, y, 1, 0, half);
        right = puma_slice(s, y, 1, half, 2 * half);
        both[0] = puma_larger(s, left, right);
        if (n % 2 != 0) {
            rest = puma_slice(s, y, 1, n - 1, n);
            both[1] = rest;
            y = puma_concat(s, both, 2, 1);
        } else {
            y = both[0];
        }
        n = half + n % 2;
    }
    return puma_reshape(s, y, x->rank - 1, x->dim);
}

/* --- rows of public lengths ---------------------------------------------------------------------- */

/* The first length[r] entries of each row of (..., n).  Packed: only those entries, one row after the other,
 * as (total). length NULL: all of every row, and packing only changes the shape. */
typedef struct puma_rows {
    size_t        rows, n, total;
    const size_t *length, *row; /* row[i]: the row of packed entry i                             */
    size_t        dim[PUMA_MAX_RANK];
    uint32_t      rank;
} puma_rows;

/* The rows of x; `lengths` as in puma_arguments.  Valid as long as the caller's scope and `lengths`. */
static inline puma_status puma_rows_of(puma_session *s, puma_rows *g, puma_share x, const size_t *lengths)
{
    size_t *row, at = 0;

    memset(g, 0, sizeof *g);
    if (!puma_ready(s, x)) return s->status;
    g->rank = x->rank;
    memcpy(g->dim, x->dim, sizeof g->dim);
    g->n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (g->n == 0) return s->host->fail(s, PUMA_EINTERNAL, "empty rows have no entries to work on");
    g->rows = x->n / g->n;
    g->total = x->n;
    if (lengths == NULL) return PUMA_OK;
    g->total = 0;
    for (size_t r = 0; r < g->rows; r++) {
        if (lengths[r] == 0 || lengths[r] > g->n)
            return s->host->fail(s, PUMA_EINTERNAL, "row %zu has %zu of %zu entries", r, lengths[r], g->n);
        g->total += lengths[r];
    }
    if (g->total == x->n) return PUMA_OK;
    row = (size_t *)(void *)s->host->scratch(s, g->total);
    if (row == NULL) return s->status;
    for (size_t r = 0; r < g->rows; r++)
        for (size_t i = 0; i < lengths[r]; i++) row[at++] = r;
    g->length = lengths;
    g->row = row;
    return PUMA_OK;
}

static inline puma_share puma_pack(puma_session *s, puma_share x, const puma_rows *g)
{
    size_t *index, at = 0;

    x = puma_ready(s, x) ? puma_reshape1(s, x, x->n) : NULL;
    if (x == NULL || g->length == NULL) return x;
    index = (size_t *)(void *)s->host->scratch(s, g->total);
    for (size_t r = 0; index != NULL && r < g->rows; r++)
        for (size_t i = 0; i < g->length[r]; i++) index[at++] = r * g->n + i;
    return puma_pick(s, x, index, g->total);
}

/* The inverse of packing, with 0 after each row's end. */
static inline puma_share puma_unpack(puma_session *s, puma_share x, const puma_rows *g)
{
    size_t      *index, at = 0;
    const size_t one = 1;
    puma_tensor *zero;
    puma_share   both[2] = { x, NULL };

    if (g->length == NULL) return puma_reshape(s, x, g->rank, g->dim);
    zero = puma_ready(s, x) ? s->host->tensor(s, PUMA_ARITH, 1, &one, x->bits, x->frac) : NULL;
    index = (size_t *)(void *)s->host->scratch(s, g->rows * g->n);
    if (zero == NULL || index == NULL) return NULL;
    zero->range = x->range;
    for (size_t r = 0; r < g->rows; r++)
        for (size_t i = 0; i < g->n; i++) index[r * g->n + i] = i < g->length[r] ? at++ : g->total;
    both[0] = x;
    both[1] = zero;
    x = puma_pick(s, puma_concat(s, both, 2, 0), index, g->rows * g->n);
    return puma_reshape(s, x, g->rank, g->dim);
}

/* From x (rows) to packed form: each entry is repeated for all packed entries of its row. */
static inline puma_share puma_spread(puma_session *s, puma_share x, const puma_rows *g)
{
    if (g->length != NULL) return puma_pick(s, x, g->row, g->total);
    return puma_reshape1(s, puma_expand(s, x, g->n), g->total);
}

/* Packed x, each entry times its row's entry of y (rows). */
static inline puma_share puma_mul_spread(puma_session *s, puma_share x, puma_share y, const puma_rows *g,
                                         uint32_t frac, uint32_t bits)
{
    if (g->length == NULL) return puma_mul_to(s, x, y, 1, frac, bits);
    return puma_mul_to(s, x, puma_spread(s, y, g), 0, frac, bits);
}

/* (rows): the sum of each row of packed x. */
static inline puma_share puma_sum_rows(puma_session *s, puma_share x, const puma_rows *g)
{
    x = puma_unpack(s, x, g);
    return puma_ready(s, x) ? puma_sum(s, puma_reshape2(s, x, g->rows, g->n)) : NULL;
}

/* (rows): the maximum of each row of packed x.  Each level of the tournament handles all rows at once. */
static inline puma_share puma_max_rows(puma_session *s, puma_share x, const puma_rows *g)
{
    size_t    *left, *right, *next, *length, most = 0, mark, pairs, at, to, from;
    puma_share a, b, both[2];

    if (!puma_ready(s, x)) return NULL;
    if (g->length == NULL) return puma_max(s, puma_reshape2(s, x, g->rows, g->n));
    mark = s->host->enter(s);
    left = (size_t *)(void *)s->host->scratch(s, g->total);
    right = (size_t *)(void *)s->host->scratch(s, g->total);
    next = (size_t *)(void *)s->host->scratch(s, g->total);
    length = (size_t *)(void *)s->host->scratch(s, g->rows);
    if (left == NULL || right == NULL || next == NULL || length == NULL) x = NULL;
    for (size_t r = 0; x != NULL && r < g->rows; r++) {
        length[r] = g->length[r];
        if (length[r] > most) most = length[r];
    }
    for (; x != NULL && most > 1; most -= most / 2) {
        pairs = at = 0;
        for (size_t r = 0; r < g->rows; at += length[r++])
            for (size_t i = 0; i + 1 < length[r]; i += 2) {
                left[pairs] = at + i;
                right[pairs++] = at + i + 1;
            }
        a = puma_pick(s, x, left, pairs);
        b = puma_pick(s, x, right, pairs);
        both[0] = puma_larger(s, a, b);
        both[1] = x;
        /* A row keeps its winners, and its last entry if that had no partner. */
        at = to = from = 0;
        for (size_t r = 0; r < g->rows; r++) {
            at += length[r];
            for (size_t i = 0; i < length[r] / 2; i++) next[to++] = from++;
            if (length[r] % 2 != 0) next[to++] = pairs + at - 1;
            length[r] -= length[r] / 2;
        }
        x = puma_pick(s, puma_concat(s, both, 2, 0), next, to);
    }
    puma_leave(s, mark, x);
    return x;
}

#ifdef __cplusplus
}
#endif

#endif
