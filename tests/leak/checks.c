/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* checks.c - see checks.h */
#include "leak/checks.h"

#include <stdio.h>
#include <stdlib.h>

/* c->n elements, all of them `value`, which node `owner` brings in. */
static puma_tensor *brought(puma_session *s, const setting *c, uint64_t value, puma_kind kind, uint32_t bits,
                            uint32_t owner)
{
    puma_tensor *z = s->host->tensor(s, kind, 1, &c->n, bits, 0);
    uint64_t    *words = s->host->scratch(s, c->n + 1);

    for (size_t i = 0; i < c->n; i++) {
        if (kind == PUMA_BIT)
            words[i / 64] |= (value & 1) << i % 64;
        else
            words[i] = value & puma_mask(bits);
    }
    s->protocol->share(s, z, s->role == owner ? words : NULL, owner);
    return z;
}

static puma_tensor *input(puma_session *s, const setting *c, uint64_t value, puma_kind kind, uint32_t bits)
{
    return brought(s, c, value, kind, bits, PUMA_CLIENT);
}

static puma_tensor *made(puma_session *s, const setting *c, puma_kind kind, uint32_t bits)
{
    return s->host->tensor(s, kind, 1, &c->n, bits, 0);
}

static void reveal(puma_session *s, setting *c, const puma_tensor *z, uint32_t to)
{
    const puma_verify_ext *proof = extension_of(s->protocol, PUMA_EXT_VERIFY);
    uint64_t              *out = s->host->scratch(s, z->words + 1);

    if (proof != NULL && s->role != PUMA_CLIENT) proof->verify(s);
    s->protocol->reveal(s, s->role == to ? out : NULL, z, to);
    for (size_t i = 0; s->role == to && i < c->n && i < sizeof c->out / sizeof *c->out; i++)
        c->out[i] = out[i];
}

static puma_tensor *multiply(puma_session *s, const setting *c, const puma_tensor *x, const puma_tensor *y)
{
    puma_tensor *z = made(s, c, PUMA_ARITH, c->to);

    if (s->role != PUMA_CLIENT)
        s->protocol->product(s, z, &(puma_term){ .op = PUMA_TERM_MUL, .x = x, .y = y }, 1, c->shift);
    return z;
}

static void run_share(puma_session *s, void *context)
{
    input(s, context, ((setting *)context)->x, PUMA_ARITH, ((setting *)context)->bits);
}

static void run_product(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *y = input(s, c, c->y, PUMA_ARITH, c->bits);

    multiply(s, c, x, y);
}

/* One operand in two products. */
static void run_twice(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *y = input(s, c, c->y, PUMA_ARITH, c->bits);

    multiply(s, c, x, y);
    multiply(s, c, x, x);
}

/* Rows of two elements times one of y a row, their squares, and themselves, in one sum. */
static void run_terms(puma_session *s, void *context)
{
    setting     *c = context, pairs = *c;
    size_t       dim[2] = { c->n, 2 };
    puma_tensor *x, *y, *z = s->host->tensor(s, PUMA_ARITH, 2, dim, c->to, 0);

    pairs.n = 2 * c->n;
    x = s->host->reshape(s, input(s, &pairs, c->x, PUMA_ARITH, c->bits), 2, dim);
    y = input(s, c, c->y, PUMA_ARITH, c->bits);
    if (s->role != PUMA_CLIENT)
        s->protocol->product(s, z,
                             (const puma_term[]){ { .op = PUMA_TERM_MUL, .x = x, .y = y, .y_rows = 1 },
                                                  { .op = PUMA_TERM_MUL, .x = x, .y = x },
                                                  { .op = PUMA_TERM_ADD, .x = x } },
                             3, c->shift);
}

/* A column times the first element of y, and all products by elements: 2 n, which read the same shares. */
static void run_blocks(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *y = input(s, c, c->y, PUMA_ARITH, c->bits);
    puma_tensor *z = s->host->tensor(s, PUMA_ARITH, 1, (const size_t[]){ 2 * c->n }, c->to, 0);
    puma_block  *b = (puma_block *)s->host->scratch(s, (c->n + 1) * (sizeof *b / sizeof(uint64_t)));

    for (size_t i = 0; i < c->n; i++) b[i] = (puma_block){ .x = i, .y = i, .z = i, .m = 1, .n = 1, .k = 1 };
    b[c->n] = (puma_block){ .z = c->n, .m = c->n, .n = 1, .k = 1 };
    if (s->role != PUMA_CLIENT)
        blocks_of(s)->product_blocks(s, z, x, y, &(puma_blocks){ .block = b, .count = c->n + 1 }, c->shift);
}

