/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cases.c - what every backend must get right: tables of cases, and an oracle in big integers for each
 * operation.
 *
 * A case shares its operands, lets the compute parties run one small program over the backend's table, and
 * reveals the results.  To try an operation in one more way, add a row to a table; for a new operation, add a
 * group. */
#include "conformance.h"

#include "exec/argmax.h"

#include <puma/ops.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef __int128 wide;

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* --- numbers ---------------------------------------------------------------------------------- */

static uint64_t state = 0x5eed;

/* splitmix64: the same operands in every run */
static uint64_t draw(void)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t mask(uint32_t bits) { return bits >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << bits) - 1; }

static int64_t signed_of(uint64_t word, uint32_t bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);

    return (int64_t)(((word & mask(bits)) ^ sign) - sign);
}

/* v mod 2^bits, between -2^(bits-1) and 2^(bits-1); bits up to 127. */
static wide centre(wide v, uint32_t bits)
{
    unsigned __int128 one = 1, m = (one << bits) - 1, sign = one << (bits - 1);

    return (wide)((((unsigned __int128)v & m) ^ sign) - sign);
}

/* |v| < 2^limit: the edges first, then numbers of every magnitude. */
static int64_t number(size_t i, uint32_t limit, uint32_t frac)
{
    int64_t  most = (int64_t)(mask(limit < 63 ? limit : 62));
    int64_t  one = frac < limit ? INT64_C(1) << frac : 0;
    int64_t  edges[] = { 0, 1, -1, one, -one, most, -most, most - 1, one + 1, 1 - one };
    uint32_t size;

    if (i < COUNT(edges)) return llabs(edges[i]) <= most ? edges[i] : 0;
    if (limit == 0) return 0;
    size = 1 + (uint32_t)(draw() % (limit < 63 ? limit : 62));
    most = (int64_t)(draw() & mask(size));
    return draw() & 1 ? most : -most;
}

void array_make(array *a, puma_kind kind, uint32_t rank, const size_t *dim, uint32_t bits, uint32_t frac)
{
    *a = (array){ .kind = kind, .rank = rank, .n = 1, .bits = bits, .frac = frac };
    for (uint32_t i = 0; i < PUMA_MAX_RANK; i++) {
        a->dim[i] = i < rank ? dim[i] : 1;
        a->n *= a->dim[i];
    }
    a->words = kind == PUMA_BIT ? (a->n + 63) / 64 : a->n;
    a->w = calloc(a->words + 1, sizeof *a->w);
    if (!a->w) fatal("out of memory");
}

static void make1(array *a, puma_kind kind, size_t n, uint32_t bits, uint32_t frac)
{
    array_make(a, kind, 1, &n, bits, frac);
}

static void fill_numbers(array *a, uint32_t limit)
{
    for (size_t i = 0; i < a->n; i++) a->w[i] = (uint64_t)number(i, limit, a->frac) & mask(a->bits);
}

/* Any word of the ring. */
static void fill_words(array *a)
{
    for (size_t i = 0; i < a->n; i++) a->w[i] = draw() & mask(a->bits);
    if (a->n > 0) a->w[0] = mask(a->bits);
    if (a->n > 1) a->w[1] = UINT64_C(1) << (a->bits - 1);
}

static void fill(array *a, const spec *s)
{
    if (s->flags & WRAPS)
        fill_words(a);
    else
        fill_numbers(a, s->limit);
}

static void fill_bits(array *a)
{
    for (size_t i = 0; i < a->words; i++) a->w[i] = draw();
    if (a->n % 64) a->w[a->words - 1] &= mask((uint32_t)(a->n % 64));
}

static double real_at(const array *a, size_t i)
{
    double v;

    memcpy(&v, &a->w[i], sizeof v);
    return v;
}

static void fill_reals(array *a)
{
    for (size_t i = 0; i < a->n; i++) {
        double v = ldexp((double)(int64_t)draw(), -60);

        memcpy(&a->w[i], &v, sizeof v);
    }
}

static bool    bit(const array *a, size_t i) { return a->w[i / 64] >> (i % 64) & 1; }
static int64_t at(const array *a, size_t i) { return signed_of(a->w[i], a->bits); }

static char wrong[200];

static const char *differs(size_t i, wide got, wide wanted)
{
    snprintf(wrong, sizeof wrong, "element %zu: got %lld, expected %lld", i, (long long)got,
             (long long)wanted);
    return wrong;
}

static const char *differs_real(size_t i, double got, double wanted)
{
    snprintf(wrong, sizeof wrong, "element %zu: got %.17g, expected %.17g", i, got, wanted);
    return wrong;
}

/* Bits behind the last one are 0 by contract. */
static const char *tail_is_clean(const array *a)
{
    if (a->kind == PUMA_BIT && a->n % 64 && a->w[a->words - 1] >> (a->n % 64))
        return "bits behind the last one are set";
    return NULL;
}

/* --- share and reveal ------------------------------------------------------------------------- */

/* size: elements, owner, receiver.  op: puma_kind. */
static const spec io_specs[] = {
    { "client to client", PUMA_ARITH, { 1000, 3, 3 }, .bits = 64 },
    { "client to client", PUMA_ARITH, { 1000, 3, 3 }, .bits = 63 },
    { "client to client", PUMA_ARITH, { 333, 3, 3 }, .bits = 48 },
    { "client to client", PUMA_ARITH, { 333, 3, 3 }, .bits = 33 },
    { "client to client", PUMA_ARITH, { 333, 3, 3 }, .bits = 32 },
    { "client to client", PUMA_ARITH, { 65, 3, 3 }, .bits = 25 },
    { "client to client", PUMA_ARITH, { 65, 3, 3 }, .bits = 8 },
    { "client to client", PUMA_ARITH, { 65, 3, 3 }, .bits = 1 },
    { "nothing", PUMA_ARITH, { 0, 3, 3 }, .bits = 64 },
    { "one element", PUMA_ARITH, { 1, 3, 3 }, .bits = 64 },
    { "party 0 to client", PUMA_ARITH, { 77, 0, 3 }, .bits = 48 },
    { "party 1 to client", PUMA_ARITH, { 77, 1, 3 }, .bits = 48 },
    { "party 2 to client", PUMA_ARITH, { 77, 2, 3 }, .bits = 48 },
    { "client to party 0", PUMA_ARITH, { 77, 3, 0 }, .bits = 48 },
    { "client to party 1", PUMA_ARITH, { 77, 3, 1 }, .bits = 48 },
    { "client to party 2", PUMA_ARITH, { 77, 3, 2 }, .bits = 48 },
    { "party 1 to party 2", PUMA_ARITH, { 77, 1, 2 }, .bits = 64 },
    { "bits, nothing", PUMA_BIT, { 0, 3, 3 }, .bits = 1 },
    { "bits", PUMA_BIT, { 1, 3, 3 }, .bits = 1 },
    { "bits", PUMA_BIT, { 63, 3, 3 }, .bits = 1 },
    { "bits", PUMA_BIT, { 64, 3, 3 }, .bits = 1 },
    { "bits", PUMA_BIT, { 65, 3, 3 }, .bits = 1 },
    { "bits", PUMA_BIT, { 1001, 3, 3 }, .bits = 1 },
    { "bits of party 1 to party 2", PUMA_BIT, { 131, 1, 2 }, .bits = 1 },
    { "bits of party 2 to party 1", PUMA_BIT, { 131, 2, 1 }, .bits = 1 },
    { "bits of party 0 to client", PUMA_BIT, { 131, 0, 3 }, .bits = 1 },
    { "bits to party 0", PUMA_BIT, { 131, 3, 0 }, .bits = 1 },
};

static void io_prepare(task *t)
{
    make1(&t->in[t->ins++], (puma_kind)t->s->op, t->s->size[0], t->s->bits, 0);
    make1(&t->out[t->outs++], (puma_kind)t->s->op, t->s->size[0], t->s->bits, 0);
    if (t->s->op == PUMA_BIT)
        fill_bits(&t->in[0]);
    else
        fill_words(&t->in[0]);
    t->owner = (uint32_t)t->s->size[1];
    t->to = (uint32_t)t->s->size[2];
    /* The lowest number of 64 bits is not one that plain can hold: plain.h. */
    if (t->s->bits == 64 && t->in[0].n > 1) t->in[0].w[1] = UINT64_C(1) << 62;
}

static void io_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)s;
    (void)t;
    out[0] = in[0];
}

static const char *io_verify(const task *t)
{
    for (size_t i = 0; i < t->out[0].words; i++)
        if (t->out[0].w[i] != t->in[0].w[i]) return differs(i, (wide)t->out[0].w[i], (wide)t->in[0].w[i]);
    return NULL;
}

/* --- linear ----------------------------------------------------------------------------------- */

enum { ADD, SUB, ADD_PUBLIC, SCALE, SUM };

#define Z_IS_X OPTION(0)
#define Z_IS_Y OPTION(1)

/* size: elements, constants or length of a row. */
static const spec linear_specs[] = {
    { "add", ADD, { 1000 }, .bits = 64, .limit = 61 },
    { "add", ADD, { 1000 }, .bits = 48, .limit = 46 },
    { "add", ADD, { 1000 }, .bits = 8, .limit = 6 },
    { "add, z is x", ADD, { 129 }, .bits = 48, .limit = 46, .flags = Z_IS_X },
    { "add, z is y", ADD, { 129 }, .bits = 48, .limit = 46, .flags = Z_IS_Y },
    { "add of nothing", ADD, { 0 }, .bits = 64, .limit = 61 },
    { "add, wrapping", ADD, { 500 }, .bits = 33, .flags = WRAPS },
    { "add, wrapping", ADD, { 500 }, .bits = 64, .flags = WRAPS },
    { "sub", SUB, { 1000 }, .bits = 64, .limit = 61 },
    { "sub", SUB, { 1000 }, .bits = 25, .limit = 23 },
    { "sub, z is x", SUB, { 1 }, .bits = 25, .limit = 23, .flags = Z_IS_X },
    { "sub, z is y", SUB, { 65 }, .bits = 25, .limit = 23, .flags = Z_IS_Y },
    { "sub, wrapping", SUB, { 500 }, .bits = 9, .flags = WRAPS },
    { "add_public, one constant", ADD_PUBLIC, { 333, 1 }, .bits = 64, .limit = 61 },
    { "add_public, as many", ADD_PUBLIC, { 333, 333 }, .bits = 48, .limit = 46 },
    { "add_public, repeating", ADD_PUBLIC, { 333, 9 }, .bits = 25, .limit = 23 },
    { "add_public, z is x", ADD_PUBLIC, { 332, 4 }, .bits = 48, .limit = 46, .flags = Z_IS_X },
    { "add_public, wrapping", ADD_PUBLIC, { 332, 4 }, .bits = 48, .flags = WRAPS },
    { "scale, one constant", SCALE, { 333, 1 }, .bits = 64, .limit = 31 },
    { "scale, as many", SCALE, { 333, 333 }, .bits = 48, .limit = 23 },
    { "scale, repeating", SCALE, { 332, 4 }, .bits = 32, .limit = 15 },
    { "scale, z is x", SCALE, { 332, 4 }, .bits = 48, .limit = 23, .flags = Z_IS_X },
    { "scale, wrapping", SCALE, { 332, 4 }, .bits = 47, .flags = WRAPS },
    { "sum", SUM, { 96, 12 }, .bits = 64, .limit = 58 },
    { "sum, rows of one", SUM, { 33, 1 }, .bits = 48, .limit = 46 },
    { "sum, one row", SUM, { 999, 999 }, .bits = 48, .limit = 36 },
    { "sum, wrapping", SUM, { 999, 27 }, .bits = 20, .flags = WRAPS },
};

