/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* kernels_body.h - all kernels, once: included by kernels_portable.c, kernels_avx2.c and kernels_avx512.c.
 *
 * The including file defines
 *   NAME                    the table's name
 *   TARGET                  the attribute that lets functions use the instruction set
 *   vec, VL                 a vector of VL ring words, and its arithmetic through + - & ^ >>
 *   sum, sum_zero(), mac(), sum_value()
 *                           a running sum of products: s += x y is mac(s, x, y, swapped(y)), where
 *                           swapped() is whatever mac wants to have prepared once for a y used often
 *   times(x, y)             x y
 *   ROWS_64(X), HIGH_64     X(0) X(1) ... X(HIGH_64 - 1): the rows of a panel of 64-bit words; _32 alike
 *   COLUMNS_32              columns of a panel of 32-bit words: two vec32
 *   vec32                   a vector of 32-bit words, and its arithmetic; unless
 *   OWN_INNER               the file brings inner_64() and inner_32() of its own
 *   madd52, HIGH_52         where the CPU multiplies 52 bits and adds in one go: for products mod 2^52 or
 * less No branch and no index depends on a ring word. */
#include "ring/kernels.h"

#include <string.h>

#define LINE 8   /* words of a cache line                                           */
#define FETCH 64 /* words between those that are multiplied and those fetched       */

#define FN TARGET static
#define INLINE TARGET static inline __attribute__((always_inline))

INLINE vec load(const uint64_t *p)
{
    vec v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(uint64_t *p, vec v) { memcpy(p, &v, sizeof v); }

/* c in every lane. */
INLINE vec all(uint64_t c) { return (vec){ 0 } + c; }

INLINE uint64_t lane_sum(vec v)
{
    uint64_t lane[VL], total = 0;

    store(lane, v);
    for (size_t i = 0; i < VL; i++) total += lane[i];
    return total;
}

/* --- element by element ----------------------------------------------------------------------- */

/* z[i] = F for all i: F is written in X, Y and Z, the old words of x, y and z, and c; MUL is the product. */
#define EACH(F_VECTOR, F_WORD)                                                                               \
    do {                                                                                                     \
        size_t i = 0;                                                                                        \
        for (; i + VL <= n; i += VL) store(z + i, F_VECTOR);                                                 \
        for (; i < n; i++) z[i] = F_WORD;                                                                    \
    } while (0)

FN void add(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    EACH(load(x + i) + load(y + i), x[i] + y[i]);
}

FN void sub(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    EACH(load(x + i) - load(y + i), x[i] - y[i]);
}

FN void neg(uint64_t *z, const uint64_t *x, size_t n) { EACH(all(0) - load(x + i), 0 - x[i]); }

FN void mul(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    EACH(times(load(x + i), load(y + i)), x[i] * y[i]);
}

FN void mul_add(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    EACH(load(z + i) + times(load(x + i), load(y + i)), z[i] + x[i] * y[i]);
}

FN void mul_sub(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    EACH(load(z + i) - times(load(x + i), load(y + i)), z[i] - x[i] * y[i]);
}

FN void scale(uint64_t *z, const uint64_t *x, uint64_t c, size_t n)
{
    EACH(times(load(x + i), all(c)), x[i] * c);
}

FN void scale_add(uint64_t *z, const uint64_t *x, uint64_t c, size_t n)
{
    EACH(load(z + i) + times(load(x + i), all(c)), z[i] + x[i] * c);
}

FN void offset(uint64_t *z, const uint64_t *x, uint64_t c, size_t n) { EACH(load(x + i) + all(c), x[i] + c); }

FN void shift_right(uint64_t *z, const uint64_t *x, uint32_t by, size_t n)
{
    if (by > 63) {
        if (n > 0) memset(z, 0, n * sizeof *z);
        return;
    }
    EACH(load(x + i) >> all(by), x[i] >> by);
}

FN void reduce(uint64_t *z, const uint64_t *x, uint32_t bits, size_t n)
{
    uint64_t mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : ~(uint64_t)0;

    EACH(load(x + i) & all(mask), x[i] & mask);
}

FN void sum_rows(uint64_t *z, const uint64_t *x, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        const uint64_t *row = x + r * n;
        vec             total = all(0);
        size_t          i = 0;
        uint64_t        rest = 0;

        for (; i + VL <= n; i += VL) total += load(row + i);
        for (; i < n; i++) rest += row[i];
        z[r] = lane_sum(total) + rest;
    }
}

/* --- a product with few rows: B is read once, where it lies ----------------------------------- */

/* Steps [k0, k0 + 4) of K, columns [j0, j1) of row i: c[j] += sum_k a[k] b[k][j].  The same columns of the
 * next four steps are fetched meanwhile. */
