/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/ops.h - the comfortable layer above a protocol's table: formulas that read like formulas.
 *
 * Every operation checks shapes and rings, takes its result from the session's arena and returns it.  The
 * first failure sticks to the session; from then on operations return NULL and do nothing, so formulas need
 * no error lines.  Operands stay untouched.  Inline: a plugin links against nothing.
 *
 * Numbers.  A tensor of `frac` fraction bits in a ring of `bits` holds |number| < 2^(bits-1-frac).  Constants
 * are doubles, encoded here.  Operations that lose no precision add fraction bits (puma_scale, and the
 * products with shift 0); puma_trunc takes them away.  Costs are the backend's: linear operations are local,
 * a product or truncation costs rounds. */
#ifndef PUMA_OPS_H
#define PUMA_OPS_H

#include <puma/approx.h>

#include <math.h>
#include <string.h>

typedef const puma_tensor *puma_share; /* short for signatures: an immutable tensor of shares */

/* --- encoding --------------------------------------------------------------------------------- */

static inline int puma_is_float(const puma_session *s) { return (s->caps & PUMA_CAP_FLOAT) != 0; }

/* The ring that a request for `bits` gives on this backend. */
static inline uint32_t puma_ring_for(const puma_session *s, uint32_t bits)
{
    if (!(s->caps & PUMA_CAP_RINGS)) return 64;
    return bits < s->ring_bits ? bits : s->ring_bits;
}

static inline uint64_t puma_mask(uint32_t bits) { return bits >= 64 ? ~0ull : (1ull << bits) - 1; }

/* round(v * 2^frac) in Z_{2^bits}; PUMA_ENUMERIC when it does not fit. */
static inline uint64_t puma_encode(puma_session *s, double v, uint32_t frac, uint32_t bits)
{
    uint64_t word;
    double   scaled = nearbyint(frac < 64 ? v * (double)(1ull << frac) : ldexp(v, (int)frac)); /* exact */

    if (puma_is_float(s)) {
        memcpy(&word, &v, sizeof word);
        return word;
    }
    if (!(fabs(scaled) < (bits < 64 ? (double)(1ull << ((bits < 63 ? bits : 63) - 1)) : 0x1p63))) {
        s->host->fail(s, PUMA_ENUMERIC, "%g with %u fraction bits does not fit a ring of %u bits", v, frac,
                      bits);
        return 0;
    }
    return (uint64_t)(int64_t)scaled & puma_mask(bits);
}

static inline double puma_decode(const puma_session *s, uint64_t word, uint32_t frac, uint32_t bits)
{
    double v;

    if (puma_is_float(s)) {
        memcpy(&v, &word, sizeof v);
        return v;
    }
    if (bits < 64 && word >> (bits - 1)) word |= ~puma_mask(bits);
    return ldexp((double)(int64_t)word, -(int)frac);
}

/* --- plumbing --------------------------------------------------------------------------------- */

/* May an operation go on?  NULL operands come from an earlier failure. */
static inline int puma_ready(puma_session *s, puma_share x)
{
    if (s->status != PUMA_OK) return 0;
    if (x == NULL) s->host->fail(s, PUMA_EINTERNAL, "an operand is missing");
    return s->status == PUMA_OK;
}

static inline int puma_same_shape(puma_share x, puma_share y)
{
    return x->rank == y->rank && memcmp(x->dim, y->dim, sizeof x->dim) == 0;
}

static inline puma_tensor *puma_like(puma_session *s, puma_share x, puma_kind kind, uint32_t bits,
                                     uint32_t frac)
{
    return s->host->tensor(s, kind, x->rank, x->dim, bits, frac);
}

static inline puma_tensor *puma_done(puma_tensor *z, puma_status status)
{
    return status == PUMA_OK ? z : NULL;
}

static inline int32_t puma_wider(int32_t x, int32_t y) { return x > y ? x : y; }

static inline int32_t puma_range_cap(puma_share z, int32_t range)
{
    int32_t ring = (int32_t)z->bits - 1 - (int32_t)z->frac;

    return range < ring ? range : ring;
}

/* Least e with |v| <= 2^e. */
static inline int32_t puma_exponent(double v)
{
    int e;

    if (v == 0) return -1000;
    frexp(fabs(v), &e);
    return e;
}

/* --- structure: no communication -------------------------------------------------------------- */

static inline puma_tensor *puma_reshape(puma_session *s, puma_share x, uint32_t rank, const size_t *dim)
{
    return puma_ready(s, x) ? s->host->reshape(s, x, rank, dim) : NULL;
}
static inline puma_tensor *puma_reshape1(puma_session *s, puma_share x, size_t a)
{
    return puma_reshape(s, x, 1, (const size_t[]){ a });
}
static inline puma_tensor *puma_reshape2(puma_session *s, puma_share x, size_t a, size_t b)
{
    return puma_reshape(s, x, 2, (const size_t[]){ a, b });
}
static inline puma_tensor *puma_reshape3(puma_session *s, puma_share x, size_t a, size_t b, size_t c)
{
    return puma_reshape(s, x, 3, (const size_t[]){ a, b, c });
}
/* Axis i of the result is axis axes[i] of x. */
static inline puma_tensor *puma_permute(puma_session *s, puma_share x, const uint32_t *axes)
{
    return puma_ready(s, x) ? s->host->permute(s, x, axes) : NULL;
}
static inline puma_tensor *puma_slice(puma_session *s, puma_share x, uint32_t axis, size_t from, size_t to)
{
    return puma_ready(s, x) ? s->host->slice(s, x, axis, from, to) : NULL;
}
static inline puma_tensor *puma_concat(puma_session *s, const puma_share *x, size_t count, uint32_t axis)
{
    for (size_t i = 0; i < count; i++)
        if (!puma_ready(s, x[i])) return NULL;
    return s->host->concat(s, x, count, axis);
}
/* Each element `times` times: (…) to (…, times). */
static inline puma_tensor *puma_expand(puma_session *s, puma_share x, size_t times)
{
    return puma_ready(s, x) ? s->host->expand(s, x, times) : NULL;
}
/* The same words with a tighter promise: |number| < 2^range. */
static inline puma_tensor *puma_promise(puma_session *s, puma_share x, int32_t range)
{
    puma_tensor *z = puma_ready(s, x) ? s->host->view(s, x) : NULL;

    if (z != NULL) z->range = puma_range_cap(z, range);
    return z;
}

