/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fallback.c - operations on top of a protocol's core: the backend's own form where it brings the extension,
 * otherwise an algorithm built from the core alone, which runs on every backend.
 *
 * Plugins and the executor call it through the puma_host table.  It works on tensors through that table and
 * the protocol's, and touches neither the wire nor a share's words. */
#include "host/fallback.h"

#include "host/session.h"

#include <puma/rows.h>

/* Room for n things of `size` bytes, which lasts as long as a tensor of this scope. */
static void *room_for(puma_session *s, size_t n, size_t size)
{
    return s->host->scratch(s, n * ((size + sizeof(uint64_t) - 1) / sizeof(uint64_t)));
}

/* Leaves the scope that began at `mark` with what was built in it; NULL: nothing was.  Drops its const: <puma/ops.h>
 * returns const tensors, the host's table does not.  No plugin writes to it. */
static puma_tensor *leave_with(puma_session *s, size_t mark, puma_share built)
{
    puma_leave(s, mark, built);
    return (puma_tensor *)(uintptr_t)built;
}

static puma_tensor *refuse(puma_session *s, puma_status status, const char *why)
{
    s->host->fail(s, status, "%s", why);
    return NULL;
}

/* --- products ----------------------------------------------------------------------------------- */

/* Shares of a public matrix, without a message: a tensor of zeros is shares of 0, and adding a constant is
 * local. */
static puma_share shared_public(puma_session *s, const puma_public *w, uint32_t bits)
{
    size_t       n = w->dim[0] * (w->rank == 2 ? w->dim[1] : 1);
    puma_tensor *z = s->host->tensor(s, PUMA_ARITH, w->rank, w->dim, bits, w->frac);
    uint64_t    *words = z == NULL ? NULL : s->host->scratch(s, n);

    if (words == NULL) return NULL;
    puma_public_words(words, w);
    if (!puma_is_float(s)) s->host->ring->reduce(words, words, bits, n);
    return n == 0 ? z : puma_done(z, s->protocol->add_public(s, z, z, words, n));
}

/* Checks that the terms are complete and gives the fraction bits of their sum. */
static puma_status term_fraction(puma_session *s, const puma_term *terms, size_t count, uint32_t *frac)
{
    bool any = false;

    *frac = 0;
    for (size_t i = 0; i < count; i++) {
        const puma_term *t = &terms[i];
        uint32_t         both;

        if (!puma_ready(s, t->x)) return s->status;
        if (t->op == PUMA_TERM_ADD) continue;
        if (t->op == PUMA_TERM_PUBLIC ? t->w == NULL : !puma_ready(s, t->y))
            return s->host->fail(s, PUMA_EINTERNAL, "a product lacks its second operand");
        both = t->x->frac + (t->op == PUMA_TERM_PUBLIC ? t->w->frac : t->y->frac);
        if (any && both != *frac)
            return s->host->fail(s, PUMA_EINTERNAL, "summands of a product have %u and %u fraction bits", *frac,
                                 both);
        *frac = both;
        any = true;
    }
    return PUMA_OK;
}

/* The terms with shares in place of public matrices, for a backend that takes no public ones. */
static const puma_term *without_public(puma_session *s, const puma_term *terms, size_t count)
{
    puma_term *own = NULL;

    for (size_t i = 0; i < count && !(s->caps & PUMA_CAP_PUBLIC); i++) {
        if (terms[i].op != PUMA_TERM_PUBLIC) continue;
        if (own == NULL) {
            own = room_for(s, count, sizeof *own);
            if (own == NULL) return NULL;
            memcpy(own, terms, count * sizeof *own);
        }
        own[i].op = PUMA_TERM_MATMUL;
        own[i].y = shared_public(s, terms[i].w, terms[i].x->bits);
        own[i].w = NULL;
        if (own[i].y == NULL) return NULL;
    }
    return own != NULL ? own : terms;
}

puma_tensor *fallback_product(puma_session *s, const puma_term *terms, size_t count, uint32_t rank,
                              const size_t *dim, uint32_t frac, uint32_t bits)
{
    puma_tensor *z;
    uint32_t     product;
    size_t       mark;
    puma_status  status;

    if (s->status != PUMA_OK || term_fraction(s, terms, count, &product) != PUMA_OK) return NULL;
    if (frac > product) {
        s->host->fail(s, PUMA_EINTERNAL, "a product of %u fraction bits cannot give %u", product, frac);
        return NULL;
    }
    z = s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac);
    if (z == NULL) return NULL;
    mark = s->host->enter(s);
    terms = without_public(s, terms, count);
    status = terms == NULL ? s->status : s->protocol->product(s, z, terms, count, product - frac);
    puma_leave(s, mark, NULL);
    return puma_done(z, status);
}

