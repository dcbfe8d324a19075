/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* product.c - products and truncation of the reference backend.
 *
 * The sum of terms is formed exactly: in 64 bits where a bound on the operands allows it, which the compiler
 * vectorises, else in 128 bits.  Poisoned operands take the 128-bit path with a look at every element. */
#include "plain.h"

#include <math.h>

/* Rows, columns and depth of a matrix term; `batch` of them, y the same for all when y_batch is 0. */
typedef struct matrices {
    size_t batch, m, n, k;
    size_t y_batch; /* elements from one y to the next */
} matrices;

static matrices shape_of(const puma_term *t)
{
    const puma_tensor *x = t->x, *y = t->y;
    matrices           a = { .batch = 1 };
    size_t             first = y->dim[y->rank - 2], second = y->dim[y->rank - 1];

    a.k = t->y_transposed ? second : first;
    a.n = t->y_transposed ? first : second;
    for (uint32_t i = 0; i + 2 < y->rank; i++) a.batch *= y->dim[i];
    a.y_batch = y->rank > 2 ? a.k * a.n : 0;
    a.m = x->rank > 1 ? x->dim[x->rank - 2] : 1;
    if (y->rank == 2) /* one y for all rows of x */
        for (uint32_t i = 0; i + 2 < x->rank; i++) a.m *= x->dim[i];
    return a;
}

/* What is summed up: terms in the shape of the result, or one matrix product made of blocks. */
typedef struct summands {
    const puma_term   *terms;
    size_t             count;
    const puma_blocks *blocks; /* of the one term; NULL: its operands' shapes say it */
} summands;

static size_t pieces_of(const summands *of) { return of->blocks != NULL ? of->blocks->count : 1; }

/* Piece i of a matrix term: its shape, and where it lies. */
static matrices piece_of(const summands *of, const puma_term *t, size_t i, puma_block *at)
{
    *at = of->blocks != NULL ? of->blocks->block[i] : (puma_block){ 0 };
    if (of->blocks == NULL) return shape_of(t);
    return (matrices){ .batch = 1, .m = at->m, .n = at->n, .k = at->k };
}

/* The longest sum of a matrix term. */
static size_t depth_of(const summands *of, const puma_term *t)
{
    size_t     most = 0;
    puma_block at;

    for (size_t i = 0; i < pieces_of(of); i++) {
        size_t k = piece_of(of, t, i, &at).k;

        if (k > most) most = k;
    }
    return most;
}

/* Index into y of element i of a product by elements. */
static size_t y_index(const puma_term *t, size_t i)
{
    return t->y_rows ? i / (t->x->n / t->y->n) : i % t->y->n;
}

/* --- floating point --------------------------------------------------------------------------- */

#define DEPTH 64 /* rows of y that stay in the cache while all rows of x pass over them */

static void matmul_real(double *z, const double *x, const double *y, const matrices *a, int transposed)
{
    for (size_t b = 0; b < a->batch; b++, x += a->m * a->k, y += a->y_batch, z += a->m * a->n) {
        if (transposed) {
            for (size_t j = 0; j < a->n; j++)
                for (size_t i = 0; i < a->m; i++) {
                    double part[4] = { 0 };
                    size_t l = 0;

                    for (; l + 4 <= a->k; l += 4)
                        for (size_t p = 0; p < 4; p++) part[p] += x[i * a->k + l + p] * y[j * a->k + l + p];
                    for (; l < a->k; l++) part[0] += x[i * a->k + l] * y[j * a->k + l];
                    z[i * a->n + j] += (part[0] + part[1]) + (part[2] + part[3]);
                }
            continue;
        }
        for (size_t from = 0; from < a->k; from += DEPTH) {
            size_t to = from + DEPTH < a->k ? from + DEPTH : a->k;

            for (size_t i = 0; i < a->m; i++)
                for (size_t l = from; l < to; l++) {
                    double        c = x[i * a->k + l];
                    const double *row = y + l * a->n;
                    double       *out = z + i * a->n;

                    for (size_t j = 0; j < a->n; j++) out[j] += c * row[j];
                }
        }
    }
}