/* x (n, 1) times a public row of `width`; and, unless `with` (n, width) is NULL, x times that in the same sum. */
static puma_tensor *times_public(puma_session *s, const setting *c, const puma_tensor *x, const puma_tensor *with)
{
    static const int8_t row[2] = { 3, -2 };
    const puma_public   w = { .struct_size = sizeof w, .bits = 8, .rank = 2, .dim = { 1, c->width }, .values = row };
    puma_tensor        *z = s->host->tensor(s, PUMA_ARITH, 2, (const size_t[]){ c->n, c->width }, c->to, 0);
    const puma_tensor  *column = s->host->reshape(s, x, 2, (const size_t[]){ c->n, 1 });

    if (s->role != PUMA_CLIENT)
        s->protocol->product(s, z,
                             (const puma_term[]){ { .op = PUMA_TERM_PUBLIC, .x = column, .w = &w },
                                                  { .op = PUMA_TERM_MUL, .x = with, .y = x, .y_rows = 1 } },
                             with != NULL ? 2 : 1, c->shift);
    return z;
}

/* What is made of a mask of x without a message, or dealt, and then multiplied: that is where it is opened. */
static void run_public(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *z = times_public(s, c, input(s, c, c->x, PUMA_ARITH, c->bits), NULL);
    puma_tensor *square = s->host->tensor(s, PUMA_ARITH, 2, z->dim, c->to, 0);

    if (s->role != PUMA_CLIENT)
        s->protocol->product(s, square, &(puma_term){ .op = PUMA_TERM_MUL, .x = z, .y = z }, 1, 0);
}

static void run_public_beside(puma_session *s, void *context)
{
    setting     *c = context, pairs = *c;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *y;

    pairs.n = c->width * c->n;
    y = input(s, &pairs, c->y, PUMA_ARITH, c->bits);
    times_public(s, c, x, s->host->reshape(s, y, 2, (const size_t[]){ c->n, c->width }));
}

/* The truncated product, whose mask is r >> t, multiplied again. */
static void run_chain(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *y = input(s, c, c->y, PUMA_ARITH, c->bits);
    puma_tensor *z = multiply(s, c, x, y), *w = made(s, c, PUMA_ARITH, c->to);

    if (s->role != PUMA_CLIENT)
        s->protocol->product(s, w, &(puma_term){ .op = PUMA_TERM_MUL, .x = z, .y = z }, 1, 0);
}

static void run_trunc(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *z = made(s, c, PUMA_ARITH, c->to);

    if (s->role != PUMA_CLIENT) s->protocol->trunc(s, z, x, c->shift);
}

static void run_and(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_BIT, 1), *y = input(s, c, c->y, PUMA_BIT, 1),
                *z = made(s, c, PUMA_BIT, 1);

    if (s->role != PUMA_CLIENT) s->protocol->and_(s, z, x, y);
}

static void run_mux(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *b = input(s, c, c->y, PUMA_BIT, 1),
                *z = made(s, c, PUMA_ARITH, c->bits);
    puma_choice choice = { .bit = b, .value = x, .coefficient = 1 };

    if (s->role != PUMA_CLIENT) s->protocol->mux_sum(s, z, &choice, 1);
}

static void run_b2a(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *b = input(s, c, c->y, PUMA_BIT, 1), *z = made(s, c, PUMA_ARITH, c->bits);
    puma_choice  choice = { .bit = b, .coefficient = 1 };

    if (s->role != PUMA_CLIENT) s->protocol->mux_sum(s, z, &choice, 1);
}

/* Two choices by two bits, one of a value: masked sharing deals three parts for them. */
static void run_choices(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *b = input(s, c, c->y, PUMA_BIT, 1),
                *odd = input(s, c, c->x, PUMA_BIT, 1), *z = made(s, c, PUMA_ARITH, c->bits);
    const puma_choice choices[] = { { .bit = b, .value = x, .coefficient = 1 },
                                    { .bit = odd, .coefficient = 3 } };

    if (s->role != PUMA_CLIENT) s->protocol->mux_sum(s, z, choices, 2);
}

