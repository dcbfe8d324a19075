/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_leak_tables.c - what each party of rep3 sees of table, gate and exp2; their message counts and rounds.
 *
 *     test_leak_tables PLUGIN.so [CHECK]
 *
 * Enumeration on tiny rings, own masks and affine rank on real ones, as views.h has them.  A lookup draws too
 * much for a full enumeration of every view. */
#include "leak/views.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static const puma_protocol *backend;
static const char          *only; /* the one check to run, for seeded bugs */

static bool skipped(const char *name) { return only != NULL && strcmp(only, name) != 0; }

/* --- programs --------------------------------------------------------------------------------- */

/* What is run: x in a ring of `bits` with `frac` fraction bits, the result in one of `to` with `to_frac`. */
typedef struct setting {
    uint32_t bits, frac, to, to_frac;
    uint32_t unit, index_bits, ring, table_frac, slope_frac, curve_frac;
    double   error;                                             /* of a table's roundings, and what the backend */
    uint32_t slope_keep, slope_factor, curve_keep, curve_factor; /* makes of it: bits                           */
    uint32_t window; /* of a gate */
    size_t   n;
    uint64_t x;
} setting;

#define MAX_ENTRIES 256

/* Any entries do: the view must not depend on them. */
static puma_table table_of(const setting *c, int64_t entries[3][MAX_ENTRIES])
{
    for (size_t d = 0; d < (size_t)1 << c->index_bits; d++) {
        entries[0][d] = ((int64_t)(d * d + 5 * d + 1) << c->table_frac >> 8) + 1;
        entries[1][d] = (int64_t)(3 * d + 1) - 7;
        entries[2][d] = (int64_t)d - 2;
    }
    /* One slope so large that the factors need the bits that the setting says. */
    entries[1][0] = (int64_t)ldexp(0.18 * c->error, (int)(c->slope_factor + c->slope_frac));
    return (puma_table){ .struct_size = sizeof(puma_table),
                         .unit = c->unit,
                         .index_bits = c->index_bits,
                         .ring = c->ring,
                         .frac = c->table_frac,
                         .slope_frac = c->slope_frac,
                         .curve_frac = c->curve_frac,
                         .error = c->error,
                         .c = { entries[0], entries[1], entries[2] } };
}

static puma_tensor *input(puma_session *s, const setting *c)
{
    puma_tensor *x = s->host->tensor(s, PUMA_ARITH, 1, &c->n, c->bits, c->frac);
    uint64_t    *words = s->host->scratch(s, c->n + 1);

    for (size_t i = 0; i < c->n; i++) words[i] = c->x & puma_mask(c->bits);
    s->protocol->share(s, x, s->role == PUMA_CLIENT ? words : NULL, PUMA_CLIENT);
    return x;
}

static void run_table(puma_session *s, void *context)
{
    const setting *c = context;
    int64_t        entries[3][MAX_ENTRIES];
    puma_table     t = table_of(c, entries);
    puma_tensor   *x = input(s, c), *z = s->host->tensor(s, PUMA_ARITH, 1, &c->n, c->to, c->to_frac);

    if (s->role != PUMA_CLIENT) lookup_of(s)->table(s, z, x, &t);
}

/* Two tables on one operand. */
static void run_two_tables(puma_session *s, void *context)
{
    const setting *c = context;
    int64_t        entries[3][MAX_ENTRIES];
    puma_table     t = table_of(c, entries);
    puma_tensor   *x = input(s, c), *z = s->host->tensor(s, PUMA_ARITH, 1, &c->n, c->to, c->to_frac),
                *again = s->host->tensor(s, PUMA_ARITH, 1, &c->n, c->to, c->to_frac);

    if (s->role == PUMA_CLIENT) return;
    lookup_of(s)->table(s, z, x, &t);
    lookup_of(s)->table(s, again, x, &t);
}

static void run_gate(puma_session *s, void *context)
{
    const setting *c = context;
    int64_t        entries[3][MAX_ENTRIES];
    puma_table     t = table_of(c, entries);
    puma_tensor   *x = input(s, c), *z = s->host->tensor(s, PUMA_ARITH, 1, &c->n, c->to, c->frac);

    if (s->role != PUMA_CLIENT) lookup_of(s)->gate(s, z, x, &t, c->window);
}

static void run_exp2(puma_session *s, void *context)
{
    const setting *c = context;
    puma_tensor   *x = input(s, c), *z = s->host->tensor(s, PUMA_ARITH, 1, &c->n, c->to, c->to_frac);

    if (s->role != PUMA_CLIENT) lookup_of(s)->exp2(s, z, x, 1, 1e-3);
}