static void linear_prepare(task *t)
{
    const spec *s = t->s;
    size_t      n = s->size[0], row = s->size[1];

    if (s->op == SUM) {
        array_make(&t->in[t->ins++], PUMA_ARITH, 2, (size_t[]){ n / row, row }, s->bits, 5);
        make1(&t->out[t->outs++], PUMA_ARITH, n / row, s->bits, 5);
    } else {
        make1(&t->in[t->ins++], PUMA_ARITH, n, s->bits, 5);
        make1(&t->out[t->outs++], PUMA_ARITH, n, s->bits, 5);
    }
    if (s->op == ADD || s->op == SUB) make1(&t->in[t->ins++], PUMA_ARITH, n, s->bits, 5);
    for (size_t i = 0; i < t->ins; i++) fill(&t->in[i], s);
    if (s->op == ADD_PUBLIC || s->op == SCALE) {
        make1(&t->constants[0], PUMA_ARITH, s->size[1], s->bits, 5);
        fill(&t->constants[0], s);
    }
}

static void linear_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const uint64_t *c = t->constants[0].w;
    size_t          nc = t->constants[0].n;

    if (t->s->flags & Z_IS_X) out[0] = in[0];
    if (t->s->flags & Z_IS_Y) out[0] = in[1];
    switch (t->s->op) {
    case ADD: s->protocol->add(s, out[0], in[0], in[1]); break;
    case SUB: s->protocol->sub(s, out[0], in[0], in[1]); break;
    case ADD_PUBLIC: s->protocol->add_public(s, out[0], in[0], c, nc); break;
    case SCALE: s->protocol->scale(s, out[0], in[0], c, nc); break;
    default: s->protocol->sum(s, out[0], in[0]); break;
    }
}

static const char *linear_verify(const task *t)
{
    const uint64_t *x = t->in[0].w, *y = t->in[1].w, *c = t->constants[0].w;
    size_t          nc = t->constants[0].n, row = t->out[0].n ? t->in[0].n / t->out[0].n : 0;

    for (size_t i = 0; i < t->out[0].n; i++) {
        uint64_t wanted = 0;

        switch (t->s->op) {
        case ADD: wanted = x[i] + y[i]; break;
        case SUB: wanted = x[i] - y[i]; break;
        case ADD_PUBLIC: wanted = x[i] + c[i % nc]; break;
        case SCALE: wanted = x[i] * c[i % nc]; break;
        default:
            for (size_t k = 0; k < row; k++) wanted += x[i * row + k];
        }
        wanted &= mask(t->s->bits);
        if (t->out[0].w[i] != wanted)
            return differs(i, signed_of(t->out[0].w[i], t->s->bits), signed_of(wanted, t->s->bits));
    }
    return NULL;
}

/* --- products --------------------------------------------------------------------------------- */

enum { MATMUL, MUL, MUL_REPEAT, MUL_ROWS, ADD_ONLY, MATMUL_BIAS, MUL_MUL_ADD, MATMUL_TWICE, SQUARE };

#define TRANSPOSED OPTION(0)
#define ONE_Y OPTION(1)      /* y of rank 2 for a batch of x */
#define EXACT_EDGE OPTION(2) /* y is 1: the sum takes x's edges */
#define MANY OPTION(3)       /* enough elements for the mean of the error */
#define MIXED OPTION(4)      /* the second operand's ring is wider by 8 */

/* size: M, N, K, batch (0: rank 2); of products by elements: rows, columns.  frac: of each operand.  The sum
 * is known mod 2^bits, and its magnitude stays below 2^(bits-2) unless zbits + shift <= bits. */
static const spec product_specs[] = {
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

static void product_prepare(task *t)
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
        if (s->op == MATMUL_BIAS) make1(&t->in[t->ins++], PUMA_ARITH, n, s->bits, s->frac);
        if (s->op == MATMUL_TWICE) {
            matrix(t, 0, m, k + 1);
            matrix(t, 0, n, k + 1);
        }
        break;
    case MUL_REPEAT:
        matrix(t, 0, m, n);
        make1(&t->in[t->ins++], PUMA_ARITH, n, s->bits, s->frac);
        break;
    case MUL_ROWS:
        matrix(t, 0, m, n);
        make1(&t->in[t->ins++], PUMA_ARITH, m, s->bits, s->frac);
        break;
    case SQUARE:
    case ADD_ONLY: matrix(t, 0, m, n); break;
    default:
        matrix(t, 0, m, n);
        matrix(t, 0, m, n);
        if (s->op == MUL_MUL_ADD) {
            make1(&t->in[t->ins++], PUMA_ARITH, n, s->bits, s->frac);
            make1(&t->in[t->ins++], PUMA_ARITH, n, s->bits, s->frac + 3);
        }
    }
    for (size_t i = 0; i < t->ins; i++) fill(&t->in[i], s);
    if (s->flags & EXACT_EDGE)
        for (size_t i = 0; i < t->in[1].n; i++) {
            t->in[1].w[i] = 1;
            if (i % 2) /* half of them within one of the edge */
                t->in[0].w[i] =
                    (i % 4 == 1 ? mask(s->bits - 2) - i % 3 : i % 3 - mask(s->bits - 2)) & mask(s->bits);
        }
    if (batch)
        array_make(&t->out[t->outs++], PUMA_ARITH, 3, (size_t[]){ batch, m, n }, s->zbits,
                   product - s->shift);
    else
        array_make(&t->out[t->outs++], PUMA_ARITH, 2, (size_t[]){ m, n }, s->zbits, product - s->shift);
}

static void product_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
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
static wide sum_at(const task *t, size_t i)
{
    term_shape   shapes[3];
    size_t       count = terms_of(t, shapes), n = t->s->size[1], m = t->s->size[0];
    const array *z = &t->out[0];
    wide         sum = 0;

    for (size_t j = 0; j < count; j++) {
        const array *x = &t->in[shapes[j].x], *y = &t->in[shapes[j].y];
        size_t       column = i % n, row = i / n % m, b = i / (n * m), depth;

        switch (shapes[j].op) {
        case PUMA_TERM_MATMUL:
            depth = x->dim[x->rank - 1];
            for (size_t l = 0; l < depth; l++) {
                size_t yi = shapes[j].transposed ? column * depth + l : l * n + column;

                if (y->rank == 3) yi += b * depth * n;
                sum = (wide)((unsigned __int128)sum +
                             (unsigned __int128)((wide)at(x, (b * m + row) * depth + l) * at(y, yi)));
            }
            break;
        case PUMA_TERM_MUL:
            sum += (wide)at(x, i) * at(y, shapes[j].rows ? i / (x->n / y->n) : i % y->n);
            break;
        case PUMA_TERM_ADD:
            sum += (wide)at(x, i % x->n) * ((wide)1 << (z->frac + t->s->shift - x->frac));
            break;
        }
    }
    return sum;
}

/* z = sum / 2^shift to less than one ulp: always, and without bias. */
static const char *truncated(const task *t, const array *z, wide (*sum_of)(const task *, size_t))
{
    uint32_t shift = t->s->shift, bits = t->s->bits;
    bool     narrow = z->bits + shift <= bits;
    wide     unit = (wide)1 << shift, edge = (wide)1 << (bits - 2);
    double   total = 0, bound;

    for (size_t i = 0; i < z->n; i++) {
        wide sum = sum_of(t, i), error;

        if (!narrow && !(t->s->flags & WRAPS) && (sum >= edge || sum <= -edge))
            return "the case breaks its own precondition";
        error = (wide)at(z, i) * unit - sum;
        if (narrow || (t->s->flags & WRAPS)) error = centre(error, z->bits + shift);
        if (shift == 0 ? error != 0 : (error >= unit || error <= -unit)) {
            snprintf(wrong, sizeof wrong, "element %zu: got %lld, expected %.17g (off by %.6g ulp)", i,
                     (long long)at(z, i), ldexp((double)sum, -(int)shift), ldexp((double)error, -(int)shift));
            return wrong;
        }
        total += ldexp((double)error, -(int)shift);
    }
    bound = 3.0 / sqrt((double)z->n); /* six standard deviations of the coin, which has at most 1/2 */
    if ((t->s->flags & MANY) && fabs(total / (double)z->n) > bound) {
        snprintf(wrong, sizeof wrong, "mean error %.5f ulp (limit %.5f)", total / (double)z->n, bound);
        return wrong;
    }
    return NULL;
}

static const char *product_verify(const task *t) { return truncated(t, &t->out[0], sum_at); }

/* --- truncation and rings --------------------------------------------------------------------- */

#define AT_EDGE OPTION(2) /* |x| up to 2^(bits-2) - 1, half of them there */

