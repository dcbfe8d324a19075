/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* mux_sum.c - choices by bits */
#include "cases.h"

#define NULL_VALUES OPTION(0) /* every second value is the integer 1 */

/* size: elements, choices. */
static const spec specs[] = {
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

static void prepare(task *t)
{
    const spec *s = t->s;
    size_t      count = s->size[1];

    constants(t, 0, count, s->zbits, 0);
    for (size_t j = 0; j < count; j++) {
        fill_bits(bit_operand(t, s->size[0]));
        fill(operand(t, s->size[0], s->bits, 5), s);
        t->constants[0].w[j] =
            (s->flags & WRAPS ? draw() : (uint64_t)(j % 2 ? -3 - (int64_t)j : 1 + (int64_t)j)) &
            mask(s->zbits);
    }
    result(t, s->size[0], s->zbits, 5);
}

static bool is_number(const task *t, size_t j) { return (t->s->flags & NULL_VALUES) && j % 2 == 0; }

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    puma_choice choices[MAX_OPERANDS / 2];
    size_t      count = t->s->size[1];

    for (size_t j = 0; j < count; j++)
        choices[j] = (puma_choice){ in[2 * j], is_number(t, j) ? NULL : in[2 * j + 1], t->constants[0].w[j] };
    s->protocol->mux_sum(s, out[0], choices, count);
}

static uint64_t wanted(const task *t, size_t i)
{
    uint64_t sum = 0;

    for (size_t j = 0; j < t->s->size[1]; j++)
        if (bit(&t->in[2 * j], i))
            sum += t->constants[0].w[j] * (is_number(t, j) ? 1 : t->in[2 * j + 1].w[i]);
    return sum;
}

static const char *verify(const task *t) { return words_are(t, wanted); }

const group mux_sum_group = {
    .name = "mux_sum",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
