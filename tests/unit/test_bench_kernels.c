/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_bench_kernels.c - the rates that `puma bench` shows, on a clock and on kernels that this file plays:
 * every reading of the clock is a fixed time after the last, so that each rate is known beforehand. */
#include "cli/bench.h"
#include "ring/prg.h"
#include "ring/ring.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the clock and the kernels --------------------------------------------------------------------- */

static double step = 0.1, ticking,
              shown;    /* seconds of a reading and of a kernel's call, and the clock's hand */
static size_t mix_size; /* multiply-adds in a loop of ring_mix                */
static bool   has_avx2, prg_refused;
static size_t products, packed, threads;

int clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    shown += step;
    t->tv_sec = (time_t)shown;
    t->tv_nsec = (long)((shown - floor(shown)) * 1e9);
    return 0;
}

static void no_product(uint64_t *c, const uint64_t *a, const uint64_t *b, const puma_gemm *g)
{
    (void)c;
    (void)a;
    (void)b;
    assert_true(g->sign == 1 && g->m == 128 && (g->batch > 1) == g->b_batched);
    products++;
}

const puma_ring *ring_kernels_named(const char *name)
{
    static const puma_ring played = { .matmul = no_product };

    return strcmp(name, "portable") == 0 || (has_avx2 && strcmp(name, "avx2") == 0) ? &played : NULL;
}

size_t ring_mix(const char *name, uint32_t bits, size_t loops)
{
    (void)name;
    (void)loops;
    assert_true(bits == 64 || bits == 48 || bits == 32);
    return mix_size;
}

void ring_set_threads(int n) { threads = (size_t)n; }

void ring_pack(uint8_t *to, const uint64_t *words, size_t n, uint32_t bits)
{
    (void)words;
    memset(to, 0, (n * bits + 7) / 8);
    shown += ticking;
    packed++;
}

void ring_unpack(uint64_t *words, const uint8_t *from, size_t n, uint32_t bits)
{
    (void)from;
    (void)bits;
    memset(words, 0, n * sizeof *words);
    shown += ticking;
}

puma_status prg_new(puma_prg **prg, const uint8_t seed[32], const char *purpose, puma_error *e)
{
    (void)seed;
    (void)purpose;
    *prg = NULL;
    return prg_refused ? error_set(e, 1020, "no stream") : PUMA_OK;
}

void prg_free(puma_prg *prg) { (void)prg; }

void prg_words(puma_prg *prg, uint64_t *words, size_t n, uint32_t bits)
{
    (void)prg;
    (void)bits;
    memset(words, 0, n * sizeof *words);
}

void prg_bits(puma_prg *prg, uint64_t *words, size_t n)
{
    (void)prg;
    memset(words, 0, n / 8);
}

/* --- what is shown --------------------------------------------------------------------------------- */

static int reset(void **state)
{
    (void)state;
    step = 0.1;
    shown = ticking = 0;
    mix_size = products = packed = threads = 0;
    has_avx2 = prg_refused = false;
    return 0;
}

static json_t *rows_of(const char *only, size_t n)
{
    json_t    *list = json_array();
    puma_error e = { 0 };

    assert_non_null(list);
    if (bench_kernels(only, n, list, &e) != PUMA_OK) fail_msg("%s", e.text);
    return list;
}

static double number(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);

    if (!json_is_number(value)) fail_msg("no number %s", key);
    return json_number_value(value);
}

static const char *word(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static void check(const json_t *row, const char *key, double want)
{
    double got = number(row, key);

    if (!(fabs(got - want) <= 1e-6 * want)) fail_msg("%s: %.9g, not %.9g", key, got, want);
}

/* The lines that are printed for people. */
static char *printed(const char *only, size_t n)
{
    FILE      *file = tmpfile();
    int        saved = dup(STDOUT_FILENO);
    puma_error e = { 0 };
    char      *text = calloc(1, 1 << 16);

    assert_true(file != NULL && saved >= 0 && text != NULL);
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    bench_kernels(only, n, NULL, &e);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    (void)!fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    assert_int_equal(e.status, PUMA_OK);
    return text;
}

static size_t lines_in(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++) n += *text == '\n';
    return n;
}

static void products_by_the_time_of_one(void **state)
{
    const double  macs = 128.0 * 3072 * 768;
    json_t       *rows = rows_of("matmul", 1);
    const json_t *row = json_array_get(rows, 0);

    (void)state;
    assert_int_equal(json_array_size(rows), 3); /* one shape in three rings */
    assert_int_equal(threads, 1);
    assert_string_equal(word(row, "op"), "matmul");
    assert_string_equal(word(row, "kernel"), "portable");
    check(row, "bits", 64);
    check(row, "m", 128);
    check(row, "gmac_per_s", macs / 0.1 / 1e9);
#if defined(__x86_64__)
    check(row, "ghz", 8 * 100000 / 0.1 / 1e9); /* eight additions a loop */
    check(row, "mac_per_cycle", macs / (8 * 100000));
#endif
    assert_null(json_object_get(row, "peak_gmac_per_s")); /* unknown of these kernels */
    json_decref(rows);
}

static void every_kernel_of_the_cpu_has_every_shape(void **state)
{
    json_t       *rows;
    const json_t *row;

    (void)state;
    has_avx2 = true;
    mix_size = 16;
    rows = rows_of("kernel", 1); /* the old name */
    assert_int_equal(json_array_size(rows), 3 + 3 * 4);
    row = json_array_get(rows, 5);
    assert_string_equal(word(row, "kernel"), "avx2");
    check(row, "batch", 12);
    check(row, "n", 128);
    check(row, "k", 64);
    assert_true(json_is_true(json_object_get(row, "transposed")));
    /* The same number of multiply-adds in registers, in the same time. */
    check(row, "peak_gmac_per_s", number(row, "gmac_per_s"));
    check(row, "share_of_peak", 1);
    assert_true(products > 0);
    json_decref(rows);
}