static const spec trunc_specs[] = {
    { "exact", 0, { 1000 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 61 },
    { "exact", 0, { 1000 }, .bits = 52, .zbits = 52, .shift = 16, .limit = 49 },
    { "exact, at the edge",
      0,
      { 3000 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 62,
      .flags = AT_EDGE },
    { "exact, at the edge", 0, { 3000 }, .bits = 16, .zbits = 16, .shift = 4, .limit = 14, .flags = AT_EDGE },
    { "exact, at the edge",
      0,
      { 3000 },
      .bits = 48,
      .zbits = 48,
      .shift = 16,
      .limit = 46,
      .flags = AT_EDGE },
    { "exact, into a wider ring", 0, { 1000 }, .bits = 48, .zbits = 64, .shift = 16, .limit = 45 },
    { "exact, into a narrower ring", 0, { 1000 }, .bits = 64, .zbits = 50, .shift = 16, .limit = 61 },
    { "narrow", 0, { 1000 }, .bits = 64, .zbits = 46, .shift = 18, .limit = 62 },
    { "narrow, far", 0, { 1000 }, .bits = 64, .zbits = 9, .shift = 18, .limit = 25 },
    { "narrow, ring of 25", 0, { 1000 }, .bits = 25, .zbits = 9, .shift = 16, .limit = 23 },
    { "by one bit", 0, { 1000 }, .bits = 64, .zbits = 64, .shift = 1, .limit = 61 },
    { "nothing", 0, { 0 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 61 },
    { "one", 0, { 1 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 61 },
    { "to a narrower ring", 0, { 1000 }, .bits = 64, .zbits = 48, .shift = 0, .limit = 46 },
    { "to a ring of 9", 0, { 1000 }, .bits = 48, .zbits = 9, .shift = 0, .limit = 7 },
    { "lift", 0, { 1000 }, .bits = 25, .zbits = 64, .shift = 0, .limit = 23, .flags = AT_EDGE },
    { "lift", 0, { 1000 }, .bits = 48, .zbits = 52, .shift = 0, .limit = 46, .flags = AT_EDGE },
    { "wrapping, narrow", 0, { 1000 }, .bits = 64, .zbits = 46, .shift = 18, .flags = WRAPS },
    { "wrapping, to a narrower ring", 0, { 1000 }, .bits = 64, .zbits = 21, .shift = 0, .flags = WRAPS },
    { "100000 exact", 0, { 100000 }, .bits = 64, .zbits = 64, .shift = 18, .limit = 61, .flags = MANY },
    { "100000 narrow", 0, { 100000 }, .bits = 48, .zbits = 32, .shift = 16, .limit = 46, .flags = MANY },
};

static void trunc_prepare(task *t)
{
    const spec *s = t->s;
    array      *x = &t->in[t->ins++];

    make1(x, PUMA_ARITH, s->size[0], s->bits, s->shift);
    fill(x, s);
    if (s->flags & AT_EDGE)
        for (size_t i = 1; i < x->n; i += 2)
            x->w[i] = (i % 4 == 1 ? mask(s->bits - 2) - i % 3 : i % 3 - mask(s->bits - 2)) & mask(s->bits);
    make1(&t->out[t->outs++], PUMA_ARITH, s->size[0], s->zbits, 0);
}

static void trunc_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    s->protocol->trunc(s, out[0], in[0], t->s->shift);
}

static wide operand_at(const task *t, size_t i) { return at(&t->in[0], i); }

static const char *trunc_verify(const task *t) { return truncated(t, &t->out[0], operand_at); }

/* --- bits ------------------------------------------------------------------------------------- */

enum { XOR, NOT, AND };

static const spec bit_specs[] = {
    { "xor", XOR, .size = { 1 } },     { "xor", XOR, .size = { 63 } },   { "xor", XOR, .size = { 64 } },
    { "xor", XOR, .size = { 1001 } },  { "xor", XOR, .size = { 0 } },    { "not", NOT, .size = { 1 } },
    { "not", NOT, .size = { 63 } },    { "not", NOT, .size = { 64 } },   { "not", NOT, .size = { 1001 } },
    { "not", NOT, .size = { 0 } },     { "and", AND, .size = { 1 } },    { "and", AND, .size = { 63 } },
    { "and", AND, .size = { 64 } },    { "and", AND, .size = { 1001 } }, { "and", AND, .size = { 0 } },
    { "and", AND, .size = { 20000 } },
};

static void bit_prepare(task *t)
{
    for (size_t i = 0; i < 2; i++) {
        make1(&t->in[t->ins++], PUMA_BIT, t->s->size[0], 1, 0);
        fill_bits(&t->in[i]);
    }
    make1(&t->out[t->outs++], PUMA_BIT, t->s->size[0], 1, 0);
}

static void bit_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    switch (t->s->op) {
    case XOR: s->protocol->xor_(s, out[0], in[0], in[1]); break;
    case NOT: s->protocol->not_(s, out[0], in[0]); break;
    default: s->protocol->and_(s, out[0], in[0], in[1]); break;
    }
}

static const char *bit_verify(const task *t)
{
    for (size_t i = 0; i < t->out[0].n; i++) {
        bool x = bit(&t->in[0], i), y = bit(&t->in[1], i),
             wanted = t->s->op == XOR   ? x ^ y
                      : t->s->op == NOT ? !x
                                        : x & y;

        if (bit(&t->out[0], i) != wanted) return differs(i, !wanted, wanted);
    }
    return tail_is_clean(&t->out[0]);
}

/* --- comparison ------------------------------------------------------------------------------- */

#define FAR OPTION(0)         /* the threshold is far from 0, so that the window is less than x */
#define WINDOW_EDGE OPTION(1) /* differences at the edges of the window */

/* size: elements, thresholds, low.  limit: width. */
static const spec less_specs[] = {
    { "whole ring", 0, { 1000, 1, 0 }, .bits = 64, .limit = 64 },
    { "whole ring", 0, { 1000, 1, 0 }, .bits = 25, .limit = 25, .flags = WINDOW_EDGE },
    { "whole ring", 0, { 1000, 1, 0 }, .bits = 8, .limit = 8, .flags = WINDOW_EDGE },
    { "three thresholds", 0, { 333, 3, 0 }, .bits = 64, .limit = 24 },
    { "four thresholds, dropped bits", 0, { 333, 4, 7 }, .bits = 48, .limit = 17 },
    { "window", 0, { 333, 1, 0 }, .bits = 64, .limit = 24, .flags = FAR },
    { "window edge", 0, { 333, 1, 0 }, .bits = 64, .limit = 24, .flags = FAR | WINDOW_EDGE },
    { "window edge", 0, { 333, 1, 0 }, .bits = 48, .limit = 13, .flags = FAR | WINDOW_EDGE },
    { "dropped bits", 0, { 333, 1, 14 }, .bits = 48, .limit = 13, .flags = FAR },
    { "dropped bits, window edge", 0, { 333, 1, 16 }, .bits = 25, .limit = 9, .flags = WINDOW_EDGE },
    { "a window of odd width", 0, { 65, 2, 0 }, .bits = 64, .limit = 23 },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 2, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 3, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 4, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 5, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 9, .flags = WINDOW_EDGE },
    { "nothing", 0, { 0, 2, 0 }, .bits = 64, .limit = 24 },
    { "one", 0, { 1, 1, 0 }, .bits = 64, .limit = 24 },
    { "many", 0, { 20000, 1, 0 }, .bits = 46, .limit = 24 },
};

static void less_prepare(task *t)
{
    const spec *s = t->s;
    uint32_t    low = (uint32_t)s->size[2], width = s->limit;
    int64_t     most, base = 0;
    array      *x = &t->in[t->ins++], *c = &t->constants[0];

    make1(x, PUMA_ARITH, s->size[0], s->bits, 4);
    make1(c, PUMA_ARITH, s->size[1], s->bits, 4);
    /* |x - c| < 2^(low+width-1) - 2^low; with several thresholds each side takes half of it. */
    most = (int64_t)((UINT64_C(1) << (low + width - 1)) - (UINT64_C(1) << low)) - 1;
    if (s->flags & FAR) base = signed_of(draw(), s->bits) / 4;
    for (size_t j = 0; j < c->n; j++) {
        int64_t threshold = base;

        if (c->n > 1) threshold += number(10 + j, low + width > 3 ? low + width - 3 : 0, 0);
        c->w[j] = (uint64_t)threshold & mask(s->bits);
    }
    for (size_t i = 0; i < x->n; i++) {
        int64_t d = number(i, c->n > 1 ? (low + width > 3 ? low + width - 3 : 0) : low + width - 1, 4);

        if (d > most) d = most;
        if (d < -most) d = -most;
        if (s->flags & WINDOW_EDGE && i % 3 == 0) d = i % 2 ? most - (int64_t)(i / 8 % 2 && most > 0) : -most;
        x->w[i] = (uint64_t)(base + d) & mask(s->bits);
    }
    for (size_t j = 0; j < c->n; j++) make1(&t->out[t->outs++], PUMA_BIT, s->size[0], 1, 0);
}

static void less_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    s->protocol->less(s, out, in[0], t->constants[0].w, t->constants[0].n, (uint32_t)t->s->size[2],
                      t->s->limit);
}

static const char *less_verify(const task *t)
{
    wide within = (wide)1 << t->s->size[2];

    for (size_t j = 0; j < t->outs; j++) {
        for (size_t i = 0; i < t->out[j].n; i++) {
            wide d = (wide)at(&t->in[0], i) - at(&t->constants[0], j);

            if (within > 1 && d < within && d > -within)
                continue; /* the threshold may have moved by so much */
            if (bit(&t->out[j], i) != (d < 0)) {
                snprintf(wrong, sizeof wrong, "threshold %zu, element %zu: got %d for a difference of %lld",
                         j, i, bit(&t->out[j], i), (long long)d);
                return wrong;
            }
        }
        if (tail_is_clean(&t->out[j])) return tail_is_clean(&t->out[j]);
    }
    return NULL;
}

/* --- choices ---------------------------------------------------------------------------------- */

#define NULL_VALUES OPTION(0) /* every second value is the integer 1 */

/* size: elements, choices. */
static const spec mux_specs[] = {
    { "select", 0, { 333, 1 }, .bits = 64, .zbits = 64, .limit = 60 },
    { "select", 0, { 333, 1 }, .bits = 48, .zbits = 48, .limit = 44 },
    { "select, narrower", 0, { 333, 1 }, .bits = 64, .zbits = 25, .limit = 20 },
    { "two", 0, { 65, 2 }, .bits = 48, .zbits = 48, .limit = 40 },
    { "three", 0, { 1001, 3 }, .bits = 64, .zbits = 64, .limit = 56 },
    { "bit to number", 0, { 333, 1 }, .bits = 64, .zbits = 64, .limit = 10, .flags = NULL_VALUES },
    { "four, two of them numbers",
      0,
      { 333, 4 },
      .bits = 48,
      .zbits = 46,
      .limit = 38,
      .flags = NULL_VALUES },
    { "nothing", 0, { 0, 2 }, .bits = 48, .zbits = 48, .limit = 40 },
    { "one", 0, { 1, 2 }, .bits = 48, .zbits = 48, .limit = 40 },
    { "wrapping", 0, { 333, 3 }, .bits = 48, .zbits = 40, .flags = WRAPS },
};