/* --- linear: local ---------------------------------------------------------------------------- */

static inline int puma_matches(puma_session *s, puma_share x, puma_share y)
{
    if (!puma_ready(s, x) || !puma_ready(s, y)) return 0;
    if (!puma_same_shape(x, y) || x->kind != y->kind || x->bits != y->bits || x->frac != y->frac)
        s->host->fail(s, PUMA_EINTERNAL,
                      "operands differ: %zu and %zu elements, rings %u and %u, fractions %u and %u", x->n,
                      y->n, x->bits, y->bits, x->frac, y->frac);
    return s->status == PUMA_OK;
}

static inline puma_tensor *puma_add(puma_session *s, puma_share x, puma_share y)
{
    puma_tensor *z = puma_matches(s, x, y) ? puma_like(s, x, PUMA_ARITH, x->bits, x->frac) : NULL;

    if (z == NULL) return NULL;
    z->range = puma_range_cap(z, puma_wider(x->range, y->range) + 1);
    return puma_done(z, s->protocol->add(s, z, x, y));
}

static inline puma_tensor *puma_sub(puma_session *s, puma_share x, puma_share y)
{
    puma_tensor *z = puma_matches(s, x, y) ? puma_like(s, x, PUMA_ARITH, x->bits, x->frac) : NULL;

    if (z == NULL) return NULL;
    z->range = puma_range_cap(z, puma_wider(x->range, y->range) + 1);
    return puma_done(z, s->protocol->sub(s, z, x, y));
}

/* x + c; `count` constants repeat over x (1: the same for all). */
static inline puma_tensor *puma_add_reals(puma_session *s, puma_share x, const double *c, size_t count)
{
    puma_tensor *z = puma_ready(s, x) ? puma_like(s, x, PUMA_ARITH, x->bits, x->frac) : NULL;
    uint64_t    *words = z != NULL ? s->host->scratch(s, count) : NULL;
    int32_t      range = x != NULL ? x->range : 0;

    if (words == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        words[i] = puma_encode(s, c[i], x->frac, x->bits);
        range = puma_wider(range, puma_exponent(c[i]));
    }
    if (s->status != PUMA_OK) return NULL;
    z->range = puma_range_cap(z, range + 1);
    return puma_done(z, s->protocol->add_public(s, z, x, words, count));
}
static inline puma_tensor *puma_add_real(puma_session *s, puma_share x, double c)
{
    return puma_add_reals(s, x, &c, 1);
}

/* c * x with c encoded at `frac` bits: the result has x->frac + frac fraction bits.  Local, no rounding but
 * that of c. */
static inline puma_tensor *puma_scale_reals(puma_session *s, puma_share x, const double *c, size_t count,
                                            uint32_t frac)
{
    puma_tensor *z = puma_ready(s, x) ? puma_like(s, x, PUMA_ARITH, x->bits, x->frac + frac) : NULL;
    uint64_t    *words = z != NULL ? s->host->scratch(s, count) : NULL;
    int32_t      range = -1000;

    if (words == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        words[i] = puma_encode(s, c[i], frac, x->bits);
        range = puma_wider(range, puma_exponent(c[i]));
    }
    if (s->status != PUMA_OK) return NULL;
    z->range = puma_range_cap(z, x->range + range);
    return puma_done(z, s->protocol->scale(s, z, x, words, count));
}
static inline puma_tensor *puma_scale(puma_session *s, puma_share x, double c, uint32_t frac)
{
    return puma_scale_reals(s, x, &c, 1, frac);
}
static inline puma_tensor *puma_neg(puma_session *s, puma_share x) { return puma_scale(s, x, -1, 0); }

/* x * 2^e without touching a word: the fraction moves.  Needs 0 <= x->frac - e < x->bits. */
static inline puma_tensor *puma_shift_point(puma_session *s, puma_share x, int e)
{
    puma_tensor *z;

    if (!puma_ready(s, x)) return NULL;
    if ((int)x->frac - e < 0 || (int)x->frac - e >= (int)x->bits) {
        s->host->fail(s, PUMA_EINTERNAL, "no room to move the point of %u fraction bits by %d", x->frac, e);
        return NULL;
    }
    z = puma_is_float(s) ? puma_scale(s, x, ldexp(1.0, e), 0) : s->host->view(s, x);
    if (z == NULL) return NULL;
    z->frac = (uint32_t)((int)x->frac - e);
    z->range = puma_range_cap(z, x->range + e);
    return z;
}

/* The same number with `by` more fraction bits, in a ring that is wider by as many (the one ring of a backend
 * that has no others): local. */
static inline puma_tensor *puma_shift_up(puma_session *s, puma_share x, uint32_t by)
{
    uint32_t     bits = x == NULL ? 0 : s->caps & PUMA_CAP_RINGS ? x->bits + by : x->bits;
    puma_tensor *z = puma_ready(s, x) ? puma_like(s, x, PUMA_ARITH, bits, x->frac + by) : NULL;
    uint64_t     c = puma_is_float(s) ? puma_encode(s, 1.0, 0, 64) : 1ull << by;

    if (z == NULL) return NULL;
    z->range = puma_range_cap(z, x->range);
    return puma_done(z, s->protocol->scale(s, z, x, &c, 1));
}

/* Sum over the last axis. */
static inline puma_tensor *puma_sum(puma_session *s, puma_share x)
{
    puma_tensor *z;
    int32_t      more = 0;

    if (!puma_ready(s, x)) return NULL;
    if (x->rank == 0) {
        s->host->fail(s, PUMA_EINTERNAL, "a scalar has no axis to sum over");
        return NULL;
    }
    z = s->host->tensor(s, PUMA_ARITH, x->rank - 1, x->dim, x->bits, x->frac);
    if (z == NULL) return NULL;
    while (((size_t)1 << more) < x->dim[x->rank - 1]) more++;
    z->range = puma_range_cap(z, x->range + more);
    return puma_done(z, s->protocol->sum(s, z, x));
}

/* --- products, truncation, rings -------------------------------------------------------------- */

/* sum of `terms` brought to `frac` fraction bits in a ring of `bits`; shape as given.  See
 * puma_protocol.product. */
