/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_leak.c - what each node of any backend sees of its core operations depends on no secret.
 *
 *     test_leak --backend NAME|FILE.so [CHECK | many: CHECK | opening | told | random]
 *
 * Parties, dealer, rings and operations are what the backend's table says; nothing here knows how a share is
 * made.  Each check runs one small program on the client's secrets (or the parties'), and every node's view is
 * looked at in the three ways of views.h, besides traffic and the distribution of bytes.
 *
 * With a ring a tensor (PUMA_CAP_RINGS) most views are enumerated on rings of a few bits.  A backend with one
 * ring of 64 bits cannot be enumerated but for bits: there it is own masks and affine rank alone, on the real
 * ring. Seen is then every element that lacks a mask, has one that is too short, or one that another element
 * uses as well.  While sessions are opened only seeds may be sent, which say who holds a stream.  Not seen is
 * what goes wrong at a small share of secrets and masks only, and whether a share of a result is fresh: only
 * what is drawn and sent counts.  No way here sees what two nodes could find out together.
 *
 * What a party of masked sharing sends, by formula, is in test_leak_masked.c. */
#include "leak/checks.h"
#include "leak/views.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const puma_protocol *backend;
static const char          *only; /* the one check to run, for seeded bugs */

static bool has_rings(void) { return (backend->caps & PUMA_CAP_RINGS) != 0; }
static bool deals(void) { return (backend->caps & PUMA_CAP_DEALER) != 0; }

static bool applies(const check *c)
{
    return (backend->caps & c->needs) == c->needs && (c->has == NULL || c->has(backend)) &&
           (only == NULL || strcmp(only, c->name) == 0);
}

/* The setting in a real ring: of a backend with one ring, that one. */
static setting real_setting(const check *c, size_t n)
{
    setting at = c->real;

    at.n = n;
    if (!has_rings() && at.bits > 1) at.bits = at.to = 64;
    return at;
}

static void other_secrets(void *context, uint64_t random)
{
    setting *at = context;

    at->x = random;
    at->y = (random ^ random >> 31) * 0xff51afd7ed558ccdu >> 1;
}

static subject subject_of(const check *c, setting *at)
{
    return (subject){ .name = c->name, .run = c->run, .context = at, .secrets = other_secrets };
}

/* --- enumeration ------------------------------------------------------------------------------ */

#define MAX_ENUMERATED 22
#define MAX_DEALT 17 /* with a dealer inputs are opened, too */
#define COSTLY 15    /* bits above which three pairs of secrets are compared instead of five */

static size_t most_bits(void) { return deals() ? MAX_DEALT : MAX_ENUMERATED; }

/* Is the check small enough, and if so, are the views of `node` the same for all secrets?  What the node
 * knows is fixed at random, and the same for all of them. */
static bool enumerated(const check *c, uint32_t node, uint64_t known)
{
    world   *w = world_new(backend, has_rings() ? 8 : 64, 0);
    uint64_t size = 1ull << c->tiny.bits, most = size - 1, y_most = c->bit_y ? 1 : most;
    uint64_t secrets[][2] = {
        { 0, 0 }, { most, y_most }, { 1 % size, 1 }, { size / 2, 1 % (y_most + 1) }, { most, 0 }
    };
    setting at = c->tiny;
    subject of = subject_of(c, &at);
    size_t  count = sizeof secrets / sizeof *secrets;
    bool    fits = true;
    sums    first, other;

    world_keep(w, true);
    world_seed(w, known);
    at.n = 1;
    for (size_t k = 0; k < count && fits; k++) {
        size_t bits;

        at.x = secrets[k][0];
        at.y = secrets[k][1];
        bits = enumerate(w, &of, node, LACKED, most_bits(), k == 0 ? &first : &other);
        fits = bits <= most_bits();
        if (bits > COSTLY) count = 3;
        if (fits && k > 0 && memcmp(&first, &other, sizeof first) != 0)
            fail_msg("%s: the views of party %u differ between secrets (0, 0) and (%llu, %llu)", c->name,
                     node, (unsigned long long)at.x, (unsigned long long)at.y);
    }
    world_free(w);
    return fits;
}