FN void row_steps(const ring_product *p, size_t i, size_t k0, size_t j0, size_t j1)
{
    uint64_t       *c = p->c + i * p->n;
    const uint64_t *a = p->a + i * p->k + k0;
    const uint64_t *b0 = p->b + k0 * p->n, *b1 = b0 + p->n, *b2 = b1 + p->n, *b3 = b2 + p->n;
    uint64_t        w0 = (a[0] ^ p->flip) - p->flip, w1 = (a[1] ^ p->flip) - p->flip;
    uint64_t        w2 = (a[2] ^ p->flip) - p->flip, w3 = (a[3] ^ p->flip) - p->flip;
    vec             a0 = all(w0), a1 = all(w1), a2 = all(w2), a3 = all(w3);
    vec             s0 = swapped(a0), s1 = swapped(a1), s2 = swapped(a2), s3 = swapped(a3);
    size_t          j = j0, next = k0 + 8 <= p->k ? 4 * p->n : 0;

    for (; j + LINE <= j1; j += LINE) {
        __builtin_prefetch(b0 + next + j);
        __builtin_prefetch(b1 + next + j);
        __builtin_prefetch(b2 + next + j);
        __builtin_prefetch(b3 + next + j);
        for (size_t l = j; l < j + LINE; l += VL) {
            sum s = sum_zero();

            s = mac(s, load(b0 + l), a0, s0);
            s = mac(s, load(b1 + l), a1, s1);
            s = mac(s, load(b2 + l), a2, s2);
            s = mac(s, load(b3 + l), a3, s3);
            store(c + l, load(c + l) + sum_value(s));
        }
    }
    for (; j < j1; j++) c[j] += w0 * b0[j] + w1 * b1[j] + w2 * b2[j] + w3 * b3[j];
}

/* The tile of a product with B as it is: four rows of B at a time, for all rows of A. */
FN void few_rows(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    size_t k0 = 0;

    for (; k0 + 4 <= p->k; k0 += 4)
        for (size_t i = i0; i < i1; i++) row_steps(p, i, k0, j0, j1);
    for (; k0 < p->k; k0++)
        for (size_t i = i0; i < i1; i++) {
            uint64_t w = (p->a[i * p->k + k0] ^ p->flip) - p->flip;

            if (j1 > j0) scale_add(p->c + i * p->n + j0, p->b + k0 * p->n + j0, w, j1 - j0);
        }
}

/* Four sums to four numbers of C, added or subtracted; those of rows beyond `rows` are dropped. */
INLINE void add_sums(const ring_product *p, uint64_t *c, size_t rows, sum s0, sum s1, sum s2, sum s3)
{
    const uint64_t total[4] = { lane_sum(sum_value(s0)), lane_sum(sum_value(s1)), lane_sum(sum_value(s2)),
                                lane_sum(sum_value(s3)) };

    for (size_t j = 0; j < rows; j++) c[j] += (total[j] ^ p->flip) - p->flip;
}

/* Row i of A times rows [j, j + rows) of B, four of them at most.  B comes from memory and is read once: the
 * CPU follows four rows by itself within a page, and is told where they go on behind it. */
FN void four_dots(const ring_product *p, size_t i, size_t j, size_t rows)
{
    const uint64_t *a = p->a + i * p->k, *b0 = p->b + j * p->k;
    const uint64_t *b1 = rows > 1 ? b0 + p->k : b0, *b2 = rows > 2 ? b1 + p->k : b0;
    const uint64_t *b3 = rows > 3 ? b2 + p->k : b0;
    uint64_t       *c = p->c + i * p->n + j;
    sum             s0 = sum_zero(), s1 = s0, s2 = s0, s3 = s0;
    size_t          k = 0;

    for (; k + LINE <= p->k; k += LINE) {
        __builtin_prefetch(b0 + k + FETCH);
        __builtin_prefetch(b1 + k + FETCH);
        __builtin_prefetch(b2 + k + FETCH);
        __builtin_prefetch(b3 + k + FETCH);
        for (size_t l = k; l < k + LINE; l += VL) {
            vec x = load(a + l), y = swapped(x);

            s0 = mac(s0, load(b0 + l), x, y);
            s1 = mac(s1, load(b1 + l), x, y);
            s2 = mac(s2, load(b2 + l), x, y);
            s3 = mac(s3, load(b3 + l), x, y);
        }
    }
    add_sums(p, c, rows, s0, s1, s2, s3);
    for (; k < p->k; k++) {
        const uint64_t w = (a[k] ^ p->flip) - p->flip, b[4] = { b0[k], b1[k], b2[k], b3[k] };

        for (size_t r = 0; r < rows; r++) c[r] += w * b[r];
    }
}

/* The tile with B transposed: dot products of rows of A with rows of B. */
FN void few_rows_transposed(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    for (size_t j = j0; j < j1; j += 4)
        for (size_t i = i0; i < i1; i++) four_dots(p, i, j, j1 - j < 4 ? j1 - j : 4);
}

