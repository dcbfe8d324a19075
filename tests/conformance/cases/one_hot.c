/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* one_hot.c - which of the entries an index names, as bits */
#include "cases.h"

#include <puma/ops.h>

/* size: elements, entries. */
static const spec specs[] = {
    { "entries: 2", 0, { 9, 2 }, .bits = 8 },        { "entries: 3", 0, { 9, 3 }, .bits = 48 },
    { "entries: 16", 0, { 33, 16 }, .bits = 20 },    { "entries: 100", 0, { 21, 100 }, .bits = 64 },
    { "entries: 1000", 0, { 5, 1000 }, .bits = 20 }, { "entries: 1", 0, { 4, 1 }, .bits = 20 },
    { "nothing", 0, { 0, 16 }, .bits = 20 },
};

static bool has_one_hot(const plugin_extensions *x) { return x->lookup.one_hot != NULL; }

static void prepare(task *t)
{
    const spec *s = t->s;
    array      *x = operand(t, s->size[0], s->bits, 0);

    for (size_t i = 0; i < x->n; i++) x->w[i] = i == 0 ? s->size[1] - 1 : i == 1 ? 0 : draw() % s->size[1];
    array_make(&t->out[t->outs++], PUMA_BIT, 2, s->size, 1, 0);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)t;
    session_extensions(s)->lookup.one_hot(s, out[0], in[0]);
}

/* The same where the backend does not bring it. */
static void built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{

    session_without_extensions(s, true);
    out[0] = (puma_tensor *)puma_one_hot(s, in[0], t->s->size[1]);
    session_without_extensions(s, false);
}

static bool wanted(const task *t, size_t i)
{
    size_t count = t->s->size[1];

    return t->in[0].w[i / count] == i % count;
}

static const char *verify(const task *t) { return bits_are(t, wanted); }

const group one_hot_group = {
    .name = "one_hot",
    .specs = specs,
    .count = COUNT(specs),
    .has = has_one_hot,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};

const group one_hot_built_group = {
    .name = "one_hot built of less",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = built_program,
    .verify = verify,
};