/* x as (n + 1), with a share of 0 after its last element. */
static puma_share with_zero(puma_session *s, puma_share x)
{
    const size_t one = 1;
    puma_tensor *zero = s->host->tensor(s, PUMA_ARITH, 1, &one, x->bits, x->frac);
    puma_share   both[2] = { puma_reshape1(s, x, x->n), zero };

    if (zero == NULL) return NULL;
    zero->range = x->range;
    return puma_concat(s, both, 2, 0);
}

/* Elements of x by public index, where index x->n means 0. */
static puma_share picked(puma_session *s, puma_share x, const size_t *index, size_t count)
{
    return puma_pick(s, with_zero(s, x), index, count);
}

/* The largest m, n and k of all blocks. */
static puma_block largest_block(const puma_blocks *b)
{
    puma_block most = { 0 };

    for (size_t i = 0; i < b->count; i++) {
        if (b->block[i].m > most.m) most.m = b->block[i].m;
        if (b->block[i].n > most.n) most.n = b->block[i].n;
        if (b->block[i].k > most.k) most.k = b->block[i].k;
    }
    return most;
}

/* For a backend without products of blocks: all blocks are one batch in the shape of the largest, the smaller
 * ones padded with 0, and the results are picked out of it. */
static puma_share padded_blocks(puma_session *s, puma_share x, puma_share y, const puma_blocks *blocks, size_t n,
                                uint32_t frac, uint32_t bits)
{
    const puma_block most = largest_block(blocks);
    size_t           count = blocks->count;
    size_t          *left = room_for(s, count * most.m * most.k, sizeof *left);
    size_t          *right = room_for(s, count * most.n * most.k, sizeof *right), *out = room_for(s, n, sizeof *out);
    puma_share       a, b, z;

    if (left == NULL || right == NULL || out == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        const puma_block *c = &blocks->block[i];

        for (size_t r = 0, to = i * most.m * most.k; r < most.m; r++)
            for (size_t l = 0; l < most.k; l++) left[to++] = r < c->m && l < c->k ? c->x + r * c->k + l : x->n;
        for (size_t j = 0; j < most.n; j++)
            for (size_t l = 0; l < most.k; l++) {
                size_t at = blocks->y_transposed ? j * c->k + l : l * c->n + j;

                right[(i * most.n + j) * most.k + l] = j < c->n && l < c->k ? c->y + at : y->n;
            }
        for (size_t r = 0, to = c->z; r < c->m; r++)
            for (size_t j = 0; j < c->n; j++) out[to++] = (i * most.m + r) * most.n + j;
    }
    a = puma_reshape3(s, picked(s, x, left, count * most.m * most.k), count, most.m, most.k);
    b = puma_reshape3(s, picked(s, y, right, count * most.n * most.k), count, most.n, most.k);
    z = puma_matmul(s, a, b, 1, frac, bits);
    return puma_ready(s, z) ? puma_pick(s, puma_reshape1(s, z, z->n), out, n) : NULL;
}

puma_tensor *fallback_matmul_blocks(puma_session *s, const puma_tensor *x, const puma_tensor *y,
                                    const puma_blocks *blocks, size_t n, uint32_t frac, uint32_t bits)
{
    const puma_blocks_ext *own = &session_extensions(s)->blocks;
    puma_tensor           *z;
    puma_share             built;
    size_t                 filled = 0, mark;

    if (!puma_ready(s, x) || !puma_ready(s, y)) return NULL;
    for (size_t i = 0; i < blocks->count; i++) {
        const puma_block *b = &blocks->block[i];

        if (b->x + b->m * b->k > x->n || b->y + b->k * b->n > y->n || b->z + b->m * b->n > n)
            return refuse(s, PUMA_EINTERNAL, "a block of a matrix product lies outside of its tensors");
        filled += b->m * b->n;
    }
    if (filled != n || frac > x->frac + y->frac)
        return refuse(s, PUMA_EINTERNAL, "blocks do not make up the result of a product");
    if (own->product_blocks == NULL) {
        mark = s->host->enter(s);
        built = padded_blocks(s, x, y, blocks, n, frac, bits);
        return leave_with(s, mark, built);
    }
    z = s->host->tensor(s, PUMA_ARITH, 1, &n, puma_ring_for(s, bits), frac);
    if (z == NULL) return NULL;
    return puma_done(z, own->product_blocks(s, z, x, y, blocks, x->frac + y->frac - frac));
}

