/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* linear.c - local operations: subtraction, public constants, sums */
#include "cases.h"

enum { SUB, ADD_PUBLIC, SCALE, SUM };

/* size: elements, constants or length of a row. */
static const spec specs[] = {
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

static void prepare(task *t)
{
    const spec *s = t->s;
    size_t      n = s->size[0], row = s->size[1];

    if (s->op == SUM) {
        matrix_operand(t, n / row, row, s->bits, 5);
        result(t, n / row, s->bits, 5);
    } else {
        operand(t, n, s->bits, 5);
        result(t, n, s->bits, 5);
    }
    if (s->op == SUB) operand(t, n, s->bits, 5);
    for (size_t i = 0; i < t->ins; i++) fill(&t->in[i], s);
    if (s->op == ADD_PUBLIC || s->op == SCALE) fill(constants(t, 0, s->size[1], s->bits, 5), s);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const uint64_t *c = t->constants[0].w;
    size_t          nc = t->constants[0].n;

    switch (t->s->op) {
    case SUB: s->protocol->sub(s, out[0], in[0], in[1]); break;
    case ADD_PUBLIC: s->protocol->add_public(s, out[0], in[0], c, nc); break;
    case SCALE: s->protocol->scale(s, out[0], in[0], c, nc); break;
    default: s->protocol->sum(s, out[0], in[0]); break;
    }
}

static uint64_t wanted(const task *t, size_t i)
{
    const uint64_t *x = t->in[0].w, *y = t->in[1].w, *c = t->constants[0].w;
    size_t          nc = t->constants[0].n, row = t->in[0].n / t->out[0].n;
    uint64_t        sum = 0;

    switch (t->s->op) {
    case SUB: return x[i] - y[i];
    case ADD_PUBLIC: return x[i] + c[i % nc];
    case SCALE: return x[i] * c[i % nc];
    default:
        for (size_t k = 0; k < row; k++) sum += x[i * row + k];
        return sum;
    }
}

static const char *verify(const task *t) { return words_are(t, wanted); }

const group linear_group = {
    .name = "linear",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
