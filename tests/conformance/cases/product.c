/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* product.c - sums of products: matrix products, products by elements, and what is added to them */
#include "cases.h"

enum { MATMUL, MUL, MUL_REPEAT, MUL_ROWS, ADD_ONLY, MATMUL_BIAS, MUL_MUL_ADD, MATMUL_TWICE, SQUARE };

#define TRANSPOSED OPTION(0)
#define ONE_Y OPTION(1)      /* y of rank 2 for a batch of x */
#define EXACT_EDGE OPTION(2) /* y is 1: the sum takes x's edges */
#define MIXED OPTION(3)      /* the second operand's ring is wider by 8 */

/* size: M, N, K, batch (0: rank 2); of products by elements: rows, columns.  frac: of each operand.  The sum
 * is known mod 2^bits, and its magnitude stays below 2^(bits-2) unless zbits + shift <= bits. */
static const spec specs[] = {
    { "matmul", MATMUL, { 3, 5, 7 }, .bits = 64, .zbits = 64, .shift = 0, .limit = 25, .frac = 9 },
    { "matmul, exact truncation",
      MATMUL,
      { 3, 5, 7 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 28,
      .frac = 18 },
    { "matmul, narrow", MATMUL, { 3, 5, 7 }, .bits = 64, .zbits = 46, .shift = 18, .limit = 29, .frac = 18 },
    { "matmul, narrower than needed",
      MATMUL,
      { 2, 9, 4 },
      .bits = 64,
      .zbits = 25,
      .shift = 18,
      .limit = 19,
      .frac = 18 },
    { "matmul, exact into a narrower ring",
      MATMUL,
      { 4, 4, 4 },
      .bits = 64,
      .zbits = 50,
      .shift = 18,
      .limit = 29,
      .frac = 18 },
    { "matmul, exact into a wider ring",
      MATMUL,
      { 4, 4, 4 },
      .bits = 48,
      .zbits = 64,
      .shift = 16,
      .limit = 21,
      .frac = 16 },
    { "matmul, ring of 52",
      MATMUL,
      { 6, 6, 6 },
      .bits = 52,
      .zbits = 52,
      .shift = 18,
      .limit = 23,
      .frac = 18 },
    { "matmul, ring of 32",
      MATMUL,
      { 6, 6, 6 },
      .bits = 32,
      .zbits = 24,
      .shift = 8,
      .limit = 13,
      .frac = 8 },
    { "matmul 1x1x1", MATMUL, { 1, 1, 1 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 30, .frac = 18 },
    { "matmul, row vector",
      MATMUL,
      { 1, 17, 33 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 27,
      .frac = 18 },
    { "matmul, no rows", MATMUL, { 0, 5, 7 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 25, .frac = 18 },
    { "matmul, no depth",
      MATMUL,
      { 3, 5, 0 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 25,
      .frac = 18 },
    { "matmul, y transposed",
      MATMUL,
      { 5, 3, 11 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 28,
      .frac = 18,
      .flags = TRANSPOSED },
    { "matmul, batch",
      MATMUL,
      { 3, 4, 5, 6 },
      .bits = 64,
      .zbits = 48,
      .shift = 16,
      .limit = 28,
      .frac = 16 },
    { "matmul, batch, y transposed",
      MATMUL,
      { 3, 4, 5, 2 },
      .bits = 64,
      .zbits = 64,
      .shift = 16,
      .limit = 28,
      .frac = 16,
      .flags = TRANSPOSED },
    { "matmul, one y for a batch",
      MATMUL,
      { 3, 4, 5, 4 },
      .bits = 64,
      .zbits = 64,
      .shift = 16,
      .limit = 28,
      .frac = 16,
      .flags = ONE_Y },
    { "matmul, one y for a batch, transposed",
      MATMUL,
      { 3, 4, 5, 4 },
      .bits = 64,
      .zbits = 64,
      .shift = 16,
      .limit = 28,
      .frac = 16,
      .flags = ONE_Y | TRANSPOSED },
    { "matmul, deep", MATMUL, { 8, 40, 300 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 26, .frac = 18 },
    { "matmul, operands of two rings",
      MATMUL,
      { 3, 5, 7 },
      .bits = 52,
      .zbits = 52,
      .shift = 16,
      .limit = 22,
      .frac = 16,
      .flags = MIXED },
    { "matmul, wrapping",
      MATMUL,
      { 7, 9, 11 },
      .bits = 64,
      .zbits = 64,
      .shift = 0,
      .frac = 16,
      .flags = WRAPS },
    { "matmul, wrapping, narrow",
      MATMUL,
      { 7, 9, 11 },
      .bits = 64,
      .zbits = 46,
      .shift = 18,
      .frac = 18,
      .flags = WRAPS },
    { "matmul, wrapping, narrow",
      MATMUL,
      { 7, 9, 11 },
      .bits = 40,
      .zbits = 20,
      .shift = 18,
      .frac = 18,
      .flags = WRAPS },
    { "mul", MUL, { 1, 500 }, .bits = 64, .zbits = 64, .shift = 0, .limit = 30, .frac = 9 },
    { "mul, exact", MUL, { 1, 500 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 30, .frac = 18 },
    { "mul, narrow", MUL, { 1, 500 }, .bits = 64, .zbits = 48, .shift = 16, .limit = 31, .frac = 16 },
    { "mul, ring of 8", MUL, { 1, 500 }, .bits = 8, .zbits = 8, .shift = 2, .limit = 2, .frac = 2 },
    { "mul of nothing", MUL, { 0, 3 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 30, .frac = 18 },
    { "mul of one", MUL, { 1, 1 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 30, .frac = 18 },
    { "mul, y repeats", MUL_REPEAT, { 9, 7 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 30, .frac = 18 },
    { "mul, one y", MUL_REPEAT, { 63, 1 }, .bits = 64, .zbits = 46, .shift = 18, .limit = 30, .frac = 18 },
    { "mul, y for a row", MUL_ROWS, { 9, 7 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 30, .frac = 18 },
    { "mul by itself", SQUARE, { 5, 100 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 30, .frac = 18 },
    { "mul, wrapping", MUL, { 3, 100 }, .bits = 57, .zbits = 57, .shift = 0, .frac = 9, .flags = WRAPS },
    { "add alone", ADD_ONLY, { 5, 100 }, .bits = 64, .zbits = 64, .shift = 10, .limit = 61, .frac = 14 },
    { "matmul and bias",
      MATMUL_BIAS,
      { 6, 10, 20 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 27,
      .frac = 18 },
    { "matmul and bias, narrow",
      MATMUL_BIAS,
      { 6, 10, 20 },
      .bits = 64,
      .zbits = 46,
      .shift = 18,
      .limit = 27,
      .frac = 18 },
    { "mul and mul and repeating add",
      MUL_MUL_ADD,
      { 6, 10 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 28,
      .frac = 18 },
    { "two matmuls",
      MATMUL_TWICE,
      { 4, 6, 5 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 27,
      .frac = 18 },
    { "mul at the edge of the exact form",
      MUL,
      { 1, 3000 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 62,
      .frac = 18,
      .flags = EXACT_EDGE },
    { "mul at the edge of the exact form",
      MUL,
      { 1, 3000 },
      .bits = 52,
      .zbits = 52,
      .shift = 18,
      .limit = 50,
      .frac = 18,
      .flags = EXACT_EDGE },
    { "mul at the edge of the exact form",
      MUL,
      { 1, 3000 },
      .bits = 16,
      .zbits = 16,
      .shift = 4,
      .limit = 14,
      .frac = 4,
      .flags = EXACT_EDGE },
    { "mul, 100000 exact truncations",
      MUL,
      { 1, 100000 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 30,
      .frac = 18,
      .flags = MANY },
    { "mul, 100000 exact truncations",
      MUL,
      { 1, 100000 },
      .bits = 52,
      .zbits = 52,
      .shift = 18,
      .limit = 24,
      .frac = 18,
      .flags = MANY },
    { "mul, 100000 narrow truncations",
      MUL,
      { 1, 100000 },
      .bits = 64,
      .zbits = 46,
      .shift = 18,
      .limit = 31,
      .frac = 18,
      .flags = MANY },
};

typedef struct term_shape {
    puma_term_op op;
    size_t       x, y;
    int          transposed, rows;
} term_shape;

/* Terms of a case, by indices into its operands. */
static size_t terms_of(const task *t, term_shape terms[3])
{
    int transposed = (t->s->flags & TRANSPOSED) != 0;

    switch (t->s->op) {
    case MATMUL: terms[0] = (term_shape){ PUMA_TERM_MATMUL, 0, 1, transposed, 0 }; return 1;
    case MUL:
    case MUL_REPEAT: terms[0] = (term_shape){ PUMA_TERM_MUL, 0, 1, 0, 0 }; return 1;
    case MUL_ROWS: terms[0] = (term_shape){ PUMA_TERM_MUL, 0, 1, 0, 1 }; return 1;
    case SQUARE: terms[0] = (term_shape){ PUMA_TERM_MUL, 0, 0, 0, 0 }; return 1;
    case ADD_ONLY: terms[0] = (term_shape){ PUMA_TERM_ADD, 0, 0, 0, 0 }; return 1;
    case MATMUL_BIAS:
        terms[0] = (term_shape){ PUMA_TERM_MATMUL, 0, 1, 0, 0 };
        terms[1] = (term_shape){ PUMA_TERM_ADD, 2, 0, 0, 0 };
        return 2;
    case MUL_MUL_ADD:
        terms[0] = (term_shape){ PUMA_TERM_MUL, 0, 1, 0, 0 };
        terms[1] = (term_shape){ PUMA_TERM_MUL, 1, 2, 0, 0 };
        terms[2] = (term_shape){ PUMA_TERM_ADD, 3, 0, 0, 0 };
        return 3;
    default:
        terms[0] = (term_shape){ PUMA_TERM_MATMUL, 0, 1, 0, 0 };
        terms[1] = (term_shape){ PUMA_TERM_MATMUL, 2, 3, 1, 0 };
        return 2;
    }
}

static void matrix(task *t, size_t batch, size_t rows, size_t columns)
{
    const spec *s = t->s;
    uint32_t    bits = t->ins == 1 && (s->flags & MIXED) ? s->bits + 8 : s->bits;

    if (batch)
        array_make(&t->in[t->ins++], PUMA_ARITH, 3, (size_t[]){ batch, rows, columns }, bits, s->frac);
    else
        array_make(&t->in[t->ins++], PUMA_ARITH, 2, (size_t[]){ rows, columns }, bits, s->frac);
}

static void prepare(task *t)
{
    const spec *s = t->s;
    size_t      m = s->size[0], n = s->size[1], k = s->size[2], batch = s->size[3];
    bool        flip = s->flags & TRANSPOSED;
    uint32_t    product = s->op == ADD_ONLY ? s->frac : 2 * s->frac;

    switch (s->op) {
    case MATMUL:
    case MATMUL_BIAS:
    case MATMUL_TWICE:
        matrix(t, batch, m, k);
        matrix(t, s->flags & ONE_Y ? 0 : batch, flip ? n : k, flip ? k : n);
        if (s->op == MATMUL_BIAS) operand(t, n, s->bits, s->frac);
        if (s->op == MATMUL_TWICE) {
            matrix(t, 0, m, k + 1);
            matrix(t, 0, n, k + 1);
        }
        break;
    case MUL_REPEAT:
        matrix(t, 0, m, n);
        operand(t, n, s->bits, s->frac);
        break;
    case MUL_ROWS:
        matrix(t, 0, m, n);
        operand(t, m, s->bits, s->frac);
        break;
    case SQUARE:
    case ADD_ONLY: matrix(t, 0, m, n); break;
    default:
        matrix(t, 0, m, n);
        matrix(t, 0, m, n);
        if (s->op == MUL_MUL_ADD) {
            operand(t, n, s->bits, s->frac);
            operand(t, n, s->bits, s->frac + 3);
        }
    }
    for (size_t i = 0; i < t->ins; i++) fill(&t->in[i], s);
    if (s->flags & EXACT_EDGE) {
        for (size_t i = 0; i < t->in[1].n; i++) t->in[1].w[i] = 1;
        fill_edges(&t->in[0]);
    }
    if (batch)
        array_make(&t->out[t->outs++], PUMA_ARITH, 3, (size_t[]){ batch, m, n }, s->zbits,
                   product - s->shift);
    else
        array_make(&t->out[t->outs++], PUMA_ARITH, 2, (size_t[]){ m, n }, s->zbits, product - s->shift);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    term_shape shapes[3];
    puma_term  terms[3] = { { 0 } };
    size_t     count = terms_of(t, shapes);

    for (size_t i = 0; i < count; i++) {
        terms[i].op = shapes[i].op;
        terms[i].x = in[shapes[i].x];
        terms[i].y = shapes[i].op == PUMA_TERM_ADD ? NULL : in[shapes[i].y];
        terms[i].y_transposed = shapes[i].transposed;
        terms[i].y_rows = shapes[i].rows;
    }
    s->protocol->product(s, out[0], terms, count, t->s->shift);
}

/* Element i of the sum before truncation. */
static int128 sum_at(const task *t, size_t i)
{
    term_shape   shapes[3];
    size_t       count = terms_of(t, shapes), n = t->s->size[1], m = t->s->size[0];
    const array *z = &t->out[0];
    int128       sum = 0;

    for (size_t j = 0; j < count; j++) {
        const array *x = &t->in[shapes[j].x], *y = &t->in[shapes[j].y];
        size_t       column = i % n, row = i / n % m, b = i / (n * m), depth;

        switch (shapes[j].op) {
        case PUMA_TERM_MATMUL:
            depth = x->dim[x->rank - 1];
            for (size_t l = 0; l < depth; l++) {
                size_t yi = shapes[j].transposed ? column * depth + l : l * n + column;

                if (y->rank == 3) yi += b * depth * n;
                sum = add_product(sum, at(x, (b * m + row) * depth + l), at(y, yi));
            }
            break;
        case PUMA_TERM_MUL:
            sum += (int128)at(x, i) * at(y, shapes[j].rows ? i / (x->n / y->n) : i % y->n);
            break;
        case PUMA_TERM_PUBLIC: break; /* public.c */
        case PUMA_TERM_ADD:
            sum += (int128)at(x, i % x->n) * ((int128)1 << (z->frac + t->s->shift - x->frac));
            break;
        }
    }
    return sum;
}

static const char *verify(const task *t) { return truncated(t, sum_at); }

const group product_group = {
    .name = "product",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