/* --- by comparison ------------------------------------------------------------------------------ */

puma_tensor *fallback_one_hot(puma_session *s, const puma_tensor *x, size_t count)
{
    const puma_lookup_ext *own = &session_extensions(s)->lookup;
    puma_share             below = NULL, next, column[2] = { NULL, NULL };
    size_t                 dim[2], mark;
    puma_tensor           *z;

    if (!puma_ready(s, x)) return NULL;
    dim[0] = x->n;
    dim[1] = count;
    if (own->one_hot != NULL) {
        z = s->host->tensor(s, PUMA_BIT, 2, dim, 1, 0);
        return z == NULL ? NULL : puma_done(z, own->one_hot(s, z, x));
    }
    /* [x = v] = [x < v + 1] ^ [x < v], one column after the other. */
    mark = s->host->enter(s);
    for (size_t v = 0; v < count; v++) {
        next = puma_less_real(s, x, (double)(v + 1));
        column[1] = puma_reshape2(s, below == NULL ? next : puma_xor(s, next, below), x->n, 1);
        column[0] = column[0] == NULL ? column[1] : puma_concat(s, column, 2, 1);
        below = next;
    }
    return leave_with(s, mark, column[0]);
}

puma_tensor *fallback_larger(puma_session *s, const puma_tensor *x, const puma_tensor *y)
{
    const puma_lookup_ext *own = &session_extensions(s)->lookup;
    puma_tensor           *z;

    if (!puma_matches(s, x, y)) return NULL;
    if (own->maximum == NULL || x->bits < 6 || x->bits > 12)
        return puma_mux(s, puma_less(s, x, y), y, x);
    z = puma_like(s, x, PUMA_ARITH, x->bits, x->frac);
    if (z == NULL) return NULL;
    z->range = puma_range_cap(z, puma_wider(x->range, y->range));
    return puma_done(z, own->maximum(s, z, x, y));
}

/* --- piecewise polynomials ------------------------------------------------------------------------ */

/* The edges between buckets as comparisons: bit[k] = [x >= edge k].  A gate has two more edges, its ends. */
typedef struct edges {
    size_t      buckets, count, first; /* edge k begins bucket first + k */
    double      unit;                  /* width of a bucket             */
    puma_share *bit;
} edges;

/* A step function: the sum of c[k] bit[k], where c are integers with `frac` fraction bits. */
static puma_share steps(puma_session *s, const puma_share *bit, const int64_t *c, size_t count, uint32_t frac,
                        uint32_t bits)
{
    puma_choice *choice = room_for(s, count, sizeof *choice);

    if (choice == NULL) return NULL;
    for (size_t k = 0; k < count; k++) {
        double v = ldexp((double)c[k], -(int)frac);

        choice[k] = (puma_choice){ .bit = bit[k], .coefficient = (uint64_t)c[k] & puma_mask(bits) };
        if (puma_is_float(s)) memcpy(&choice[k].coefficient, &v, sizeof v);
    }
    return puma_mux_sum(s, choice, count, frac, bits);
}

static puma_status at_least(puma_session *s, puma_share x, const double *edge, size_t count, puma_share *bit)
{
    if (puma_less_reals(s, x, edge, count, 0, bit) != PUMA_OK) return s->status;
    for (size_t k = 0; k < count; k++) bit[k] = puma_not(s, bit[k]);
    return s->status;
}

static puma_status find_bucket(puma_session *s, edges *g, puma_share x, const puma_table *t, bool gated)
{
    double *edge;

    g->buckets = (size_t)1 << t->index_bits;
    g->count = gated ? g->buckets + 1 : g->buckets - 1;
    g->first = gated ? 0 : 1;
    g->unit = ldexp(1, (int)t->unit - (int)x->frac);
    edge = room_for(s, g->count, sizeof *edge);
    g->bit = room_for(s, g->count, sizeof *g->bit);
    if (edge == NULL || g->bit == NULL) return s->status;
    for (size_t k = 0; k < g->count; k++)
        edge[k] = ((double)(g->first + k) - (gated ? (double)g->buckets / 2 : 0)) * g->unit;
    return at_least(s, x, edge, g->count, g->bit);
}

