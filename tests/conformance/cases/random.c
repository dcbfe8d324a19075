/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* random.c - words that no node knows: by the backend itself, which sends nothing for them (PUMA_EXT_RANDOM), or by the
 * host, which adds up words that the parties share */
#include "cases.h"

#include "host/guard.h"

#include <math.h>
#include <puma/ops.h>
#include <string.h>

/* size: words of a draw. */
static const spec specs[] = {
    { "bits", 0, { 1000 }, .bits = 1, .zbits = 1 },
    { "narrow", 0, { 500 }, .bits = 17 },
    { "of a verdict", 0, { 500 }, .bits = 48 },
    { "of the whole ring", 0, { 500 }, .bits = 64 },
    { "few", 0, { 3 }, .bits = 48 },
    { "none", 0, { 0 }, .bits = 64 },
};

/* A product with a bit fits the ring, which watched values must. */
static const spec product_specs[] = {
    { "narrow", 0, { 500 }, .bits = 17 },
    { "of a verdict", 0, { 500 }, .bits = 48 },
    { "of the whole ring", 0, { 500 }, .bits = 64 },
};

static bool has_random(const plugin_extensions *x) { return x->random.random != NULL; }

static void prepare(task *t)
{
    for (int k = 0; k < 2; k++) result(t, t->s->size[0], t->s->bits, 0);
}

static void program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    (void)in;
    for (int k = 0; k < 2; k++) out[k] = (puma_tensor *)guard_random(s, t->s->size[0], t->s->bits);
}

static void built_program(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    session_without_extensions(s, true);
    program(s, t, in, out);
    session_without_extensions(s, false);
}

/* Of as many bits as a draw has, about half are 1.  A fair coin lands further off than 4 sqrt(bits) less often than
 * 2 exp(-32) (Hoeffding), once in 2^45. */
static const char *look_uniform(const array *x)
{
    double   bits = (double)x->n * x->bits, ones = 0;
    uint64_t ever = 0, always = mask(x->bits);

    for (size_t i = 0; i < x->n; i++) {
        if (x->w[i] > mask(x->bits)) return complaint("word %zu is not reduced to its ring", i);
        ones += __builtin_popcountll(x->w[i]);
        ever |= x->w[i];
        always &= x->w[i];
    }
    if (fabs(ones - bits / 2) > 4 * sqrt(bits)) return complaint("of %.0f bits %.0f are 1", bits, ones);
    if (x->n >= 64 && (ever != mask(x->bits) || always != 0)) return complaint("some bit is the same in all words");
    return NULL;
}

/* Chance makes equal what must differ once in 2^144 runs. */
static const char *verify(const task *t)
{
    const array *x = t->out, *y = x + 1;
    const char  *why = look_uniform(x);

    if (!why) why = look_uniform(y);
    if (!why && x->n > 0 && memcmp(x->w, y->w, x->n * sizeof *x->w) == 0) why = complaint("two draws are equal");
    if (!why && x->n >= 64 && x->bits > 1 && memcmp(x->w, x->w + x->n / 2, x->n / 2 * sizeof *x->w) == 0)
        why = complaint("the second half of a draw is the first");
    return why;
}

/* --- used ------------------------------------------------------------------------------------- */

static void prepare_product(task *t)
{
    array *bit = operand(t, t->s->size[0], t->s->bits, 0);

    for (size_t i = 0; i < bit->n; i++) bit->w[i] = draw() & 1;
    prepare(t);
}

/* All parties hold shares of one number: a product, unlike the way out, reads each of them. */
static void program_product(puma_session *s, const task *t, puma_tensor **in, puma_tensor **out)
{
    out[0] = (puma_tensor *)guard_random(s, t->s->size[0], t->s->bits);
    out[1] = puma_mul(s, out[0], in[0]);
}

static const char *verify_product(const task *t)
{
    for (size_t i = 0; i < t->out[1].n; i++) {
        int128 wanted = t->in[0].w[i] * (int128)at(&t->out[0], i);

        if (at(&t->out[1], i) != wanted) return differs(i, at(&t->out[1], i), wanted);
    }
    return look_uniform(&t->out[0]);
}

const group random_group = {
    .name = "random",
    .specs = specs,
    .count = COUNT(specs),
    .has = has_random,
    .silent = true,
    .prepare = prepare,
    .program = program,
    .verify = verify,
};

const group random_built_group = {
    .name = "random built of share",
    .specs = specs,
    .count = COUNT(specs),
    .prepare = prepare,
    .program = built_program,
    .verify = verify,
};

const group random_product_group = {
    .name = "random in a product",
    .specs = product_specs,
    .count = COUNT(product_specs),
    .prepare = prepare_product,
    .program = program_product,
    .verify = verify_product,
};
