/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/ops.h - the convenient layer on top of a protocol's table: formulas that read like formulas.
 *
 * Every operation checks shapes and rings, takes its result from the session's arena and returns it.  The
 * session keeps the first failure; from then on operations return NULL and do nothing, so formulas need no
 * error lines.  Operands are not changed.  Everything is inline, because a plugin links against nothing.
 *
 * Numbers.  A tensor with `frac` fraction bits in a ring of `bits` holds |number| < 2^(bits-1-frac).
 * Constants are doubles, encoded here.  Operations that lose no precision add fraction bits (puma_scale, and
 * the products with shift 0); puma_trunc takes them away.  The backend determines the costs: linear
 * operations are local, a product or truncation costs rounds. */
#ifndef PUMA_OPS_H
#define PUMA_OPS_H

#include <puma/approx.h>

#include <math.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef const puma_tensor *puma_share; /* short for signatures: an immutable tensor of shares */

/* --- encoding --------------------------------------------------------------------------------- */

static inline int puma_is_float(const puma_session *s) { return (s->caps & PUMA_CAP_FLOAT) != 0; }

/* The ring that this backend uses when `bits` are asked for. */
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
    if (!(fabs(scaled) < (double)(1ull << (bits - 1)))) {
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

/* May an operation go on?  An operand is NULL only after an earlier failure. */
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

/* The least e with |v| <= 2^e. */
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
    return puma_reshape(s, x, 1, &a);
}
static inline puma_tensor *puma_reshape2(puma_session *s, puma_share x, size_t a, size_t b)
{
    const size_t dim[2] = { a, b };

    return puma_reshape(s, x, 2, dim);
}
static inline puma_tensor *puma_reshape3(puma_session *s, puma_share x, size_t a, size_t b, size_t c)
{
    const size_t dim[3] = { a, b, c };

    return puma_reshape(s, x, 3, dim);
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
/* Repeats each element `times` times: (…) to (…, times). */
static inline puma_tensor *puma_expand(puma_session *s, puma_share x, size_t times)
{
    return puma_ready(s, x) ? s->host->expand(s, x, times) : NULL;
}
/* Picks entries of x (n) by public index. */
static inline puma_share puma_pick(puma_session *s, puma_share x, const size_t *index, size_t count)
{
    puma_tensor *z;

    if (!puma_ready(s, x) || index == NULL) return NULL;
    z = s->host->gather(s, x, index, count);
    if (z != NULL) z->range = x->range;
    return z;
}

/* The same words with the promise that |number| < 2^range, which is tighter than x's. */
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

/* x + c.  `count` constants repeat over x (1: the same for all). */
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

/* c * x, with c encoded with `frac` bits: the result has x->frac + frac fraction bits.  Local; only c is
 * rounded. */
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

/* x * 2^e without touching a word: only the fraction moves.  Needs 0 <= x->frac - e < x->bits. */
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

/* The same number with `by` more fraction bits, in a ring that is `by` bits wider (a backend without
 * PUMA_CAP_RINGS keeps its one ring).  Local. */
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

/* The sum of `terms` with `frac` fraction bits in a ring of `bits`, in the given shape.  See
 * puma_protocol.product.  A public matrix is multiplied as it is where the backend can, otherwise it is
 * shared first. */
static inline puma_tensor *puma_product(puma_session *s, const puma_term *terms, size_t count, uint32_t rank,
                                        const size_t *dim, uint32_t frac, uint32_t bits)
{
    return s->host->product(s, terms, count, rank, dim, frac, bits);
}

/* x * y element by element. y has x's shape, or is shorter and repeats (one row for all), or has with
 * `y_rows` one entry for each row of x. */
static inline puma_tensor *puma_mul_to(puma_session *s, puma_share x, puma_share y, int y_rows, uint32_t frac,
                                       uint32_t bits)
{
    const puma_term term = { PUMA_TERM_MUL, x, y, 0, y_rows, NULL };

    if (!puma_ready(s, x) || !puma_ready(s, y)) return NULL;
    if (y->n != x->n && (y->n == 0 || x->n % y->n != 0)) {
        s->host->fail(s, PUMA_EINTERNAL, "cannot multiply %zu elements by %zu", x->n, y->n);
        return NULL;
    }
    return puma_product(s, &term, 1, x->rank, x->dim, frac, bits);
}
/* x * y in x's own fraction and ring. */
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
    const puma_term term = { PUMA_TERM_MATMUL, x, y, y_transposed, 0, NULL };
    size_t          dim[PUMA_MAX_RANK];

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

/* x (..., M, K) times a matrix that all nodes know, w (K, N), or (N, K) when transposed. */
static inline puma_tensor *puma_matmul_public(puma_session *s, puma_share x, const puma_public *w, int transposed,
                                              uint32_t frac, uint32_t bits)
{
    const puma_term term = { PUMA_TERM_PUBLIC, x, NULL, transposed, 0, w };
    size_t          dim[PUMA_MAX_RANK];

    if (!puma_ready(s, x)) return NULL;
    if (x->rank < 2 || w->rank != 2 || x->dim[x->rank - 1] != w->dim[transposed ? 1 : 0]) {
        s->host->fail(s, PUMA_EINTERNAL, "shapes of a product with a public matrix do not fit");
        return NULL;
    }
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = w->dim[transposed ? 0 : 1];
    return puma_product(s, &term, 1, x->rank, dim, frac, bits);
}

/* Matrix products of different shapes inside x and y, all in one step.  The result is (n), which the blocks
 * must fill; see puma_block. */
static inline puma_share puma_matmul_blocks(puma_session *s, puma_share x, puma_share y,
                                            const puma_blocks *blocks, size_t n, uint32_t frac, uint32_t bits)
{
    return s->host->matmul_blocks(s, x, y, blocks, n, frac, bits);
}

/* x with `frac` <= x->frac fraction bits in a ring of `bits`; x itself if that changes nothing. */
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

/* x with `frac` fraction bits in a ring of `bits`, each of which may be more or fewer than x's. */
static inline puma_share puma_fit(puma_session *s, puma_share x, uint32_t frac, uint32_t bits)
{
    if (!puma_ready(s, x)) return NULL;
    if (frac <= x->frac) return puma_trunc_to(s, x, frac, bits);
    x = puma_resize(s, x, bits);
    return x == NULL ? NULL : puma_scale(s, x, 1, frac - x->frac);
}
/* c * x with x's own fraction: scale and truncate. */
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

/* z[j] = [x < c[j]] for all j in one call.  `low`: how many of the lowest bits may be ignored (0: exact).
 * The compared width follows from x's range and the thresholds. */
static inline puma_status puma_less_reals(puma_session *s, puma_share x, const double *c, size_t count,
                                          uint32_t low, puma_share *z)
{
    uint64_t     *words;
    puma_tensor **out;
    int32_t       range, width;

    for (size_t j = 0; j < count; j++) z[j] = NULL;
    if (!puma_ready(s, x)) return s->status;
    words = s->host->scratch(s, count);
    out = (puma_tensor **)(void *)s->host->scratch(s, count);
    range = x->range;
    if (words == NULL || out == NULL) return s->status;
    for (size_t j = 0; j < count; j++) {
        words[j] = puma_encode(s, c[j], x->frac, x->bits);
        range = puma_wider(range, puma_exponent(c[j]));
        out[j] = puma_like(s, x, PUMA_BIT, 1, 0);
        if (out[j] == NULL) return s->status;
    }
    /* |x - c| < 2^(range+1) and low + width - 1 >= frac + range + 1, with one unit of 2^low to spare. */
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
/* [x < y]; their difference must fit the ring. */
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

/* The sum of coefficient * bit * value, with the values' fraction (`frac` where all values are NULL), in a
 * ring of `bits`, no wider than theirs.  One round. */
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
    puma_choice  only = { bit, x, 0 };
    puma_tensor *z;

    if (!puma_ready(s, bit) || !puma_ready(s, x)) return NULL;
    only.coefficient = puma_integer(s, 1, x->bits);
    z = puma_mux_sum(s, &only, 1, x->frac, x->bits);
    if (z != NULL) z->range = puma_range_cap(z, x->range);
    return z;
}
/* bit ? x : y */
static inline puma_tensor *puma_mux(puma_session *s, puma_share bit, puma_share x, puma_share y)
{
    puma_choice  both[2];
    puma_tensor *z;

    if (!puma_matches(s, x, y)) return NULL;
    if (puma_is_float(s)) { /* y + (x - y) would round: equal numbers could come out different */
        both[0].bit = bit;
        both[0].value = x;
        both[1].bit = puma_not(s, bit);
        both[1].value = y;
        both[0].coefficient = both[1].coefficient = puma_integer(s, 1, x->bits);
        z = puma_mux_sum(s, both, 2, x->frac, x->bits);
    } else {
        z = puma_add(s, y, puma_select(s, bit, puma_sub(s, x, y)));
    }
    if (z != NULL) z->range = puma_range_cap(z, puma_wider(x->range, y->range));
    return z;
}
/* The bit as the number 0 or 1 with `frac` fraction bits. */
static inline puma_tensor *puma_b2a(puma_session *s, puma_share bit, uint32_t frac, uint32_t bits)
{
    puma_choice only = { bit, NULL, 0 };

    if (!puma_ready(s, bit)) return NULL;
    only.coefficient = puma_integer(s, puma_is_float(s) ? 1 : (int64_t)(1ull << frac), bits);
    return puma_mux_sum(s, &only, 1, frac, bits);
}

/* (x.n, count) bits: row i is 1 in column x_i and 0 elsewhere.  0 <= x_i < count; x is an integer (frac
 * 0). */
static inline puma_share puma_one_hot(puma_session *s, puma_share x, size_t count)
{
    return s->host->one_hot(s, x, count);
}

/* (n, d): row i is the sum over the parts of table[first + ids[i]]; see puma_lookup_ext.embed.  Called at
 * every node; the client has no table (NULL) and gives its ring as `bits`.  PUMA_EPLUGIN where the backend
 * has no embed. */
static inline puma_share puma_embed(puma_session *s, puma_share table, const puma_index *parts, size_t count,
                                    size_t n, uint32_t from, uint32_t bits)
{
    return s->host->embed(s, table, parts, count, n, from, bits);
}

/* The larger of x and y, element by element.  In a ring of 6 to 12 bits their difference must be below 15/16
 * of half the ring (puma_lookup_ext.maximum); in other rings it must fit the ring. */
static inline puma_share puma_larger(puma_session *s, puma_share x, puma_share y)
{
    return s->host->larger(s, x, y);
}

/* --- functions by lookup -------------------------------------------------------------------------- */

/* p_D(d) for the bucket that x is in, with `frac` <= t->frac fraction bits; see puma_lookup_ext.table. */
static inline puma_share puma_lookup(puma_session *s, puma_share x, const puma_table *t, uint32_t frac,
                                     uint32_t bits)
{
    return s->host->lookup(s, x, t, frac, bits);
}

/* 0, x, or between these two regions the table: see puma_lookup_ext.gate.  With x's fraction, in a ring no
 * wider than x's. */
static inline puma_share puma_gate(puma_session *s, puma_share x, const puma_table *t, uint32_t window,
                                   uint32_t bits)
{
    return s->host->gate(s, x, t, window, bits);
}

/* 2^x for x < high with `frac` fraction bits; the error is at most error * max(1, 2^x) and one ulp. x may be
 * any number of its ring, except the lowest ones, which the form built by the host does not take: -2^(integer
 * bits) + high <= x. */
static inline puma_share puma_exp2(puma_session *s, puma_share x, uint32_t high, double error, uint32_t frac,
                                   uint32_t bits)
{
    return s->host->exp2(s, x, high, error, frac, bits);
}

/* f of each number, or of rows of `row` numbers, with `frac` fraction bits in a ring of `bits`.  Only where
 * values are in the clear (PUMA_CAP_CLEAR), else PUMA_EPLUGIN. */
static inline puma_share puma_apply(puma_session *s, puma_share x, size_t row,
                                    void (*f)(double *row, size_t n, const void *context), const void *context,
                                    uint32_t frac, uint32_t bits)
{
    return s->host->apply(s, x, row, f, context, frac, bits);
}

/* --- rows that cannot be right ----------------------------------------------------------------- */

/* Does the run want to know of them?  Else there is no need to compute the bits. */
static inline int puma_flags(const puma_session *s) { return PUMA_HAS(s->host, flag); }
/* See puma_host.flag. */
static inline void puma_flag(puma_session *s, puma_share bits)
{
    if (puma_flags(s) && puma_ready(s, bits)) s->host->flag(s, bits);
}

/* --- functions, as the plan chose them -------------------------------------------------------- */

/* Calls the chosen implementation of `slot`, on an operand brought into the ring that it asks for. */
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

#ifdef __cplusplus
}
#endif

#endif
