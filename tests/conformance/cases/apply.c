/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* apply.c - functions in the clear */
#include "cases.h"

/* size: elements, length of a row (1: element by element). */
static const spec specs[] = {
    { "element by element", 0, { 100, 1 }, .bits = 48, .frac = 16, .limit = 20 },
    { "row by row", 0, { 100, 10 }, .bits = 48, .frac = 16, .limit = 20 },
    { "nothing", 0, { 0, 1 }, .bits = 48, .frac = 16, .limit = 20 },
};

static void prepare(task *t)
{
    fill_numbers(operand(t, t->s->size[0], t->s->bits, t->s->frac), t->s->limit);
    result(t, t->s->size[0], t->s->bits, t->s->frac + 2);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    session_extensions(s)->clear.apply(s, out[0], in[0], t->s->size[1], halve, NULL);
}

static const char *verify(const task *t)
{
    size_t row = t->s->size[1];

    for (size_t i = 0; i < t->out[0].n; i++) {
        int128 wanted = 2 * (int128)at(&t->in[0], i);

        if (row > 1) wanted += 2 * (int128)at(&t->in[0], i / row * row);
        if (at(&t->out[0], i) != wanted) return differs(i, at(&t->out[0], i), wanted);
    }
    return NULL;
}

const group apply_group = {
    .name = "apply",
    .specs = specs,
    .count = COUNT(specs),
    .needs = PUMA_CAP_CLEAR,
    .has = has_apply,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