/* Coefficient c of the bucket that x is in, raised from `stored` to `frac` fraction bits: the sum of its
 * steps. */
static puma_share coefficient(puma_session *s, const edges *g, const int64_t *c, uint32_t stored, uint32_t frac,
                              bool gated)
{
    uint32_t   wide = puma_ring_for(s, 64), up = frac - stored;
    int64_t   *step = room_for(s, g->count, sizeof *step);
    puma_share z;

    if (step == NULL) return NULL;
    for (size_t k = 0; k < g->count; k++) {
        size_t  d = g->first + k;
        int64_t rise = (d < g->buckets ? c[d] : 0) - (d > 0 ? c[d - 1] : 0);

        step[k] = (int64_t)((uint64_t)rise << up);
    }
    z = steps(s, g->bit, step, g->count, frac, wide);
    return gated ? z : puma_add_real(s, z, ldexp((double)c[0], -(int)stored));
}

/* x minus the lower end of its bucket; with a gate, 0 outside its ends. */
static puma_share remainder_of(puma_session *s, const edges *g, puma_share x, bool gated)
{
    size_t       n = g->buckets;
    puma_choice *choice = room_for(s, g->count + 2, sizeof *choice);
    puma_share   d;

    if (choice == NULL) return NULL;
    for (size_t k = 0; k < g->count; k++) {
        double number = -g->unit;

        if (gated && k == 0) number = (double)n / 2 * g->unit;
        if (gated && k == n) number = ((double)n / 2 - 1) * g->unit;
        choice[k] = (puma_choice){ .bit = g->bit[k], .coefficient = puma_encode(s, number, x->frac, x->bits) };
    }
    if (!gated) return puma_add(s, x, puma_mux_sum(s, choice, g->count, x->frac, x->bits));
    choice[g->count] = (puma_choice){ .bit = g->bit[0], .value = x, .coefficient = puma_integer(s, 1, x->bits) };
    choice[g->count + 1] =
        (puma_choice){ .bit = g->bit[n], .value = x, .coefficient = puma_integer(s, -1, x->bits) };
    d = puma_mux_sum(s, choice, g->count + 2, x->frac, x->bits);
    return d;
}

/* a d + b with `frac` fraction bits. */
static puma_share multiply_add(puma_session *s, puma_share a, puma_share d, puma_share b, uint32_t frac,
                               uint32_t bits)
{
    const puma_term terms[2] = { { .op = PUMA_TERM_MUL, .x = a, .y = d }, { .op = PUMA_TERM_ADD, .x = b } };

    if (!puma_ready(s, a) || !puma_ready(s, d) || !puma_ready(s, b)) return NULL;
    return puma_product(s, terms, 2, a->rank, a->dim, frac, bits);
}

/* Compares x with all edges in one call; each coefficient of the bucket's polynomial, and the remainder, is a
 * sum of steps; then Horner's rule.  Outside a gate's ends coefficients and remainder are 0, and right of its
 * middle x is added. */
static puma_share piecewise(puma_session *s, puma_share x, const puma_table *t, bool gated, uint32_t frac,
                            uint32_t bits)
{
    uint32_t   wide = puma_ring_for(s, 64), at[3] = { t->frac, t->slope_frac, t->curve_frac };
    uint32_t   stored[3] = { t->frac, t->slope_frac, t->curve_frac };
    edges      g;
    puma_share c[3], d, z;

    if (!puma_ready(s, x) || find_bucket(s, &g, x, t, gated) != PUMA_OK) return NULL;
    /* Fraction bits chosen so that the next coefficient can be added into each product. */
    for (int j = 1; j < 3; j++)
        if (at[j] + x->frac < at[j - 1]) at[j] = at[j - 1] - x->frac;
    for (int j = 0; j < 3; j++) c[j] = coefficient(s, &g, t->c[j], stored[j], at[j], gated);
    d = puma_resize(s, remainder_of(s, &g, x, gated), wide);
    z = multiply_add(s, c[2], d, c[1], at[1], wide);
    z = multiply_add(s, z, d, c[0], frac, bits);
    if (!gated || z == NULL) return z;
    return puma_add(s, z,
                    puma_mux_sum(s,
                                 &(puma_choice){ .bit = g.bit[g.buckets / 2],
                                                 .value = x,
                                                 .coefficient = puma_integer(s, 1, z->bits) },
                                 1, x->frac, z->bits));
}

