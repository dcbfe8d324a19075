/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* public.c - products with a matrix that all parties know, as it is stored: by the backend itself
 * (PUMA_CAP_PUBLIC) or by the host, which shares the matrix */
#include "cases.h"

#include <puma/ops.h>

#define TRANSPOSED OPTION(0)
#define WITH_BIAS OPTION(1)
#define BESIDE OPTION(2) /* a secret matrix, which x is multiplied with as well */
#define MOST 512

/* size: rows, columns of the result, depth, bits of a stored integer; shift: fraction bits to cut off. */
static const spec specs[] = {
    { "of 8 bits", 0, { 4, 5, 6, 8 }, .bits = 48, .zbits = 40, .frac = 8, .shift = 6, .limit = 16 },
    { "of 16 bits, transposed", 0, { 3, 7, 9, 16 }, .bits = 56, .zbits = 48, .frac = 8, .shift = 8, .limit = 16,
      .flags = TRANSPOSED },
    { "of 32 bits and a bias", 0, { 2, 3, 4, 32 }, .bits = 60, .zbits = 50, .frac = 10, .shift = 10, .limit = 12,
      .flags = WITH_BIAS },
    { "of 64 bits, not truncated", 0, { 5, 1, 3, 64 }, .bits = 60, .zbits = 60, .frac = 6, .shift = 0, .limit = 12 },
    { "in one ring", 0, { 3, 3, 3, 16 }, .bits = 64, .zbits = 64, .frac = 12, .shift = 10, .limit = 20,
      .flags = WITH_BIAS },
    { "of a wide target ring", 0, { 3, 4, 5, 8 }, .bits = 44, .zbits = 60, .frac = 8, .shift = 6, .limit = 16,
      .flags = WITH_BIAS },
    { "beside a secret one", 0, { 3, 4, 5, 8 }, .bits = 48, .zbits = 40, .frac = 8, .shift = 6, .limit = 12,
      .flags = BESIDE },
    { "beside a secret one, in one ring", 0, { 3, 4, 5, 16 }, .bits = 64, .zbits = 64, .frac = 10, .shift = 8, .limit = 12,
      .flags = BESIDE | WITH_BIAS | TRANSPOSED },
    { "empty depth", 0, { 3, 2, 0, 8 }, .bits = 48, .zbits = 40, .frac = 8, .shift = 6, .limit = 16 },
    { "no rows", 0, { 0, 2, 3, 8 }, .bits = 48, .zbits = 40, .frac = 8, .shift = 6, .limit = 16 },
};

enum { W_FRAC = 6 }; /* of the matrix */

/* Entry i: of both signs, and of the width that it is stored in. */
static int64_t entry(size_t i, size_t bits)
{
    int64_t high = bits > 16 ? 1000003 : bits > 8 ? 251 : 1;

    return ((int64_t)(i * 37 + 11) % 255 - 127) * high;
}

/* The matrix in `words`, stored with size[3] bits. */
static puma_public matrix(const task *t, uint64_t words[MOST])
{
    const size_t *size = t->s->size;
    bool          transposed = (t->s->flags & TRANSPOSED) != 0;
    puma_public   w = { .struct_size = sizeof w, .bits = (uint32_t)size[3], .frac = W_FRAC, .rank = 2, .values = words };

    w.dim[0] = transposed ? size[1] : size[2];
    w.dim[1] = transposed ? size[2] : size[1];
    for (size_t i = 0; i < w.dim[0] * w.dim[1]; i++) {
        int64_t v = entry(i, size[3]);

        switch (size[3]) {
        case 8: ((int8_t *)words)[i] = (int8_t)v; break;
        case 16: ((int16_t *)words)[i] = (int16_t)v; break;
        case 32: ((int32_t *)words)[i] = (int32_t)v; break;
        default: ((int64_t *)words)[i] = v;
        }
    }
    return w;
}

static void prepare(task *t)
{
    const spec *s = t->s;

    fill(matrix_operand(t, s->size[0], s->size[2], s->bits, s->frac), s);
    fill(operand(t, s->size[1], s->bits, s->frac), s);
    fill(matrix_operand(t, s->size[2], s->size[1], s->bits, W_FRAC), s);
    array_make(&t->out[t->outs++], PUMA_ARITH, 2, s->size, s->zbits, s->frac + W_FRAC - s->shift);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    uint64_t        words[MOST];
    puma_public     w = matrix(t, words);
    const puma_term terms[] = { { .op = PUMA_TERM_PUBLIC, .x = in[0], .y_transposed = (t->s->flags & TRANSPOSED) != 0, .w = &w },
                                { .op = PUMA_TERM_ADD, .x = in[1] },
                                { .op = PUMA_TERM_MATMUL, .x = in[0], .y = in[2] } };
    puma_term       used[3] = { terms[0] };
    size_t          count = 1;

    if (t->s->flags & WITH_BIAS) used[count++] = terms[1];
    if (t->s->flags & BESIDE) used[count++] = terms[2];
    out[0] = puma_product(s, used, count, 2, t->s->size, t->out[0].frac, t->s->zbits);
}

static int128 sum_at(const task *t, size_t i)
{
    const size_t *size = t->s->size;
    size_t        row = i / size[1], column = i % size[1];
    int128        sum = 0;

    for (size_t k = 0; k < size[2]; k++) {
        size_t at_w = t->s->flags & TRANSPOSED ? column * size[2] + k : k * size[1] + column;

        sum = add_product(sum, at(&t->in[0], row * size[2] + k), entry(at_w, size[3]));
        if (t->s->flags & BESIDE)
            sum = add_product(sum, at(&t->in[0], row * size[2] + k), at(&t->in[2], k * size[1] + column));
    }
    if (t->s->flags & WITH_BIAS) sum += (int128)at(&t->in[1], column) * ((int128)1 << W_FRAC);
    return sum;
}

static const char *verify(const task *t) { return truncated(t, sum_at); }

const group public_group = {
    .name = "public matrix",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
