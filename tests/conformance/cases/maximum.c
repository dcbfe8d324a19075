/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* maximum.c - the larger of two */
#include "cases.h"

#include <puma/ops.h>

/* Every width that the operation takes; limit is unused. */
static const spec specs[] = {
    { "softmax's ring", 0, { 3000 }, .bits = 9 }, { "least", 0, { 500 }, .bits = 6 },
    { "seven", 0, { 500 }, .bits = 7 },           { "eight", 0, { 500 }, .bits = 8 },
    { "ten", 0, { 2000 }, .bits = 10 },           { "eleven", 0, { 2000 }, .bits = 11 },
    { "most", 0, { 4000 }, .bits = 12 },          { "one", 0, { 1 }, .bits = 9 },
    { "nothing", 0, { 0 }, .bits = 9 },
};

static bool has_maximum(const plugin_extensions *x) { return x->lookup.maximum != NULL; }

static void prepare(task *t)
{
    const spec *s = t->s;
    array      *x = operand(t, s->size[0], s->bits, 0), *y = operand(t, s->size[0], s->bits, 0);
    int64_t     reach = (INT64_C(1) << (s->bits - 1)) / 16 * 15, at_x, at_y;

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
    result(t, x->n, s->bits, 0);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)t;
    session_extensions(s)->lookup.maximum(s, out[0], in[0], in[1]);
}

static void built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{

    (void)t;
    session_without_extensions(s, true);
    out[0] = (puma_tensor *)puma_larger(s, in[0], in[1]);
    session_without_extensions(s, false);
}

static uint64_t wanted(const task *t, size_t i)
{
    int64_t x = at(&t->in[0], i), y = at(&t->in[1], i);

    return (uint64_t)(x > y ? x : y);
}

static const char *verify(const task *t) { return words_are(t, wanted); }

const group maximum_group = {
    .name = "maximum",
    .specs = specs,
    .count = COUNT(specs),
    .has = has_maximum,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};

const group maximum_built_group = {
    .name = "maximum built of less",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = built_program,
    .verify = verify,
};
