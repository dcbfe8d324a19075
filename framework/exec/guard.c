/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* guard.c - see guard.h */
#include "exec/guard.h"

#include "exec/share.h"
#include "host/guard.h"

#include <math.h>
#include <stdio.h>

/* Bits behind the point of the rows whose squares are summed.  Truncation of a number errs by less than one
 * of them, so that the sum of a row's n squares errs by little more than sqrt(n) of its length. */
enum { NORM_FRAC = 6, MOST_SCORE_FRAC = 6, NORM_RING = 36 };
/* Rows that wait for the verdict take two planes of words: 128 MiB. */
#define MOST_WAITING ((size_t)8 << 20)

/* --- what the rings allow ---------------------------------------------------------------------- */

/* How far a row's scores may lie apart, in the operand's units: what the maximum takes, or without a narrow
 * ring (puma_approx.input_bits) what the plan promises. */
static double window_of(const exec_config *c, const puma_approx *softmax)
{
    const model *m = c->model;
    double       scale = rings_operand_scale(softmax);
    int          added = m->ranges.relative == RANGE_UNKNOWN ? m->ranges.scores : m->ranges.relative;
    double       relative = m->buckets > 0 ? 2 * scale * ldexp(1, added) : 0;
    int          bits = (int)c->rings.scores - (int)c->rings.frac;

    if (softmax == NULL || softmax->input_bits == 0) return scale * ldexp(1, m->ranges.scores + 1) - relative;
    return ldexp(15.0 / 16, bits - 1) - 1 - relative;
}

/* The most fraction bits that queries and keys can keep: the sum of e squares below 2^(2 queries) has to fit
 * what is left of their ring, with a sign.  -1: none. */
static int score_frac(const exec_config *c)
{
    const model *m = c->model;
    int          queries = m->ranges.queries == RANGE_UNKNOWN ? m->ranges.attention : m->ranges.queries;
    int          left = (int)c->rings.attention - (int)c->rings.frac - 1 - 2 * queries;

    for (size_t n = 1; n < m->head_dim; n *= 2) left--;
    if (left > (int)c->rings.frac) left = (int)c->rings.frac;
    return left < MOST_SCORE_FRAC ? left : MOST_SCORE_FRAC;
}

/* The largest sum of squares of a query or key, in units of 2^(-2 frac); 0: none is certain. */
static uint64_t score_limit(const exec_config *c, const puma_approx *softmax)
{
    int    frac = score_frac(c);
    double window = window_of(c, softmax), length;

    if (frac < 0 || window <= 0 || !rings_reach_fits(&c->model->ranges)) return 0;
    length = ldexp(sqrt(window / 2), frac) - sqrt((double)c->model->head_dim);
    return length * length <= GUARD_SLACK || length < 0
               ? 0
               : (uint64_t)fmin(length * length - GUARD_SLACK, 0x1p60);
}

bool exec_guards_scores(const exec_config *config, const puma_approx *softmax)
{
    return score_limit(config, softmax) > 0;
}

void exec_guard_open(struct exec *x)
{
    const exec_config *c = &x->config;
    puma_session      *s = x->s;
    uint32_t           bits = NORM_RING;

    x->guards = c->guard && !puma_is_float(s);
    if (!x->guards || s->role == PUMA_CLIENT || s->status != PUMA_OK) return;
    x->score_most = score_limit(c, s->host->function(s, PUMA_SLOT_SOFTMAX));
    if (x->score_most > 0) {
        x->score_frac = (uint32_t)score_frac(c);
        bits = c->rings.attention - c->rings.frac + x->score_frac;
    }
    guard_begin(s, puma_ring_for(s, bits));
    x->guard_bits = puma_ring_for(s, bits);
    if (x->score_most >> (x->guard_bits - 1) != 0) x->score_most = puma_mask(x->guard_bits - 1);
}

void exec_guard_close(struct exec *x)
{
    if (x->guards && x->s->role != PUMA_CLIENT) guard_end(x->s);
}

/* --- facts ------------------------------------------------------------------------------------- */

/* Rows (n, e) as integers with `frac` bits behind the point, in the guard's ring. */
static puma_share as_integers(struct exec *x, puma_share rows, uint32_t frac)
{
    puma_session *s = x->s;
    puma_tensor  *z;

    rows = puma_trunc_to(s, rows, frac, x->guard_bits);
    z = rows == NULL ? NULL : s->host->view(s, rows);
    if (z == NULL) return NULL;
    z->frac = 0;
    z->range = (int32_t)z->bits - 1;
    return z;
}

