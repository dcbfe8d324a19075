/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_prg.c - the random streams are AES-128-CTR under HKDF keys, byte for byte, wherever they are cut. */
#include "ring/prg.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#define CANARY 0xc0ffee0123456789u

/* The stream of seed 00 01 02 ... 1f for purpose "lambda", made by OpenSSL's command line:
 *   openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt hexkey:SEED -kdfopt info:lambda HKDF
 *   head -c N /dev/zero | openssl enc -aes-128-ctr -K KEY -iv 00000000000000000000000000000000
 * (the key, ef0fde13c6f2821b85c23d29dbcd6bd2, is also what HMAC-SHA256 by hand gives). */
static const uint8_t at_0[64] = {
    0xd3, 0x50, 0x5d, 0x5e, 0x85, 0xdd, 0xdf, 0xeb, 0x0d, 0xb8, 0xbd, 0xcb, 0x8d, 0x2e, 0x29, 0xc0,
    0x6b, 0x4c, 0xcb, 0xf9, 0x60, 0x40, 0xe5, 0x7b, 0x1a, 0xce, 0x0f, 0x24, 0x7d, 0x24, 0x6b, 0x1e,
    0x66, 0xba, 0xe1, 0x4e, 0x0b, 0x30, 0x53, 0x21, 0xe1, 0xb1, 0xde, 0x6c, 0x7e, 0x6e, 0xf6, 0xa4,
    0x90, 0x8b, 0x87, 0x6a, 0x13, 0x5f, 0xc0, 0xcf, 0xcd, 0x72, 0x6d, 0x8d, 0xe9, 0x7f, 0xe4, 0x08,
};
static const uint8_t at_1000000[16] = {
    0x9a, 0xaf, 0x22, 0x4e, 0xcd, 0x77, 0x2f, 0xc7, 0x3a, 0xb2, 0xd0, 0xd1, 0x8c, 0x9c, 0xbb, 0xbc,
};
/* Blocks 2^32 - 1 and 2^32: the counter carries into its next word. */
static const uint8_t at_carry[32] = {
    0xf6, 0x66, 0x57, 0x67, 0x8c, 0xf0, 0x5b, 0x58, 0x81, 0xbe, 0x8b, 0x9d, 0x19, 0xe4, 0x7b, 0x95,
    0x0e, 0xb4, 0x20, 0x27, 0x36, 0xb6, 0x42, 0x02, 0x53, 0xd3, 0xff, 0xf0, 0x75, 0xad, 0x13, 0x33,
};

static puma_prg *stream(uint8_t first, const char *purpose)
{
    uint8_t    seed[32];
    puma_error e = { 0 };
    puma_prg  *prg;

    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(first + i);
    assert_int_equal(prg_new(&prg, seed, purpose, &e), PUMA_OK);
    assert_non_null(prg);
    return prg;
}

static uint64_t little_endian(const uint8_t *p, size_t size)
{
    uint64_t x = 0;

    while (size-- > 0)
        x = x << 8 | p[size];
    return x;
}

static void known_answer(void **state)
{
    puma_prg *prg = stream(0, "lambda");
    uint8_t   bytes[64];
    uint64_t  words[2];

    (void)state;
    prg_bytes(prg, bytes, sizeof bytes);
    assert_memory_equal(bytes, at_0, sizeof bytes);
    assert_int_equal(prg_position(prg), 64);
    prg_seek(prg, 0);
    prg_words(prg, words, 2, 64);
    assert_int_equal(words[0], 0xebdfdd855e5d50d3u);
    assert_int_equal(words[1], 0xc0292e8dcbbdb80du);
    prg_free(prg);
}

static void any_position_is_found(void **state)
{
    puma_prg *prg = stream(0, "lambda");
    uint8_t   bytes[64];

    (void)state;
    prg_seek(prg, 1000000);
    prg_bytes(prg, bytes, 16);
    assert_memory_equal(bytes, at_1000000, 16);
    assert_int_equal(prg_position(prg), 1000016);
    prg_seek(prg, ((uint64_t)1 << 36) - 16);
    prg_bytes(prg, bytes, 32);
    assert_memory_equal(bytes, at_carry, 32);
    prg_seek(prg, (uint64_t)1 << 36);
    prg_bytes(prg, bytes, 16);
    assert_memory_equal(bytes, at_carry + 16, 16);
    for (size_t from = 0; from < 64; from++) {
        prg_seek(prg, from);
        assert_int_equal(prg_position(prg), from);
        prg_bytes(prg, bytes, 64 - from);
        assert_memory_equal(bytes, at_0 + from, 64 - from);
        assert_int_equal(prg_position(prg), 64);
    }
    prg_free(prg);
}

