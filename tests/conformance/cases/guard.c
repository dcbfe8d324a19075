/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* guard.c - the host's verdict over rows, on any backend: a word a group, 0 or not.  What is kept and forgotten when is a
 * matter of tests/unit/test_guard.c. */
#include "cases.h"

#include "host/guard.h"

#include <puma/ops.h>

enum { WIDE = 8, LEAST = 40000, MOST = 200000 };

#define WITHOUT OPTION(0) /* no extension of the backend's */

/* size: rows, each a group of its own; how many of them are beyond their limits; how many are flagged. */
static const spec specs[] = {
    { "all within", 0, { 12, 0, 0 }, .bits = 36, .zbits = GUARD_VERDICT_BITS },
    { "one beyond", 0, { 12, 1, 0 }, .bits = 36, .zbits = GUARD_VERDICT_BITS },
    { "three beyond", 0, { 12, 3, 0 }, .bits = 33, .zbits = GUARD_VERDICT_BITS },
    { "two flagged", 0, { 12, 0, 2 }, .bits = 36, .zbits = GUARD_VERDICT_BITS },
    { "some beyond, some flagged", 0, { 12, 4, 2 }, .bits = 40, .zbits = GUARD_VERDICT_BITS },
    { "all of them", 0, { 9, 9, 9 }, .bits = 36, .zbits = GUARD_VERDICT_BITS },
    { "all within, by the core", 0, { 12, 0, 0 }, .bits = 36, .zbits = GUARD_VERDICT_BITS, .flags = WITHOUT },
    { "some beyond, by the core", 0, { 12, 3, 1 }, .bits = 36, .zbits = GUARD_VERDICT_BITS, .flags = WITHOUT },
    { "all within, in one ring", 0, { 12, 0, 0 }, .bits = 64, .zbits = 64 },
    { "some beyond, in one ring", 0, { 12, 3, 1 }, .bits = 64, .zbits = 64 },
};

static bool is_beyond(const spec *s, size_t row) { return row * 5 % s->size[0] < s->size[1]; }
static bool is_flagged(const spec *s, size_t row) { return row * 7 % s->size[0] < s->size[2]; }

/* Rows beyond are too short and too long by turns. */
static void prepare(task *t)
{
    const spec *s = t->s;
    array      *x = matrix_operand(t, s->size[0], WIDE, s->bits, 0), *flags = bit_operand(t, s->size[0]);

    for (size_t row = 0; row < s->size[0]; row++) {
        if (is_flagged(s, row)) flags->w[row / 64] |= UINT64_C(1) << row % 64;
        for (size_t k = 0; k < WIDE; k++) {
            int64_t v = !is_beyond(s, row) ? 80 + (int64_t)(draw() % 60) : row % 2 == 0 ? 20 : 300;

            x->w[row * WIDE + k] = (uint64_t)(draw() & 1 ? v : -v) & mask(s->bits);
        }
    }
    result(t, s->size[0], s->zbits, 0);
}

static size_t group_of(void *context, const place *at)
{
    (void)context;
    return (size_t)at->layer;
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    puma_share words;

    session_without_extensions(s, (t->s->flags & WITHOUT) != 0);
    guard_begin(s, t->s->bits);
    for (size_t row = 0; row < t->s->size[0]; row++) {
        host_at(s, "row", (int)row, t->name);
        guard_squares(s, puma_slice(s, in[0], 0, row, row + 1), LEAST, MOST);
        puma_flag(s, puma_slice(s, in[1], 0, row, row + 1));
    }
    words = guard_verdict(s, t->s->size[0], group_of, NULL);
    guard_end(s);
    session_without_extensions(s, false);
    if (words) out[0] = (puma_tensor *)puma_resize(s, words, t->s->zbits); /* 0 stays 0, and nothing else becomes it */
}

static const char *verify(const task *t)
{
    for (size_t row = 0; row < t->out[0].n; row++) {
        bool wanted = is_beyond(t->s, row) || is_flagged(t->s, row);

        if ((t->out[0].w[row] != 0) != wanted) return differs(row, t->out[0].w[row], wanted);
    }
    return NULL;
}

/* --- what a word tells ------------------------------------------------------------------------ */

static const spec word_specs[] = {
    { "all of them", 0, { 8, 8, 8 }, .bits = 36, .zbits = GUARD_VERDICT_BITS },
    { "all of them, by the core", 0, { 8, 8, 8 }, .bits = 36, .zbits = GUARD_VERDICT_BITS, .flags = WITHOUT },
    { "all of them, in one ring", 0, { 8, 8, 8 }, .bits = 64, .zbits = 64 },
};

/* In the clear the words are counts. */
static bool hides(const plugin_extensions *x) { return x->clear.apply == NULL; }

/* A word is no count of failures, and no two are the same; by chance it would be so once in 2^41 runs. */
static const char *verify_words(const task *t)
{
    const uint64_t *w = t->out[0].w;

    for (size_t row = 0; row < t->out[0].n; row++) {
        if (w[row] <= 4) return complaint("element %zu tells a count, %llu", row, (unsigned long long)w[row]);
        for (size_t other = 0; other < row; other++)
            if (w[other] == w[row]) return complaint("elements %zu and %zu are equal", other, row);
    }
    return NULL;
}

const group guard_group = {
    .name = "guard",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = program,
    .verify = verify,
};

const group guard_words_group = {
    .name = "guard, words",
    .specs = word_specs,
    .count = COUNT(word_specs),
    .has = hides,
    .prepare = prepare,
    .program = program,
    .verify = verify_words,
};