static void mux_prepare(task *t)
{
    const spec *s = t->s;
    size_t      count = s->size[1];

    make1(&t->constants[0], PUMA_ARITH, count, s->zbits, 0);
    for (size_t j = 0; j < count; j++) {
        array *b = &t->in[t->ins++], *v;

        make1(b, PUMA_BIT, s->size[0], 1, 0);
        fill_bits(b);
        v = &t->in[t->ins++];
        make1(v, PUMA_ARITH, s->size[0], s->bits, 5);
        fill(v, s);
        t->constants[0].w[j] =
            (s->flags & WRAPS ? draw() : (uint64_t)(j % 2 ? -3 - (int64_t)j : 1 + (int64_t)j)) &
            mask(s->zbits);
    }
    make1(&t->out[t->outs++], PUMA_ARITH, s->size[0], s->zbits, 5);
}

static bool is_number(const task *t, size_t j) { return (t->s->flags & NULL_VALUES) && j % 2 == 0; }

static void mux_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    puma_choice choices[MAX_OPERANDS / 2];
    size_t      count = t->s->size[1];

    for (size_t j = 0; j < count; j++)
        choices[j] = (puma_choice){ in[2 * j], is_number(t, j) ? NULL : in[2 * j + 1], t->constants[0].w[j] };
    s->protocol->mux_sum(s, out[0], choices, count);
}

static const char *mux_verify(const task *t)
{
    for (size_t i = 0; i < t->out[0].n; i++) {
        uint64_t wanted = 0;

        for (size_t j = 0; j < t->s->size[1]; j++)
            if (bit(&t->in[2 * j], i))
                wanted += t->constants[0].w[j] * (is_number(t, j) ? 1 : t->in[2 * j + 1].w[i]);
        wanted &= mask(t->s->zbits);
        if (t->out[0].w[i] != wanted)
            return differs(i, signed_of(t->out[0].w[i], t->s->zbits), signed_of(wanted, t->s->zbits));
    }
    return NULL;
}

/* --- one-hot ---------------------------------------------------------------------------------- */

/* size: elements, entries. */
static const spec one_hot_specs[] = {
    { "entries: 2", 0, { 9, 2 }, .bits = 8 },        { "entries: 3", 0, { 9, 3 }, .bits = 48 },
    { "entries: 16", 0, { 33, 16 }, .bits = 20 },    { "entries: 100", 0, { 21, 100 }, .bits = 64 },
    { "entries: 1000", 0, { 5, 1000 }, .bits = 20 }, { "entries: 1", 0, { 4, 1 }, .bits = 20 },
    { "nothing", 0, { 0, 16 }, .bits = 20 },
};

static bool has_one_hot(const puma_protocol *p) { return PUMA_HAS(p, one_hot); }

static void one_hot_prepare(task *t)
{
    const spec *s = t->s;
    array      *x = &t->in[t->ins++];

    make1(x, PUMA_ARITH, s->size[0], s->bits, 0);
    for (size_t i = 0; i < x->n; i++) x->w[i] = i == 0 ? s->size[1] - 1 : i == 1 ? 0 : draw() % s->size[1];
    array_make(&t->out[t->outs++], PUMA_BIT, 2, s->size, 1, 0);
}

/* The same through ops.h where the backend's table has no optional operation, as a smaller backend's has
 * none. */
static puma_protocol without_options(const puma_protocol *p)
{
    puma_protocol bare = *p;

    bare.one_hot = NULL;
    bare.table = NULL;
    bare.gate = NULL;
    bare.exp2 = NULL;
    bare.maximum = NULL;
    bare.product_blocks = NULL;
    return bare;
}

static void one_hot_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)t;
    s->protocol->one_hot(s, out[0], in[0]);
}

static void one_hot_built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *full = s->protocol;
    const puma_protocol  bare = without_options(full);

    s->protocol = &bare;
    out[0] = (puma_tensor *)puma_one_hot(s, in[0], t->s->size[1]);
    s->protocol = full;
}

static const char *one_hot_verify(const task *t)
{
    size_t count = t->s->size[1];

    for (size_t i = 0; i < t->out[0].n; i++) {
        bool wanted = t->in[0].w[i / count] == i % count;

        if (bit(&t->out[0], i) != wanted) return differs(i, !wanted, wanted);
    }
    return tail_is_clean(&t->out[0]);
}

/* --- embedding -------------------------------------------------------------------------------- */

/* size: ids, rows of a first part, columns, rows of a second part (0: there is none). */
static const spec embed_specs[] = {
    { "every id", 0, { 1, 1, 5, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 2, 2, 5, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 3, 3, 5, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 7, 7, 3, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 13, 13, 3, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 24, 24, 3, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 101, 101, 2, 0 }, .bits = 20, .limit = 18 },
    { "every id", 0, { 257, 257, 1, 0 }, .bits = 1, .flags = WRAPS },
    { "every id", 0, { 257, 257, 1, 0 }, .bits = 8, .limit = 6 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 31, .limit = 29 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 32, .limit = 30 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 33, .limit = 31 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 48, .limit = 46 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 63, .limit = 61 },
    { "every id", 0, { 33, 33, 3, 0 }, .bits = 64, .limit = 61 },
    { "any words", 0, { 40, 65, 3, 0 }, .bits = 64, .flags = WRAPS },
    { "two parts", 0, { 30, 30, 4, 2 }, .bits = 20, .limit = 17 },
    { "two parts", 0, { 30, 11, 4, 70 }, .bits = 64, .limit = 60 },
    { "two parts, one row", 0, { 30, 30, 4, 1 }, .bits = 21, .limit = 17 },
    { "a vocabulary", 0, { 9, 30522, 3, 2 }, .bits = 20, .limit = 17 },
    { "a vocabulary", 0, { 5, 50257, 2, 0 }, .bits = 22, .limit = 20 },
    { "more than fit at once", 0, { 150, 65537, 1, 0 }, .bits = 24, .limit = 20 },
    { "nothing", 0, { 0, 16, 4, 0 }, .bits = 20, .limit = 18 },
};

static bool has_embed(const puma_protocol *p) { return PUMA_HAS(p, embed); }

static void embed_prepare(task *t)
{
    const spec *s = t->s;
    size_t      rows[2] = { s->size[1], s->size[3] };

    t->everywhere = true;
    array_make(&t->in[t->ins++], PUMA_ARITH, 2, (const size_t[]){ rows[0] + rows[1], s->size[2] }, s->bits,
               0);
    fill(&t->in[0], s);
    for (int p = 0; p < 2; p++) {
        array *ids = &t->constants[p];

        make1(ids, PUMA_ARITH, s->size[0], 32, 0);
        for (size_t i = 0; i < ids->n && rows[p] > 0; i++) {
            if (s->size[0] == rows[p])
                ids->w[i] = i;
            else
                ids->w[i] = i == 0 ? rows[p] - 1 : i == 1 ? 0 : draw() % rows[p];
        }
    }
    array_make(&t->out[t->outs++], PUMA_ARITH, 2, (const size_t[]){ s->size[0], s->size[2] }, s->bits, 0);
}

static void embed_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const size_t *size = t->s->size;
    bool          client = s->role == PUMA_CLIENT, knows = client || (s->caps & PUMA_CAP_LOCAL) != 0;
    uint32_t     *ids = (uint32_t *)(void *)s->host->scratch(s, size[0] + 1); /* two of them a word */
    puma_index    parts[2] = { { .first = 0, .rows = size[1] }, { .first = size[1], .rows = size[3] } };
    puma_tensor  *z = out[0];

    if (client) z = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ size[0], 0 }, t->s->bits, 0);
    if (ids == NULL || z == NULL) return;
    for (size_t p = 0; knows && p < 2; p++) {
        for (size_t i = 0; i < size[0]; i++) ids[p * size[0] + i] = (uint32_t)t->constants[p].w[i];
        parts[p].ids = ids + p * size[0];
    }
    s->protocol->embed(s, z, client ? NULL : in[0], parts, size[3] > 0 ? 2 : 1,
                       knows ? s->role : PUMA_CLIENT);
}

static const char *embed_verify(const task *t)
{
    const size_t *size = t->s->size;

    for (size_t i = 0; i < t->out[0].n; i++) {
        size_t   row = i / size[2], column = i % size[2];
        uint64_t wanted = t->in[0].w[t->constants[0].w[row] * size[2] + column];

        if (size[3] > 0) wanted += t->in[0].w[(size[1] + t->constants[1].w[row]) * size[2] + column];
        wanted &= mask(t->s->bits);
        if (t->out[0].w[i] != wanted)
            return differs(i, signed_of(t->out[0].w[i], t->s->bits), signed_of(wanted, t->s->bits));
    }
    return NULL;
}

/* --- structure -------------------------------------------------------------------------------- */

enum { PERMUTE, SLICE, CONCAT, EXPAND, TILE, GATHER, RESHAPE };

#define OF_BITS OPTION(0)

/* size: three dimensions, an axis or a permutation's number. */
static const spec structure_specs[] = {
    { "permute 1 0 2", PERMUTE, .size = { 5, 7, 9, 0 } },
    { "permute 2 1 0", PERMUTE, .size = { 5, 7, 9, 1 } },
    { "permute 0 2 1", PERMUTE, .size = { 5, 7, 9, 2 } },
    { "permute 1 0 2", PERMUTE, .size = { 1, 7, 1, 0 } },
    { "permute 1 2 0, bits", PERMUTE, .size = { 5, 7, 9, 3 }, .flags = OF_BITS },
    { "permute 1 0 2, bits", PERMUTE, .size = { 3, 5, 70, 0 }, .flags = OF_BITS },
    { "slice, axis 0", SLICE, .size = { 6, 5, 4, 0 } },
    { "slice, axis 1", SLICE, .size = { 6, 5, 4, 1 } },
    { "slice, axis 2", SLICE, .size = { 6, 5, 4, 2 } },
    { "slice, axis 1, bits", SLICE, .size = { 6, 5, 13, 1 }, .flags = OF_BITS },
    { "slice, axis 2, bits", SLICE, .size = { 6, 5, 130, 2 }, .flags = OF_BITS },
    { "concat, axis 0", CONCAT, .size = { 2, 3, 4, 0 } },
    { "concat, axis 1", CONCAT, .size = { 2, 3, 4, 1 } },
    { "concat, axis 2, bits", CONCAT, .size = { 2, 3, 37, 2 }, .flags = OF_BITS },
    { "concat, axis 0, nothing", CONCAT, .size = { 0, 3, 4, 0 } },
    { "expand", EXPAND, .size = { 2, 3, 4 } },
    { "expand, bits", EXPAND, .size = { 2, 3, 5 }, .flags = OF_BITS },
    { "tile", TILE, .size = { 2, 3, 4 } },
    { "tile, bits", TILE, .size = { 2, 3, 5 }, .flags = OF_BITS },
    { "gather", GATHER, .size = { 6, 3, 4 } },
    { "gather, bits", GATHER, .size = { 6, 3, 5 }, .flags = OF_BITS },
    { "reshape", RESHAPE, .size = { 6, 3, 4 } },
    { "reshape, bits", RESHAPE, .size = { 6, 3, 5 }, .flags = OF_BITS },
};