/* --- a product with many rows: panels of 64-bit words, and of narrower ones where they will do -- */

/* The inner kernels in terms of vec and vec32.  out (ROWS x COLUMNS) = header + A panel times B panel. */
#ifndef OWN_INNER
INLINE void inner_64(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t steps)
{
#define DECLARE(r) vec s##r = load(b) + all(a[r]);
#define STEP(r) s##r += times(load(b) + all(a[HIGH_64 + r]), load(b + VL) + all(a[r]));
#define FINISH(r) store(out + r * VL, s##r);
    ROWS_64(DECLARE)
    a += HIGH_64;
    b += VL;
    for (size_t k = 0; k < steps; k += 2, a += 2 * HIGH_64, b += 2 * VL) {
        ROWS_64(STEP)
    }
    ROWS_64(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}

INLINE vec32 load32(const uint32_t *p)
{
    vec32 v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void inner_32(uint32_t *out, const uint32_t *a, const uint32_t *b, size_t steps)
{
#define DECLARE(r) vec32 s##r = { 0 }, t##r = { 0 };
#define STEP(r)                                                                                              \
    s##r += x * a[r];                                                                                        \
    t##r += y * a[r];
#define FINISH(r)                                                                                            \
    memcpy(out + r * COLUMNS_32, &s##r, sizeof s##r);                                                        \
    memcpy(out + r * COLUMNS_32 + COLUMNS_32 / 2, &t##r, sizeof t##r);
    ROWS_32(DECLARE)
    for (size_t k = 0; k < steps; k++) {
        vec32 x, y;

        a += HIGH_32;
        b += COLUMNS_32;
        x = load32(b);
        y = load32(b + COLUMNS_32 / 2);
        ROWS_32(STEP)
    }
    ROWS_32(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}
#endif

#ifdef HIGH_52
/* madd52(s, x, y) is s + (x y mod 2^52), whatever lies above the low 52 bits of x and y. */
INLINE void inner_52(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t steps)
{
#define DECLARE(r) vec s##r = { 0 };
#define STEP(r) s##r = madd52(s##r, y, all(a[r]));
#define FINISH(r) store(out + r * VL, s##r);
    ROWS_52(DECLARE)
    for (size_t k = 0; k < steps; k++) {
        vec y;

        a += HIGH_52;
        b += VL;
        y = load(b);
        ROWS_52(STEP)
    }
    ROWS_52(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}
#endif

#define JOIN_(name, width) name##_##width
#define JOIN(name, width) JOIN_(name, width)
#define W(name) JOIN(name, WIDTH)

#define WIDTH 64
#define WORD uint64_t
#define HIGH HIGH_64
#define COLUMNS VL
#define PAIRED 1
#include "ring/panels_body.h"

#define WIDTH 32
#define WORD uint32_t
#define HIGH HIGH_32
#define COLUMNS COLUMNS_32
#define PAIRED 0
#include "ring/panels_body.h"

#ifdef HIGH_52
#define WIDTH 52
#define WORD uint64_t
#define HIGH HIGH_52
#define COLUMNS VL
#define PAIRED 0
#include "ring/panels_body.h"
#endif

/* Brings the tile into Z_{2^bits}. */
FN void reduce_tile(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    for (size_t i = i0; i < i1 && p->bits < 64; i++) {
        uint64_t *c = p->c + i * p->n + j0;

        reduce(c, c, p->bits, j1 - j0);
    }
}

FN void tile(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    bool as_it_lies = i1 - i0 <= FEW_ROWS || p->panels == NULL;

    if (as_it_lies && p->transposed)
        few_rows_transposed(p, i0, i1, j0, j1);
    else if (as_it_lies)
        few_rows(p, i0, i1, j0, j1);
    else if (p->bits <= 32)
        many_rows_32(p, i0, i1, j0, j1);
#ifdef HIGH_52
    else if (p->bits <= 52)
        many_rows_52(p, i0, i1, j0, j1);
#endif
    else
        many_rows_64(p, i0, i1, j0, j1);
    reduce_tile(p, i0, i1, j0, j1);
}

static void matmul(uint64_t *c, const uint64_t *a, const uint64_t *b, const puma_gemm *g)
{
    ring_tiles(tile, c, a, b, g);
}

const puma_ring NAME = {
    .struct_size = sizeof(puma_ring),
    .add = add,
    .sub = sub,
    .neg = neg,
    .mul = mul,
    .mul_add = mul_add,
    .mul_sub = mul_sub,
    .scale = scale,
    .scale_add = scale_add,
    .offset = offset,
    .shift_right = shift_right,
    .reduce = reduce,
    .sum_rows = sum_rows,
    .matmul = matmul,
};