static void views_do_not_depend_on_secrets(void **state)
{
    size_t done = 0, settings = 0;

    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++)
        for (uint32_t node = 0; node < backend->parties && applies(c) && (has_rings() || c->tiny.bits == 1);
             node++)
            for (uint64_t known = 1; known <= (only == NULL ? 1 : 2); known++) {
                bool fits = enumerated(c, node, known);

                settings++;
                done += fits;
                if (!fits)
                    print_message("%s: party %u: more than %zu bits, left to masks and affine rank\n",
                                  c->name, node, most_bits());
            }
    print_message("enumerated %zu of %zu settings\n", done, settings);
    if (has_rings()) assert_true(done * 4 >= settings * 3); /* most, however the backend cuts its digits */
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Who can compute a stream decides what the other tests find; anything else that is said while sessions are
 * opened they would not see. */
static void opening_tells_seeds_to_their_users_alone(void **state)
{
    world *w = world_new(backend, has_rings() ? 8 : 64, 0);

    (void)state;
    for (uint32_t node = 0; node <= backend->parties; node++) {
        size_t strays = world_strays(w, node < backend->parties ? node : PUMA_CLIENT);

        if (strays > 0)
            fail_msg("opening: node %u is sent %zu words that are no seed of a stream it opens", node, strays);
    }
    world_free(w);
}

/* --- own masks -------------------------------------------------------------------------------- */

static void every_received_element_has_a_mask_of_its_own(void **state)
{
    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++) {
        size_t masked = 0;

        for (uint32_t node = 0; node < backend->parties && applies(c); node++) {
            world  *w = world_new(backend, 64, 0);
            setting at = real_setting(c, 2);
            subject of = subject_of(c, &at);
            size_t  found;

            masked += found = check_masks(w, &of, node);
            print_message("%s: party %u: %zu received elements, each with a mask of its own\n", c->name, node,
                          found);
            world_free(w);
        }
        assert_true(masked > 0 || !applies(c));
    }
}

/* --- many elements ---------------------------------------------------------------------------- */

/* Elements in several words, and several vectors of them in one message, on rings of a few bits; a backend
 * with one ring of 64 bits by its bits alone. */
static void many_elements_have_masks_of_their_own(void **state)
{
    static const size_t counts[] = { 65, 130 };

    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            for (uint32_t node = 0; node < backend->parties && applies(c); node++) {
                world  *w = world_new(backend, has_rings() ? 8 : 64, 0);
                setting at = c->tiny;
                subject of = subject_of(c, &at);

                at.n = counts[k];
                if (has_rings() || at.bits == 1) check_masks(w, &of, node);
                world_free(w);
            }
}

/* --- the client ------------------------------------------------------------------------------- */

/* On a ring of any size: what the client receives is the answer, and elements with masks of their own that
 * leave the answer alone. */
static void the_receiver_sees_masks_beside_the_answer(void **state)
{
    const check *c = check_named("answer");
    world       *w = world_new(backend, 64, 0);
    setting      at = { .bits = 64, .to = 64, .n = 2 };
    subject      of = subject_of(c, &at);

    (void)state;
    of.answers = at.out;
    of.answer_count = at.n;
    assert_true(check_masks(w, &of, PUMA_CLIENT) > 0);
    for (size_t i = 0; i < at.n; i++) assert_true(at.out[i] == at.x * at.y);
    world_free(w);
}

/* The client learns the answer and no more: given the answer, the distribution of what it receives is the
 * same for all secrets.  The answer is rounded at random, so a product of 4 and one of 5 both give 2 at
 * times: views are compared answer by answer, their sums scaled by how often each answer came. */