puma_tensor *fallback_lookup(puma_session *s, const puma_tensor *x, const puma_table *t, uint32_t frac,
                             uint32_t bits)
{
    const puma_lookup_ext *own = &session_extensions(s)->lookup;
    puma_tensor           *z;
    puma_share             built;
    size_t                 mark;

    if (!puma_ready(s, x)) return NULL;
    bits = puma_ring_for(s, bits);
    if (own->table == NULL) {
        mark = s->host->enter(s);
        built = piecewise(s, x, t, false, frac, bits);
        return leave_with(s, mark, built);
    }
    z = puma_like(s, x, PUMA_ARITH, bits, frac);
    return z == NULL ? NULL : puma_done(z, own->table(s, z, x, t));
}

puma_tensor *fallback_gate(puma_session *s, const puma_tensor *x, const puma_table *t, uint32_t window,
                           uint32_t bits)
{
    const puma_lookup_ext *own = &session_extensions(s)->lookup;
    puma_tensor           *z;
    puma_share             built;
    size_t                 mark;

    if (!puma_ready(s, x)) return NULL;
    bits = puma_ring_for(s, bits < x->bits ? bits : x->bits);
    if (own->gate == NULL) {
        mark = s->host->enter(s);
        built = puma_promise(s, x, (int32_t)window - 1 - (int32_t)x->frac);
        built = built == NULL ? NULL : piecewise(s, built, t, true, x->frac, bits);
        return leave_with(s, mark, built);
    }
    z = puma_like(s, x, PUMA_ARITH, bits, x->frac);
    return z == NULL ? NULL : puma_done(z, own->gate(s, z, x, t, window));
}

/* --- powers of two ------------------------------------------------------------------------------- */

enum { MOST_POWERS = 128 };

/* Compares x with the integers -down … count - down - 1.  *whole becomes 2^(x's whole part) with `down`
 * fraction bits, *rest what is left of x. */
static puma_status split_whole(puma_session *s, puma_share x, uint32_t down, size_t count, puma_share *whole,
                               puma_share *rest)
{
    double      edge[MOST_POWERS] = { 0 };
    puma_share  bit[MOST_POWERS];
    int64_t     step[MOST_POWERS];
    puma_choice choice[MOST_POWERS + 1];

    for (size_t k = 0; k < count; k++) {
        edge[k] = (double)k - (double)down;
        step[k] = k == 0 ? 1 : INT64_C(1) << (k - 1);
    }
    if (at_least(s, x, edge, count, bit) != PUMA_OK) return s->status;
    for (size_t k = 0; k < count; k++) {
        double number = k == 0 ? (double)down : -1.0;

        choice[k] = (puma_choice){ .bit = bit[k], .coefficient = puma_encode(s, number, x->frac, x->bits) };
    }
    choice[count] = (puma_choice){ .bit = bit[0], .value = x, .coefficient = puma_integer(s, 1, x->bits) };
    *rest = puma_mux_sum(s, choice, count + 1, x->frac, x->bits);
    *whole = steps(s, bit, step, count, down, puma_ring_for(s, 64));
    return s->status;
}

/* Whole part and remainder come from a comparison with all integers from -frac - 2 on, below which the result
 * is 0.  2^remainder is a polynomial through the Chebyshev nodes of [0, 1] (error 1.2e-7), 2^whole a sum of
 * steps. */