/* Two operands, of which x says both. */
static void run_maximum(puma_session *s, void *context)
{
    const setting *c = context;
    setting        second = *c;
    puma_tensor   *x, *y, *z = s->host->tensor(s, PUMA_ARITH, 1, &c->n, c->bits, 0);

    second.x = c->x * 5 + 3;
    x = input(s, c);
    y = input(s, &second);
    if (s->role != PUMA_CLIENT) lookup_of(s)->maximum(s, z, x, y);
}

typedef struct check {
    const char *name;
    program    *run;
    setting     at;
    bool        tiny; /* enumerated; the others are for rank, masks, traffic and costs */
} check;

#define GELU                                                                                                 \
    .table_frac = 27, .slope_frac = 24, .curve_frac = 20, .error = 5e-3, .slope_keep = 11,                   \
    .slope_factor = 14, .curve_keep = 9, .curve_factor = 14

static const check CHECKS[] = {
    /* one fraction bit, which the slope and curvature lack: ring 2 and 1 and 1 */
    { "table, 2 entries",
      run_table,
      { .bits = 2,
        .to = 1,
        .to_frac = 0,
        .unit = 1,
        .index_bits = 1,
        .ring = 2,
        .table_frac = 1,
        .slope_frac = 1,
        .curve_frac = 1,
        .error = 32 },
      true },
    { "table, 4 entries",
      run_table,
      { .bits = 3,
        .to = 1,
        .to_frac = 0,
        .unit = 1,
        .index_bits = 2,
        .ring = 2,
        .table_frac = 1,
        .slope_frac = 1,
        .curve_frac = 1,
        .error = 32 },
      true },
    { "table, ring 3",
      run_table,
      { .bits = 3,
        .to = 2,
        .to_frac = 0,
        .unit = 2,
        .index_bits = 1,
        .ring = 3,
        .table_frac = 1,
        .slope_frac = 1,
        .curve_frac = 1,
        .error = 32,
        .slope_factor = 1,
        .curve_factor = 1 },
      true },
    { "table, ring 4, exact",
      run_table,
      { .bits = 2,
        .to = 4,
        .to_frac = 1,
        .unit = 1,
        .index_bits = 1,
        .ring = 4,
        .table_frac = 2,
        .slope_frac = 2,
        .curve_frac = 2,
        .error = 32 },
      true },
    { "gate, window 4",
      run_gate,
      { .bits = 4,
        .to = 2,
        .unit = 1,
        .index_bits = 1,
        .ring = 2,
        .table_frac = 1,
        .slope_frac = 1,
        .curve_frac = 1,
        .error = 32,
        .window = 4 },
      true },
    { "gate, window 2",
      run_gate,
      { .bits = 2,
        .to = 1,
        .unit = 0,
        .index_bits = 1,
        .ring = 2,
        .table_frac = 1,
        .slope_frac = 1,
        .curve_frac = 1,
        .error = 32,
        .window = 2 },
      true },
    { "maximum, ring 3", run_maximum, { .bits = 3 }, true },

    { "maximum", run_maximum, { .bits = 9 }, false },
    { "maximum, ring 12", run_maximum, { .bits = 12 }, false },
    { "table",
      run_table,
      { .bits = 22,
        .frac = 19,
        .to = 60,
        .to_frac = 24,
        .unit = 13,
        .index_bits = 8,
        .ring = 63,
        .table_frac = 27,
        .slope_frac = 24,
        .curve_frac = 20,
        .error = 9e-5,
        .slope_keep = 11,
        .slope_factor = 16,
        .curve_keep = 9,
        .curve_factor = 16 },
      false },
    { "table, exact",
      run_table,
      { .bits = 24, .frac = 18, .to = 48, .to_frac = 18, .unit = 18, .index_bits = 6, .ring = 32, GELU },
      false },
    { "two tables",
      run_two_tables,
      { .bits = 12, .frac = 8, .to = 24, .to_frac = 18, .unit = 8, .index_bits = 4, .ring = 33, GELU },
      false },
    { "gate",
      run_gate,
      { .bits = 64, .frac = 18, .to = 48, .unit = 15, .index_bits = 6, .ring = 28, .window = 26, GELU },
      false },
    { "gate, frac 16",
      run_gate,
      { .bits = 52, .frac = 16, .to = 52, .unit = 13, .index_bits = 5, .ring = 28, .window = 24, GELU },
      false },
    { "gate, 128 entries",
      run_gate,
      { .bits = 64, .frac = 18, .to = 64, .unit = 16, .index_bits = 7, .ring = 28, .window = 27, GELU },
      false },
    { "exp2", run_exp2, { .bits = 27, .frac = 18, .to = 46, .to_frac = 18 }, false },
    { "exp2, frac 16", run_exp2, { .bits = 25, .frac = 16, .to = 44, .to_frac = 16 }, false },
    { "exp2, 8 entries", run_exp2, { .bits = 9, .frac = 4, .to = 20, .to_frac = 18 }, false },
};
#define CHECK_COUNT (sizeof CHECKS / sizeof *CHECKS)