static void the_receiver_learns_the_answer_alone(void **state)
{
    const check   *c = check_named("answer");
    const uint64_t pairs[][4] = {
        { 2, 2, 1, 4 }, { 2, 2, 5, 1 }, { 3, 1, 2, 1 }, { 7, 1, 2, 3 }
    }; /* x, y and x', y' */
    size_t compared = 0;

    (void)state;
    if (!has_rings()) skip();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        world   *w = world_new(backend, 8, 0);
        uint64_t unknown;
        sums     by_answer[2][8] = { { { { 0 } } } };
        uint64_t times[2][8] = { { 0 } };

        world_keep(w, true);
        world_seed(w, 7 + i);
        for (size_t k = 0; k < 2; k++) {
            setting at = c->tiny;

            if (deals()) at = (setting){ .bits = 2, .to = 1, .shift = 1 }; /* its inputs are opened, too */
            at.n = 1;
            at.x = pairs[i][2 * k];
            at.y = pairs[i][2 * k + 1];
            assert_true(world_run(w, c->run, &at));
            unknown = world_lacks(w, PUMA_CLIENT);
            assert_true(world_rewind(w, unknown) <= MAX_ENUMERATED);
            do {
                view received;

                assert_true(world_run(w, c->run, &at));
                received = *world_view(w, PUMA_CLIENT);
                /* behind the masks that the client drew for its own inputs */
                while (received.count > 0 && !received.items->received) received.items++, received.count--;
                add_view(&by_answer[k][at.out[0] & 7], &received);
                times[k][at.out[0] & 7]++;
            } while (world_step(w, unknown));
        }
        for (size_t answer = 0; answer < 8; answer++) {
            if (times[0][answer] == 0 || times[1][answer] == 0) continue;
            compared++;
            for (int h = 0; h < 3; h++)
                if (by_answer[0][answer].of[h] * times[1][answer] !=
                    by_answer[1][answer].of[h] * times[0][answer])
                    fail_msg("answer %zu: what the client receives differs between secrets (%llu, %llu) and "
                             "(%llu, %llu)",
                             answer, (unsigned long long)pairs[i][0], (unsigned long long)pairs[i][1],
                             (unsigned long long)pairs[i][2], (unsigned long long)pairs[i][3]);
        }
        world_free(w);
    }
    assert_true(compared >= 4);
}

/* --- a party that is told an answer ----------------------------------------------------------- */

/* Of x + y a party that is told it learns no more, and the others nothing. */
static void told_sums_hide_their_addends(uint32_t told)
{
    static const uint64_t addends[2][3][2] = { { { 0, 0 }, { 1, 7 }, { 5, 3 } },
                                               { { 2, 3 }, { 4, 1 }, { 7, 6 } } };

    for (uint32_t node = 0; node < backend->parties; node++)
        for (size_t k = 0; k < 2; k++) {
            world  *w = world_new(backend, 8, 0);
            setting at = { .bits = 3, .n = 1, .told = told };
            subject of = { .name = "told", .run = run_told, .context = &at };
            sums    first, other;

            world_keep(w, true);
            for (size_t i = 0; i < 3; i++) {
                at.x = addends[k][i][0];
                at.y = addends[k][i][1];
                assert_true(enumerate(w, &of, node, LACKED, MAX_ENUMERATED,
                                      i == 0 ? &first : &other) <= MAX_ENUMERATED);
                if (i > 0 && memcmp(&first, &other, sizeof first) != 0)
                    fail_msg("told: the views of party %u differ between secrets of one sum, told to %u",
                             node, told);
            }
            world_free(w);
        }
}