static inline puma_tensor *puma_product(puma_session *s, const puma_term *terms, size_t count, uint32_t rank,
                                        const size_t *dim, uint32_t frac, uint32_t bits)
{
    puma_tensor *z;
    uint32_t     product = 0;

    for (size_t i = 0; i < count; i++) {
        if (!puma_ready(s, terms[i].x)) return NULL;
        if (terms[i].op == PUMA_TERM_ADD) continue;
        if (!puma_ready(s, terms[i].y)) return NULL;
        if (product == 0) product = terms[i].x->frac + terms[i].y->frac;
        if (terms[i].x->frac + terms[i].y->frac != product) {
            s->host->fail(s, PUMA_EINTERNAL, "summands of a product have %u and %u fraction bits", product,
                          terms[i].x->frac + terms[i].y->frac);
            return NULL;
        }
    }
    if (frac > product) {
        s->host->fail(s, PUMA_EINTERNAL, "a product of %u fraction bits cannot give %u", product, frac);
        return NULL;
    }
    z = s->host->tensor(s, PUMA_ARITH, rank, dim, puma_ring_for(s, bits), frac);
    return z == NULL ? NULL : puma_done(z, s->protocol->product(s, z, terms, count, product - frac));
}

/* x * y element by element. y: x's shape, or shorter (repeating: one row for all), or with `y_rows` one entry
 * a row of x. */
static inline puma_tensor *puma_mul_to(puma_session *s, puma_share x, puma_share y, int y_rows, uint32_t frac,
                                       uint32_t bits)
{
    puma_term term = { .op = PUMA_TERM_MUL, .x = x, .y = y, .y_rows = y_rows };

    if (!puma_ready(s, x) || !puma_ready(s, y)) return NULL;
    if (y->n != x->n && (y->n == 0 || x->n % y->n != 0)) {
        s->host->fail(s, PUMA_EINTERNAL, "cannot multiply %zu elements by %zu", x->n, y->n);
        return NULL;
    }
    return puma_product(s, &term, 1, x->rank, x->dim, frac, bits);
}
/* To x's own fraction and ring. */
static inline puma_tensor *puma_mul(puma_session *s, puma_share x, puma_share y)
{
    return puma_ready(s, x) ? puma_mul_to(s, x, y, 0, x->frac, x->bits) : NULL;
}
static inline puma_tensor *puma_mul_rows(puma_session *s, puma_share x, puma_share y)
{
    return puma_ready(s, x) ? puma_mul_to(s, x, y, 1, x->frac, x->bits) : NULL;
}
static inline puma_tensor *puma_square(puma_session *s, puma_share x) { return puma_mul(s, x, x); }

/* x (…, M, K) times y (K, N) or (…, K, N); `y_transposed`: (N, K). */
static inline puma_tensor *puma_matmul(puma_session *s, puma_share x, puma_share y, int y_transposed,
                                       uint32_t frac, uint32_t bits)
{
    puma_term term = { .op = PUMA_TERM_MATMUL, .x = x, .y = y, .y_transposed = y_transposed };
    size_t    dim[PUMA_MAX_RANK];

    if (!puma_ready(s, x) || !puma_ready(s, y)) return NULL;
    if (x->rank < 2 || y->rank < 2 || x->dim[x->rank - 1] != y->dim[y->rank - (y_transposed ? 1 : 2)] ||
        (y->rank > 2 && (y->rank != x->rank || memcmp(y->dim, x->dim, (x->rank - 2) * sizeof *dim) != 0))) {
        s->host->fail(s, PUMA_EINTERNAL, "shapes of a matrix product do not fit");
        return NULL;
    }
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = y->dim[y->rank - (y_transposed ? 2 : 1)];
    return puma_product(s, &term, 1, x->rank, dim, frac, bits);
}

/* Where the backend has no products of blocks: all are one batch in the largest one's shape, 0 beside the
 * smaller ones' entries, and what they come to is picked out of it. */
static inline puma_share puma_padded_blocks(puma_session *s, puma_share x, puma_share y, int y_transposed,
                                            const puma_block *blocks, size_t count, size_t n, uint32_t frac,
                                            uint32_t bits)
{
    size_t       m = 0, k = 0, columns = 0, at, *left, *right, *out, mark = s->host->enter(s);
    puma_tensor *zero;
    puma_share   both[2], a, b, z;

    for (size_t i = 0; i < count; i++) {
        if (blocks[i].m > m) m = blocks[i].m;
        if (blocks[i].n > columns) columns = blocks[i].n;
        if (blocks[i].k > k) k = blocks[i].k;
    }
    left = (size_t *)s->host->scratch(s, count * m * k);
    right = (size_t *)s->host->scratch(s, count * columns * k);
    out = (size_t *)s->host->scratch(s, n);
    if (left == NULL || right == NULL || out == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        const puma_block *c = &blocks[i];

        for (size_t r = 0, to = i * m * k; r < m; r++)
            for (size_t l = 0; l < k; l++) left[to++] = r < c->m && l < c->k ? c->x + r * c->k + l : x->n;
        for (size_t j = 0; j < columns; j++)
            for (size_t l = 0; l < k; l++) {
                at = y_transposed ? j * c->k + l : l * c->n + j;
                right[(i * columns + j) * k + l] = j < c->n && l < c->k ? c->y + at : y->n;
            }
        for (size_t r = 0, to = c->z; r < c->m; r++)
            for (size_t j = 0; j < c->n; j++) out[to++] = (i * m + r) * columns + j;
    }
    both[0] = puma_reshape(s, x, 1, &x->n);
    both[1] = zero = s->host->tensor(s, PUMA_ARITH, 1, (const size_t[]){ 1 }, x->bits, x->frac);
    if (zero != NULL) zero->range = x->range;
    a = puma_concat(s, both, 2, 0);
    both[0] = puma_reshape(s, y, 1, &y->n);
    both[1] = zero = s->host->tensor(s, PUMA_ARITH, 1, (const size_t[]){ 1 }, y->bits, y->frac);
    if (zero != NULL) zero->range = y->range;
    b = puma_concat(s, both, 2, 0);
    if (!puma_ready(s, a) || !puma_ready(s, b)) return NULL;
    a = puma_reshape3(s, s->host->gather(s, a, left, count * m * k), count, m, k);
    b = puma_reshape3(s, s->host->gather(s, b, right, count * columns * k), count, columns, k);
    z = puma_matmul(s, a, b, 1, frac, bits);
    z = puma_ready(s, z) ? s->host->gather(s, puma_reshape(s, z, 1, &z->n), out, n) : NULL;
    s->host->leave(s, mark, z);
    return z;
}

