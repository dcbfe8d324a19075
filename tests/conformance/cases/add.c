/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* add.c - z = x + y.  The shortest group: copy it to begin one of your own. */
#include "cases.h"

/* size: elements. */
static const spec specs[] = {
    { "add", .size = { 1000 }, .bits = 64, .limit = 61 },
    { "add", .size = { 1000 }, .bits = 48, .limit = 46 },
    { "add", .size = { 1000 }, .bits = 8, .limit = 6 },
    { "add, z is x", .size = { 129 }, .bits = 48, .limit = 46, .flags = Z_IS_X },
    { "add, z is y", .size = { 129 }, .bits = 48, .limit = 46, .flags = Z_IS_Y },
    { "add of nothing", .size = { 0 }, .bits = 64, .limit = 61 },
    { "add, wrapping", .size = { 500 }, .bits = 33, .flags = WRAPS },
    { "add, wrapping", .size = { 500 }, .bits = 64, .flags = WRAPS },
};

static void prepare(task *t)
{
    for (int i = 0; i < 2; i++) fill(operand(t, t->s->size[0], t->s->bits, 5), t->s);
    result(t, t->s->size[0], t->s->bits, 5);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)t;
    s->protocol->add(s, out[0], in[0], in[1]);
}

static uint64_t wanted(const task *t, size_t i) { return t->in[0].w[i] + t->in[1].w[i]; }

static const char *verify(const task *t) { return words_are(t, wanted); }

const group add_group = {
    .name = "linear",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