/* Long draws cross the pieces that the cipher is fed with. */
static void a_stream_is_the_same_however_it_is_cut(void **state)
{
    enum { LENGTH = 50000 };
    puma_prg *prg = stream(3, "open");
    uint8_t  *whole = malloc(LENGTH), *cut = malloc(LENGTH);

    (void)state;
    assert_true(whole && cut);
    prg_bytes(prg, whole, LENGTH);
    prg_seek(prg, 0);
    for (size_t at = 0, take = 0; at < LENGTH; at += take, take = take * 2 + 1) {
        if (take > LENGTH - at) take = LENGTH - at;
        prg_bytes(prg, cut + at, take);
    }
    assert_memory_equal(whole, cut, LENGTH);
    assert_int_equal(prg_position(prg), LENGTH);
    free(whole);
    free(cut);
    prg_free(prg);
}

static void check_width(uint32_t bits, size_t n)
{
    size_t    size = bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
    puma_prg *prg = stream(9, "width");
    uint8_t  *raw = malloc(n * size + 1);
    uint64_t *words = malloc((n + 2) * sizeof *words);

    assert_true(raw && words);
    prg_bytes(prg, raw, 5);         /* begin inside a block */
    prg_bytes(prg, raw, n * size);
    prg_seek(prg, 5);
    words[0] = words[n + 1] = CANARY;
    prg_words(prg, words + 1, n, bits);
    assert_int_equal(prg_position(prg), 5 + n * size);
    assert_int_equal(words[0], CANARY);
    assert_int_equal(words[n + 1], CANARY);
    for (size_t i = 0; i < n; i++) {
        uint64_t x = little_endian(raw + i * size, size);

        assert_int_equal(words[i + 1], bits < 64 ? x & (((uint64_t)1 << bits) - 1) : x);
    }
    free(raw);
    free(words);
    prg_free(prg);
}

static void words_of_every_width(void **state)
{
    (void)state;
    for (uint32_t bits = 1; bits <= 64; bits++) {
        check_width(bits, 0);
        check_width(bits, 1);
        check_width(bits, 37);
        check_width(bits, 5003);
    }
}

static void bits_are_packed_and_end_in_zeros(void **state)
{
    puma_prg *prg = stream(0, "lambda");

    (void)state;
    for (size_t n = 0; n <= 260; n++) {
        uint64_t words[7], raw[6];
        size_t   count = (n + 63) / 64;

        prg_seek(prg, 0);
        prg_words(prg, raw, 6, 64);
        prg_seek(prg, 0);
        words[0] = words[count + 1] = CANARY;
        prg_bits(prg, words + 1, n);
        assert_int_equal(prg_position(prg), 8 * count);
        assert_int_equal(words[0], CANARY);
        assert_int_equal(words[count + 1], CANARY);
        for (size_t i = 0; i < 64 * count; i++)
            assert_int_equal(words[1 + i / 64] >> i % 64 & 1, i < n ? raw[i / 64] >> i % 64 & 1 : 0);
    }
    prg_free(prg);
}

static void streams_differ_by_seed_and_purpose(void **state)
{
    puma_prg *prg[4] = { stream(0, "lambda"), stream(1, "lambda"), stream(0, "open"), stream(0, "lambda2") };
    uint8_t   first[4][16];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        prg_bytes(prg[i], first[i], 16);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(first[i], first[j], 16);
        prg_free(prg[i]);
    }
    prg_free(NULL);
}

struct drawer {
    pthread_t thread;
    uint8_t   seed[32], bytes[20000];
    bool      made;
};

static void *draw_all(void *argument)
{
    struct drawer *d = argument;
    puma_error     e = { 0 };
    puma_prg      *prg;

    if (prg_new(&prg, d->seed, "thread", &e) != PUMA_OK) return NULL;
    for (size_t at = 0; at < sizeof d->bytes; at += 100)
        prg_bytes(prg, d->bytes + at, 100);
    prg_free(prg);
    d->made = true;
    return NULL;
}

static void threads_draw_from_streams_of_their_own(void **state)
{
    enum { THREADS = 4 };
    static struct drawer d[THREADS], alone;

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        memset(d[i].seed, (int)i, sizeof d[i].seed);
        assert_int_equal(pthread_create(&d[i].thread, NULL, draw_all, &d[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(d[i].thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        memcpy(alone.seed, d[i].seed, sizeof alone.seed);
        draw_all(&alone);
        assert_true(alone.made && d[i].made);
        assert_memory_equal(d[i].bytes, alone.bytes, sizeof alone.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First, so that the fetching of the cipher meets threads too. */
        cmocka_unit_test(threads_draw_from_streams_of_their_own),
        cmocka_unit_test(known_answer),
        cmocka_unit_test(any_position_is_found),
        cmocka_unit_test(a_stream_is_the_same_however_it_is_cut),
        cmocka_unit_test(words_of_every_width),
        cmocka_unit_test(bits_are_packed_and_end_in_zeros),
        cmocka_unit_test(streams_differ_by_seed_and_purpose),
    };

    return cmocka_run_group_tests_name("prg", tests, NULL, NULL);
}
