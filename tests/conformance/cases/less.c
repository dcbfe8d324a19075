/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* less.c - comparisons with public thresholds */
#include "cases.h"

#define FAR OPTION(0)         /* the threshold is far from 0, so that the window is less than x */
#define WINDOW_EDGE OPTION(1) /* differences at the edges of the window */

/* size: elements, thresholds, low.  limit: width. */
static const spec specs[] = {
    { "whole ring", 0, { 1000, 1, 0 }, .bits = 64, .limit = 64 },
    { "whole ring", 0, { 1000, 1, 0 }, .bits = 25, .limit = 25, .flags = WINDOW_EDGE },
    { "whole ring", 0, { 1000, 1, 0 }, .bits = 8, .limit = 8, .flags = WINDOW_EDGE },
    { "three thresholds", 0, { 333, 3, 0 }, .bits = 64, .limit = 24 },
    { "four thresholds, dropped bits", 0, { 333, 4, 7 }, .bits = 48, .limit = 17 },
    { "window", 0, { 333, 1, 0 }, .bits = 64, .limit = 24, .flags = FAR },
    { "window edge", 0, { 333, 1, 0 }, .bits = 64, .limit = 24, .flags = FAR | WINDOW_EDGE },
    { "window edge", 0, { 333, 1, 0 }, .bits = 48, .limit = 13, .flags = FAR | WINDOW_EDGE },
    { "dropped bits", 0, { 333, 1, 14 }, .bits = 48, .limit = 13, .flags = FAR },
    { "dropped bits in one ring", 0, { 333, 1, 14 }, .bits = 64, .limit = 24, .flags = FAR },
    { "dropped bits, window edge", 0, { 333, 1, 16 }, .bits = 25, .limit = 9, .flags = WINDOW_EDGE },
    { "a window of odd width", 0, { 65, 2, 0 }, .bits = 64, .limit = 23 },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 2, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 3, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 4, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 5, .flags = WINDOW_EDGE },
    { "a window of width", 0, { 65, 1, 0 }, .bits = 64, .limit = 9, .flags = WINDOW_EDGE },
    { "nothing", 0, { 0, 2, 0 }, .bits = 64, .limit = 24 },
    { "one", 0, { 1, 1, 0 }, .bits = 64, .limit = 24 },
    { "many", 0, { 20000, 1, 0 }, .bits = 46, .limit = 24 },
};

static void prepare(task *t)
{
    const spec *s = t->s;
    uint32_t    low = (uint32_t)s->size[2], width = s->limit;
    int64_t     most, base = 0;
    array      *x = operand(t, s->size[0], s->bits, 4), *c = constants(t, 0, s->size[1], s->bits, 4);

    /* |x - c| < 2^(low+width-1) - 2^low; with several thresholds each side takes half of it. */
    most = (int64_t)((UINT64_C(1) << (low + width - 1)) - (UINT64_C(1) << low)) - 1;
    if (s->flags & FAR) base = signed_of(draw(), s->bits) / 4;
    for (size_t j = 0; j < c->n; j++) {
        int64_t threshold = base;

        if (c->n > 1) threshold += number(10 + j, low + width > 3 ? low + width - 3 : 0, 0);
        c->w[j] = (uint64_t)threshold & mask(s->bits);
    }
    for (size_t i = 0; i < x->n; i++) {
        int64_t d = number(i, c->n > 1 ? (low + width > 3 ? low + width - 3 : 0) : low + width - 1, 4);

        if (d > most) d = most;
        if (d < -most) d = -most;
        if (s->flags & WINDOW_EDGE && i % 3 == 0) d = i % 2 ? most - (int64_t)(i / 8 % 2 && most > 0) : -most;
        x->w[i] = (uint64_t)(base + d) & mask(s->bits);
    }
    for (size_t j = 0; j < c->n; j++) bit_result(t, s->size[0]);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    s->protocol->less(s, out, in[0], t->constants[0].w, t->constants[0].n, (uint32_t)t->s->size[2],
                      t->s->limit);
}

static const char *verify(const task *t)
{
    int128 within = (int128)1 << t->s->size[2];

    for (size_t j = 0; j < t->outs; j++) {
        for (size_t i = 0; i < t->out[j].n; i++) {
            int128 d = (int128)at(&t->in[0], i) - at(&t->constants[0], j);

            if (within > 1 && d < within && d > -within)
                continue; /* the threshold may have moved by so much */
            if (bit(&t->out[j], i) != (d < 0))
                return complaint("threshold %zu, element %zu: got %d for a difference of %lld", j, i,
                                 bit(&t->out[j], i), (long long)d);
        }
        if (tail_is_clean(&t->out[j])) return tail_is_clean(&t->out[j]);
    }
    return NULL;
}

const group less_group = {
    .name = "less",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};
