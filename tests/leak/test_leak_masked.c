/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_leak_masked.c - masked sharing (rep3, beaver2) sends what its formulas say, and P0 receives nothing.
 *
 *     test_leak_masked --backend NAME|FILE.so
 *
 * Parties are P0, P1, P2 of doc/rep3.md: P0 works ahead, or is the dealer.  What a party sees is looked at in
 * test_leak.c, which knows nothing of masks. */
#include "leak/checks.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

enum { P0, P1, P2 };

static const puma_protocol *backend;

static bool deals(void) { return (backend->caps & PUMA_CAP_DEALER) != 0; }

/* Bits sent from … to …, by the names of masked sharing: where there is a dealer it is the last node. */
static uint64_t sent(const world *w, uint32_t from, uint32_t to, puma_phase phase)
{
    uint32_t first = deals() ? 2 : 0;

    return world_bits(w, from == PUMA_CLIENT ? from : (from + first) % 3,
                      to == PUMA_CLIENT ? to : (to + first) % 3, phase);
}

typedef struct cost {
    const char *check;
    uint64_t    offline, online, rounds;
    uint64_t    inputs, input_bits; /* the client's, of an element */
} cost;

/* Bits an element and rounds behind the input's one, as doc/rep3.md derives them.  Where there is a dealer an
 * input is opened first, one after the other. */
static void costs_equal_the_formulas(void **state)
{
    static const cost COSTS[] = {
        { "product plain", 64, 128, 1, 2, 128 },
        { "product narrow", 46, 2 * 64, 1, 2, 128 },
        { "product exact", 64 + 18, 2 * 64 + 2 * 64, 2, 2, 128 },
        { "product of blocks", 2 * 46, 2 * 2 * 64, 1, 2, 128 },
        { "trunc narrow", 46, 0, 0, 1, 64 },
        { "trunc exact", 64 + 18, 2 * 64, 1, 1, 64 },
        { "lift", 64 + 36, 2 * 64, 1, 1, 28 },
        { "and", 1, 2, 1, 2, 2 },
        { "mux", 2 * 64, 2 * 64, 1, 2, 65 },
        { "b2a", 64, 2 * 64, 1, 1, 1 },
        { "random choice", 2 * 64, 2 * 64, 1, 1, 1 }, /* a mux: the words cost nothing */
    };
    const size_t n = 7;

    (void)state;
    for (size_t i = 0; i < sizeof COSTS / sizeof *COSTS; i++) {
        world       *w = world_new(backend, 64, 0);
        const check *c = check_named(COSTS[i].check);
        setting      at = c->real;

        at.n = n;
        world_seed(w, i);
        assert_true(world_run(w, c->run, &at));
        assert_int_equal(sent(w, P0, P2, PUMA_OFFLINE), n * COSTS[i].offline);
        assert_int_equal(sent(w, P1, P2, PUMA_ONLINE) + sent(w, P2, P1, PUMA_ONLINE),
                         n * (COSTS[i].online + (deals() ? 2 * COSTS[i].input_bits : 0)));
        /* What the client sends: masked values to both, or to P2 alone what P1 draws the rest of. */
        assert_int_equal(sent(w, PUMA_CLIENT, P1, PUMA_ONLINE), deals() ? 0 : n * COSTS[i].input_bits);
        assert_int_equal(sent(w, PUMA_CLIENT, P2, PUMA_ONLINE), n * COSTS[i].input_bits);
        for (uint32_t from = 0; from < 4; from++)
            for (int phase = 0; phase < 2 && from != P0; phase++)
                assert_int_equal(sent(w, from == 3 ? PUMA_CLIENT : from, P0, (puma_phase)phase), 0);
        /* P1 and P2 wait for the client's message first. */
        assert_int_equal(world_rounds(w), COSTS[i].rounds + 1 + (deals() ? COSTS[i].inputs : 0));
        world_free(w);
    }
}

/* 24-bit window of few elements, five digits joined at once: 139 + 37 offline, 18 online, 2 rounds
 * (only what enters an AND is opened). */
static void comparison_costs_equal_the_formula(void **state)
{
    world  *w = world_new(backend, 64, 0);
    setting at = { .bits = 24, .width = 24, .n = 8 };

    (void)state;
    world_seed(w, 3);
    assert_true(world_run(w, run_less, &at));
    if (sent(w, P0, P2, PUMA_OFFLINE) != (139 + 37) * 8) {
        print_message("compiled with another digit size: not compared\n");
        skip();
    }
    assert_int_equal(sent(w, P1, P2, PUMA_ONLINE) + sent(w, P2, P1, PUMA_ONLINE),
                     (18 + (deals() ? 2 * 24 : 0)) * 8);
    assert_int_equal(world_rounds(w), 2 + 1 + (deals() ? 1 : 0));
    world_free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_equal_the_formulas),
        cmocka_unit_test(comparison_costs_equal_the_formula),
    };

    if (argc != 3 || strcmp(argv[1], "--backend") != 0) {
        fprintf(stderr, "usage: test_leak_masked --backend NAME|FILE.so\n");
        return 2;
    }
    backend = world_backend(argv[2]);
    return cmocka_run_group_tests_name("costs of masked sharing", tests, NULL, NULL);
}
