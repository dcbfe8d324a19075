/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* argmax.c - index of the largest, the first of equal ones */
#include "cases.h"

#include "exec/argmax.h"

#include <puma/ops.h>

/* size: rows, entries.  Rows have one largest entry, or two, three … up to all. */
static const spec specs[] = {
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
static void prepare(task *t)
{
    const spec *s = t->s;
    size_t      n = s->size[1];
    array      *x = matrix_operand(t, s->size[0], n, s->bits, s->frac);

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

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)t;
    out[0] = (puma_tensor *)exec_argmax(s, puma_promise(s, in[0], 2));
}

static const char *verify(const task *t)
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

const group argmax_group = {
    .name = "index of the largest",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
