/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* trunc.c - truncation, and from one ring to another */
#include "cases.h"

#define AT_EDGE OPTION(0) /* |x| up to 2^(bits-2) - 1, half of them there */

static const spec specs[] = {
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

static void prepare(task *t)
{
    const spec *s = t->s;
    array      *x = operand(t, s->size[0], s->bits, s->shift);

    fill(x, s);
    if (s->flags & AT_EDGE) fill_edges(x);
    result(t, s->size[0], s->zbits, 0);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    s->protocol->trunc(s, out[0], in[0], t->s->shift);
}

static int128 operand_at(const task *t, size_t i) { return at(&t->in[0], i); }

static const char *verify(const task *t) { return truncated(t, operand_at); }

const group trunc_group = {
    .name = "trunc",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