/* The largest |sum|, and its bits as an integer of frac + shift fraction bits. */
static void observe_real(puma_session *s, const puma_tensor *z, uint32_t shift)
{
    double most = plain_largest(reals(z), z->n);
    int    bits = 0;

    if (isfinite(most)) frexp(ldexp(most, (int)(z->frac + shift)), &bits);
    s->host->observe(s, "product", most, bits > 0 ? (uint32_t)bits + 1 : 1);
    plain_observe(s, z);
}

static puma_status product_real(puma_session *s, puma_tensor *z, const summands *of, uint32_t shift)
{
    double *out = reals(z);

    for (size_t i = 0; i < z->n; i++) out[i] = 0;
    for (size_t t = 0; t < of->count && z->n > 0; t++) {
        const puma_term *term = &of->terms[t];
        const double    *x = reals(term->x), *y = term->y ? reals(term->y) : NULL;
        matrices         a;
        puma_block       at;

        switch (term->op) {
        case PUMA_TERM_MATMUL:
            for (size_t i = 0; i < pieces_of(of); i++) {
                a = piece_of(of, term, i, &at);
                matmul_real(out + at.z, x + at.x, y + at.y, &a, term->y_transposed);
            }
            break;
        case PUMA_TERM_MUL:
            for (size_t i = 0; i < z->n; i++) out[i] += x[i] * y[y_index(term, i)];
            break;
        case PUMA_TERM_PUBLIC: break; /* no PUMA_CAP_PUBLIC: the host has shared the matrix */
        case PUMA_TERM_ADD:
            for (size_t i = 0; i < z->n; i++) out[i] += x[i % term->x->n];
            break;
        }
    }
    observe_real(s, z, shift);
    return s->status;
}

/* --- fixed point ------------------------------------------------------------------------------ */

/* Largest magnitude of x's numbers; *poisoned, and no meaning in the magnitude, when there is poison among
 * them. */
