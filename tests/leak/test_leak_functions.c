/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_leak_functions.c - what each party sees of whole functions and of the guard's verdict depends on no secret.
 *
 *     test_leak_functions BACKEND.so [FUNCTIONS.so [CHECK]]
 *
 * Without functions: the verdict alone.  All of it runs on real rings and in the host's own sessions (hosted.h), so it
 * is looked at by own masks and affine rank alone.  What no test of single operations sees is a mask of one step that
 * a later step of another kind uses again. */
#include "leak/hosted.h"
#include "leak/views.h"

#include "host/guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

static const char *only; /* the one check to run, for seeded bugs */
static bool        has_functions;

/* --- programs --------------------------------------------------------------------------------- */

enum { FRAC = 16, GUARD_RING = 36 };

typedef struct setting {
    puma_slot      slot;
    uint32_t       bits; /* ring of the operand */
    int32_t        range;
    puma_arguments to;
    size_t         rows, n;
    uint64_t       x;     /* makes all secrets */
    bool           holds; /* of a verdict: no fact fails */
    uint64_t       out[1];
} setting;

static uint64_t secret(uint64_t x, size_t i)
{
    uint64_t z = x + (i + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A number below 2^range.  Where facts hold, three such squares sum up to what run_verdict allows. */
static uint64_t number(const setting *c, uint64_t v, uint32_t frac)
{
    const uint64_t size = c->holds ? 200 + v % 300 : v & puma_mask(frac + (uint32_t)c->range);

    return (v >> 63 ? 0 - size : size) & puma_mask(c->bits);
}

/* The client's numbers or bits. */
static puma_tensor *input(puma_session *s, const setting *c, puma_kind kind, size_t from, uint32_t frac)
{
    const size_t dim[2] = { c->rows, c->n };
    puma_tensor *x = s->host->tensor(s, kind, 2, dim, c->bits, frac);
    uint64_t    *words = s->host->scratch(s, c->rows * c->n + 1);

    if (x == NULL || words == NULL) return NULL;
    for (size_t i = 0; i < x->words; i++) words[i] = 0;
    for (size_t i = 0; i < x->n; i++) {
        uint64_t v = secret(c->x, from + i);

        if (kind == PUMA_BIT)
            words[i / 64] |= (c->holds ? 0 : v & 1) << i % 64;
        else
            words[i] = number(c, v, frac);
    }
    session_share(s, x, s->role == PUMA_CLIENT ? words : NULL, PUMA_CLIENT);
    return x;
}

static void run_function(puma_session *s, void *context)
{
    const setting *c = context;
    puma_tensor   *x = input(s, c, PUMA_ARITH, 0, FRAC);

    if (s->role != PUMA_CLIENT) puma_call(s, c->slot, puma_promise(s, x, c->range), &c->to);
}

static size_t one_group(void *context, const place *at)
{
    (void)context;
    (void)at;
    return 0;
}

/* Rows that are squared and compared with both limits, and bits that say themselves that something failed. */
static puma_share verdict(puma_session *s, const setting *c)
{
    puma_tensor *x = input(s, c, PUMA_ARITH, 0, 0), *flags = input(s, c, PUMA_BIT, c->rows * c->n, 0);

    if (s->role == PUMA_CLIENT) return s->host->tensor(s, PUMA_ARITH, 1, (const size_t[]){ 1 }, GUARD_VERDICT_BITS, 0);
    guard_begin(s, GUARD_RING);
    guard_squares(s, x, 100000, 900000);
    puma_flag(s, flags);
    return guard_verdict(s, 1, one_group, NULL);
}

static void run_verdict(puma_session *s, void *context) { verdict(s, context); }

static void run_told_verdict(puma_session *s, void *context)
{
    setting   *c = context;
    puma_share z = verdict(s, c);

    if (z != NULL) s->protocol->reveal(s, s->role == PUMA_CLIENT ? c->out : NULL, z, PUMA_CLIENT);
}

typedef struct check {
    const char *name;
    program    *run;
    setting     at;
} check;

#define TO(ring) { .struct_size = sizeof(puma_arguments), .bits = (ring), .frac = FRAC, .epsilon = 1e-5 }
#define SOFTMAX .slot = PUMA_SLOT_SOFTMAX, .bits = FRAC + 9, .range = 6, .to = TO(28 + FRAC), .rows = 1

static const check CHECKS[] = {
    { "softmax, 5", run_function, { SOFTMAX, .n = 5 } },
    { "softmax, 65", run_function, { SOFTMAX, .n = 65 } },
    { "layernorm, 6", run_function,
      { .slot = PUMA_SLOT_LAYERNORM, .bits = 64, .range = 10, .to = TO(64), .rows = 1, .n = 6 } },
    { "gelu, 3", run_function,
      { .slot = PUMA_SLOT_GELU, .bits = FRAC + 8, .range = 7, .to = TO(64), .rows = 1, .n = 3 } },
    { "verdict", run_verdict, { .bits = GUARD_RING, .range = 10, .rows = 2, .n = 3 } },
};
#define CHECK_COUNT (sizeof CHECKS / sizeof *CHECKS)

static bool skipped(const check *c)
{
    return (c->run == run_function && !has_functions) || (only != NULL && strcmp(only, c->name) != 0);
}

static void other_secrets(void *context, uint64_t random) { ((setting *)context)->x = random; }

static subject subject_of(const check *c, setting *at)
{
    return (subject){ .name = c->name, .run = c->run, .context = at, .secrets = other_secrets };
}

/* --- own masks -------------------------------------------------------------------------------- */

static void every_received_element_has_a_mask_of_its_own(void **state)
{
    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++) {
        size_t masked = 0;

        for (uint32_t party = 0; party < hosted_protocol()->parties && !skipped(c); party++) {
            world  *w = hosted_new(64, FRAC);
            setting at = c->at;
            subject of = subject_of(c, &at);
            size_t  found = check_masks(w, &of, party);

            masked += found;
            print_message("%s: party %u: %zu received elements, each with a mask of its own\n", c->name, party, found);
            world_free(w);
        }
        assert_true(masked > 0 || skipped(c));
    }
}

/* --- affine rank ------------------------------------------------------------------------------ */

static void views_have_full_affine_rank(void **state)
{
    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++)
        for (uint32_t party = 0; party < hosted_protocol()->parties && !skipped(c); party++) {
            world  *w = hosted_new(64, FRAC);
            setting at = c->at;
            subject of = subject_of(c, &at);

            at.x = 77;
            world_seed(w, 1000 + party);
            check_rank(w, &of, party, SIZE_MAX);
            world_free(w);
        }
}