/* A run that is too short for the clock is repeated until it is not. */
static void short_runs_are_repeated(void **state)
{
    json_t *rows;

    (void)state;
    step = 0;
    ticking = 0.0001;
    rows = rows_of("pack", 8);
    check(json_array_get(rows, 0), "gb_per_s", 8 * 8 / 0.0001 / 1e9);
    check(json_array_get(rows, 1), "gb_per_s", 8 * 8 / 0.0001 / 1e9);
    /* 1, 2, 4, 8 runs are too few, 16 make a stretch, and stretches go on for 0.3 s. */
    assert_in_range(packed, 7 * (31 + 0.3 / 0.0001 - 1), 7 * (31 + 0.3 / 0.0001 + 32));
    json_decref(rows);
}

static void streams_beside_openssl(void **state)
{
    static const double bits[] = { 64, 48, 22, 12, 7, 1 }, size[] = { 8, 8, 4, 2, 1, 8 };
    json_t             *rows = rows_of("prg", 4096);

    (void)state;
    assert_int_equal(json_array_size(rows), 6);
    for (size_t i = 0; i < 6; i++) {
        const json_t *row = json_array_get(rows, i);

        assert_string_equal(word(row, "op"), "prg");
        assert_string_equal(word(row, "what"), i < 5 ? "words" : "bits");
        check(row, "bits", bits[i]);
        check(row, "n", 4096);
        check(row, "gb_per_s", 4096 * size[i] / 0.1 / 1e9);
        check(row, "openssl_gb_per_s", 16 * 16384 / 0.1 / 1e9);
        check(row, "share_of_openssl", 4096 * size[i] / (16 * 16384));
    }
    json_decref(rows);
}

static void packing_both_ways(void **state)
{
    json_t *rows = rows_of("pack", 1000);

    (void)state;
    assert_int_equal(json_array_size(rows), 14);
    for (size_t i = 0; i < 14; i++) {
        const json_t *row = json_array_get(rows, i);

        assert_string_equal(word(row, "what"), i % 2 == 0 ? "pack" : "unpack");
        check(row, "gb_per_s", 8000 / 0.1 / 1e9);
        assert_null(json_object_get(row, "openssl_gb_per_s"));
    }
    json_decref(rows);
}

static void people_read_the_same_numbers(void **state)
{
    char *text;

    (void)state;
    has_avx2 = true;
    mix_size = 16;
    text = printed("matmul", 1);
    assert_int_equal(lines_in(text), 15);
    assert_non_null(strstr(text, "matmul portable  mod 2^64  1 x (128 x 768 x 3072):   3.02 GMAC/s"));
    assert_non_null(
        strstr(text, "matmul avx2      mod 2^48 12 x (128 x 64 x 128 transposed):   0.13 GMAC/s"));
    assert_non_null(strstr(text, ", 100 % of the 0.13 that its instructions allow\n"));
    free(text);
    text = printed("prg", 1 << 20);
    assert_int_equal(lines_in(text), 6);
    assert_non_null(strstr(
        text, "prg words   22 bits,  1048576 words:   0.04 GB/s of key stream, 1600 % of OpenSSL's 0.00\n"));
    free(text);
    text = printed("pack", 1 << 20);
    assert_int_equal(lines_in(text), 14);
    assert_non_null(strstr(text, "pack unpack  13 bits,  1048576 words:   0.08 GB/s\n"));
    free(text);
    text = printed(NULL, 1 << 10); /* all of them */
    assert_int_equal(lines_in(text), 15 + 6 + 14);
    free(text);
}

static void unknown_names_measure_nothing(void **state)
{
    puma_error e = { 0 };
    json_t    *rows;

    (void)state;
    assert_true(bench_kernels_named(NULL) && bench_kernels_named("matmul") && bench_kernels_named("kernel"));
    assert_true(bench_kernels_named("prg") && bench_kernels_named("pack"));
    assert_false(bench_kernels_named("gelu") || bench_kernels_named("") || bench_kernels_named("packs"));
    rows = json_array();
    assert_int_equal(bench_kernels("gelu", 16, rows, &e), PUMA_OK);
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}

/* What fails ends the list: no row of what comes after it. */
static void a_failure_ends_it(void **state)
{
    puma_error e = { 0 };
    json_t    *rows = json_array();

    (void)state;
    prg_refused = true;
    assert_int_equal(bench_kernels(NULL, 16, rows, &e), PUMA_ERESOURCE);
    assert_int_equal(e.code, 1020);
    assert_int_equal(json_array_size(rows), 3);
    json_decref(rows);
    prg_refused = false;
    e = (puma_error){ 0 };
    rows = json_array();
    assert_int_equal(bench_kernels("pack", SIZE_MAX / 4, rows, &e), PUMA_ERESOURCE);
    assert_int_equal(e.code, 1001);
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}

int main(void)
{
#define ON_THE_CLOCK(test) cmocka_unit_test_setup(test, reset)
    static const struct CMUnitTest tests[] = {
        ON_THE_CLOCK(products_by_the_time_of_one),
        ON_THE_CLOCK(every_kernel_of_the_cpu_has_every_shape),
        ON_THE_CLOCK(short_runs_are_repeated),
        ON_THE_CLOCK(streams_beside_openssl),
        ON_THE_CLOCK(packing_both_ways),
        ON_THE_CLOCK(people_read_the_same_numbers),
        ON_THE_CLOCK(unknown_names_measure_nothing),
        ON_THE_CLOCK(a_failure_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