/* Matrix products of different shapes inside of x and y, one step for all: (n), which the blocks fill; see
 * puma_block. */
static inline puma_share puma_matmul_blocks(puma_session *s, puma_share x, puma_share y, int y_transposed,
                                            const puma_block *blocks, size_t count, size_t n, uint32_t frac,
                                            uint32_t bits)
{
    puma_tensor *z;
    size_t       filled = 0;

    if (!puma_ready(s, x) || !puma_ready(s, y)) return NULL;
    for (size_t i = 0; i < count; i++) {
        const puma_block *b = &blocks[i];

        if (b->x + b->m * b->k > x->n || b->y + b->k * b->n > y->n || b->z + b->m * b->n > n) {
            s->host->fail(s, PUMA_EINTERNAL, "block %zu of a matrix product lies outside of its tensors", i);
            return NULL;
        }
        filled += b->m * b->n;
    }
    if (filled != n || frac > x->frac + y->frac) {
        s->host->fail(s, PUMA_EINTERNAL, "blocks of %zu elements in a product of %zu", filled, n);
        return NULL;
    }
    if (!PUMA_HAS(s->protocol, product_blocks))
        return puma_padded_blocks(s, x, y, y_transposed, blocks, count, n, frac, bits);
    z = s->host->tensor(s, PUMA_ARITH, 1, &n, puma_ring_for(s, bits), frac);
    return z == NULL ? NULL
                     : puma_done(z, s->protocol->product_blocks(s, z, x, y, y_transposed, blocks, count,
                                                                x->frac + y->frac - frac));
}

/* x with `frac` <= x->frac fraction bits in a ring of `bits`. Nothing to do: x itself. */
static inline puma_share puma_trunc_to(puma_session *s, puma_share x, uint32_t frac, uint32_t bits)
{
    puma_tensor *z;

    if (!puma_ready(s, x)) return NULL;
    bits = puma_ring_for(s, bits);
    if (frac > x->frac) {
        s->host->fail(s, PUMA_EINTERNAL, "truncation from %u to %u fraction bits", x->frac, frac);
        return NULL;
    }
    if (frac == x->frac && bits == x->bits) return x;
    z = puma_like(s, x, PUMA_ARITH, bits, frac);
    if (z == NULL) return NULL;
    z->range = puma_range_cap(z, x->range);
    return puma_done(z, s->protocol->trunc(s, z, x, x->frac - frac));
}
static inline puma_share puma_trunc(puma_session *s, puma_share x, uint32_t frac)
{
    return puma_ready(s, x) ? puma_trunc_to(s, x, frac, x->bits) : NULL;
}
/* The same number in another ring. */
static inline puma_share puma_resize(puma_session *s, puma_share x, uint32_t bits)
{
    return puma_ready(s, x) ? puma_trunc_to(s, x, x->frac, bits) : NULL;
}

/* x at `frac` fraction bits in a ring of `bits`, whether that means fewer or more of either. */
static inline puma_share puma_fit(puma_session *s, puma_share x, uint32_t frac, uint32_t bits)
{
    if (!puma_ready(s, x)) return NULL;
    if (frac <= x->frac) return puma_trunc_to(s, x, frac, bits);
    x = puma_resize(s, x, bits);
    return x == NULL ? NULL : puma_scale(s, x, 1, frac - x->frac);
}
/* c * x at x's own fraction: scale and truncate. */
static inline puma_share puma_mul_real(puma_session *s, puma_share x, double c)
{
    return puma_ready(s, x) ? puma_trunc(s, puma_scale(s, x, c, x->frac), x->frac) : NULL;
}

/* --- bits ------------------------------------------------------------------------------------- */

static inline puma_tensor *puma_xor(puma_session *s, puma_share x, puma_share y)
{
    puma_tensor *z = puma_matches(s, x, y) ? puma_like(s, x, PUMA_BIT, 1, 0) : NULL;

    return z == NULL ? NULL : puma_done(z, s->protocol->xor_(s, z, x, y));
}
static inline puma_tensor *puma_not(puma_session *s, puma_share x)
{
    puma_tensor *z = puma_ready(s, x) ? puma_like(s, x, PUMA_BIT, 1, 0) : NULL;

    return z == NULL ? NULL : puma_done(z, s->protocol->not_(s, z, x));
}
static inline puma_tensor *puma_and(puma_session *s, puma_share x, puma_share y)
{
    puma_tensor *z = puma_matches(s, x, y) ? puma_like(s, x, PUMA_BIT, 1, 0) : NULL;

    return z == NULL ? NULL : puma_done(z, s->protocol->and_(s, z, x, y));
}

/* z[j] = [x < c[j]] for all j in one call.  `low`: bits at the bottom that may be ignored (0: exact); the
 * width follows from x's range and the thresholds. */
static inline puma_status puma_less_reals(puma_session *s, puma_share x, const double *c, size_t count,
                                          uint32_t low, puma_share *z)
{
    uint64_t     *words;
    puma_tensor **out;
    int32_t       range, width;

    for (size_t j = 0; j < count; j++) z[j] = NULL;
    if (!puma_ready(s, x)) return s->status;
    words = s->host->scratch(s, count);
    out = (puma_tensor **)s->host->scratch(s, count);
    range = x->range;
    if (words == NULL || out == NULL) return s->status;
    for (size_t j = 0; j < count; j++) {
        words[j] = puma_encode(s, c[j], x->frac, x->bits);
        range = puma_wider(range, puma_exponent(c[j]));
        out[j] = puma_like(s, x, PUMA_BIT, 1, 0);
        if (out[j] == NULL) return s->status;
    }
    /* |x - c| < 2^(range+1) and low + width - 1 >= frac + range + 1, one unit of 2^low spared. */
    width = (int32_t)x->frac + range + 2 + (low > 0 ? 1 : 0);
    if (width > (int32_t)x->bits) width = (int32_t)x->bits;
    width -= (int32_t)low;
    if (s->status != PUMA_OK || s->protocol->less(s, out, x, words, count, low, (uint32_t)width) != PUMA_OK)
        return s->status;
    for (size_t j = 0; j < count; j++) z[j] = out[j];
    return PUMA_OK;
}
static inline puma_share puma_less_real(puma_session *s, puma_share x, double c)
{
    puma_share z;

    return puma_less_reals(s, x, &c, 1, 0, &z) == PUMA_OK ? z : NULL;
}
/* [x < y]: their difference must fit the ring. */
static inline puma_share puma_less(puma_session *s, puma_share x, puma_share y)
{
    return puma_less_real(s, puma_sub(s, x, y), 0);
}

