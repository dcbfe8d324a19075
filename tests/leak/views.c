/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* views.c - see views.h */
#include "leak/views.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

static void run(world *w, const subject *c)
{
    if (!world_run(w, c->run, c->context)) fail_msg("%s: the run failed", c->name);
}

/* --- enumeration ------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
    return h * 0xc4ceb9fe1a85ec53u ^ h >> 29;
}

void add_view(sums *total, const view *v)
{
    for (uint64_t k = 0; k < 3; k++) {
        uint64_t h = 0x1234567 + k;

        for (size_t i = 0; i < v->count; i++) h = mix(h, v->items[i].value + 1);
        total->of[k] += mix(h, v->count);
    }
}

size_t enumerate(world *w, const subject *c, uint32_t node, uint64_t streams, size_t most, sums *total)
{
    size_t bits;

    *total = (sums){ { 0, 0, 0 } };
    run(w, c);
    if (streams == LACKED) streams = world_lacks(w, node);
    bits = world_rewind(w, streams);
    if (bits > most) return bits;
    do {
        run(w, c);
        add_view(total, world_view(w, node));
    } while (world_step(w, streams));
    return bits;
}

/* --- own masks -------------------------------------------------------------------------------- */

enum { SETTINGS = 2, TRIALS = 40, MANY_BITS = 1 << 14 }; /* beyond so many bits of draws one setting */

/* What perturbing a draw does to the elements. */
enum { TOUCHED = 1, FLIPS = 2, ADDS = 4 };

typedef struct effect {
    uint8_t *on;   /* each element: TOUCHED by any change; FLIPS, ADDS: so does every bit of it */
    size_t   left; /* elements touched that have no mask as yet */
} effect;

/* The elements: what the node sees, and the answers in place of the last of it. */
typedef struct audit {
    world         *w;
    const subject *c;
    uint32_t       node;
    size_t         count, seen; /* elements, and those of them that the node sees */
    uint64_t      *base, *now;
    uint32_t      *bits;
    bool          *boolean, *varies, *owned;
    effect        *effects;
    size_t         effect_count, room;
} audit;

static void *array_of(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);

    assert_non_null(p);
    return p;
}

static void look(audit *a, uint64_t *elements)
{
    const view *v;

    run(a->w, a->c);
    v = world_view(a->w, a->node);
    assert_int_equal(v->count, a->seen + a->c->answer_count);
    for (size_t e = 0; e < a->seen; e++) elements[e] = v->items[e].value;
    for (size_t e = 0; e < a->c->answer_count; e++) elements[a->seen + e] = a->c->answers[e];
}

static audit audit_new(world *w, const subject *c, uint32_t node)
{
    audit       a = { .w = w, .c = c, .node = node };
    const view *v;

    run(w, c);
    v = world_view(w, node);
    assert_true(v->count >= c->answer_count);
    a.count = v->count;
    a.seen = v->count - c->answer_count;
    a.base = array_of(a.count, sizeof *a.base);
    a.now = array_of(a.count, sizeof *a.now);
    a.bits = array_of(a.count, sizeof *a.bits);
    a.boolean = array_of(a.count, sizeof *a.boolean);
    a.varies = array_of(a.count, sizeof *a.varies);
    a.owned = array_of(a.count, sizeof *a.owned);
    for (size_t e = 0; e < a.seen; e++) {
        a.bits[e] = v->items[e].bits;
        a.boolean[e] = v->items[e].boolean;
    }
    return a;
}

static void forget_effects(audit *a)
{
    for (size_t i = 0; i < a->effect_count; i++) free(a->effects[i].on);
    a->effect_count = 0;
}

static void audit_free(audit *a)
{
    forget_effects(a);
    free(a->effects);
    free(a->base);
    free(a->now);
    free(a->bits);
    free(a->boolean);
    free(a->varies);
    free(a->owned);
}

/* What never varies with the unknown streams and the secrets is the node's own. */
static void find_varying(audit *a, uint64_t unknown, uint64_t *random)
{
    look(a, a->base);
    for (int k = 0; k < TRIALS; k++) {
        a->c->secrets(a->c->context, *random += 0x9e3779b97f4a7c15u);
        world_redraw(a->w, unknown);
        look(a, a->now);
        for (size_t e = 0; e < a->count; e++) a->varies[e] = a->varies[e] || a->now[e] != a->base[e];
    }
}

/* Marks how the elements differ now that bit b of a draw was flipped, which moved it by 2^b up or down. */
static void note_effect(const audit *a, effect *to, uint32_t b)
{
    for (size_t e = 0; e < a->count; e++) {
        uint64_t step = 1ull << b, mask = e < a->seen ? puma_mask(a->bits[e]) : ~0ull;
        uint64_t moved = (a->now[e] - a->base[e]) & mask;

        if (moved != 0) to->on[e] |= TOUCHED;
        if (b >= a->bits[e]) continue;
        if ((a->now[e] ^ a->base[e]) != step) to->on[e] &= (uint8_t)~FLIPS;
        if (moved != step && moved != ((0 - step) & mask)) to->on[e] &= (uint8_t)~ADDS;
    }
}

/* Perturbs one draw bit by bit. */
static void perturb(audit *a, uint64_t *draw, uint32_t bits)
{
    const uint64_t kept = *draw;
    effect         to = { .on = array_of(a->count, 1) };

    for (size_t e = 0; e < a->seen; e++)
        if (bits >= a->bits[e]) to.on[e] = a->boolean[e] ? FLIPS : FLIPS | ADDS;
    for (uint32_t b = 0; b < bits; b++) {
        *draw = kept ^ 1ull << b;
        look(a, a->now);
        note_effect(a, &to, b);
    }
    *draw = kept;
    if (a->effect_count == a->room) {
        a->effects = realloc(a->effects, (a->room = 2 * a->room + 64) * sizeof *a->effects);
        assert_non_null(a->effects);
    }
    a->effects[a->effect_count++] = to;
}