/* --- the client ------------------------------------------------------------------------------- */

/* The client is told a word, and sees masks beside it, whether or not a fact fails. */
static void the_client_sees_masks_beside_the_verdict(void **state)
{
    (void)state;
    for (int holds = 0; holds < 2 && (only == NULL || strcmp(only, "verdict") == 0); holds++) {
        world  *w = hosted_new(64, FRAC);
        setting at = { .bits = GUARD_RING, .range = 10, .rows = 2, .n = 3, .holds = holds };
        subject of = { .name = "told verdict", .run = run_told_verdict, .context = &at, .secrets = other_secrets,
                       .answers = at.out, .answer_count = 1 };

        assert_true(check_masks(w, &of, PUMA_CLIENT) > 0);
        assert_true((at.out[0] == 0) == holds);
        world_free(w);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_sees_masks_beside_the_verdict),
        cmocka_unit_test(views_have_full_affine_rank),
        cmocka_unit_test(every_received_element_has_a_mask_of_its_own),
    };

    if (argc < 2) {
        fprintf(stderr, "usage: test_leak_functions BACKEND.so [FUNCTIONS.so [CHECK]]\n");
        return 2;
    }
    has_functions = argc > 2 && argv[2][0] != '\0';
    hosted_use(argv[1], has_functions ? argv[2] : NULL);
    only = argc > 3 ? argv[3] : NULL;
    return cmocka_run_group_tests_name("leak of functions", tests, NULL, NULL);
}
