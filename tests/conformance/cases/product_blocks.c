/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* product_blocks.c - matrix products of different shapes in one step */
#include "cases.h"

#include <puma/ops.h>

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

#define TRANSPOSED OPTION(0)
#define MIXED OPTION(1) /* the second operand's ring is wider by 8 */

static const spec specs[] = {
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

static bool has_blocks(const plugin_extensions *x) { return x->blocks.product_blocks != NULL; }

static void prepare(task *t)
{
    const spec *s = t->s;

    fill(matrix_operand(t, 1, s->size[0], s->bits, s->frac), s);
    fill(matrix_operand(t, 1, s->size[1], s->bits + (s->flags & MIXED ? 8 : 0), s->frac), s);
    result(t, BLOCKS_N, s->zbits, 2 * s->frac - s->shift);
}

static puma_blocks blocks_of(const task *t)
{
    return (puma_blocks){ .block = BLOCKS, .count = COUNT(BLOCKS), .y_transposed = (t->s->flags & TRANSPOSED) != 0 };
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_blocks blocks = blocks_of(t);

    session_extensions(s)->blocks.product_blocks(s, out[0], in[0], in[1], &blocks, t->s->shift);
}

static void built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{

    const puma_blocks blocks = blocks_of(t);

    session_without_extensions(s, true);
    out[0] = (puma_tensor *)puma_matmul_blocks(s, in[0], in[1], &blocks, BLOCKS_N, 2 * t->s->frac - t->s->shift,
                                               t->s->zbits);
    session_without_extensions(s, false);
}

static int128 sum_at(const task *t, size_t i)
{
    const puma_block *b = BLOCKS;
    int128            sum = 0;

    while (i < b->z || i >= b->z + b->m * b->n) b++;
    for (size_t l = 0; l < b->k; l++) {
        size_t row = (i - b->z) / b->n, column = (i - b->z) % b->n;
        size_t y = (t->s->flags & TRANSPOSED) != 0 ? column * b->k + l : l * b->n + column;

        sum = add_product(sum, at(&t->in[0], b->x + row * b->k + l), at(&t->in[1], b->y + y));
    }
    return sum;
}

static const char *verify(const task *t) { return truncated(t, sum_at); }

const group product_blocks_group = {
    .name = "product_blocks",
    .specs = specs,
    .count = COUNT(specs),
    .has = has_blocks,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};

const group product_blocks_built_group = {
    .name = "product_blocks built of product",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = built_program,
    .verify = verify,
};