/* An element that some mask shifts, while it touches no other that is without one, is the last in order of
 * those left; and so on to the first.  What is left in the end has no mask of its own. */
static void own(audit *a)
{
    bool found = true;

    memset(a->owned, 0, a->count * sizeof *a->owned);
    for (size_t i = 0; i < a->effect_count; i++)
        for (size_t e = 0; e < a->count; e++) a->effects[i].left += a->effects[i].on[e] & TOUCHED;
    while (found) {
        found = false;
        for (size_t i = 0; i < a->effect_count; i++) {
            size_t e = 0;

            if (a->effects[i].left != 1) continue;
            while (a->owned[e] || (a->effects[i].on[e] & TOUCHED) == 0) e++;
            if ((a->effects[i].on[e] & (FLIPS | ADDS)) == 0) continue;
            a->owned[e] = found = true;
            for (size_t j = 0; j < a->effect_count; j++) a->effects[j].left -= a->effects[j].on[e] & TOUCHED;
        }
    }
}

/* An element without a mask keeps those from theirs whose masks touch it: the first left is named, one of the
 * rest may be at fault. */
static void check_owned(const audit *a)
{
    size_t first = a->seen, left = 0;

    for (size_t e = a->seen; e-- > 0;)
        if (a->varies[e] && !a->owned[e]) {
            first = e;
            left++;
        }
    if (left > 0)
        fail_msg("%s: element %zu of %zu (%u bits) that party %u sees, and %zu more, has no mask of its own",
                 a->c->name, first, a->count, a->bits[first], a->node, left - 1);
}

/* Perturbs every draw of `streams`; returns how many bits they are. */
static size_t perturb_all(audit *a, uint64_t streams)
{
    uint64_t *draw;
    uint32_t  bits;
    size_t    total = 0;

    forget_effects(a);
    for (uint32_t stream = 0; stream < 64; stream++)
        for (size_t i = 0; (streams >> stream & 1) != 0; i++) {
            draw = world_draw(a->w, stream, i, &bits);
            if (draw == NULL) break;
            perturb(a, draw, bits);
            total += bits;
        }
    return total;
}

size_t check_masks(world *w, const subject *c, uint32_t node)
{
    uint64_t unknown, random = 11;
    audit    a;
    size_t   masked = 0, bits = 0;

    world_keep(w, true);
    a = audit_new(w, c, node);
    run(w, c); /* now every stream is there */
    unknown = world_lacks(w, node);
    find_varying(&a, unknown, &random);
    for (int k = 0; k < SETTINGS && bits < MANY_BITS; k++) {
        c->secrets(c->context, random += 0x9e3779b97f4a7c15u);
        world_redraw(w, ALL_STREAMS);
        look(&a, a.base);
        bits = perturb_all(&a, unknown);
        own(&a);
        check_owned(&a);
    }
    for (size_t e = 0; e < a.seen; e++) masked += a.varies[e];
    audit_free(&a);
    world_keep(w, false);
    return masked;
}

/* --- affine rank ------------------------------------------------------------------------------ */

size_t rank_of(uint64_t *rows, size_t row_count, size_t words)
{
    size_t rank = 0;

    for (size_t column = 0; column < words * 64 && rank < row_count; column++) {
        size_t pivot = rank;

        while (pivot < row_count && (rows[pivot * words + column / 64] >> column % 64 & 1) == 0) pivot++;
        if (pivot == row_count) continue;
        for (size_t k = 0; k < words; k++) {
            uint64_t t = rows[pivot * words + k];

            rows[pivot * words + k] = rows[rank * words + k];
            rows[rank * words + k] = t;
        }
        for (size_t r = rank + 1; r < row_count; r++)
            if ((rows[r * words + column / 64] >> column % 64 & 1) != 0)
                for (size_t k = column / 64; k < words; k++) rows[r * words + k] ^= rows[rank * words + k];
        rank++;
    }
    return rank;
}

/* A one in front, and the bits that are looked at; returns how many.  Only counts when row is NULL. */
static size_t fill_row(uint64_t *row, const view *v)
{
    size_t column = 1;

    if (row != NULL) row[0] = 1;
    for (size_t i = 0; i < v->count; i++) {
        uint32_t bits = v->items[i].bits;
        bool     all = bits < 8 || bits == 15;

        for (uint32_t k = 0; k < (all ? bits : 3); k++, column++) {
            uint32_t b = all || k == 0 ? k : k == 1 ? bits / 2 : bits - 1;

            if (row != NULL) row[column / 64] |= (v->items[i].value >> b & 1) << column % 64;
        }
    }
    return column;
}

void check_rank(world *w, const subject *c, uint32_t node, size_t most_columns)
{
    size_t    columns, words, runs, rank;
    uint64_t *rows;

    run(w, c);
    columns = fill_row(NULL, world_view(w, node));
    if (columns > most_columns) return;
    runs = columns + 64;
    words = (columns + 63) / 64;
    rows = array_of(runs * words, sizeof *rows);
    for (size_t r = 0; r < runs; r++) {
        run(w, c);
        fill_row(rows + r * words, world_view(w, node));
    }
    rank = rank_of(rows, runs, words);
    free(rows);
    if (rank != columns)
        fail_msg("%s: what party %u sees obeys an affine relation (%zu columns, rank %zu)", c->name, node,
                 columns, rank);
}
