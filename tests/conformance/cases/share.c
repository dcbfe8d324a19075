/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* share.c - values go in at one node and come out at another */
#include "cases.h"

/* size: elements, owner, receiver.  op: puma_kind. */
static const spec specs[] = {
    { "client to client", PUMA_ARITH, { 1000, PUMA_CLIENT, PUMA_CLIENT }, .bits = 64 },
    { "client to client", PUMA_ARITH, { 1000, PUMA_CLIENT, PUMA_CLIENT }, .bits = 63 },
    { "client to client", PUMA_ARITH, { 333, PUMA_CLIENT, PUMA_CLIENT }, .bits = 48 },
    { "client to client", PUMA_ARITH, { 333, PUMA_CLIENT, PUMA_CLIENT }, .bits = 33 },
    { "client to client", PUMA_ARITH, { 333, PUMA_CLIENT, PUMA_CLIENT }, .bits = 32 },
    { "client to client", PUMA_ARITH, { 65, PUMA_CLIENT, PUMA_CLIENT }, .bits = 25 },
    { "client to client", PUMA_ARITH, { 65, PUMA_CLIENT, PUMA_CLIENT }, .bits = 8 },
    { "client to client", PUMA_ARITH, { 65, PUMA_CLIENT, PUMA_CLIENT }, .bits = 1, .zbits = 1 },
    { "nothing", PUMA_ARITH, { 0, PUMA_CLIENT, PUMA_CLIENT }, .bits = 64 },
    { "one element", PUMA_ARITH, { 1, PUMA_CLIENT, PUMA_CLIENT }, .bits = 64 },
    { "party 0 to client", PUMA_ARITH, { 77, 0, PUMA_CLIENT }, .bits = 48 },
    { "party 1 to client", PUMA_ARITH, { 77, 1, PUMA_CLIENT }, .bits = 48 },
    { "party 2 to client", PUMA_ARITH, { 77, 2, PUMA_CLIENT }, .bits = 48 },
    { "client to party 0", PUMA_ARITH, { 77, PUMA_CLIENT, 0 }, .bits = 48 },
    { "client to party 1", PUMA_ARITH, { 77, PUMA_CLIENT, 1 }, .bits = 48 },
    { "client to party 2", PUMA_ARITH, { 77, PUMA_CLIENT, 2 }, .bits = 48 },
    { "party 1 to party 2", PUMA_ARITH, { 77, 1, 2 }, .bits = 64 },
    { "party 0 to client", PUMA_ARITH, { 77, 0, PUMA_CLIENT }, .bits = 64 },
    { "party 1 to client", PUMA_ARITH, { 77, 1, PUMA_CLIENT }, .bits = 64 },
    { "client to party 0", PUMA_ARITH, { 77, PUMA_CLIENT, 0 }, .bits = 64 },
    { "client to party 1", PUMA_ARITH, { 77, PUMA_CLIENT, 1 }, .bits = 64 },
    { "party 0 to party 1", PUMA_ARITH, { 77, 0, 1 }, .bits = 64 },
    { "bits of party 1 to party 0", PUMA_BIT, { 131, 1, 0 }, .bits = 1 },
    { "bits, nothing", PUMA_BIT, { 0, PUMA_CLIENT, PUMA_CLIENT }, .bits = 1 },
    { "bits", PUMA_BIT, { 1, PUMA_CLIENT, PUMA_CLIENT }, .bits = 1 },
    { "bits", PUMA_BIT, { 63, PUMA_CLIENT, PUMA_CLIENT }, .bits = 1 },
    { "bits", PUMA_BIT, { 64, PUMA_CLIENT, PUMA_CLIENT }, .bits = 1 },
    { "bits", PUMA_BIT, { 65, PUMA_CLIENT, PUMA_CLIENT }, .bits = 1 },
    { "bits", PUMA_BIT, { 1001, PUMA_CLIENT, PUMA_CLIENT }, .bits = 1 },
    { "bits of party 1 to party 2", PUMA_BIT, { 131, 1, 2 }, .bits = 1 },
    { "bits of party 2 to party 1", PUMA_BIT, { 131, 2, 1 }, .bits = 1 },
    { "bits of party 0 to client", PUMA_BIT, { 131, 0, PUMA_CLIENT }, .bits = 1 },
    { "bits to party 0", PUMA_BIT, { 131, PUMA_CLIENT, 0 }, .bits = 1 },
};

static void prepare(task *t)
{
    if (t->s->op == PUMA_BIT) {
        fill_bits(bit_operand(t, t->s->size[0]));
        bit_result(t, t->s->size[0]);
    } else {
        fill_words(operand(t, t->s->size[0], t->s->bits, 0));
        result(t, t->s->size[0], t->s->bits, 0);
    }
    t->owner = (uint32_t)t->s->size[1];
    t->to = (uint32_t)t->s->size[2];
    /* The lowest number of 64 bits is not one that plain can hold: plain.h. */
    if (t->s->bits == 64 && t->in[0].n > 1) t->in[0].w[1] = UINT64_C(1) << 62;
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)s;
    (void)t;
    out[0] = in[0];
}

static const char *verify(const task *t)
{
    for (size_t i = 0; i < t->out[0].words; i++)
        if (t->out[0].w[i] != t->in[0].w[i]) return differs(i, (int128)t->out[0].w[i], (int128)t->in[0].w[i]);
    return NULL;
}

const group share_group = {
    .name = "share and reveal",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
