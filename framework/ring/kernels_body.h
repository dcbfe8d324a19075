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
 *   ROWS(X), MR             X(0) X(1) ... X(MR - 1): the rows that the inner kernel keeps in registers
 * A panel is VL columns of B or MR rows of A over at most KC steps of K.  No branch and no index depends on
 * a ring word. */
#include "ring/kernels.h"

#include <string.h>

#define KC 128                  /* steps of K between two passes over C                            */
#define MC (96 / MR * MR)       /* rows of A kept packed: KC x MC words lie in half of an L2 cache */
#define NC 16                   /* columns of B packed together: KC x NC words lie in half of an L1 */
#define DIRECT 4096             /* a matrix of so few words (32 KiB) is read where it lies         */
#define FEW 16                  /* so few rows are not worth a packed B                            */

#define FN TARGET static
#define INLINE TARGET static inline __attribute__((always_inline))

INLINE vec load(const uint64_t *p)
{
    vec v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(uint64_t *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

/* c in every lane. */
INLINE vec all(uint64_t c)
{
    return (vec){ 0 } + c;
}

INLINE uint64_t lane_sum(vec v)
{
    uint64_t lane[VL], total = 0;

    store(lane, v);
    for (size_t i = 0; i < VL; i++)
        total += lane[i];
    return total;
}

/* --- element by element ----------------------------------------------------------------------- */

/* z[i] = F for all i: F is written in X, Y and Z, the old words of x, y and z, and c; MUL is the product. */
#define EACH(F_VECTOR, F_WORD)                                                                             \
    do {                                                                                                   \
        size_t i = 0;                                                                                      \
        for (; i + VL <= n; i += VL) store(z + i, F_VECTOR);                                               \
        for (; i < n; i++) z[i] = F_WORD;                                                                  \
    } while (0)

FN void add(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    EACH(load(x + i) + load(y + i), x[i] + y[i]);
}

FN void sub(uint64_t *z, const uint64_t *x, const uint64_t *y, size_t n)
{
    EACH(load(x + i) - load(y + i), x[i] - y[i]);
}

FN void neg(uint64_t *z, const uint64_t *x, size_t n)
{
    EACH(all(0) - load(x + i), 0 - x[i]);
}

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

FN void offset(uint64_t *z, const uint64_t *x, uint64_t c, size_t n)
{
    EACH(load(x + i) + all(c), x[i] + c);
}

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

        for (; i + VL <= n; i += VL)
            total += load(row + i);
        for (; i < n; i++)
            rest += row[i];
        z[r] = lane_sum(total) + rest;
    }
}

/* --- a product with few rows: B is read once, where it lies ----------------------------------- */

/* Steps [k0, k0 + 4) of K, columns [j0, j1) of row i: c[j] += sum_k a[k] b[k][j]. */
FN void row_steps(const ring_product *p, size_t i, size_t k0, size_t j0, size_t j1)
{
    uint64_t       *c = p->c + i * p->n;
    const uint64_t *a = p->a + i * p->k + k0;
    const uint64_t *b0 = p->b + k0 * p->n, *b1 = b0 + p->n, *b2 = b1 + p->n, *b3 = b2 + p->n;
    uint64_t        w0 = (a[0] ^ p->flip) - p->flip, w1 = (a[1] ^ p->flip) - p->flip;
    uint64_t        w2 = (a[2] ^ p->flip) - p->flip, w3 = (a[3] ^ p->flip) - p->flip;
    vec             a0 = all(w0), a1 = all(w1), a2 = all(w2), a3 = all(w3);
    vec             s0 = swapped(a0), s1 = swapped(a1), s2 = swapped(a2), s3 = swapped(a3);
    size_t          j = j0;

    for (; j + VL <= j1; j += VL) {
        sum s = sum_zero();

        s = mac(s, load(b0 + j), a0, s0);
        s = mac(s, load(b1 + j), a1, s1);
        s = mac(s, load(b2 + j), a2, s2);
        s = mac(s, load(b3 + j), a3, s3);
        store(c + j, load(c + j) + sum_value(s));
    }
    for (; j < j1; j++)
        c[j] += w0 * b0[j] + w1 * b1[j] + w2 * b2[j] + w3 * b3[j];
}