static void other_secret(void *context, uint64_t random) { ((setting *)context)->x = random; }

static subject subject_of(const check *c, setting *at)
{
    return (subject){ .name = c->name, .run = c->run, .context = at, .secrets = other_secret };
}

/* --- enumeration ------------------------------------------------------------------------------ */

#define MAX_ENUMERATED 20

static void views_do_not_depend_on_secrets(void **state)
{
    size_t enumerated = 0;

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT; i++)
        for (uint32_t party = 1; party <= 2 && CHECKS[i].tiny && !skipped(CHECKS[i].name); party++)
            for (uint64_t known = 1; known <= 2; known++) {
                const check *c = &CHECKS[i];
                world       *w = world_new(backend, 8, 0);
                setting      at = c->at;
                subject      of = subject_of(c, &at);
                uint64_t     size = 1ull << c->at.bits;
                sums         first = { { 0 } }, other;
                size_t       bits = 0;

                world_keep(w, true);
                world_seed(w, known);
                at.n = 1;
                /* every secret of the ring; where a run takes long the two ends, which differ in bucket and
                 * remainder */
                for (uint64_t x = 0; x < size && bits <= MAX_ENUMERATED; x += bits > 14 ? size - 1 : 1) {
                    at.x = x;
                    bits = enumerate(w, &of, party, LACKED, MAX_ENUMERATED,
                                     x == 0 ? &first : &other);
                    if (bits <= MAX_ENUMERATED && x > 0 && memcmp(&first, &other, sizeof first) != 0)
                        fail_msg("%s: the views of party %u differ between secrets 0 and %llu", c->name,
                                 party, (unsigned long long)x);
                }
                if (bits <= MAX_ENUMERATED)
                    enumerated++;
                else
                    print_message("%s: party %u: %zu bits, left to the masks\n", c->name, party, bits);
                world_free(w);
                if (bits > 14 || only != NULL) break;
            }
    print_message("enumerated %zu views\n", enumerated);
    if (only == NULL) assert_true(enumerated >= 10);
}

/* --- real rings ------------------------------------------------------------------------------- */

static void check_masks_of(const check *c, uint32_t party, size_t n)
{
    world  *w = world_new(backend, 64, 0);
    setting at = c->at;
    subject of = subject_of(c, &at);
    size_t  masked;

    at.n = n;
    masked = check_masks(w, &of, party);
    print_message("%s, %zu: party %u: %zu received elements, each with a mask of its own\n", c->name, n, party,
                  masked);
    assert_true(masked > 0);
    world_free(w);
}

/* On tiny rings also elements of two words, several vectors of which go into one message. */
static void every_received_element_has_a_mask_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT; i++)
        for (uint32_t party = 1; party <= 2 && !skipped(CHECKS[i].name); party++) {
            check_masks_of(&CHECKS[i], party, 2);
            if (CHECKS[i].tiny) check_masks_of(&CHECKS[i], party, 65);
        }
}

static void views_have_full_affine_rank(void **state)
{
    static const uint64_t secrets[] = { 0, ~0ull, 0x123456789abcdefu };

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT; i++)
        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
            for (uint32_t party = 0; party <= 2 && !CHECKS[i].tiny && !skipped(CHECKS[i].name); party++) {
                world  *w = world_new(backend, 64, 0);
                setting at = CHECKS[i].at;
                subject of = subject_of(&CHECKS[i], &at);

                at.n = 1;
                at.x = secrets[k];
                world_seed(w, 1000 * i + 10 * k + party);
                check_rank(w, &of, party, SIZE_MAX);
                world_free(w);
            }
}

/* --- traffic ---------------------------------------------------------------------------------- */

/* P0 receives nothing; lengths and rounds depend on shapes alone, whichever bucket or side an operand is in.
 */
static void traffic_is_a_function_of_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        world   *w = world_new(backend, 64, 0);
        uint64_t bits[4][4][2] = { { { 0 } } }, rounds = 0;

        world_seed(w, i);
        world_record(w, false);
        for (uint64_t k = 0; k < 50; k++) {
            setting at = CHECKS[i].at;

            at.n = 3;
            at.x = k < 4 ? k - 2 : k * 0x9e3779b97f4a7c15u;
            assert_true(world_run(w, CHECKS[i].run, &at));
            if (k == 0) rounds = world_rounds(w);
            assert_int_equal(rounds, world_rounds(w));
            for (uint32_t from = 0; from < 4; from++)
                for (uint32_t to = 0; to < 4; to++)
                    for (int phase = 0; phase < 2; phase++) {
                        if (k == 0) bits[from][to][phase] = world_bits(w, from, to, phase);
                        assert_int_equal(bits[from][to][phase], world_bits(w, from, to, phase));
                        if (to == 0) assert_int_equal(bits[from][to][phase], 0);
                    }
        }
        world_free(w);
    }
}