static const uint32_t permutations[][3] = { { 1, 0, 2 }, { 2, 1, 0 }, { 0, 2, 1 }, { 1, 2, 0 } };
static const size_t   rows[] = { 3, 0, 5, 5 };

#define TIMES 3

static void structure_prepare(task *t)
{
    const spec     *s = t->s;
    puma_kind       kind = s->flags & OF_BITS ? PUMA_BIT : PUMA_ARITH;
    uint32_t        bits = kind == PUMA_BIT ? 1 : 64, rank = 3;
    const size_t   *d = s->size;
    const uint32_t *p = permutations[s->op == PERMUTE ? s->size[3] : 0];
    size_t          dim[4] = { d[0], d[1], d[2], 0 };

    for (size_t i = 0; i < (s->op == CONCAT ? 2u : 1u); i++) {
        array_make(&t->in[t->ins++], kind, 3, d, bits, 0);
        if (kind == PUMA_BIT)
            fill_bits(&t->in[i]);
        else
            fill_numbers(&t->in[i], 62);
    }
    switch (s->op) {
    case PERMUTE:
        for (size_t i = 0; i < 3; i++) dim[i] = d[p[i]];
        break;
    case SLICE: dim[d[3]] = d[d[3]] - 2; break;
    case CONCAT: dim[d[3]] *= 2; break;
    case EXPAND:
        dim[3] = TIMES;
        rank = 4;
        break;
    case TILE:
        memcpy(dim, (size_t[]){ TIMES, d[0], d[1], d[2] }, sizeof dim);
        rank = 4;
        break;
    case GATHER: dim[0] = COUNT(rows); break;
    default:
        memcpy(dim, (size_t[]){ d[0] * d[1], d[2] }, 2 * sizeof *dim);
        rank = 2;
        break;
    }
    array_make(&t->out[t->outs++], kind, rank, dim, bits, 0);
}

static void structure_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_host *h = s->host;
    uint32_t         axis = (uint32_t)t->s->size[3];

    switch (t->s->op) {
    case PERMUTE: out[0] = h->permute(s, in[0], permutations[axis]); break;
    case SLICE: out[0] = h->slice(s, in[0], axis, 1, t->s->size[axis] - 1); break;
    case CONCAT: out[0] = h->concat(s, (const puma_tensor *[]){ in[0], in[1] }, 2, axis); break;
    case EXPAND: out[0] = h->expand(s, in[0], TIMES); break;
    case TILE: out[0] = h->tile(s, in[0], TIMES); break;
    case GATHER: out[0] = h->gather(s, in[0], rows, COUNT(rows)); break;
    default: out[0] = h->reshape(s, in[0], 2, t->out[0].dim); break;
    }
}

static uint64_t item(const array *a, size_t i) { return a->kind == PUMA_BIT ? bit(a, i) : a->w[i]; }

static const char *structure_verify(const task *t)
{
    const array  *z = &t->out[0];
    const size_t *d = t->s->size;

    for (size_t i = 0; i < z->n; i++) {
        size_t       a[4] = { 0 }, rest = i, from[3];
        const array *x = &t->in[0];

        for (uint32_t k = z->rank; k-- > 0;) {
            a[k] = rest % z->dim[k];
            rest /= z->dim[k];
        }
        memcpy(from, a, sizeof from);
        switch (t->s->op) {
        case PERMUTE:
            for (size_t k = 0; k < 3; k++) from[permutations[d[3]][k]] = a[k];
            break;
        case SLICE: from[d[3]]++; break;
        case CONCAT:
            if (from[d[3]] >= d[d[3]]) {
                from[d[3]] -= d[d[3]];
                x = &t->in[1];
            }
            break;
        case TILE: memcpy(from, a + 1, sizeof from); break;
        case GATHER: from[0] = rows[a[0]]; break;
        case RESHAPE: memcpy(from, (size_t[]){ a[0] / d[1], a[0] % d[1], a[1] }, sizeof from); break;
        default: break;
        }
        if (item(z, i) != item(x, (from[0] * d[1] + from[1]) * d[2] + from[2]))
            return differs(i, (wide)item(z, i), (wide)item(x, (from[0] * d[1] + from[1]) * d[2] + from[2]));
    }
    return tail_is_clean(z);
}

/* --- one after the other ---------------------------------------------------------------------- */

/* What a function does: a product, its comparison, a choice by it, and a product of what was chosen. */
static const spec chain_specs[] = {
    { "product, comparison, choice, product", 0, { 2000 }, .bits = 64, .frac = 16 },
    { "product, comparison, choice, product", 0, { 1 }, .bits = 64, .frac = 18 },
};

static void chain_prepare(task *t)
{
    for (size_t i = 0; i < 2; i++) {
        make1(&t->in[t->ins++], PUMA_ARITH, t->s->size[0], t->s->bits, t->s->frac);
        fill_numbers(&t->in[i], t->s->frac + 3);
    }
    make1(&t->out[t->outs++], PUMA_ARITH, t->s->size[0], 64 - t->s->frac, t->s->frac);
    make1(&t->out[t->outs++], PUMA_BIT, t->s->size[0], 1, 0);
    make1(&t->out[t->outs++], PUMA_ARITH, t->s->size[0], 64, t->s->frac);
}

static void chain_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *p = s->protocol;
    puma_tensor *kept = s->host->tensor(s, PUMA_ARITH, 1, in[0]->dim, 64 - t->s->frac, t->s->frac), *both;
    puma_term    term = { .op = PUMA_TERM_MUL, .x = in[0], .y = in[1] };
    uint64_t     zero = 0;

    p->product(s, out[0], &term, 1, t->s->frac);
    p->less(s, &out[1], out[0], &zero, 1, 0, t->s->frac + 8);
    p->mux_sum(s, kept, &(puma_choice){ out[1], out[0], 1 }, 1);
    both = s->host->tensor(s, PUMA_ARITH, 1, in[0]->dim, 64, t->s->frac);
    p->trunc(s, both, kept, 0);
    term = (puma_term){ .op = PUMA_TERM_MUL, .x = both, .y = in[1] };
    p->product(s, out[2], &term, 1, t->s->frac);
}

static const char *chain_verify(const task *t)
{
    wide unit = (wide)1 << t->s->frac;

    for (size_t i = 0; i < t->out[0].n; i++) {
        wide product = (wide)at(&t->in[0], i) * at(&t->in[1], i), z = at(&t->out[0], i);
        wide kept = bit(&t->out[1], i) ? z : 0, error = z * unit - product;

        if (error >= unit || error <= -unit) return differs(i, z, product / unit);
        if (bit(&t->out[1], i) != (z < 0)) return differs(i, bit(&t->out[1], i), z < 0);
        error = (wide)at(&t->out[2], i) * unit - kept * at(&t->in[1], i);
        if (error >= unit || error <= -unit)
            return differs(i, at(&t->out[2], i), kept * at(&t->in[1], i) / unit);
    }
    return NULL;
}

/* --- functions in the clear ------------------------------------------------------------------- */

/* size: elements, length of a row (1: element by element). */
static const spec apply_specs[] = {
    { "element by element", 0, { 100, 1 }, .bits = 48, .frac = 16, .limit = 20 },
    { "row by row", 0, { 100, 10 }, .bits = 48, .frac = 16, .limit = 20 },
    { "nothing", 0, { 0, 1 }, .bits = 48, .frac = 16, .limit = 20 },
};

static bool has_apply(const puma_protocol *p) { return PUMA_HAS(p, apply); }

/* Half of each number, and in a row the first one's half besides. */
static void halve(double *row, size_t n, const void *context)
{
    double first = n > 1 ? row[0] / 2 : 0;

    (void)context;
    for (size_t i = 0; i < n; i++) row[i] = row[i] / 2 + first;
}

static void apply_prepare(task *t)
{
    make1(&t->in[t->ins++], PUMA_ARITH, t->s->size[0], t->s->bits, t->s->frac);
    fill_numbers(&t->in[0], t->s->limit);
    make1(&t->out[t->outs++], PUMA_ARITH, t->s->size[0], t->s->bits, t->s->frac + 2);
}

static void apply_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    s->protocol->apply(s, out[0], in[0], t->s->size[1], halve, NULL);
}

static const char *apply_verify(const task *t)
{
    size_t row = t->s->size[1];

    for (size_t i = 0; i < t->out[0].n; i++) {
        wide wanted = 2 * (wide)at(&t->in[0], i);

        if (row > 1) wanted += 2 * (wide)at(&t->in[0], i / row * row);
        if (at(&t->out[0], i) != wanted) return differs(i, at(&t->out[0], i), wanted);
    }
    return NULL;
}

/* --- floating point --------------------------------------------------------------------------- */

enum {
    F_ADD,
    F_SUB,
    F_ADD_PUBLIC,
    F_SCALE,
    F_SUM,
    F_MATMUL,
    F_MATMUL_T,
    F_MUL_ADD,
    F_TRUNC,
    F_LESS,
    F_MUX,
    F_CHOICE,
    F_APPLY
};

