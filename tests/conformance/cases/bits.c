/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bits.c - xor, not and and of bits */
#include "cases.h"

enum { XOR, NOT, AND };

static const spec specs[] = {
    { "xor", XOR, .size = { 1 } },     { "xor", XOR, .size = { 63 } },   { "xor", XOR, .size = { 64 } },
    { "xor", XOR, .size = { 1001 } },  { "xor", XOR, .size = { 0 } },    { "not", NOT, .size = { 1 } },
    { "not", NOT, .size = { 63 } },    { "not", NOT, .size = { 64 } },   { "not", NOT, .size = { 1001 } },
    { "not", NOT, .size = { 0 } },     { "and", AND, .size = { 1 } },    { "and", AND, .size = { 63 } },
    { "and", AND, .size = { 64 } },    { "and", AND, .size = { 1001 } }, { "and", AND, .size = { 0 } },
    { "and", AND, .size = { 20000 } },
};

static void prepare(task *t)
{
    for (size_t i = 0; i < 2; i++) fill_bits(bit_operand(t, t->s->size[0]));
    bit_result(t, t->s->size[0]);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    switch (t->s->op) {
    case XOR: s->protocol->xor_(s, out[0], in[0], in[1]); break;
    case NOT: s->protocol->not_(s, out[0], in[0]); break;
    default: s->protocol->and_(s, out[0], in[0], in[1]); break;
    }
}

static bool wanted(const task *t, size_t i)
{
    bool x = bit(&t->in[0], i), y = bit(&t->in[1], i);

    switch (t->s->op) {
    case XOR: return x ^ y;
    case NOT: return !x;
    default: return x & y;
    }
}

static const char *verify(const task *t) { return bits_are(t, wanted); }

const group bits_group = {
    .name = "bits",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