static puma_share built_exp2(puma_session *s, puma_share x, uint32_t high, uint32_t frac, uint32_t bits)
{
    static const double C[] = { 0.9999998983500245,  0.6931544896632286,  0.24014181820146044,
                                0.05586033707720827, 0.00894959042337237, 0.0018937540581920975 };
    uint32_t            down = frac + 2, room = x->bits - 1 - x->frac, inner;
    size_t              count;
    puma_share          rest, whole, z;

    if (room < 6 && down >= 1u << room) down = (1u << room) - 1; /* a small ring's least integer has no edge */
    count = down + high;
    if (count > MOST_POWERS || down + 24 + high + 4 > puma_ring_for(s, 64) + 16) {
        s->host->fail(s, PUMA_EINTERNAL, "no 2^x below 2^%u with %u fraction bits", high, frac);
        return NULL;
    }
    if (split_whole(s, x, down, count, &whole, &rest) != PUMA_OK) return NULL;
    rest = puma_resize(s, rest, puma_ring_for(s, 64));
    if (!puma_ready(s, rest) || !puma_ready(s, whole)) return NULL;
    inner = rest->bits - 4 - high - down < 24 ? rest->bits - 4 - high - down : 24;
    z = puma_add_real(s, puma_trunc_to(s, puma_scale(s, rest, C[5], inner), inner, rest->bits), C[4]);
    for (int i = 3; i >= 0; i--)
        z = puma_add_real(s, puma_ready(s, z) ? puma_mul_to(s, z, rest, 0, inner, rest->bits) : NULL, C[i]);
    return puma_ready(s, z) ? puma_mul_to(s, z, whole, 0, frac, bits) : NULL;
}

puma_tensor *fallback_exp2(puma_session *s, const puma_tensor *x, uint32_t high, double error, uint32_t frac,
                           uint32_t bits)
{
    const puma_lookup_ext *own = &session_extensions(s)->lookup;
    puma_tensor           *z;
    puma_share             built;
    size_t                 mark;

    if (!puma_ready(s, x)) return NULL;
    bits = puma_ring_for(s, bits);
    if (own->exp2 == NULL) {
        mark = s->host->enter(s);
        built = built_exp2(s, x, high, frac, bits);
        return leave_with(s, mark, built);
    }
    z = puma_like(s, x, PUMA_ARITH, bits, frac);
    return z == NULL ? NULL : puma_done(z, own->exp2(s, z, x, high, error));
}

/* --- what only some backends have ------------------------------------------------------------------ */

static bool parts_fit(const puma_tensor *table, const puma_index *parts, size_t count, size_t n)
{
    for (size_t p = 0; p < count; p++) {
        if (parts[p].rows == 0 || parts[p].rows > UINT32_MAX) return false;
        if (table != NULL &&
            (parts[p].first > table->dim[0] || parts[p].rows > table->dim[0] - parts[p].first))
            return false;
        for (size_t i = 0; parts[p].ids != NULL && i < n; i++)
            if (parts[p].ids[i] >= parts[p].rows) return false;
    }
    return true;
}

puma_tensor *fallback_embed(puma_session *s, const puma_tensor *table, const puma_index *parts, size_t count,
                            size_t n, uint32_t from, uint32_t bits)
{
    const puma_lookup_ext *own = &session_extensions(s)->lookup;
    size_t                 dim[2] = { n, 0 };
    puma_tensor           *z;

    if (s->role != PUMA_CLIENT && !puma_ready(s, table)) return NULL;
    if (s->status != PUMA_OK) return NULL;
    if (own->embed == NULL) return refuse(s, PUMA_EPLUGIN, "this protocol looks up no rows by ids");
    if ((table != NULL && (table->rank != 2 || table->bits != bits)) || !parts_fit(table, parts, count, n))
        return refuse(s, PUMA_EINTERNAL, "ids or rows that are not in their table");
    if (table != NULL) dim[1] = table->dim[1];
    z = s->host->tensor(s, PUMA_ARITH, 2, dim, bits, table != NULL ? table->frac : 0);
    if (z == NULL) return NULL;
    if (table != NULL) z->range = puma_range_cap(z, table->range + (int32_t)count - 1);
    return puma_done(z, own->embed(s, z, s->role == PUMA_CLIENT ? NULL : table, parts, count, from));
}

puma_tensor *fallback_apply(puma_session *s, const puma_tensor *x, size_t row,
                            void (*f)(double *row, size_t n, const void *context), const void *context,
                            uint32_t frac, uint32_t bits)
{
    const puma_clear_ext *own = &session_extensions(s)->clear;
    puma_tensor          *z;

    if (!puma_ready(s, x)) return NULL;
    if (own->apply == NULL) return refuse(s, PUMA_EPLUGIN, "values are not in the clear in this protocol");
    z = puma_like(s, x, PUMA_ARITH, puma_ring_for(s, bits), frac);
    return z == NULL ? NULL : puma_done(z, own->apply(s, z, x, row, f, context));
}
