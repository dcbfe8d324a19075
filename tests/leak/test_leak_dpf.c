/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_leak_dpf.c - rep3's embedding by the client's ids: every id of small tables, and what a party sees.
 *
 *     test_leak_dpf PLUGIN.so [CHECK]
 *
 * results  every id, tables of 1 to 40 rows, several rings, two parts; bits on every link as in doc/rep3.md.
 * table    enumeration: for fixed keys and everything that P1 (P2) holds fixed, the streams that it lacks run
 *          through all their values; the multiset of its views must be the same for every table.  One id and
 *          one part, and two of both.
 * keys     affine rank: for fixed ids, two of them in two parts, the bits that a party gets from the client and
 *          those of the one-hot rows that it expands from them (with this test's own copy of dpf_keys.c) must
 *          obey no affine relation over GF(2).  A party that held both keys of one function would have rows
 *          whose low bits differ by a constant; a correction without its mask, or with equal seeds, would be
 *          constant itself; of keys under one root the corrections would differ by the ids' bits. */
#include "leak/views.h"

#include "dpf_keys.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static const puma_protocol *backend;

#define MOST 64

typedef struct setting {
    size_t   ids, rows[2], columns; /* rows[1] 0: one part                    */
    uint32_t bits;
    uint64_t table[2 * MOST];
    uint32_t id[2][MOST];
    bool     reveals;
    uint64_t out[2 * MOST];
} setting;

static void embed(puma_session *s, void *context)
{
    setting *c = context;
    bool     client = s->role == PUMA_CLIENT;
    size_t dim[2] = { c->rows[0] + c->rows[1], c->columns }, result[2] = { c->ids, client ? 0 : c->columns };
    puma_tensor *table = s->host->tensor(s, PUMA_ARITH, 2, dim, c->bits, 0), *z, shape;
    uint64_t    *words = s->host->scratch(s, table->n);
    puma_index parts[2] = { { .first = 0, .rows = c->rows[0] }, { .first = c->rows[0], .rows = c->rows[1] } };

    for (size_t i = 0; i < table->n; i++) words[i] = c->table[i] & puma_mask(c->bits);
    s->protocol->share(s, table, client ? words : NULL, PUMA_CLIENT);
    z = s->host->tensor(s, PUMA_ARITH, 2, result, c->bits, 0);
    for (int p = 0; client && p < 2; p++) parts[p].ids = c->id[p];
    lookup_of(s)->embed(s, z, client ? NULL : table, parts, c->rows[1] > 0 ? 2 : 1, PUMA_CLIENT);
    if (!c->reveals) return;
    shape = *z;
    shape.n = shape.words = c->ids * c->columns;
    s->protocol->reveal(s, client ? c->out : NULL, &shape, PUMA_CLIENT);
}

/* --- results and costs -------------------------------------------------------------------------------- */

static void check_results(const setting *c, const char *what)
{
    for (size_t i = 0; i < c->ids * c->columns; i++) {
        size_t   row = i / c->columns, column = i % c->columns;
        uint64_t wanted = c->table[c->id[0][row] * c->columns + column];

        if (c->rows[1] > 0) wanted += c->table[(c->rows[0] + c->id[1][row]) * c->columns + column];
        wanted &= puma_mask(c->bits);
        if (c->out[i] != wanted)
            fail_msg("%s: %zu rows, ring %u, id %u: got %llx, expected %llx", what, c->rows[0], c->bits,
                     c->id[0][row], (unsigned long long)c->out[i], (unsigned long long)wanted);
    }
}

static void every_id_finds_its_row(void **state)
{
    static const size_t   rows[] = { 1, 2, 3, 6, 7, 12, 13, 25, 40 };
    static const uint32_t rings[] = { 1, 2, 8, 20, 31, 32, 33, 48, 63, 64 };

    (void)state;
    for (size_t v = 0; v < sizeof rows / sizeof *rows; v++)
        for (size_t b = 0; b < sizeof rings / sizeof *rings; b++)
            for (size_t second = 0; second < 8; second += 3) {
                world    *w = world_new(backend, 64, 0);
                setting   c = { .ids = rows[v],
                                .rows = { rows[v], second },
                                .columns = 1,
                                .bits = rings[b],
                                .reveals = true };
                dpf_shape f[2] = { dpf_shape_of(rows[v], c.bits), dpf_shape_of(second, c.bits) };
                uint64_t  message =
                    2 * rows[v] * (dpf_key_bits(&f[0]) + (second > 0 ? dpf_key_bits(&f[1]) : 0));
                uint64_t share = (rows[v] + second) * c.bits, entries = rows[v] * c.bits;

                message = (message + 63) / 64 * 64 + 256;
                for (size_t i = 0; i < rows[v] + second; i++) c.table[i] = (i + 1) * 0x9e3779b97f4a7c15u;
                for (size_t i = 0; i < c.ids; i++) {
                    c.id[0][i] = (uint32_t)i;
                    c.id[1][i] = second > 0 ? (uint32_t)(i % second) : 0;
                }
                world_seed(w, 100 * v + b + 1);
                assert_true(world_run(w, embed, &c));
                check_results(&c, "results");
                assert_int_equal(world_bits(w, PUMA_CLIENT, 0, PUMA_ONLINE), message);
                assert_int_equal(world_bits(w, PUMA_CLIENT, 1, PUMA_ONLINE), message + share);
                assert_int_equal(world_bits(w, PUMA_CLIENT, 2, PUMA_ONLINE), message + share);
                assert_int_equal(world_bits(w, 0, 2, PUMA_ONLINE), entries);
                assert_int_equal(world_bits(w, 1, 2, PUMA_ONLINE), entries);
                assert_int_equal(world_bits(w, 2, 1, PUMA_ONLINE), entries);
                for (uint32_t from = 0; from < 3; from++)
                    for (uint32_t to = 0; to < 3; to++)
                        assert_int_equal(world_bits(w, from, to, PUMA_OFFLINE), 0);
                world_free(w);
            }
}

/* --- the table stays hidden --------------------------------------------------------------------------- */

/* Not the client's own draws run through their values: its keys are the same for all tables. */
static void check_table(const setting *at, uint32_t party, uint64_t known, uint64_t step)
{
    setting  c = *at;
    size_t   rows = c.rows[0] + c.rows[1];
    world   *w = world_new(backend, 8, 0);
    subject  of = { .name = "table", .run = embed, .context = &c };
    uint64_t unknown = world_stream(w, "rep3 lambda", 0, 3 - party) |
                       world_stream(w, party == 1 ? "rep3 input 2" : "rep3 input 1", 0, PUMA_CLIENT);
    sums first, other;

    world_keep(w, true);
    world_seed(w, known);
    assert_true(enumerate(w, &of, party, unknown, 20, &first) <= 20);
    for (uint64_t t = 1; t < 1ull << rows * c.bits; t += step) {
        for (size_t i = 0; i < rows; i++) c.table[i] = t >> c.bits * i & puma_mask(c.bits);
        enumerate(w, &of, party, unknown, 20, &other);
        if (memcmp(&first, &other, sizeof first) != 0)
            fail_msg("table: the views of party %u differ between secrets 0 and %llu", party,
                     (unsigned long long)t);
    }
    world_free(w);
}

static void views_do_not_depend_on_the_table(void **state)
{
    static const setting one = { .ids = 1, .rows = { 3 }, .columns = 1, .bits = 2, .id = { { 1 } } };
    static const setting two = {
        .ids = 2, .rows = { 2, 1 }, .columns = 1, .bits = 1, .id = { { 1, 0 }, { 0, 0 } }
    };

    (void)state;
    for (uint32_t party = 1; party <= 2; party++)
        for (uint64_t known = 1; known <= 3; known++) {
            check_table(&one, party, known, 3);
            check_table(&two, party, known, 1);
        }
}

/* --- the ids stay hidden ------------------------------------------------------------------------------ */

enum { RING = 8, IDS = 2, PARTS = 2, KEYS = 2 * PARTS * IDS, MOST_ROWS = 40 };

static const size_t ROWS[PARTS] = { MOST_ROWS, 20 };

static void put_bits(uint64_t *row, size_t *column, uint64_t value, uint32_t bits)
{
    for (uint32_t b = 0; b < bits; b++, ++*column) row[*column / 64] |= (value >> b & 1) << *column % 64;
}

/* Bits of a party's keys, all of them. */
static size_t key_bits(void)
{
    size_t sum = 0;

    for (size_t p = 0; p < PARTS; p++) {
        dpf_shape f = dpf_shape_of(ROWS[p], RING);

        sum += (size_t)2 * IDS * dpf_key_bits(&f);
    }
    return sum;
}

/* The one-hot row of the key at bit *at of the line, as bits. */
static void put_one_hot(uint64_t *row, size_t *column, const uint64_t *line, size_t *at, size_t rows, int holder,
                        dpf_cipher *tree, const dpf_block *root)
{
    const dpf_shape f = dpf_shape_of(rows, RING);
    uint64_t        key[32], out[MOST_ROWS];
    dpf_block       room[6 * (MOST_ROWS + 1)];

    assert_true(dpf_key_words(&f) <= sizeof key / sizeof *key);
    dpf_key_take(key, line, at, &f);
    assert_true(dpf_expand(out, &f, tree, holder, root, key, room));
    for (size_t i = 0; i < rows; i++) put_bits(row, column, out[i], RING);
}

/* What `party` got from the client and expands from it, as bits behind a 1; returns how many there are. */
static size_t fill_row(uint64_t *row, const view *v, uint32_t party)
{
    uint64_t    line[64] = { 0 };
    dpf_block   roots[KEYS];
    dpf_cipher *tree;
    size_t      words = 0, column = 0, at = 256, used = 0;

    assert_true(4 + (key_bits() + 63) / 64 <= sizeof line / sizeof *line);
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i].received && v->items[i].bits == 64) line[words++] = v->items[i].value;
    assert_int_equal(words, 4 + (key_bits() + 63) / 64);
    put_bits(row, &column, 1, 1);
    for (size_t b = 0; b < 256 + key_bits(); b++) put_bits(row, &column, line[b / 64] >> b % 64 & 1, 1);
    tree = dpf_cipher_new(line);
    assert_non_null(tree);
    assert_true(dpf_roots(roots, KEYS, line + 2));
    for (int q = 0; q < 2; q++) {
        /* P0 is the first holder of both its pairs, P2 the second, P1 the first with P2 and the second with
         * P0. */
        int holder = party == 0 ? 0 : party == 2 ? 1 : q;

        for (size_t p = 0; p < PARTS; p++)
            for (size_t i = 0; i < IDS; i++)
                put_one_hot(row, &column, line, &at, ROWS[p], holder, tree, &roots[used++]);
    }
    dpf_cipher_free(tree);
    return column;
}