/* The tile of a product with B as it is: four rows of B at a time, for all rows of A. */
FN void few_rows(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    size_t k0 = 0;

    for (; k0 + 4 <= p->k; k0 += 4)
        for (size_t i = i0; i < i1; i++)
            row_steps(p, i, k0, j0, j1);
    for (; k0 < p->k; k0++)
        for (size_t i = i0; i < i1; i++) {
            uint64_t w = (p->a[i * p->k + k0] ^ p->flip) - p->flip;

            if (j1 > j0) scale_add(p->c + i * p->n + j0, p->b + k0 * p->n + j0, w, j1 - j0);
        }
}

/* The tile with B transposed: dot products of rows of A with rows of B, two of B at a time. */
FN void few_rows_transposed(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    for (size_t j = j0; j < j1; j += 2)
        for (size_t i = i0; i < i1; i++) {
            const uint64_t *a = p->a + i * p->k;
            const uint64_t *b0 = p->b + j * p->k, *b1 = j + 1 < j1 ? b0 + p->k : b0;
            sum             s0 = sum_zero(), s1 = sum_zero();
            uint64_t        t0, t1;
            size_t          k = 0;

            for (; k + VL <= p->k; k += VL) {
                vec x = load(a + k), y = swapped(x);

                s0 = mac(s0, load(b0 + k), x, y);
                s1 = mac(s1, load(b1 + k), x, y);
            }
            t0 = lane_sum(sum_value(s0));
            t1 = lane_sum(sum_value(s1));
            for (; k < p->k; k++) {
                t0 += a[k] * b0[k];
                t1 += a[k] * b1[k];
            }
            p->c[i * p->n + j] += (t0 ^ p->flip) - p->flip;
            if (j + 1 < j1) p->c[i * p->n + j + 1] += (t1 ^ p->flip) - p->flip;
        }
}

/* --- a product with many rows: packed panels and a kernel that lives in registers ------------- */

/* Where a panel lies: of A, word (row, step) at p[row * across + step * along]; of B a whole vector of
 * columns at p[step * along]. */
typedef struct panel {
    const uint64_t *p;
    size_t          across, along;
} panel;

/* out (MR x VL) = A panel times B panel over `steps` of K. */
INLINE void inner(uint64_t *out, panel a, panel b, size_t steps)
{
#define DECLARE(r)                                                                                         \
    const uint64_t *a##r = a.p + r * a.across;                                                             \
    sum             s##r = sum_zero();
#define STEP(r) s##r = mac(s##r, all(a##r[at]), y, y_swapped);
#define FINISH(r) store(out + r * VL, sum_value(s##r));
    const uint64_t *from = b.p;
    size_t          at = 0;
    ROWS(DECLARE)

    for (size_t k = 0; k < steps; k++) {
        vec y = load(from), y_swapped = swapped(y);

        ROWS(STEP)
        at += a.along;
        from += b.along;
    }
    ROWS(FINISH)
#undef DECLARE
#undef STEP
#undef FINISH
}

/* Packs rows [i, i + rows) of A, steps [k, k + steps): step by step MR words, 0 where there is no row. */
FN void pack_a(uint64_t *to, const ring_product *p, size_t i, size_t rows, size_t k, size_t steps)
{
    for (size_t r = 0; r < MR; r++) {
        const uint64_t *from = p->a + (i + r) * p->k + k;

        if (r < rows)
            for (size_t s = 0; s < steps; s++) to[s * MR + r] = from[s];
        else
            for (size_t s = 0; s < steps; s++) to[s * MR + r] = 0;
    }
}

/* Packs columns [j, j + columns) of B, steps [k, k + steps): step by step VL words, panel after panel of
 * KC steps, 0 where there is no column. */
FN void pack_b(uint64_t *to, const ring_product *p, size_t j, size_t columns, size_t k, size_t steps)
{
    size_t padded = (columns + VL - 1) / VL * VL;

    if (p->transposed) {
        for (size_t c = 0; c < padded; c++) {
            const uint64_t *from = p->b + (j + c) * p->k + k;
            uint64_t       *at = to + c / VL * VL * KC + c % VL;

            for (size_t s = 0; s < steps; s++)
                at[s * VL] = c < columns ? from[s] : 0;
        }
        return;
    }
    for (size_t s = 0; s < steps; s++) {
        const uint64_t *from = p->b + (k + s) * p->n + j;
        uint64_t       *at = to + s * VL;
        size_t          c = 0;

        for (; c + VL <= columns; c += VL)
            store(at + c * KC, load(from + c));
        for (; c < padded; c++)
            at[c / VL * VL * KC + c % VL] = c < columns ? from[c] : 0;
    }
}