/* --- choices: bit times value ----------------------------------------------------------------- */

/* The coefficient of a puma_choice: a signed integer in the ring of z, or a double. */
static inline uint64_t puma_integer(const puma_session *s, int64_t c, uint32_t bits)
{
    uint64_t word = (uint64_t)c & puma_mask(bits);
    double   v = (double)c;

    if (puma_is_float(s)) memcpy(&word, &v, sizeof word);
    return word;
}

/* sum of coefficient * bit * value, at the values' fraction (`frac` where all values are NULL), in a ring of
 * `bits` no wider than theirs. One round. */
static inline puma_tensor *puma_mux_sum(puma_session *s, const puma_choice *choices, size_t count,
                                        uint32_t frac, uint32_t bits)
{
    puma_tensor *z;

    for (size_t i = 0; i < count; i++) {
        if (!puma_ready(s, choices[i].bit)) return NULL;
        if (!puma_same_shape(choices[i].bit, choices[0].bit) || choices[i].bit->kind != PUMA_BIT ||
            (choices[i].value != NULL &&
             (!puma_same_shape(choices[i].value, choices[0].bit) || choices[i].value->frac != frac ||
              choices[i].value->bits < puma_ring_for(s, bits)))) {
            s->host->fail(s, PUMA_EINTERNAL, "choice %zu of a multiplexer does not fit the others", i);
            return NULL;
        }
    }
    z = puma_like(s, choices[0].bit, PUMA_ARITH, puma_ring_for(s, bits), frac);
    return z == NULL ? NULL : puma_done(z, s->protocol->mux_sum(s, z, choices, count));
}
/* bit * x */
static inline puma_tensor *puma_select(puma_session *s, puma_share bit, puma_share x)
{
    puma_tensor *z;

    if (!puma_ready(s, bit) || !puma_ready(s, x)) return NULL;
    z = puma_mux_sum(s, &(puma_choice){ .bit = bit, .value = x, .coefficient = puma_integer(s, 1, x->bits) },
                     1, x->frac, x->bits);
    if (z != NULL) z->range = puma_range_cap(z, x->range);
    return z;
}
/* bit ? x : y */
static inline puma_tensor *puma_mux(puma_session *s, puma_share bit, puma_share x, puma_share y)
{
    puma_tensor *z;

    if (puma_is_float(s)) { /* y + (x - y) would round, and equal numbers be equal no more */
        if (!puma_matches(s, x, y)) return NULL;
        z = puma_mux_sum(
            s,
            (puma_choice[]){
                { .bit = bit, .value = x, .coefficient = puma_integer(s, 1, x->bits) },
                { .bit = puma_not(s, bit), .value = y, .coefficient = puma_integer(s, 1, x->bits) } },
            2, x->frac, x->bits);
    } else {
        z = puma_add(s, y, puma_select(s, bit, puma_sub(s, x, y)));
    }
    if (z != NULL) z->range = puma_range_cap(z, puma_wider(x->range, y->range));
    return z;
}
/* The bit as the number 0 or 1 with `frac` fraction bits. */
static inline puma_tensor *puma_b2a(puma_session *s, puma_share bit, uint32_t frac, uint32_t bits)
{
    if (!puma_ready(s, bit)) return NULL;
    return puma_mux_sum(s,
                        &(puma_choice){ .bit = bit,
                                        .coefficient = puma_is_float(s)
                                                           ? puma_integer(s, 1, bits)
                                                           : puma_integer(s, (int64_t)(1ull << frac), bits) },
                        1, frac, bits);
}

/* (x.n, count): row i is 1 at column x_i, 0 elsewhere.  0 <= x_i < count, x an integer (frac 0).  For tables
 * of words. */
static inline puma_share puma_one_hot(puma_session *s, puma_share x, size_t count)
{
    puma_tensor *z;
    puma_share   below = NULL, next, column[2];
    size_t       dim[2];

    if (!puma_ready(s, x)) return NULL;
    dim[0] = x->n;
    dim[1] = count;
    if (PUMA_HAS(s->protocol, one_hot)) {
        z = s->host->tensor(s, PUMA_BIT, 2, dim, 1, 0);
        return z == NULL ? NULL : puma_done(z, s->protocol->one_hot(s, z, x));
    }
    /* [x = v] = [x < v + 1] ^ [x < v], columns appended one by one. */
    column[0] = NULL;
    for (size_t v = 0; v < count; v++) {
        next = puma_less_real(s, x, (double)(v + 1));
        column[1] = puma_reshape2(s, below == NULL ? next : puma_xor(s, next, below), x->n, 1);
        column[0] = column[0] == NULL ? column[1] : puma_concat(s, column, 2, 1);
        below = next;
    }
    return column[0];
}

/* (n, d): row i is the sum over the parts of table[first + ids[i]]; see puma_protocol.embed.  At every node,
 * the client without the table (NULL), whose ring is `bits`; only where PUMA_HAS(s->protocol, embed). */