/* Ids of each part. */
static void check_keys(const uint32_t ids[PARTS][IDS], uint64_t seed)
{
    const size_t columns = 1 + 256 + key_bits() + (size_t)2 * IDS * (ROWS[0] + ROWS[1]) * RING,
                 words = (columns + 63) / 64, runs = columns + 64;
    world    *w = world_new(backend, RING, 0);
    setting   c = { .ids = IDS, .rows = { ROWS[0], ROWS[1] }, .columns = 1, .bits = RING };
    uint64_t *rows[3];

    for (size_t p = 0; p < PARTS; p++) memcpy(c.id[p], ids[p], sizeof ids[p]);
    world_seed(w, seed);
    for (uint32_t party = 0; party < 3; party++) {
        rows[party] = calloc(runs * words, sizeof **rows);
        assert_non_null(rows[party]);
    }
    for (size_t run = 0; run < runs; run++) {
        assert_true(world_run(w, embed, &c));
        for (uint32_t party = 0; party < 3; party++)
            assert_int_equal(fill_row(rows[party] + run * words, world_view(w, party), party), columns);
    }
    for (uint32_t party = 0; party < 3; party++) {
        size_t rank = rank_of(rows[party], runs, words);

        if (rank != columns)
            fail_msg("keys: what party %u gets and expands for ids %u and %u obeys an affine relation (%zu "
                     "columns, rank %zu)",
                     party, ids[0][0], ids[0][1], columns, rank);
        free(rows[party]);
    }
    world_free(w);
}

static void keys_obey_no_affine_relation(void **state)
{
    static const uint32_t ids[][PARTS][IDS] = {
        { { 0, 0 }, { 0, 0 } }, { { 17, MOST_ROWS - 1 }, { 7, 19 } }
    };
    const dpf_shape f = dpf_shape_of(ROWS[0], RING);

    (void)state;
    assert_true(f.depth == 2 && f.width == 15);
    for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) check_keys(ids[k], 77 + k);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_id_finds_its_row),
        cmocka_unit_test(views_do_not_depend_on_the_table),
        cmocka_unit_test(keys_obey_no_affine_relation),
    };
    static const char *const names[] = { "results", "table", "keys" };

    if (argc < 2) {
        fprintf(stderr, "usage: test_leak_dpf PLUGIN.so [results|table|keys]\n");
        return 2;
    }
    backend = world_backend(argv[1]);
    for (size_t i = 0; argc > 2 && i < 3; i++) {
        const struct CMUnitTest one[] = { tests[i] };

        if (strcmp(argv[2], names[i]) == 0) return cmocka_run_group_tests_name("dpf", one, NULL, NULL);
    }
    return argc > 2 ? 2 : cmocka_run_group_tests_name("dpf", tests, NULL, NULL);
}