static double magnitude(const puma_tensor *x, bool *poisoned)
{
    const int64_t *v = numbers(x);
    int64_t        low = 0, high = 0;

    for (size_t i = 0; i < x->n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    if (is_poison(low)) *poisoned = true;
    return fmax(-(double)low, (double)high);
}

/* A sum in 64 bits cannot overflow. */
static void matmul_narrow(int64_t *z, const int64_t *x, const int64_t *y, const matrices *a, int transposed)
{
    for (size_t b = 0; b < a->batch; b++, x += a->m * a->k, y += a->y_batch, z += a->m * a->n) {
        if (transposed) {
            for (size_t j = 0; j < a->n; j++)
                for (size_t i = 0; i < a->m; i++) {
                    int64_t sum = 0;

                    for (size_t l = 0; l < a->k; l++) sum += x[i * a->k + l] * y[j * a->k + l];
                    z[i * a->n + j] += sum;
                }
            continue;
        }
        for (size_t from = 0; from < a->k; from += DEPTH) {
            size_t to = from + DEPTH < a->k ? from + DEPTH : a->k;

            for (size_t i = 0; i < a->m; i++)
                for (size_t l = from; l < to; l++) {
                    int64_t        c = x[i * a->k + l];
                    const int64_t *row = y + l * a->n;
                    int64_t       *out = z + i * a->n;

                    if (c == 0) continue; /* most of a one-hot row; these are values in the clear */
                    for (size_t j = 0; j < a->n; j++) out[j] += c * row[j];
                }
        }
    }
}

/* Sums of 128 bits and, beside them, the poison that reached an element (0: none). */
typedef struct sums {
    puma_session *s;
    wide         *value;
    int64_t      *poison;
    uint32_t      known; /* smallest ring among the operands */
} sums;

/* z[i] += x * y.  A sum beyond 128 bits is lost at once. */
static void add_product(sums z, size_t i, int64_t x, wide y)
{
    wide product;

    if (z.poison[i] != 0) return;
    if (is_poison(x))
        z.poison[i] = x;
    else if (__builtin_mul_overflow((wide)x, y, &product) ||
             __builtin_add_overflow(z.value[i], product, &z.value[i]))
        z.poison[i] = plain_lose(z.s, 128, z.known);
}

/* The same where y may be poison too. */
static void add_numbers(sums z, size_t i, int64_t x, int64_t y)
{
    if (is_poison(y))
        add_product(z, i, y, 1);
    else
        add_product(z, i, x, y);
}

static void matmul_wide(sums z, size_t at, const int64_t *x, const int64_t *y, const matrices *a,
                        int transposed)
{
    for (size_t b = 0; b < a->batch; b++, x += a->m * a->k, y += a->y_batch, at += a->m * a->n)
        for (size_t i = 0; i < a->m; i++)
            for (size_t l = 0; l < a->k; l++)
                for (size_t j = 0; j < a->n; j++)
                    add_numbers(z, at + i * a->n + j, x[i * a->k + l],
                                y[transposed ? j * a->k + l : l * a->n + j]);
}

/* Brings a sum that is known mod 2^known into z's ring: shifted, rounded to nearest, checked. */
static int64_t round_off(puma_session *s, const puma_tensor *z, wide sum, uint32_t shift, uint32_t known)
{
    wide edge = known > 2 ? (wide)1 << (known - 2) : 0, half = shift > 0 ? (wide)1 << (shift - 1) : 0;

    if (z->bits + shift > known && (sum <= -edge || sum >= edge))
        return plain_lose(s, plain_bits_of(sum) + 1, known);
    return plain_settle(s, z, (sum + half) >> shift);
}

/* Largest |sum| before truncation, as a number and in bits. */
static void observe_sum(puma_session *s, const puma_tensor *z, wide most, uint32_t shift)
{
    s->host->observe(s, "product", ldexp((double)most, -(int)(z->frac + shift)), plain_bits_of(most));
}

/* Left shift that brings x of an ADD term to the fraction of the product. */
static uint32_t add_shift(const puma_tensor *z, const puma_term *t, uint32_t shift)
{
    return z->frac + shift - t->x->frac;
}

static void narrow_terms(int64_t *sum, const puma_tensor *z, const summands *of, uint32_t shift)
{
    for (size_t t = 0; t < of->count && z->n > 0; t++) {
        const puma_term *term = &of->terms[t];
        const int64_t   *x = numbers(term->x), *y = term->y ? numbers(term->y) : NULL;
        int64_t          unit;
        matrices         a;
        puma_block       at;

        switch (term->op) {
        case PUMA_TERM_MATMUL:
            for (size_t i = 0; i < pieces_of(of); i++) {
                a = piece_of(of, term, i, &at);
                matmul_narrow(sum + at.z, x + at.x, y + at.y, &a, term->y_transposed);
            }
            break;
        case PUMA_TERM_MUL:
            for (size_t i = 0; i < z->n; i++) sum[i] += x[i] * y[y_index(term, i)];
            break;
        case PUMA_TERM_PUBLIC: break; /* no PUMA_CAP_PUBLIC: the host has shared the matrix */
        case PUMA_TERM_ADD:
            unit = INT64_C(1) << add_shift(z, term, shift);
            for (size_t i = 0; i < z->n; i++) sum[i] += x[i % term->x->n] * unit;
            break;
        }
    }
}

static void wide_terms(sums sum, const puma_tensor *z, const summands *of, uint32_t shift)
{
    for (size_t t = 0; t < of->count && z->n > 0; t++) {
        const puma_term *term = &of->terms[t];
        const int64_t   *x = numbers(term->x), *y = term->y ? numbers(term->y) : NULL;
        uint32_t         left;
        matrices         a;
        puma_block       at;

        switch (term->op) {
        case PUMA_TERM_MATMUL:
            for (size_t i = 0; i < pieces_of(of); i++) {
                a = piece_of(of, term, i, &at);
                matmul_wide(sum, at.z, x + at.x, y + at.y, &a, term->y_transposed);
            }
            break;
        case PUMA_TERM_MUL:
            for (size_t i = 0; i < z->n; i++) add_numbers(sum, i, x[i], y[y_index(term, i)]);
            break;
        case PUMA_TERM_PUBLIC: break; /* no PUMA_CAP_PUBLIC: the host has shared the matrix */
        case PUMA_TERM_ADD:
            left = add_shift(z, term, shift);
            for (size_t i = 0; i < z->n; i++) add_product(sum, i, x[i % term->x->n], (wide)1 << left);
            break;
        }
    }
}

/* A bound on the sums, and whether an operand is poisoned.  The smallest ring among the operands goes to
 * *known. */
static double bound_of(puma_session *s, const puma_tensor *z, const summands *of, uint32_t shift,
                       bool *poisoned, uint32_t *known)
{
    double bound = 0;

    *known = 64;
    for (size_t t = 0; t < of->count; t++) {
        const puma_term *term = &of->terms[t];
        double           x = magnitude(term->x, poisoned);

        if (term->x->bits < *known) *known = term->x->bits;
        if (term->op == PUMA_TERM_ADD) {
            if (z->frac + shift < term->x->frac || add_shift(z, term, shift) > 62) {
                s->host->fail(s, PUMA_EINTERNAL, "a summand of %u fraction bits in a product of %u",
                              term->x->frac, z->frac + shift);
                return 0;
            }
            bound += ldexp(x, (int)add_shift(z, term, shift));
            continue;
        }
        if (term->y->bits < *known) *known = term->y->bits;
        x *= magnitude(term->y, poisoned);
        bound += term->op == PUMA_TERM_MATMUL ? x * (double)depth_of(of, term) : x;
    }
    return bound;
}

static wide magnitude_of(wide v) { return v < 0 ? -v : v; }

static puma_status product_fixed(puma_session *s, puma_tensor *z, const summands *of, uint32_t shift)
{
    bool     poisoned = false;
    uint32_t known;
    double   bound = bound_of(s, z, of, shift, &poisoned, &known);
    size_t   mark = s->host->enter(s);
    int64_t *out = numbers(z);
    wide     most = 0;

    if (s->status != PUMA_OK) return s->status;
    if (shift > 100) return s->host->fail(s, PUMA_EINTERNAL, "truncation by %u bits", shift);
    plain_begin(s, "product");
    if (!poisoned && bound < 0x1p62) {
        int64_t *sum = (int64_t *)s->host->scratch(s, z->n);

        if (!sum) return s->status;
        narrow_terms(sum, z, of, shift);
        for (size_t i = 0; i < z->n; i++) {
            wide size = magnitude_of(sum[i]);

            most = size > most ? size : most;
            out[i] = round_off(s, z, sum[i], shift, known);
        }
    } else {
        sums sum = { s, (wide *)s->host->scratch(s, 2 * z->n), (int64_t *)s->host->scratch(s, z->n), known };

        if (!sum.value || !sum.poison) return s->status;
        wide_terms(sum, z, of, shift);
        for (size_t i = 0; i < z->n; i++) {
            wide size = magnitude_of(sum.value[i]);

            if (sum.poison[i] != 0) {
                out[i] = sum.poison[i];
                continue;
            }
            most = size > most ? size : most;
            out[i] = round_off(s, z, sum.value[i], shift, known);
        }
    }
    observe_sum(s, z, most, shift);
    plain_observe(s, z);
    puma_leave(s, mark, NULL);
    return s->status;
}

puma_status plain_product(puma_session *s, puma_tensor *z, const puma_term *terms, size_t count,
                          uint32_t shift)
{
    const summands of = { .terms = terms, .count = count };

    if (s->status != PUMA_OK) return s->status;
    return plain_is_float(s) ? product_real(s, z, &of, shift) : product_fixed(s, z, &of, shift);
}

puma_status plain_product_blocks(puma_session *s, puma_tensor *z, const puma_tensor *x, const puma_tensor *y,
                                 const puma_blocks *blocks, uint32_t shift)
{
    const puma_term term = { .op = PUMA_TERM_MATMUL, .x = x, .y = y, .y_transposed = blocks->y_transposed };
    const summands  of = { .terms = &term, .count = 1, .blocks = blocks };

    if (s->status != PUMA_OK) return s->status;
    return plain_is_float(s) ? product_real(s, z, &of, shift) : product_fixed(s, z, &of, shift);
}

puma_status plain_trunc(puma_session *s, puma_tensor *z, const puma_tensor *x, uint32_t shift)
{
    if (s->status != PUMA_OK) return s->status;
    if (plain_is_float(s)) {
        memmove(z->plane[0], x->plane[0], x->n * sizeof(uint64_t));
        plain_observe(s, z);
        return PUMA_OK;
    }
    if (shift > 63) return s->host->fail(s, PUMA_EINTERNAL, "truncation by %u bits", shift);
    plain_begin(s, "truncation");
    for (size_t i = 0; i < x->n; i++) {
        int64_t v = numbers(x)[i];

        numbers(z)[i] = is_poison(v) ? v : round_off(s, z, v, shift, x->bits);
    }
    plain_observe(s, z);
    return s->status;
}