void exec_guard_norm(struct exec *x, puma_share n, size_t flags)
{
    size_t     mark;
    double     d;
    uint32_t   frac;
    puma_share rows;

    if (!x->guards || n == NULL) return;
    mark = x->s->host->enter(x->s);
    frac = n->frac < NORM_FRAC ? n->frac : NORM_FRAC;
    d = ldexp((double)n->dim[n->rank - 1], 2 * (int)frac);
    rows = as_integers(x, n, frac);
    if (rows != NULL)
        guard_squares(x->s, rows, guard_flags(x->s) > flags ? GUARD_POSITIVE : (uint64_t)(d / 4),
                      (uint64_t)(d * 9 / 8));
    puma_leave(x->s, mark, NULL);
}

static void longest(double *row, size_t n, const void *context)
{
    double sum = 0, *most = *(double *const *)context;

    for (size_t k = 0; k < n; k++) sum += row[k] * row[k];
    if (!(sum <= *most)) *most = sum;
}

/* Where values are in the clear: tells who measures how far the longest queries and keys let scores lie
 * apart. */
static void measure(struct exec *x, puma_share rows)
{
    double most = 0, *to = &most;

    if (rows == NULL || puma_apply(x->s, rows, rows->dim[1], longest, &to, rows->frac, rows->bits) == NULL)
        return;
    x->s->host->observe(x->s, "reach", 2 * most, 0);
}

void exec_guard_scores(struct exec *x, puma_share qkv)
{
    const model *m = x->config.model;
    size_t       heads = m->heads + m->kv_heads, mark;
    puma_share   rows;

    if (qkv == NULL || (!x->config.measures && (!x->guards || x->score_most == 0))) return;
    mark = x->s->host->enter(x->s);
    rows = puma_slice(x->s, qkv, 1, 0, heads * m->head_dim);
    rows = rows == NULL ? NULL : puma_reshape2(x->s, rows, qkv->dim[0] * heads, m->head_dim);
    if (x->config.measures) {
        measure(x, rows);
        rows = NULL;
    }
    rows = rows == NULL ? NULL : as_integers(x, rows, x->score_frac);
    if (rows != NULL) guard_squares(x->s, rows, 0, x->score_most);
    puma_leave(x->s, mark, NULL);
}

void exec_guard_settle(struct exec *x)
{
    if (x->guards && x->s->role != PUMA_CLIENT) guard_settle(x->s, MOST_WAITING);
}

/* --- the verdict ------------------------------------------------------------------------------- */

static size_t groups_of(const struct exec *x) { return 2 * x->config.model->layers + 2; }

/* Before the layers, each layer's softmax and norms, and what comes behind them. */
static size_t group_of(void *context, const place *at)
{
    const struct exec *x = context;

    if (at->layer >= 0 && strcmp(at->part, "layer") == 0)
        return 2 * (size_t)at->layer + (strcmp(at->op, "norm") == 0 ? 2 : 1);
    return strcmp(at->part, "embedding") == 0 ? 0 : groups_of(x) - 1;
}

puma_share exec_guard_verdict(struct exec *x)
{
    size_t groups = groups_of(x);

    if (!x->guards) return NULL;
    host_at(x->s, "output", -1, "guard");
    if (x->s->role == PUMA_CLIENT) return exec_tensor(x, 1, &groups, 0, GUARD_VERDICT_BITS);
    return guard_verdict(x->s, groups, group_of, x);
}

void exec_guard_take(struct exec *x, const uint64_t *words)
{
    size_t groups = groups_of(x), k = 0;

    if (exec_is_rehearsal(x) || x->distrust[0] != '\0') return;
    while (k < groups && words[k] == 0) k++;
    if (k == groups) return;
    if (k == 0)
        snprintf(x->distrust, sizeof x->distrust, "the embedding's norm left its range");
    else if (k == groups - 1)
        snprintf(x->distrust, sizeof x->distrust, "the head left its range");
    else
        snprintf(x->distrust, sizeof x->distrust, "layer %zu %s left its range", (k - 1) / 2,
                 k % 2 == 1 ? "softmax" : "norm");
}