static bool brings(const puma_session *s, uint32_t party)
{
    return (s->protocol->caps & PUMA_CAP_DEALER) == 0 || party != s->protocol->dealer;
}

/* Every party but a dealer brings in x and a bit; what the first two brought is multiplied. */
static void run_owners(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x[PUMA_MAX_PARTIES], *b[PUMA_MAX_PARTIES], *z = made(s, c, PUMA_BIT, 1);
    size_t       count = 0;

    for (uint32_t p = 0; p < s->protocol->parties; p++) {
        if (!brings(s, p)) continue;
        x[count] = brought(s, c, c->x + count * c->y, PUMA_ARITH, c->bits, p);
        b[count++] = brought(s, c, c->y, PUMA_BIT, 1, p);
    }
    if (s->role == PUMA_CLIENT || count < 2) return;
    multiply(s, c, x[0], x[1]);
    s->protocol->and_(s, z, b[0], b[count - 1]);
}

void run_told(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *y = input(s, c, c->y, PUMA_ARITH, c->bits),
                *z = made(s, c, PUMA_ARITH, c->bits);

    if (s->role != PUMA_CLIENT) s->protocol->add(s, z, x, y);
    reveal(s, c, z, c->told);
}

static puma_tensor *random_words(puma_session *s, const setting *c)
{
    puma_tensor *z = made(s, c, PUMA_ARITH, c->bits);

    if (s->role != PUMA_CLIENT) random_of(s)->random(s, z);
    return z;
}

void run_random(puma_session *s, void *context)
{
    setting *c = context;

    reveal(s, c, random_words(s, c), c->told);
}

/* The bit chooses between random words and 0, as a guard's verdict does. */
static void run_random_choice(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *b = input(s, c, c->y, PUMA_BIT, 1), *z = made(s, c, PUMA_ARITH, c->bits);
    puma_choice  choice = { .bit = b, .value = random_words(s, c), .coefficient = 1 };

    if (s->role != PUMA_CLIENT) s->protocol->mux_sum(s, z, &choice, 1);
}

static void less(puma_session *s, setting *c, const puma_tensor *x, puma_tensor **z, size_t thresholds)
{
    static const uint64_t constants[] = { 0, 1 };

    for (size_t t = 0; t < thresholds; t++) z[t] = made(s, c, PUMA_BIT, 1);
    if (s->role != PUMA_CLIENT) s->protocol->less(s, z, x, constants, thresholds, 0, c->width);
}

void run_less(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *z[1];

    less(s, c, input(s, c, c->x, PUMA_ARITH, c->bits), z, 1);
}

static void run_thresholds(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *z[2];

    less(s, c, input(s, c, c->x, PUMA_ARITH, c->bits), z, 2);
}

static void run_one_hot(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits);
    size_t       dim[2] = { c->n, (size_t)1 << c->bits };
    puma_tensor *z = s->host->tensor(s, PUMA_BIT, 2, dim, 1, 0);

    if (s->role != PUMA_CLIENT) lookup_of(s)->one_hot(s, z, x);
}

/* The answer of a truncated product: seen by the client, whose own view must tell no more than the answer. */
static void run_answer(puma_session *s, void *context)
{
    setting     *c = context;
    puma_tensor *x = input(s, c, c->x, PUMA_ARITH, c->bits), *y = input(s, c, c->y, PUMA_ARITH, c->bits);

    reveal(s, c, multiply(s, c, x, y), PUMA_CLIENT);
}

static bool has_blocks(const puma_protocol *p)
{
    const puma_blocks_ext *x = extension_of(p, PUMA_EXT_BLOCKS);

    return x != NULL && PUMA_HAS(x, product_blocks);
}

static bool has_one_hot(const puma_protocol *p)
{
    const puma_lookup_ext *x = extension_of(p, PUMA_EXT_LOOKUP);

    return x != NULL && PUMA_HAS(x, one_hot);
}

bool has_random(const puma_protocol *p)
{
    const puma_random_ext *x = extension_of(p, PUMA_EXT_RANDOM);

    return x != NULL && PUMA_HAS(x, random);
}