/* C[i..][j..] += or -= the `rows` x `columns` corner of out. */
INLINE void add_out(const ring_product *p, size_t i, size_t rows, size_t j, size_t columns, const uint64_t *out)
{
    vec flip = all(p->flip);

    for (size_t r = 0; r < rows; r++, out += VL) {
        uint64_t *c = p->c + (i + r) * p->n + j;

        if (columns == VL)
            store(c, load(c) + ((load(out) ^ flip) - flip));
        else
            for (size_t l = 0; l < columns; l++) c[l] += (out[l] ^ p->flip) - p->flip;
    }
}

/* Rows [i0, i0 + rows), columns [j0, j0 + columns), steps [k0, k0 + steps), where A's panels of MR rows
 * lie packed at `packed` or, if that is NULL, whole and unpacked in A. */
FN void block(const ring_product *p, const uint64_t *packed, uint64_t *room, size_t i0, size_t rows, size_t j0,
              size_t columns, size_t k0, size_t steps)
{
    bool     direct = !p->transposed && columns % VL == 0 && p->k * p->n <= DIRECT;
    uint64_t out[MR * VL] __attribute__((aligned(64)));

    if (!direct) pack_b(room, p, j0, columns, k0, steps);
    for (size_t i = 0; i < rows; i += MR) {
        panel a = { p->a + (i0 + i) * p->k + k0, p->k, 1 };

        if (packed) a = (panel){ packed + i * KC, 1, MR };

        for (size_t j = 0; j < columns; j += VL) {
            size_t high = rows - i < MR ? rows - i : MR, wide = columns - j < VL ? columns - j : VL;
            panel  b = { room + j * KC, 1, VL };

            if (direct) b = (panel){ p->b + k0 * p->n + j0 + j, 1, p->n };
            inner(out, a, b, steps);
            add_out(p, i0 + i, high, j0 + j, wide, out);
        }
    }
}

FN void many_rows(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    /* On the stack: a kernel cannot fail, and threads share nothing. */
    uint64_t packed_a[MC * KC] __attribute__((aligned(64)));
    uint64_t packed_b[NC * KC] __attribute__((aligned(64)));

    for (size_t k = 0; k < p->k; k += KC) {
        size_t steps = p->k - k < KC ? p->k - k : KC;

        for (size_t i = i0; i < i1; i += MC) {
            size_t rows = i1 - i < MC ? i1 - i : MC;
            bool   direct = rows % MR == 0 && p->m * p->k <= DIRECT;

            for (size_t r = 0; r < rows && !direct; r += MR)
                pack_a(packed_a + r * KC, p, i + r, rows - r < MR ? rows - r : MR, k, steps);
            for (size_t j = j0; j < j1; j += NC)
                block(p, direct ? NULL : packed_a, packed_b, i, rows, j, j1 - j < NC ? j1 - j : NC, k, steps);
        }
    }
}

FN void tile(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    if (i1 - i0 > FEW) many_rows(p, i0, i1, j0, j1);
    else if (p->transposed) few_rows_transposed(p, i0, i1, j0, j1);
    else few_rows(p, i0, i1, j0, j1);
}

static void matmul(uint64_t *c, const uint64_t *a, const uint64_t *b, size_t batch, size_t m, size_t n,
                   size_t k, int b_transposed, int b_batch, int sign)
{
    ring_tiles(tile, c, a, b, batch, m, n, k, b_transposed, b_batch, sign);
}

const puma_ring NAME = {
    .struct_size = sizeof(puma_ring),
    .add = add, .sub = sub, .neg = neg, .mul = mul, .mul_add = mul_add, .mul_sub = mul_sub, .scale = scale,
    .scale_add = scale_add, .offset = offset, .shift_right = shift_right, .reduce = reduce,
    .sum_rows = sum_rows, .matmul = matmul,
};