typedef struct cost {
    uint64_t offline, online, rounds;
} cost;

/* doc/rep3.md, "Tables". */
static cost cost_of(const check *c)
{
    const setting *s = &c->at;
    uint64_t       entries = 1ull << s->index_bits, keep = s->ring - (s->table_frac - s->to_frac),
             shift = s->table_frac - s->to_frac;
    uint64_t terms = 3 * s->ring - (s->table_frac - s->slope_keep - s->slope_factor) -
                     (s->table_frac - s->curve_keep - s->curve_factor);
    cost lookup = { entries - 1 + terms + s->ring, 2 * terms, 1 };

    if (c->run == run_maximum) {
        uint64_t low = s->bits == 12 ? 6 : s->bits == 9 ? 4 : 1;

        return (cost){ (1ull << low) + (1ull << (s->bits - low)) - 2 + 8 * s->bits, 6 + 2 * s->bits, 2 };
    }
    if (c->run == run_exp2) {
        uint64_t k = s->to + 18 + 18 - s->to_frac;

        return (cost){ (1ull << (s->bits - s->frac - 2)) - 1 + 2 * k + s->to, 4 * k, 2 };
    }
    if (c->run == run_gate) {
        keep = s->ring - (s->table_frac - s->frac);
        return (cost){ lookup.offline + entries + (1ull << (s->window - s->unit - s->index_bits)) - 1 + 2 +
                           3 * s->to + (s->to > keep ? s->to - keep : 0),
                       lookup.online + 8 + 4 + 2 * s->ring + 2 * s->to, 5 };
    }
    if (s->to + shift <= s->ring)
        return (cost){ lookup.offline + s->to, lookup.online + 2 * (s->to + shift), 2 };
    return (cost){ lookup.offline + s->to + (s->to > keep ? s->to - keep : 0),
                   lookup.online + 2 * s->ring + 2 * s->to, 3 };
}

static void costs_equal_the_formulas(void **state)
{
    const size_t n = 7;

    (void)state;
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        world   *w = world_new(backend, 64, 0);
        setting  at = CHECKS[i].at;
        cost     wanted = cost_of(&CHECKS[i]);
        uint64_t calls = CHECKS[i].run == run_two_tables ? 2 : 1;

        at.n = n;
        world_seed(w, i);
        assert_true(world_run(w, CHECKS[i].run, &at));
        print_message("%s: %llu + %llu bits in %llu rounds\n", CHECKS[i].name,
                      (unsigned long long)wanted.offline, (unsigned long long)wanted.online,
                      (unsigned long long)wanted.rounds);
        assert_int_equal(world_bits(w, 0, 2, PUMA_OFFLINE), n * calls * wanted.offline);
        assert_int_equal(world_bits(w, 1, 2, PUMA_ONLINE), world_bits(w, 2, 1, PUMA_ONLINE));
        assert_int_equal(world_bits(w, 1, 2, PUMA_ONLINE) + world_bits(w, 2, 1, PUMA_ONLINE),
                         n * calls * wanted.online);
        assert_int_equal(world_bits(w, 0, 1, PUMA_OFFLINE) + world_bits(w, 1, 2, PUMA_OFFLINE) +
                             world_bits(w, 2, 1, PUMA_OFFLINE),
                         0);
        /* P1 and P2 wait for the client's message first. */
        assert_int_equal(world_rounds(w), calls * wanted.rounds + 1);
        world_free(w);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest views[] = {
        cmocka_unit_test(every_received_element_has_a_mask_of_its_own),
        cmocka_unit_test(views_have_full_affine_rank),
        cmocka_unit_test(views_do_not_depend_on_secrets),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_equal_the_formulas),
        cmocka_unit_test(traffic_is_a_function_of_shapes),
        cmocka_unit_test(every_received_element_has_a_mask_of_its_own),
        cmocka_unit_test(views_have_full_affine_rank),
        cmocka_unit_test(views_do_not_depend_on_secrets),
    };

    if (argc < 2) {
        fprintf(stderr, "usage: test_leak_tables PLUGIN.so [CHECK]\n");
        return 2;
    }
    backend = world_backend(argv[1]);
    only = argc > 2 ? argv[2] : NULL;
    if (only != NULL) return cmocka_run_group_tests_name("leak of tables", views, NULL, NULL);
    return cmocka_run_group_tests_name("leak of tables", tests, NULL, NULL);
}