static void a_party_is_told_the_answer_alone(void **state)
{
    (void)state;
    for (uint32_t told = 0; told < backend->parties; told++) {
        if (deals() && told == backend->dealer) continue;
        if (has_rings()) told_sums_hide_their_addends(told);
        for (uint32_t node = 0; node < backend->parties; node++) {
            world  *w = world_new(backend, 64, 0);
            setting at = { .bits = 64, .n = 2, .told = told };
            subject of = {
                .name = "told", .run = run_told, .context = &at, .secrets = other_secrets, .answers = at.out
            };

            of.answer_count = node == told ? at.n : 0;
            check_masks(w, &of, node);
            for (size_t i = 0; i < at.n; i++) assert_true(at.out[i] == at.x + at.y);
            world_free(w);
        }
    }
}

/* --- words that no node knows ------------------------------------------------------------------ */

enum { RANDOM_BITS = 3, RANDOM_VALUES = 1 << RANDOM_BITS };

/* Over all streams that `node` lacks every value of a random word comes along with the same views of the node, and as
 * often: to the node it is uniform.  The word is told to another node to be seen here. */
static void random_is_uniform_to(uint32_t node, uint32_t told, uint64_t known)
{
    world   *w = world_new(backend, 8, 0);
    setting  at = { .bits = RANDOM_BITS, .n = 1, .told = told };
    sums     by_value[RANDOM_VALUES] = { { { 0 } } };
    uint64_t unknown, times[RANDOM_VALUES] = { 0 };

    world_keep(w, true);
    world_seed(w, known);
    assert_true(world_run(w, run_random, &at));
    unknown = world_lacks(w, node);
    assert_true(world_rewind(w, unknown) <= MAX_ENUMERATED);
    do {
        assert_true(world_run(w, run_random, &at));
        add_view(&by_value[at.out[0] % RANDOM_VALUES], world_view(w, node));
        times[at.out[0] % RANDOM_VALUES]++;
    } while (world_step(w, unknown));
    for (size_t v = 0; v < RANDOM_VALUES; v++)
        if (times[v] == 0 || times[v] != times[0] || memcmp(&by_value[v], &by_value[0], sizeof *by_value) != 0)
            fail_msg("random: what node %u sees goes with the word: %zu comes %llu times, 0 comes %llu times", node, v,
                     (unsigned long long)times[v], (unsigned long long)times[0]);
    world_free(w);
}

static void no_node_knows_a_random_word(void **state)
{
    (void)state;
    if (!has_random(backend) || !has_rings()) skip();
    for (uint32_t told = 0; told <= backend->parties; told++)
        for (uint32_t node = 0; node <= backend->parties; node++)
            for (uint64_t known = 1; known <= 3 && told != node && !(deals() && told == backend->dealer); known++)
                random_is_uniform_to(node < backend->parties ? node : PUMA_CLIENT,
                                     told < backend->parties ? told : PUMA_CLIENT, known);
}

/* Drawing takes no message: what is sent tells the word, and no more. */
static void a_random_word_is_drawn_without_a_message(void **state)
{
    world  *w = world_new(backend, 64, 0);
    setting at = { .bits = 64, .n = 5, .told = PUMA_CLIENT };

    (void)state;
    if (!has_random(backend)) {
        world_free(w);
        skip();
    }
    assert_true(world_run(w, run_random, &at));
    for (uint32_t from = 0; from <= backend->parties; from++)
        for (uint32_t to = 0; to < backend->parties; to++)
            for (int phase = 0; phase < 2; phase++)
                assert_int_equal(world_bits(w, from < backend->parties ? from : PUMA_CLIENT, to, (puma_phase)phase), 0);
    assert_int_equal(world_rounds(w), 1);
    world_free(w);
}

/* --- affine rank ------------------------------------------------------------------------------ */

#define MAX_COLUMNS 4096

static void views_have_full_affine_rank(void **state)
{
    static const uint64_t secrets[][2] = { { 0, 0 }, { 1, 1 }, { ~0ull, 1 }, { 0x123456789abcdefu, 0 } };

    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++)
        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
            for (uint32_t node = 0; node < backend->parties && applies(c); node++) {
                world  *w = world_new(backend, 64, 0);
                setting at = real_setting(c, 2);
                subject of = subject_of(c, &at);

                at.x = secrets[k][0];
                at.y = secrets[k][1];
                world_seed(w, 1000 * (uint64_t)(c - CHECKS) + 10 * k + node);
                check_rank(w, &of, node, MAX_COLUMNS);
                world_free(w);
            }
}