/* size: rows, columns. */
static const spec float_specs[] = {
    { "add", F_ADD, { 3, 7 }, .flags = IS_FLOAT },
    { "sub", F_SUB, { 3, 7 }, .flags = IS_FLOAT },
    { "add_public", F_ADD_PUBLIC, { 3, 7 }, .flags = IS_FLOAT },
    { "scale", F_SCALE, { 3, 7 }, .flags = IS_FLOAT },
    { "sum", F_SUM, { 3, 7 }, .flags = IS_FLOAT },
    { "matmul", F_MATMUL, { 9, 130 }, .flags = IS_FLOAT },
    { "matmul, y transposed", F_MATMUL_T, { 9, 131 }, .flags = IS_FLOAT },
    { "mul and add", F_MUL_ADD, { 3, 7 }, .flags = IS_FLOAT },
    { "trunc", F_TRUNC, { 3, 7 }, .flags = IS_FLOAT },
    { "less", F_LESS, { 3, 7 }, .flags = IS_FLOAT },
    { "mux_sum", F_MUX, { 3, 7 }, .flags = IS_FLOAT },
    { "choice of two, exact", F_CHOICE, { 9, 7 }, .flags = IS_FLOAT },
    { "apply", F_APPLY, { 3, 7 }, .flags = IS_FLOAT },
};

static void float_prepare(task *t)
{
    const spec *s = t->s;
    size_t      m = s->size[0], k = s->size[1], square[2] = { m, m };

    for (size_t i = 0; i < 3; i++) {
        array_make(&t->in[t->ins++], PUMA_ARITH, 2, s->size, 64, 18);
        fill_reals(&t->in[i]);
    }
    if (s->op == F_MATMUL) { /* (m, k) times (k, m) */
        memcpy(t->in[1].dim, (size_t[]){ k, m }, 2 * sizeof(size_t));
        array_make(&t->out[t->outs++], PUMA_ARITH, 2, square, 64, 18);
    } else if (s->op == F_MATMUL_T) {
        array_make(&t->out[t->outs++], PUMA_ARITH, 2, square, 64, 18);
    } else if (s->op == F_SUM) {
        make1(&t->out[t->outs++], PUMA_ARITH, m, 64, 18);
    } else {
        array_make(&t->out[t->outs++], s->op == F_LESS ? PUMA_BIT : PUMA_ARITH, 2, s->size,
                   s->op == F_LESS ? 1 : 64, s->op == F_LESS ? 0 : 18);
    }
    make1(&t->constants[0], PUMA_ARITH, k, 64, 18);
    fill_reals(&t->constants[0]);
    array_make(&t->in[t->ins++], PUMA_BIT, 2, s->size, 1, 0);
    fill_bits(&t->in[3]);
}

static void float_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *p = s->protocol;
    const uint64_t      *c = t->constants[0].w;
    puma_term            terms[2] = {
                   { .op = PUMA_TERM_MATMUL, .x = in[0], .y = in[1], .y_transposed = t->s->op == F_MATMUL_T }
    };

    switch (t->s->op) {
    case F_ADD: p->add(s, out[0], in[0], in[1]); break;
    case F_SUB: p->sub(s, out[0], in[0], in[1]); break;
    case F_ADD_PUBLIC: p->add_public(s, out[0], in[0], c, t->constants[0].n); break;
    case F_SCALE: p->scale(s, out[0], in[0], c, t->constants[0].n); break;
    case F_SUM: p->sum(s, out[0], in[0]); break;
    case F_MATMUL:
    case F_MATMUL_T: p->product(s, out[0], terms, 1, 18); break;
    case F_MUL_ADD:
        terms[0].op = PUMA_TERM_MUL;
        terms[1] = (puma_term){ .op = PUMA_TERM_ADD, .x = in[2] };
        p->product(s, out[0], terms, 2, 18);
        break;
    case F_TRUNC: p->trunc(s, out[0], in[0], 5); break;
    case F_LESS: p->less(s, out, in[0], c, 1, 3, 10); break;
    case F_MUX:
        p->mux_sum(s, out[0], (puma_choice[]){ { in[3], in[0], c[0] }, { in[3], NULL, c[1] } }, 2);
        break;
    case F_CHOICE: out[0] = puma_mux(s, in[3], in[0], in[1]); break;
    default: p->apply(s, out[0], in[0], t->s->size[1], halve, NULL); break;
    }
}

static const char *float_verify(const task *t)
{
    const array *x = &t->in[0], *y = &t->in[1], *c = &t->constants[0], *z = &t->out[0];
    size_t       m = t->s->size[0], k = t->s->size[1];

    for (size_t i = 0; i < z->n; i++) {
        double wanted = 0, a = i < x->n ? real_at(x, i) : 0, scale = 64;

        switch (t->s->op) {
        case F_ADD: wanted = a + real_at(y, i); break;
        case F_SUB: wanted = a - real_at(y, i); break;
        case F_ADD_PUBLIC: wanted = a + real_at(c, i % k); break;
        case F_SCALE: wanted = a * real_at(c, i % k); break;
        case F_SUM:
            for (size_t l = 0; l < k; l++) wanted += real_at(x, i * k + l);
            break;
        case F_MATMUL:
        case F_MATMUL_T:
            for (size_t l = 0; l < k; l++)
                wanted += real_at(x, i / m * k + l) *
                          real_at(y, t->s->op == F_MATMUL ? l * m + i % m : i % m * k + l);
            scale = 64.0 * (double)k;
            break;
        case F_MUL_ADD: wanted = a * real_at(y, i) + real_at(&t->in[2], i); break;
        case F_TRUNC: wanted = a; break;
        case F_LESS:
            if (bit(z, i) != (a < real_at(c, 0))) return differs(i, bit(z, i), a < real_at(c, 0));
            continue;
        case F_MUX: wanted = bit(&t->in[3], i) ? real_at(c, 0) * a + real_at(c, 1) : 0; break;
        case F_CHOICE:
            wanted = bit(&t->in[3], i) ? a : real_at(y, i);
            scale = 0;
            break;
        default: wanted = a / 2 + real_at(x, i / k * k) / 2; break;
        }
        if (!(fabs(real_at(z, i) - wanted) <= scale * 0x1p-52)) return differs_real(i, real_at(z, i), wanted);
    }
    return NULL;
}

/* --- tables ----------------------------------------------------------------------------------- */

enum { TABLE, GATE, EXP2 };

/* One quadratic cut into buckets, so that the right result is the same whichever of two neighbours an operand
 * is found in. */
typedef struct form {
    uint32_t unit, index_bits, ring, slope_keep, slope_factor, curve_keep, curve_factor, window;
} form;

static const form FORMS[] = {
    { 15, 6, 30, 12, 14, 9, 14, 26 }, /* GeLU at f = 18: [-4, 4) in 64                */
    { 13, 6, 30, 12, 14, 9, 14, 24 }, /* the same at f = 16                           */
    { 16, 5, 30, 12, 14, 9, 14, 22 }, /* window one bit wider than the table          */
    { 16, 7, 32, 12, 14, 9, 14, 31 }, /* SiLU: [-16, 16) in 128, eight high bits      */
    { 13, 8, 63, 11, 16, 9, 16, 0 },  /* a mantissa: [0, 4) in 256 at 19 bits         */
    { 8, 1, 40, 12, 14, 9, 14, 12 },  /* two buckets                                  */
    { 8, 4, 30, 12, 14, 9, 14, 20 },
};

enum { VALUE_FRAC = 27, SLOPE_FRAC = 24, CURVE_FRAC = 20 };

#define EACH_BUCKET                                                                                          \
    8 /* operands a bucket, on both sides of its edges; all of them four times, for other masks */

/* size: form; limit: fraction bits of the result. */
static const spec table_specs[] = {
    { "mantissa", TABLE, { 4 }, .bits = 22, .zbits = 48, .frac = 19, .limit = 24 },
    { "mantissa, wide ring", TABLE, { 4 }, .bits = 22, .zbits = 60, .frac = 19, .limit = 24 },
    { "64 buckets, wide ring", TABLE, { 0 }, .bits = 22, .zbits = 64, .frac = 18, .limit = 18 },
    { "64 buckets", TABLE, { 1 }, .bits = 24, .zbits = 12, .frac = 16, .limit = 9 },
    { "32 buckets", TABLE, { 2 }, .bits = 64, .zbits = 46, .frac = 18, .limit = 18 },
    { "two buckets", TABLE, { 5 }, .bits = 10, .zbits = 40, .frac = 8, .limit = 27 },
    { "16 buckets", TABLE, { 6 }, .bits = 13, .zbits = 20, .frac = 12, .limit = 16 },
    { "in floating point",
      TABLE,
      { 0 },
      .bits = 64,
      .zbits = 64,
      .frac = 18,
      .limit = 18,
      .flags = IS_FLOAT },
    { "64 buckets", GATE, { 0 }, .bits = 64, .zbits = 48, .frac = 18, .limit = 18 },
    { "64 buckets, same ring", GATE, { 0 }, .bits = 27, .zbits = 27, .frac = 18, .limit = 18 },
    { "64 buckets, 16 fraction bits", GATE, { 1 }, .bits = 52, .zbits = 52, .frac = 16, .limit = 16 },
    { "narrow window", GATE, { 2 }, .bits = 48, .zbits = 48, .frac = 18, .limit = 18 },
    { "128 buckets, wide window", GATE, { 3 }, .bits = 64, .zbits = 64, .frac = 18, .limit = 18 },
    { "two buckets", GATE, { 5 }, .bits = 30, .zbits = 30, .frac = 8, .limit = 8 },
    { "in floating point", GATE, { 0 }, .bits = 64, .zbits = 64, .frac = 18, .limit = 18, .flags = IS_FLOAT },
    { "18 fraction bits", EXP2, { 0 }, .bits = 27, .zbits = 46, .frac = 18, .limit = 18 },
    { "16 fraction bits", EXP2, { 0 }, .bits = 25, .zbits = 44, .frac = 16, .limit = 16 },
    { "more fraction in the result", EXP2, { 0 }, .bits = 25, .zbits = 40, .frac = 16, .limit = 24 },
    { "a small ring", EXP2, { 0 }, .bits = 12, .zbits = 24, .frac = 6, .limit = 18 },
    { "in floating point", EXP2, { 0 }, .bits = 64, .zbits = 64, .frac = 18, .limit = 18, .flags = IS_FLOAT },
};

static const form *form_of(const task *t) { return &FORMS[t->s->size[0]]; }
static double      width_of(const task *t) { return ldexp(1, (int)form_of(t)->unit - (int)t->s->frac); }
static double      reach_of(const task *t) { return width_of(t) * ldexp(1, (int)form_of(t)->index_bits - 1); }

/* On [0, 2 R): value, slope and half the curvature at v.  A gate's function rises from 0 at -R with slope 0
 * to R with slope 1. */