static inline puma_share puma_embed(puma_session *s, puma_share table, const puma_index *parts, size_t count,
                                    size_t n, uint32_t owner, uint32_t bits)
{
    puma_tensor *z;
    size_t       dim[2] = { n, 0 };

    if (s->role != PUMA_CLIENT && !puma_ready(s, table)) return NULL;
    if (s->status != PUMA_OK) return NULL;
    if (!PUMA_HAS(s->protocol, embed) || (table != NULL && (table->rank != 2 || table->bits != bits))) {
        s->host->fail(s, PUMA_EINTERNAL,
                      "no embedding by ids in this protocol, or in a tensor that is no table of %u bits",
                      bits);
        return NULL;
    }
    for (size_t p = 0; p < count; p++) {
        if (parts[p].rows == 0 || parts[p].rows > UINT32_MAX ||
            (table != NULL &&
             (parts[p].first > table->dim[0] || parts[p].rows > table->dim[0] - parts[p].first))) {
            s->host->fail(s, PUMA_EINTERNAL, "a lookup in %zu rows from %zu on", parts[p].rows,
                          parts[p].first);
            return NULL;
        }
        for (size_t i = 0; parts[p].ids != NULL && i < n; i++) {
            if (parts[p].ids[i] < parts[p].rows) continue;
            s->host->fail(s, PUMA_EINTERNAL, "id %u of a table of %zu rows", parts[p].ids[i], parts[p].rows);
            return NULL;
        }
    }
    if (table != NULL) dim[1] = table->dim[1];
    z = s->host->tensor(s, PUMA_ARITH, 2, dim, bits, table != NULL ? table->frac : 0);
    if (z == NULL) return NULL;
    if (table != NULL) z->range = puma_range_cap(z, table->range + (int32_t)count - 1);
    return puma_done(z, s->protocol->embed(s, z, s->role == PUMA_CLIENT ? NULL : table, parts, count, owner));
}

/* The larger of x and y, element by element.  In a ring of 6 to 12 bits they differ by less than 15/16 of
 * half of it (puma_protocol.maximum); elsewhere their difference fits the ring. */
