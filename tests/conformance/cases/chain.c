/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* chain.c - one operation after the other */
#include "cases.h"

/* What a function does: a product, its comparison, a choice by it, and a product of what was chosen.  zbits: the
 * ring between. */
static const spec specs[] = {
    { "product, comparison, choice, product", 0, { 2000 }, .bits = 64, .zbits = 48, .frac = 16 },
    { "product, comparison, choice, product", 0, { 1 }, .bits = 64, .zbits = 46, .frac = 18 },
    { "the same in one ring", 0, { 300 }, .bits = 64, .zbits = 64, .frac = 16 },
};

static void prepare(task *t)
{
    for (size_t i = 0; i < 2; i++)
        fill_numbers(operand(t, t->s->size[0], t->s->bits, t->s->frac), t->s->frac + 3);
    result(t, t->s->size[0], t->s->zbits, t->s->frac);
    bit_result(t, t->s->size[0]);
    result(t, t->s->size[0], 64, t->s->frac);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    const puma_protocol *p = s->protocol;
    puma_tensor *kept = s->host->tensor(s, PUMA_ARITH, 1, in[0]->dim, t->s->zbits, t->s->frac), *both;
    puma_term    term = { .op = PUMA_TERM_MUL, .x = in[0], .y = in[1] };
    uint64_t     zero = 0;

    p->product(s, out[0], &term, 1, t->s->frac);
    p->less(s, &out[1], out[0], &zero, 1, 0, t->s->frac + 8);
    p->mux_sum(s, kept, &(puma_choice){ out[1], out[0], 1 }, 1);
    both = s->host->tensor(s, PUMA_ARITH, 1, in[0]->dim, 64, t->s->frac);
    p->trunc(s, both, kept, 0);
    term = (puma_term){ .op = PUMA_TERM_MUL, .x = both, .y = in[1] };
    p->product(s, out[2], &term, 1, t->s->frac);
}

static const char *verify(const task *t)
{
    int128 unit = (int128)1 << t->s->frac;

    for (size_t i = 0; i < t->out[0].n; i++) {
        int128 product = (int128)at(&t->in[0], i) * at(&t->in[1], i), z = at(&t->out[0], i);
        int128 kept = bit(&t->out[1], i) ? z : 0, error = z * unit - product;

        if (error >= unit || error <= -unit) return differs(i, z, product / unit);
        if (bit(&t->out[1], i) != (z < 0)) return differs(i, bit(&t->out[1], i), z < 0);
        error = (int128)at(&t->out[2], i) * unit - kept * at(&t->in[1], i);
        if (error >= unit || error <= -unit)
            return differs(i, at(&t->out[2], i), kept * at(&t->in[1], i) / unit);
    }
    return NULL;
}

const group chain_group = {
    .name = "chain",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