/* --- traffic ---------------------------------------------------------------------------------- */

typedef struct histogram {
    uint64_t count[256], bytes; /* of words */
    uint64_t ones, bits;        /* of boolean elements */
} histogram;

static void count_received(histogram *h, const view *v)
{
    for (size_t k = 0; k < v->count; k++) {
        if (!v->items[k].received) continue;
        if (v->items[k].boolean) {
            h->bits++;
            h->ones += v->items[k].value;
        }
        for (uint32_t b = 0; b + 8 <= v->items[k].bits; b += 8, h->bytes++)
            h->count[v->items[k].value >> b & 255]++;
    }
}

/* Chi-square with 255 degrees of freedom; 415 is passed by chance once in 10^9. */
static void check_uniform(const histogram *h, const char *name, uint32_t node)
{
    double chi = 0;

    for (size_t b = 0; b < 256 && h->bytes > 0; b++) {
        double expected = (double)h->bytes / 256;

        chi += ((double)h->count[b] - expected) * ((double)h->count[b] - expected) / expected;
    }
    if (chi > 415)
        fail_msg("%s: bytes that party %u receives: chi-square %.1f over %llu", name, node, chi,
                 (unsigned long long)h->bytes);
    if (h->bits > 0 && fabs((double)h->ones - (double)h->bits / 2) > 3.5 * sqrt((double)h->bits))
        fail_msg("%s: of %llu bits that party %u receives %llu are 1", name, (unsigned long long)h->bits,
                 node, (unsigned long long)h->ones);
}

/* Marginals: the bytes that a party receives, and the ones among the bits, 2^20 bytes or more, for secrets 0,
 * 1, -1 and the largest. */
static void received_bytes_are_uniform(void **state)
{
    static const uint64_t secrets[] = { 0, 1, ~0ull, 1ull << 62 };

    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++) {
        uint64_t received = 0;

        for (uint32_t node = 0; node < backend->parties && applies(c); node++) {
            world    *w = world_new(backend, 64, 0);
            histogram h = { .bytes = 0 };

            world_seed(w, 77 * (uint64_t)(c - CHECKS) + node);
            for (size_t run = 0; run < 64 && h.bytes < 1 << 20 && h.bits < 1 << 22; run++) {
                setting at = real_setting(c, 4096);

                at.x = secrets[run % 4];
                at.y = secrets[run / 4 % 4];
                assert_true(world_run(w, c->run, &at));
                count_received(&h, world_view(w, node));
                if (run == 0 && h.bytes + h.bits == 0) break; /* it receives nothing */
            }
            check_uniform(&h, c->name, node);
            received += h.bytes + h.bits;
            world_free(w);
        }
        assert_true(received > 0 || !applies(c));
    }
}

/* Lengths and rounds depend on shapes alone; a dealer receives nothing from those who compute. */
static void traffic_is_a_function_of_shapes(void **state)
{
    (void)state;
    for (const check *c = CHECKS; c < CHECKS + CHECK_COUNT; c++) {
        uint64_t bits[9][9][2] = { { { 0 } } }, rounds = 0;
        uint32_t nodes = backend->parties + 1;
        world   *w;

        if (!applies(c)) continue;
        w = world_new(backend, 64, 0);
        world_seed(w, (uint64_t)(c - CHECKS));
        for (uint64_t k = 0; k < 50; k++) {
            setting at = real_setting(c, 3);

            at.x = k * 0x9e3779b97f4a7c15u;
            at.y = k;
            assert_true(world_run(w, c->run, &at));
            if (k == 0) rounds = world_rounds(w);
            assert_int_equal(rounds, world_rounds(w));
            for (uint32_t from = 0; from < nodes; from++)
                for (uint32_t to = 0; to < nodes; to++)
                    for (int phase = 0; phase < 2; phase++) {
                        uint64_t sent =
                            world_bits(w, from < backend->parties ? from : PUMA_CLIENT,
                                       to < backend->parties ? to : PUMA_CLIENT, (puma_phase)phase);

                        if (k == 0) bits[from][to][phase] = sent;
                        assert_int_equal(bits[from][to][phase], sent);
                        if (to == backend->dealer && from < backend->parties) assert_int_equal(sent, 0);
                    }
        }
        world_free(w);
    }
}