static inline puma_share puma_larger(puma_session *s, puma_share x, puma_share y)
{
    puma_tensor *z;

    if (!puma_matches(s, x, y)) return NULL;
    if (!PUMA_HAS(s->protocol, maximum) || x->bits < 6 || x->bits > 12)
        return puma_mux(s, puma_less(s, x, y), y, x);
    z = puma_like(s, x, PUMA_ARITH, x->bits, x->frac);
    if (z == NULL) return NULL;
    z->range = puma_range_cap(z, puma_wider(x->range, y->range));
    return puma_done(z, s->protocol->maximum(s, z, x, y));
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Maximum over the last axis by a tournament: ceil(log2 n) levels of puma_larger. */
static inline puma_share puma_max(puma_session *s, puma_share x)
{
    puma_share left, right, rest, both[2];
    size_t     n, half, rows;

    if (!puma_ready(s, x)) return NULL;
    n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (n == 0) {
        s->host->fail(s, PUMA_EINTERNAL, "the maximum of nothing");
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

/* --- tables and powers of two ----------------------------------------------------------------- */

/* sum of c[k] bit[k], c at `frac` fraction bits: a step function where the bits are [x >= edge k]. */
static inline puma_share puma_steps(puma_session *s, const puma_share *bit, const int64_t *c, size_t count,
                                    uint32_t frac, uint32_t bits)
{
    puma_choice *choice = (puma_choice *)s->host->scratch(s, count * (sizeof *choice / sizeof(uint64_t)));
    double       v;

    if (choice == NULL) return NULL;
    for (size_t k = 0; k < count; k++) {
        choice[k] = (puma_choice){ .bit = bit[k], .coefficient = (uint64_t)c[k] & puma_mask(bits) };
        v = ldexp((double)c[k], -(int)frac);
        if (puma_is_float(s)) memcpy(&choice[k].coefficient, &v, sizeof v);
    }
    return puma_mux_sum(s, choice, count, frac, bits);
}

/* bit[k] = [x >= edge[k]] */
static inline puma_status puma_at_least(puma_session *s, puma_share x, const double *edge, size_t count,
                                        puma_share *bit)
{
    if (puma_less_reals(s, x, edge, count, 0, bit) != PUMA_OK) return s->status;
    for (size_t k = 0; k < count; k++) bit[k] = puma_not(s, bit[k]);
    return s->status;
}

/* Where the backend has no lookup: all edges compared in one call, each coefficient of the bucket's
 * polynomial and the remainder a sum of steps, then Horner's rule.  A gate has two edges more, its ends:
 * outside of them coefficients and remainder are 0, and right of the middle x is added. */
static inline puma_share puma_piecewise(puma_session *s, puma_share x, const puma_table *t, int gated,
                                        uint32_t frac, uint32_t bits)
{
    size_t       n = (size_t)1 << t->index_bits, count = gated ? n + 1 : n - 1, first = gated ? 0 : 1;
    size_t       mark = s->host->enter(s);
    uint32_t     wide = puma_ring_for(s, 64), up, at[3] = { t->frac, t->slope_frac, t->curve_frac };
    double      *edge = (double *)s->host->scratch(s, count), unit = ldexp(1, (int)t->unit - (int)x->frac);
    puma_share  *bit = (puma_share *)s->host->scratch(s, count), c[3], d, z;
    int64_t     *step = (int64_t *)s->host->scratch(s, count);
    puma_choice *choice =
        (puma_choice *)s->host->scratch(s, (count + 2) * (sizeof *choice / sizeof(uint64_t)));
    puma_term terms[2] = { { .op = PUMA_TERM_MUL }, { .op = PUMA_TERM_ADD } };

    if (edge == NULL || bit == NULL || step == NULL || choice == NULL) return NULL;
    for (size_t k = 0; k < count; k++) edge[k] = ((double)(first + k) - (gated ? (double)n / 2 : 0)) * unit;
    if (puma_at_least(s, x, edge, count, bit) != PUMA_OK) return NULL;
    /* Fractions such that each product can take the next coefficient up. */
    if (at[1] + x->frac < at[0]) at[1] = at[0] - x->frac;
    if (at[2] + x->frac < at[1]) at[2] = at[1] - x->frac;
    for (int j = 0; j < 3; j++) {
        up = at[j] - (j == 0 ? t->frac : j == 1 ? t->slope_frac : t->curve_frac);
        for (size_t k = 0; k < count; k++) {
            size_t at_k = first + k;

            step[k] =
                (int64_t)((uint64_t)((at_k < n ? t->c[j][at_k] : 0) - (at_k > 0 ? t->c[j][at_k - 1] : 0))
                          << up);
        }
        c[j] = puma_steps(s, bit, step, count, at[j], wide);
        if (!gated) c[j] = puma_add_real(s, c[j], ldexp((double)t->c[j][0], (int)up - (int)at[j]));
    }
    /* The remainder: x less its bucket's begin. */
    for (size_t k = 0; k < count; k++) {
        double number = -unit;

        choice[k] = (puma_choice){ .bit = bit[k] };
        if (gated && k == 0) number = (double)n / 2 * unit;
        if (gated && k == n) number = ((double)n / 2 - 1) * unit;
        choice[k].coefficient = puma_encode(s, number, x->frac, x->bits);
    }
    if (gated) {
        choice[count] =
            (puma_choice){ .bit = bit[0], .value = x, .coefficient = puma_integer(s, 1, x->bits) };
        choice[count + 1] =
            (puma_choice){ .bit = bit[n], .value = x, .coefficient = puma_integer(s, -1, x->bits) };
    }
    d = puma_mux_sum(s, choice, gated ? count + 2 : count, x->frac, x->bits);
    if (!gated) d = puma_add(s, x, d);
    d = puma_resize(s, d, wide);
    if (!puma_ready(s, d) || !puma_ready(s, c[0]) || !puma_ready(s, c[1]) || !puma_ready(s, c[2]))
        return NULL;
    terms[0].y = d;
    terms[0].x = c[2];
    terms[1].x = c[1];
    z = puma_product(s, terms, 2, x->rank, x->dim, at[1], wide);
    terms[0].x = z;
    terms[1].x = c[0];
    z = puma_ready(s, z) ? puma_product(s, terms, 2, x->rank, x->dim, frac, bits) : NULL;
    if (gated && z != NULL)
        z = puma_add(
            s, z,
            puma_mux_sum(
                s,
                &(puma_choice){ .bit = bit[n / 2], .value = x, .coefficient = puma_integer(s, 1, z->bits) },
                1, x->frac, z->bits));
    s->host->leave(s, mark, z);
    return z;
}

/* p_D(d) of the bucket that x lies in, at `frac` <= t->frac fraction bits; see puma_protocol.table. */
static inline puma_share puma_lookup(puma_session *s, puma_share x, const puma_table *t, uint32_t frac,
                                     uint32_t bits)
{
    puma_tensor *z;

    if (!puma_ready(s, x)) return NULL;
    bits = puma_ring_for(s, bits);
    if (!PUMA_HAS(s->protocol, table)) return puma_piecewise(s, x, t, 0, frac, bits);
    z = puma_like(s, x, PUMA_ARITH, bits, frac);
    return z == NULL ? NULL : puma_done(z, s->protocol->table(s, z, x, t));
}

/* 0, x, or between them the table: see puma_protocol.gate.  At x's fraction, in a ring no wider than x's. */
static inline puma_share puma_gate(puma_session *s, puma_share x, const puma_table *t, uint32_t window,
                                   uint32_t bits)
{
    puma_tensor *z;

    if (!puma_ready(s, x)) return NULL;
    bits = puma_ring_for(s, bits < x->bits ? bits : x->bits);
    if (!PUMA_HAS(s->protocol, gate))
        return puma_piecewise(s, puma_promise(s, x, (int32_t)window - 1 - (int32_t)x->frac), t, 1, x->frac,
                              bits);
    z = puma_like(s, x, PUMA_ARITH, bits, x->frac);
    return z == NULL ? NULL : puma_done(z, s->protocol->gate(s, z, x, t, window));
}

/* 2^x for x < high at `frac` fraction bits; all of x's ring counts, but for its lowest numbers: -2^(integer
 * bits) + high <= x.  Where the backend has none: whole part and remainder by comparison with all integers
 * from -frac - 2 on, below which the result is nothing; 2^remainder by a polynomial (1.2e-7), 2^whole by
 * steps. */
static inline puma_share puma_exp2(puma_session *s, puma_share x, uint32_t high, uint32_t frac, uint32_t bits)
{
    /* 2^x on [0, 1], through the Chebyshev nodes. */
    static const double C[] = { 0.9999998983500245,  0.6931544896632286,  0.24014181820146044,
                                0.05586033707720827, 0.00894959042337237, 0.0018937540581920975 };
    enum { MOST = 128 };
    double       edge[MOST];
    puma_share   bit[MOST], rest, whole, z;
    int64_t      step[MOST];
    puma_choice  choice[MOST + 1];
    puma_tensor *y;
    uint32_t     down, room, inner;
    size_t       count, mark;

    if (!puma_ready(s, x)) return NULL;
    bits = puma_ring_for(s, bits);
    if (PUMA_HAS(s->protocol, exp2)) {
        y = puma_like(s, x, PUMA_ARITH, bits, frac);
        return y == NULL ? NULL : puma_done(y, s->protocol->exp2(s, y, x, high));
    }
    /* Integers -down ... high - 1; a small ring has fewer, and its least has no edge. */
    down = frac + 2;
    room = x->bits - 1 - x->frac;
    if (room < 6 && down >= 1u << room) down = (1u << room) - 1;
    count = down + high;
    if (count > MOST || down + 24 + high + 4 > puma_ring_for(s, 64) + 16) {
        s->host->fail(s, PUMA_EINTERNAL, "no 2^x below 2^%u with %u fraction bits", high, frac);
        return NULL;
    }
    mark = s->host->enter(s);
    for (size_t k = 0; k < count; k++) {
        edge[k] = (double)k - (double)down;
        step[k] = k == 0 ? 1 : INT64_C(1) << (k - 1);
    }
    if (puma_at_least(s, x, edge, count, bit) != PUMA_OK) return NULL;
    for (size_t k = 0; k < count; k++)
        choice[k] =
            (puma_choice){ .bit = bit[k],
                           .coefficient = puma_encode(s, k == 0 ? (double)down : -1.0, x->frac, x->bits) };
    choice[count] = (puma_choice){ .bit = bit[0], .value = x, .coefficient = puma_integer(s, 1, x->bits) };
    rest = puma_mux_sum(s, choice, count + 1, x->frac, x->bits);
    whole = puma_steps(s, bit, step, count, down, puma_ring_for(s, 64));
    rest = puma_resize(s, rest, puma_ring_for(s, 64));
    if (!puma_ready(s, rest) || !puma_ready(s, whole)) return NULL;
    inner = rest->bits - 4 - high - down < 24 ? rest->bits - 4 - high - down : 24;
    z = puma_add_real(s, puma_trunc_to(s, puma_scale(s, rest, C[5], inner), inner, rest->bits), C[4]);
    for (int i = 3; i >= 0; i--)
        z = puma_add_real(s, puma_ready(s, z) ? puma_mul_to(s, z, rest, 0, inner, rest->bits) : NULL, C[i]);
    z = puma_ready(s, z) ? puma_mul_to(s, z, whole, 0, frac, bits) : NULL;
    s->host->leave(s, mark, z);
    return z;
}

/* --- rows of public lengths ------------------------------------------------------------------- */

/* Of the rows of (..., n), the first length[r] entries each; packed: those entries alone, one row after the
 * other, as (total).  length NULL: all of every row, and packing only renames the shape. */
typedef struct puma_rows {
    size_t        rows, n, total;
    const size_t *length, *row; /* row[i]: the row of packed entry i                             */
    size_t        dim[PUMA_MAX_RANK];
    uint32_t      rank;
} puma_rows;

/* The rows of x; `lengths` as in puma_arguments.  Lives as long as the caller's scope and `lengths`. */
static inline puma_status puma_rows_of(puma_session *s, puma_rows *g, puma_share x, const size_t *lengths)
{
    size_t *row, at = 0;

    *g = (puma_rows){ 0 };
    if (!puma_ready(s, x)) return s->status;
    g->rank = x->rank;
    memcpy(g->dim, x->dim, sizeof g->dim);
    g->n = x->rank > 0 ? x->dim[x->rank - 1] : 0;
    if (g->n == 0) return s->host->fail(s, PUMA_EINTERNAL, "rows of nothing");
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
    row = (size_t *)s->host->scratch(s, g->total);
    if (row == NULL) return s->status;
    for (size_t r = 0; r < g->rows; r++)
        for (size_t i = 0; i < lengths[r]; i++) row[at++] = r;
    g->length = lengths;
    g->row = row;
    return PUMA_OK;
}

/* Entries of x (n) by public index. */
static inline puma_share puma_pick(puma_session *s, puma_share x, const size_t *index, size_t count)
{
    puma_tensor *z;

    if (!puma_ready(s, x) || index == NULL) return NULL;
    z = s->host->gather(s, x, index, count);
    if (z != NULL) z->range = x->range;
    return z;
}

static inline puma_share puma_pack(puma_session *s, puma_share x, const puma_rows *g)
{
    size_t *index, at = 0;

    x = puma_ready(s, x) ? puma_reshape1(s, x, x->n) : NULL;
    if (x == NULL || g->length == NULL) return x;
    index = (size_t *)s->host->scratch(s, g->total);
    for (size_t r = 0; index != NULL && r < g->rows; r++)
        for (size_t i = 0; i < g->length[r]; i++) index[at++] = r * g->n + i;
    return puma_pick(s, x, index, g->total);
}

/* The rows again, 0 behind each one's end. */
static inline puma_share puma_unpack(puma_session *s, puma_share x, const puma_rows *g)
{
    size_t      *index, at = 0;
    puma_tensor *zero;
    puma_share   both[2] = { x };

    if (g->length == NULL) return puma_reshape(s, x, g->rank, g->dim);
    zero =
        puma_ready(s, x) ? s->host->tensor(s, PUMA_ARITH, 1, (const size_t[]){ 1 }, x->bits, x->frac) : NULL;
    index = (size_t *)s->host->scratch(s, g->rows * g->n);
    if (zero == NULL || index == NULL) return NULL;
    zero->range = x->range;
    for (size_t r = 0; r < g->rows; r++)
        for (size_t i = 0; i < g->n; i++) index[r * g->n + i] = i < g->length[r] ? at++ : g->total;
    both[1] = zero;
    x = puma_pick(s, puma_concat(s, both, 2, 0), index, g->rows * g->n);
    return puma_reshape(s, x, g->rank, g->dim);
}

/* x (rows), an entry for each packed one of its row. */
static inline puma_share puma_spread(puma_session *s, puma_share x, const puma_rows *g)
{
    if (g->length != NULL) return puma_pick(s, x, g->row, g->total);
    return puma_reshape1(s, puma_expand(s, x, g->n), g->total);
}

/* Packed x times its row's entry of y (rows). */
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

/* (rows): the maximum of each row of packed x.  A level of the tournament takes all rows at once. */
static inline puma_share puma_max_rows(puma_session *s, puma_share x, const puma_rows *g)
{
    size_t    *left, *right, *next, *length, most = 0, mark, pairs, at, to, from;
    puma_share a, b, both[2];

    if (!puma_ready(s, x)) return NULL;
    if (g->length == NULL) return puma_max(s, puma_reshape2(s, x, g->rows, g->n));
    mark = s->host->enter(s);
    left = (size_t *)s->host->scratch(s, g->total);
    right = (size_t *)s->host->scratch(s, g->total);
    next = (size_t *)s->host->scratch(s, g->total);
    length = (size_t *)s->host->scratch(s, g->rows);
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
        /* A row goes on with its winners, and with its last entry where that had no partner. */
        at = to = from = 0;
        for (size_t r = 0; r < g->rows; r++) {
            at += length[r];
            for (size_t i = 0; i < length[r] / 2; i++) next[to++] = from++;
            if (length[r] % 2 != 0) next[to++] = pairs + at - 1;
            length[r] -= length[r] / 2;
        }
        x = puma_pick(s, puma_concat(s, both, 2, 0), next, to);
    }
    s->host->leave(s, mark, x);
    return x;
}

/* --- functions, as the plan chose them -------------------------------------------------------- */

/* The chosen implementation of `slot`, on an operand in the ring that it asks for. */
static inline puma_share puma_call(puma_session *s, puma_slot slot, puma_share x, const puma_arguments *a)
{
    const puma_approx *f;

    if (!puma_ready(s, x)) return NULL;
    f = s->host->function(s, (uint32_t)slot);
    if (f == NULL) {
        s->host->fail(s, PUMA_EPLUGIN, "no implementation of a function that this one calls");
        return NULL;
    }
    return f->eval(s, x, a);
}

#endif