static void quadratic_at(const task *t, double v, double c[3])
{
    double r = reach_of(t);

    if (t->s->op == GATE) {
        c[0] = v * v / (4 * r);
        c[1] = v / (2 * r);
        c[2] = 1 / (4 * r);
    } else {
        c[0] = 0.4 + (0.3 * v - 0.25 * v * v / r) / (2 * r);
        c[1] = (0.3 - 0.5 * v / r) / (2 * r);
        c[2] = -0.25 / r / (2 * r);
    }
}

static void table_prepare(task *t)
{
    const spec *s = t->s;
    const form *f = form_of(t);
    size_t      buckets = s->op == EXP2 ? 0 : (size_t)1 << f->index_bits, n, i = 0;
    array      *x = &t->in[t->ins++];
    int64_t unit = INT64_C(1) << f->unit, half = s->op == GATE ? (int64_t)buckets / 2 * unit : 0, low, high;

    if (s->op == EXP2) {
        high = INT64_C(1) << s->frac;
        low = s->flags & IS_FLOAT ? -(INT64_C(256) << s->frac) : -(INT64_C(1) << (s->bits - 1));
        /* built of comparisons, where a difference keeps off the ring's edge */
        if (t->g->needs == PUMA_CAP_COMPARE) low += INT64_C(1) << s->frac;
    } else if (s->op == GATE) {
        high = (INT64_C(1) << (f->window - 1)) - unit;
        low = 1 - high;
    } else {
        high = ((int64_t)buckets - 1) * unit +
               1; /* behind it an operand may be found in the bucket after the last */
        low = 0;
    }
    n = 4 * (EACH_BUCKET * (buckets + 1) + 64);
    make1(x, PUMA_ARITH, n, s->bits, s->frac);
    for (int round = 0; round < 4; round++) {
        const int64_t one = INT64_C(1) << s->frac;
        int64_t       v[EACH_BUCKET + 24] = { low,
                                              low + 1,
                                              high - 1,
                                              high - 2,
                                              0,
                                              1,
                                              -1,
                                              one,
                                              -one,
                                              one - 1,
                                              -one + 1,
                                              -128 * one,
                                              -128 * one + one / 100,
                                              -128 * one - 1,
                                              -4 * one,
                                              -4 * one + 1,
                                              -256 * one + 1,
                                              -22 * one,
                                              -23 * one,
                                              -20 * one,
                                              low + unit,
                                              high - unit,
                                              -255 * one };

        for (size_t k = 0; k < 24; k++) x->w[i++] = (uint64_t)v[k];
        for (size_t k = 0; k < 40; k++)
            x->w[i++] = (uint64_t)(low + (int64_t)(draw() % (uint64_t)(high - low)));
        for (size_t b = 0; b <= buckets && s->op != EXP2; b++) {
            int64_t edge = (int64_t)b * unit - half,
                    near[EACH_BUCKET] = { edge,
                                          edge + 1,
                                          edge - 1,
                                          edge + unit / 2,
                                          edge + unit / 2 + 1,
                                          edge + unit - 2,
                                          edge + (int64_t)(draw() % (uint64_t)unit),
                                          edge - unit / 3 };

            for (size_t k = 0; k < EACH_BUCKET; k++) x->w[i++] = (uint64_t)near[k];
        }
    }
    while (i < n) x->w[i++] = (uint64_t)low;
    for (i = 0; i < n; i++) {
        int64_t v = (int64_t)x->w[i];
        double  real;

        if (v < low || v >= high) v = low;
        real = ldexp((double)v, -(int)s->frac);
        x->w[i] = (uint64_t)v & mask(s->bits);
        if (s->flags & IS_FLOAT) memcpy(&x->w[i], &real, sizeof real);
    }
    make1(&t->out[t->outs++], PUMA_ARITH, n, s->zbits, s->limit);
    for (size_t k = 0; k < 3; k++) make1(&t->constants[k], PUMA_ARITH, buckets, 64, 0);
    for (size_t b = 0; b < buckets; b++) {
        double begin = (double)b * width_of(t), c[3];

        quadratic_at(t, begin, c);
        if (s->op == GATE && b >= buckets / 2) { /* x is added from here on */
            c[0] -= begin - reach_of(t);
            c[1] -= 1;
        }
        t->constants[0].w[b] = (uint64_t)llround(ldexp(c[0], VALUE_FRAC));
        t->constants[1].w[b] = (uint64_t)llround(ldexp(c[1], SLOPE_FRAC));
        t->constants[2].w[b] = (uint64_t)llround(ldexp(c[2], CURVE_FRAC));
    }
}

static puma_table table_of(const task *t)
{
    const form *f = form_of(t);

    return (puma_table){
        .struct_size = sizeof(puma_table),
        .unit = f->unit,
        .index_bits = f->index_bits,
        .ring = f->ring,
        .frac = VALUE_FRAC,
        .slope_frac = SLOPE_FRAC,
        .curve_frac = CURVE_FRAC,
        .slope_keep = f->slope_keep,
        .slope_factor = f->slope_factor,
        .curve_keep = f->curve_keep,
        .curve_factor = f->curve_factor,
        .c = { (const int64_t *)t->constants[0].w, (const int64_t *)t->constants[1].w,
               (const int64_t *)t->constants[2].w },
    };
}

static void table_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const form      *f = form_of(t);
    const puma_table table = table_of(t);

    switch (t->s->op) {
    case TABLE: s->protocol->table(s, out[0], in[0], &table); break;
    case GATE: s->protocol->gate(s, out[0], in[0], &table, f->window); break;
    default: s->protocol->exp2(s, out[0], in[0], 1); break;
    }
}

static void table_built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *full = s->protocol;
    const puma_protocol  bare = without_options(full);
    const form          *f = form_of(t);
    const puma_table     table = table_of(t);
    puma_share           z;

    s->protocol = &bare;
    switch (t->s->op) {
    case TABLE: z = puma_lookup(s, in[0], &table, t->s->limit, t->s->zbits); break;
    case GATE: z = puma_gate(s, in[0], &table, f->window, t->s->zbits); break;
    default: z = puma_exp2(s, in[0], 1, t->s->limit, t->s->zbits); break;
    }
    out[0] = (puma_tensor *)z;
    s->protocol = full;
}

/* One ulp of the result, and for a table what the roundings of slope, curvature and of the factors d and d^2
 * come to (a step of each, not half a one, because the coefficients of d are rounded twice). */
static double table_slack(const task *t)
{
    const form *f = form_of(t);
    double      w = width_of(t), slope = 1, ulp = ldexp(1, -(int)t->s->limit);

    if (t->s->op == EXP2) return ulp;
    return ulp + w * ldexp(1, -(int)f->slope_keep) + slope * ldexp(0.5, -(int)f->slope_factor) +
           w * w * ldexp(1, -(int)f->curve_keep) + ldexp(0.5, -(int)f->curve_factor) / reach_of(t) +
           ldexp(8, -VALUE_FRAC);
}

static const char *table_verify(const task *t)
{
    bool   reals = (t->s->flags & IS_FLOAT) != 0;
    double slack = table_slack(t), r = reach_of(t), w = width_of(t), c[3];

    for (size_t i = 0; i < t->out[0].n; i++) {
        double x = reals ? real_at(&t->in[0], i) : ldexp((double)at(&t->in[0], i), -(int)t->s->frac);
        double z = reals ? real_at(&t->out[0], i) : ldexp((double)at(&t->out[0], i), -(int)t->s->limit),
               wanted, allowed = slack;

        if (t->s->op == EXP2) {
            wanted = exp2(x);
            allowed += 4e-5 * fmax(1, wanted);
        } else if (t->s->op == TABLE) {
            quadratic_at(t, x, c);
            wanted = c[0];
        } else {
            double outside = x < 0 ? 0 : x;

            quadratic_at(t, x + r, c);
            wanted = fabs(x) < r ? c[0] : outside;
            /* within one bucket of its end the table may begin or end */
            if (fabs(fabs(x) - r) < w && fabs(z - outside) < fabs(z - c[0]))
                wanted = outside;
            else if (fabs(fabs(x) - r) < w)
                wanted = c[0];
        }
        if (!(fabs(z - wanted) <= allowed)) {
            snprintf(wrong, sizeof wrong, "element %zu: f(%.10g) is %.10g, expected %.10g to within %.3g", i,
                     x, z, wanted, allowed);
            return wrong;
        }
    }
    return NULL;
}

/* --- maximum ---------------------------------------------------------------------------------- */

/* Every width that the operation takes; limit is unused. */
static const spec maximum_specs[] = {
    { "softmax's ring", 0, { 3000 }, .bits = 9 }, { "least", 0, { 500 }, .bits = 6 },
    { "seven", 0, { 500 }, .bits = 7 },           { "eight", 0, { 500 }, .bits = 8 },
    { "ten", 0, { 2000 }, .bits = 10 },           { "eleven", 0, { 2000 }, .bits = 11 },
    { "most", 0, { 4000 }, .bits = 12 },          { "one", 0, { 1 }, .bits = 9 },
    { "nothing", 0, { 0 }, .bits = 9 },
};

static bool has_maximum(const puma_protocol *p) { return PUMA_HAS(p, maximum); }

static void maximum_prepare(task *t)
{
    const spec *s = t->s;
    array      *x = &t->in[t->ins++], *y = &t->in[t->ins++];
    int64_t     reach = (INT64_C(1) << (s->bits - 1)) / 16 * 15, at_x, at_y;

    make1(x, PUMA_ARITH, s->size[0], s->bits, 0);
    make1(y, PUMA_ARITH, s->size[0], s->bits, 0);
    for (size_t i = 0; i < x->n; i++) {
        at_x = (int64_t)(draw() % (uint64_t)reach) - reach / 2;
        at_y = (int64_t)(draw() % (uint64_t)reach) - reach / 2;
        switch (i % 8) { /* near each other, and as far from each other as may be */
        case 0: at_y = at_x; break;
        case 1: at_y = at_x + (at_x < 0 ? 1 : -1); break;
        case 2: at_x = -(reach / 2), at_y = at_x + reach - 1; break;
        case 3: at_y = -(reach / 2), at_x = at_y + reach - 1; break;
        default: break;
        }
        x->w[i] = (uint64_t)at_x & mask(s->bits);
        y->w[i] = (uint64_t)at_y & mask(s->bits);
    }
    make1(&t->out[t->outs++], PUMA_ARITH, x->n, s->bits, 0);
}