/* Runs what a seeded bug is to be seen by: one check's views, those of many elements, or a test by its name. */
static int run_only(const char *name)
{
    const struct CMUnitTest views[] = {
        cmocka_unit_test(views_have_full_affine_rank),
        cmocka_unit_test(views_do_not_depend_on_secrets),
        cmocka_unit_test(every_received_element_has_a_mask_of_its_own),
    };
    const struct CMUnitTest receiver[] = {
        cmocka_unit_test(the_receiver_learns_the_answer_alone),
        cmocka_unit_test(the_receiver_sees_masks_beside_the_answer),
    };
    const struct CMUnitTest opening[] = { cmocka_unit_test(opening_tells_seeds_to_their_users_alone) };
    const struct CMUnitTest told[] = { cmocka_unit_test(a_party_is_told_the_answer_alone) };
    const struct CMUnitTest random[] = {
        cmocka_unit_test(no_node_knows_a_random_word),
        cmocka_unit_test(a_random_word_is_drawn_without_a_message),
    };
    const struct CMUnitTest many[] = { cmocka_unit_test(many_elements_have_masks_of_their_own) };

    if (strcmp(name, "opening") == 0) return cmocka_run_group_tests_name("leak", opening, NULL, NULL);
    if (strcmp(name, "told") == 0) return cmocka_run_group_tests_name("leak", told, NULL, NULL);
    if (strcmp(name, "random") == 0) return cmocka_run_group_tests_name("leak", random, NULL, NULL);
    only = strncmp(name, "many: ", 6) == 0 ? name + 6 : name;
    (void)check_named(only);
    if (only != name) return cmocka_run_group_tests_name("leak", many, NULL, NULL);
    if (strcmp(name, "answer") == 0) return cmocka_run_group_tests_name("leak", receiver, NULL, NULL);
    return cmocka_run_group_tests_name("leak", views, NULL, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_tells_seeds_to_their_users_alone),
        cmocka_unit_test(views_have_full_affine_rank),
        cmocka_unit_test(views_do_not_depend_on_secrets),
        cmocka_unit_test(every_received_element_has_a_mask_of_its_own),
        cmocka_unit_test(many_elements_have_masks_of_their_own),
        cmocka_unit_test(the_receiver_learns_the_answer_alone),
        cmocka_unit_test(the_receiver_sees_masks_beside_the_answer),
        cmocka_unit_test(a_party_is_told_the_answer_alone),
        cmocka_unit_test(no_node_knows_a_random_word),
        cmocka_unit_test(a_random_word_is_drawn_without_a_message),
        cmocka_unit_test(received_bytes_are_uniform),
        cmocka_unit_test(traffic_is_a_function_of_shapes),
    };

    if (argc < 3 || argc > 4 || strcmp(argv[1], "--backend") != 0) {
        fprintf(stderr, "usage: test_leak --backend NAME|FILE.so [CHECK | many: CHECK | opening | told | random]\n");
        return 2;
    }
    backend = world_backend(argv[2]);
    if ((backend->caps & PUMA_CAP_LOCAL) != 0) {
        fprintf(stderr, "test_leak: %s computes in one process: nobody to hide anything from\n", argv[2]);
        return 2;
    }
    return argc > 3 ? run_only(argv[3]) : cmocka_run_group_tests_name("leak", tests, NULL, NULL);
}