const check CHECKS[CHECK_COUNT] = {
    { "share", run_share, .tiny = { .bits = 4 }, .real = { .bits = 64 } },
    { "brought by parties", run_owners, .tiny = { .bits = 2, .to = 1, .shift = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 } },
    { "product plain", run_product, .tiny = { .bits = 2, .to = 2 }, .real = { .bits = 64, .to = 64 } },
    { "product narrow", run_product, .tiny = { .bits = 3, .to = 2, .shift = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 }, .needs = PUMA_CAP_RINGS },
    { "product exact", run_product, .tiny = { .bits = 3, .to = 3, .shift = 1 },
      .real = { .bits = 64, .to = 64, .shift = 18 } },
    { "one operand in two products", run_twice, .tiny = { .bits = 2, .to = 1, .shift = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 } },
    { "product of blocks", run_blocks, .tiny = { .bits = 2, .to = 1, .shift = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 }, .has = has_blocks },
    { "product of a product", run_chain, .tiny = { .bits = 2, .to = 1, .shift = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 } },
    { "sum of products", run_terms, .tiny = { .bits = 2, .to = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 } },
    { "public plain", run_public, .tiny = { .bits = 2, .to = 2, .width = 2 },
      .real = { .bits = 46, .to = 46, .width = 2 },
      .needs = PUMA_CAP_PUBLIC },
    { "public narrow", run_public, .tiny = { .bits = 2, .to = 1, .shift = 1, .width = 2 },
      .real = { .bits = 64, .to = 46, .shift = 18, .width = 2 }, .needs = PUMA_CAP_PUBLIC | PUMA_CAP_RINGS },
    { "public exact", run_public, .tiny = { .bits = 3, .to = 3, .shift = 1, .width = 1 },
      .real = { .bits = 64, .to = 64, .shift = 18, .width = 1 }, .needs = PUMA_CAP_PUBLIC },
    { "public beside secret", run_public_beside, .tiny = { .bits = 2, .to = 1, .shift = 1, .width = 2 },
      .real = { .bits = 64, .to = 46, .shift = 18, .width = 2 }, .needs = PUMA_CAP_PUBLIC },
    { "trunc narrow", run_trunc, .tiny = { .bits = 4, .to = 3, .shift = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 }, .needs = PUMA_CAP_RINGS },
    { "trunc exact", run_trunc, .tiny = { .bits = 4, .to = 4, .shift = 1 },
      .real = { .bits = 64, .to = 64, .shift = 18 } },
    { "lift", run_trunc, .tiny = { .bits = 3, .to = 4 }, .real = { .bits = 28, .to = 64 },
      .needs = PUMA_CAP_RINGS },
    { "and", run_and, .tiny = { .bits = 1 }, .real = { .bits = 1 }, .bit_y = true },
    { "mux", run_mux, .tiny = { .bits = 3 }, .real = { .bits = 64 }, .bit_y = true },
    { "choices", run_choices, .tiny = { .bits = 2 }, .real = { .bits = 64 }, .bit_y = true },
    { "b2a", run_b2a, .tiny = { .bits = 3 }, .real = { .bits = 64 }, .bit_y = true },
    { "random choice", run_random_choice, .tiny = { .bits = 3 }, .real = { .bits = 64 }, .bit_y = true,
      .has = has_random },
    { "less, one digit", run_less, .tiny = { .bits = 2, .width = 2 }, .real = { .bits = 24, .width = 24 },
      .needs = PUMA_CAP_RINGS },
    { "less, two digits", run_less, .tiny = { .bits = 3, .width = 3 }, .real = { .bits = 64, .width = 64 } },
    { "less, two thresholds", run_thresholds, .tiny = { .bits = 3, .width = 3 },
      .real = { .bits = 24, .width = 24 } },
    { "one_hot", run_one_hot, .tiny = { .bits = 2 }, .real = { .bits = 7 }, .needs = PUMA_CAP_RINGS,
      .has = has_one_hot },
    { "answer", run_answer, .tiny = { .bits = 3, .to = 2, .shift = 1 },
      .real = { .bits = 64, .to = 46, .shift = 18 } },
};

const check *check_named(const char *name)
{
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++)
        if (strcmp(c->name, name) == 0) return c;
    fprintf(stderr, "no check \"%s\"\n", name);
    exit(99);
}