static void maximum_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)t;
    s->protocol->maximum(s, out[0], in[0], in[1]);
}

static void maximum_built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *full = s->protocol;
    const puma_protocol  bare = without_options(full);

    (void)t;
    s->protocol = &bare;
    out[0] = (puma_tensor *)puma_larger(s, in[0], in[1]);
    s->protocol = full;
}

static const char *maximum_verify(const task *t)
{
    for (size_t i = 0; i < t->out[0].n; i++) {
        int64_t x = at(&t->in[0], i), y = at(&t->in[1], i), wanted = x > y ? x : y;

        if (at(&t->out[0], i) != wanted) return differs(i, at(&t->out[0], i), wanted);
    }
    return NULL;
}

/* --- products of blocks ----------------------------------------------------------------------- */

/* size: elements of x, of y.  Blocks that read the same rows, that are one element, a row, a column; in no
 * order of the result. */
static const puma_block BLOCKS[] = {
    { .x = 0, .y = 0, .z = 12, .m = 3, .n = 5, .k = 4 },
    { .x = 4, .y = 0, .z = 0, .m = 2, .n = 5, .k = 4 },
    { .x = 12, .y = 20, .z = 27, .m = 1, .n = 3, .k = 7 },
    { .x = 19, .y = 41, .z = 11, .m = 1, .n = 1, .k = 1 },
    { .x = 0, .y = 41, .z = 30, .m = 6, .n = 1, .k = 3 },
    { .x = 20, .y = 44, .z = 10, .m = 1, .n = 1, .k = 2 },
};
enum { BLOCKS_N = 36 };

static const spec blocks_specs[] = {
    { "blocks", 0, { 22, 46 }, .bits = 64, .zbits = 64, .shift = 0, .limit = 25, .frac = 9 },
    { "blocks, exact truncation",
      0,
      { 22, 46 },
      .bits = 64,
      .zbits = 64,
      .shift = 18,
      .limit = 28,
      .frac = 18 },
    { "blocks, transposed",
      0,
      { 22, 46 },
      .bits = 45,
      .zbits = 27,
      .shift = 18,
      .limit = 20,
      .frac = 18,
      .flags = TRANSPOSED },
    { "blocks, rings of two widths",
      0,
      { 22, 46 },
      .bits = 45,
      .zbits = 27,
      .shift = 18,
      .limit = 20,
      .frac = 18,
      .flags = MIXED },
};

static bool has_blocks(const puma_protocol *p) { return PUMA_HAS(p, product_blocks); }

static void blocks_prepare(task *t)
{
    const spec *s = t->s;

    matrix(t, 0, 1, s->size[0]);
    matrix(t, 0, 1, s->size[1]);
    for (size_t i = 0; i < t->ins; i++) fill(&t->in[i], s);
    make1(&t->out[t->outs++], PUMA_ARITH, BLOCKS_N, s->zbits, 2 * s->frac - s->shift);
}

static void blocks_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    s->protocol->product_blocks(s, out[0], in[0], in[1], (t->s->flags & TRANSPOSED) != 0, BLOCKS,
                                COUNT(BLOCKS), t->s->shift);
}

static void blocks_built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *full = s->protocol;
    const puma_protocol  bare = without_options(full);

    s->protocol = &bare;
    out[0] =
        (puma_tensor *)puma_matmul_blocks(s, in[0], in[1], (t->s->flags & TRANSPOSED) != 0, BLOCKS,
                                          COUNT(BLOCKS), BLOCKS_N, 2 * t->s->frac - t->s->shift, t->s->zbits);
    s->protocol = full;
}

static wide block_sum_at(const task *t, size_t i)
{
    const puma_block *b = BLOCKS;
    wide              sum = 0;

    while (i < b->z || i >= b->z + b->m * b->n) b++;
    for (size_t l = 0; l < b->k; l++) {
        size_t row = (i - b->z) / b->n, column = (i - b->z) % b->n;

        sum = (wide)((unsigned __int128)sum +
                     (unsigned __int128)((wide)at(&t->in[0], b->x + row * b->k + l) *
                                         at(&t->in[1],
                                            b->y + ((t->s->flags & TRANSPOSED) != 0 ? column * b->k + l
                                                                                    : l * b->n + column))));
    }
    return sum;
}

static const char *blocks_verify(const task *t) { return truncated(t, &t->out[0], block_sum_at); }

/* --- index of the largest --------------------------------------------------------------------- */

/* size: rows, entries.  Rows have one largest entry, or two, three … up to all. */
static const spec argmax_specs[] = {
    { "one", 0, { 3, 1 }, .bits = 30, .frac = 16 },
    { "two", 0, { 40, 2 }, .bits = 30, .frac = 16 },
    { "three", 0, { 40, 3 }, .bits = 30, .frac = 16 },
    { "four", 0, { 40, 4 }, .bits = 30, .frac = 16 },
    { "five", 0, { 40, 5 }, .bits = 64, .frac = 18 },
    { "six", 0, { 40, 6 }, .bits = 30, .frac = 16 },
    { "seven", 0, { 40, 7 }, .bits = 30, .frac = 16 },
    { "eleven", 0, { 40, 11 }, .bits = 30, .frac = 16 },
    { "thirteen", 0, { 40, 13 }, .bits = 64, .frac = 16 },
    { "odd again and again", 0, { 20, 31 }, .bits = 30, .frac = 16 },
    { "even first", 0, { 20, 36 }, .bits = 30, .frac = 16 },
    { "one waits long", 0, { 20, 65 }, .bits = 30, .frac = 16 },
    { "a vocabulary", 0, { 2, 1001 }, .bits = 30, .frac = 16 },
};

/* The largest entries are equal, or one ulp apart as truncation may set them; the others lie far below. */
static void argmax_prepare(task *t)
{
    const spec *s = t->s;
    size_t      n = s->size[1];
    array      *x = &t->in[t->ins++];

    array_make(x, PUMA_ARITH, 2, s->size, s->bits, s->frac);
    for (size_t row = 0; row < s->size[0]; row++) {
        int64_t most = (int64_t)(draw() % 200000) - 100000;
        size_t  ties = row % 4 == 3 ? n : row % 4 + 1;

        for (size_t i = 0; i < n; i++)
            x->w[row * n + i] = (uint64_t)(most - 1000 - (int64_t)(draw() % 50000)) & mask(s->bits);
        for (size_t k = 0; k < ties; k++)
            x->w[row * n + (ties == n ? k : draw() % n)] =
                (uint64_t)(most + (int64_t)(draw() & 1)) & mask(s->bits);
    }
    array_make(&t->out[t->outs++], PUMA_ARITH, 2, (size_t[]){ s->size[0], 1 }, s->bits, 0);
}

static void argmax_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)t;
    out[0] = (puma_tensor *)exec_argmax(s, puma_promise(s, in[0], 2));
}

static const char *argmax_verify(const task *t)
{
    size_t n = t->s->size[1];

    for (size_t row = 0; row < t->out[0].n; row++) {
        int64_t most = at(&t->in[0], row * n);
        size_t  first = 0;

        for (size_t i = 0; i < n; i++)
            if (at(&t->in[0], row * n + i) > most) most = at(&t->in[0], row * n + i);
        while (at(&t->in[0], row * n + first) < most - 1) first++;
        if (at(&t->out[0], row) != (int64_t)first) return differs(row, at(&t->out[0], row), (int64_t)first);
    }
    return NULL;
}

/* --- all of it -------------------------------------------------------------------------------- */

#define GROUP(name_, table, needs_, has_, stem)                                                              \
    static const group stem##_group = { name_, table,          COUNT(table),   needs_,                       \
                                        has_,  stem##_prepare, stem##_program, stem##_verify }

GROUP("share and reveal", io_specs, 0, NULL, io);
GROUP("linear", linear_specs, 0, NULL, linear);
GROUP("product", product_specs, 0, NULL, product);
GROUP("trunc", trunc_specs, 0, NULL, trunc);
GROUP("bits", bit_specs, 0, NULL, bit);
GROUP("less", less_specs, PUMA_CAP_COMPARE, NULL, less);
GROUP("mux_sum", mux_specs, PUMA_CAP_COMPARE, NULL, mux);
GROUP("one_hot", one_hot_specs, 0, has_one_hot, one_hot);
static const group one_hot_built_group = { "one_hot built of less", one_hot_specs, COUNT(one_hot_specs),
                                           PUMA_CAP_COMPARE,        NULL,          one_hot_prepare,
                                           one_hot_built_program,   one_hot_verify };
GROUP("embedding", embed_specs, 0, has_embed, embed);
GROUP("structure", structure_specs, 0, NULL, structure);
GROUP("chain", chain_specs, PUMA_CAP_COMPARE, NULL, chain);
GROUP("apply", apply_specs, PUMA_CAP_CLEAR, has_apply, apply);
GROUP("float", float_specs, PUMA_CAP_CLEAR, has_apply, float);
GROUP("table", table_specs, PUMA_CAP_TABLE, NULL, table);
static const group table_built_group = { "table built of less", table_specs, COUNT(table_specs),
                                         PUMA_CAP_COMPARE,      NULL,        table_prepare,
                                         table_built_program,   table_verify };

GROUP("maximum", maximum_specs, 0, has_maximum, maximum);
static const group maximum_built_group = { "maximum built of less", maximum_specs, COUNT(maximum_specs),
                                           PUMA_CAP_COMPARE,        NULL,          maximum_prepare,
                                           maximum_built_program,   maximum_verify };

GROUP("product_blocks", blocks_specs, 0, has_blocks, blocks);
static const group blocks_built_group = { "product_blocks built of product",
                                          blocks_specs,
                                          COUNT(blocks_specs),
                                          0,
                                          NULL,
                                          blocks_prepare,
                                          blocks_built_program,
                                          blocks_verify };

GROUP("index of the largest", argmax_specs, PUMA_CAP_COMPARE, NULL, argmax);

const group *const groups[] = {
    &io_group,      &linear_group,        &product_group, &trunc_group,         &bit_group,
    &less_group,    &mux_group,           &one_hot_group, &structure_group,     &chain_group,
    &apply_group,   &float_group,         &table_group,   &one_hot_built_group, &table_built_group,
    &maximum_group, &maximum_built_group, &embed_group,   &blocks_group,        &blocks_built_group,
    &maximum_group, &maximum_built_group, &embed_group,   &argmax_group,
};
const size_t group_count = COUNT(groups);
