/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bench_kernels.c - `puma bench`: what the ring's kernels, the random streams and the packing reach on one
 * core, compared with what the CPU or OpenSSL could do, measured in the same run.
 *
 * Each time is the best of many, so that other programs on the machine disturb it little.  The thread's CPU
 * clock would not do, because virtual machines correct it in leaps.  Cycles are counted by a chain of
 * additions, each of which waits for the one before and takes one cycle. */
#include "cli/bench.h"

#include "ring/prg.h"
#include "ring/ring.h"

#include <inttypes.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEAST_SECONDS 0.3 /* for each measurement, and at least five runs */
#define STRETCH 0.001     /* the least seconds between two readings of the clock */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What is measured; each call of `run` does it once. */
typedef struct task {
    void (*run)(struct task *t);
    const puma_ring *ring;
    const char      *name;
    uint32_t         bits;
    size_t           batch, m, n, k, loops;
    int              transposed;
    uint64_t        *a, *b, *c;
    puma_prg        *prg;
    EVP_CIPHER_CTX  *cipher;
} task;

static double stretch_of(task *t, size_t runs)
{
    double start = now();

    for (size_t i = 0; i < runs; i++) t->run(t);
    return now() - start;
}

/* Seconds of one run: the best within LEAST_SECONDS. */
static double best_of(task *t)
{
    double best = INFINITY, total = 0;
    size_t runs = 1;

    while (stretch_of(t, runs) < STRETCH) runs *= 2;
    for (int round = 0; round < 5 || total < LEAST_SECONDS; round++) {
        double seconds = stretch_of(t, runs);

        best = fmin(best, seconds / (double)runs);
        total += seconds;
    }
    return best;
}

#if defined(__x86_64__)
static void add_chain(task *t)
{
    uint64_t x = 1, loops = t->loops;

    __asm__ volatile("1:\n\tadd %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\t"
                     "add %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\tdec %1\n\tjnz 1b"
                     : "+r"(x), "+r"(loops)
                     :
                     : "cc");
}

static double cycles_per_second(void)
{
    task t = { .run = add_chain, .loops = 100000 };

    return 8 * (double)t.loops / best_of(&t);
}
#else
static double cycles_per_second(void) { return 0; /* unknown: no figure per cycle */ }
#endif

/* --- the matrix product ----------------------------------------------------------------------- */

static void multiply(task *t)
{
    const puma_gemm g = { .batch = t->batch,
                          .m = t->m,
                          .n = t->n,
                          .k = t->k,
                          .b_transposed = t->transposed,
                          .b_batched = t->batch > 1,
                          .sign = 1,
                          .bits = t->bits };

    t->ring->matmul(t->c, t->a, t->b, &g);
}

static void mix(task *t) { ring_mix(t->name, t->bits, t->loops); }

/* The rate of the inner kernel's instructions on registers alone, in multiply-adds per second, for as many as
 * the product has; 0: unknown. */
static double peak_of(const char *name, uint32_t bits, double macs)
{
    size_t per_loop = ring_mix(name, bits, 1);
    task   t = { .run = mix, .name = name, .bits = bits };

    if (per_loop == 0) return 0;
    t.loops = (size_t)(macs / (double)per_loop);
    return (double)t.loops / best_of(&t) * (double)per_loop;
}

static void show_product(task *t, json_t *list)
{
    double macs = (double)t->batch * (double)t->m * (double)t->n * (double)t->k;
    double before = cycles_per_second(), peak = peak_of(t->name, t->bits, macs), rate = macs / best_of(t), hz;

    peak = fmax(peak, peak_of(t->name, t->bits, macs));
    hz = fmax(before, cycles_per_second());
    if (list != NULL) {
        json_t *row = json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:b, s:f}", "op", "matmul", "kernel",
                                t->name, "bits", (int)t->bits, "batch", (json_int_t)t->batch, "m",
                                (json_int_t)t->m, "n", (json_int_t)t->n, "k", (json_int_t)t->k, "transposed",
                                t->transposed, "gmac_per_s", rate / 1e9);

        if (hz > 0) json_object_set_new(row, "mac_per_cycle", json_real(rate / hz));
        if (hz > 0) json_object_set_new(row, "ghz", json_real(hz / 1e9));
        if (peak > 0) json_object_set_new(row, "peak_gmac_per_s", json_real(peak / 1e9));
        if (peak > 0) json_object_set_new(row, "share_of_peak", json_real(rate / peak));
        json_array_append_new(list, row);
        return;
    }
    printf("matmul %-9s mod 2^%-2" PRIu32 " %2zu x (%zu x %zu x %zu%s): %6.2f GMAC/s", t->name, t->bits,
           t->batch, t->m, t->k, t->n, t->transposed ? " transposed" : "", rate / 1e9);
    if (hz > 0) printf(", %5.2f MAC/cycle at %.2f GHz", rate / hz, hz / 1e9);
    if (peak > 0) printf(", %3.0f %% of the %.2f that its instructions allow", 100 * rate / peak, peak / 1e9);
    putchar('\n');
}

static puma_status bench_matmul(json_t *list, puma_error *e)
{
    static const char *const names[] = { "portable", "avx2", "avx512", "avx512ifma" };
    static const uint32_t    bits[] = { 64, 48, 32 };
    /* The widest product of BERT-base at 128 tokens, its narrowest, and those of its twelve heads. */
    static const struct {
        size_t batch, m, n, k;
        int    transposed;
    } shapes[] = {
        { 1, 128, 3072, 768, 0 }, { 1, 128, 768, 3072, 0 }, { 12, 128, 128, 64, 1 }, { 12, 128, 64, 128, 0 }
    };
    const size_t size_a = 128 * 3072, size_b = 768 * 3072, size_c = 128 * 3072;
    uint64_t *a = malloc(size_a * sizeof *a), *b = malloc(size_b * sizeof *b), *c = calloc(size_c, sizeof *c);

    if (a == NULL || b == NULL || c == NULL) error_set(e, 1001, "out of memory for the matrices");
    for (size_t i = 0; e->status == PUMA_OK && i < size_a; i++) a[i] = i * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; e->status == PUMA_OK && i < size_b; i++) b[i] = i * 0xc2b2ae3d27d4eb4fu;
    ring_set_threads(1);
    for (size_t i = 0; e->status == PUMA_OK && i < sizeof names / sizeof *names; i++)
        for (size_t w = 0; ring_kernels_named(names[i]) != NULL && w < sizeof bits / sizeof *bits; w++)
            for (size_t s = 0; s < (i == 0 ? 1 : sizeof shapes / sizeof *shapes); s++) {
                task t = {
                    .run = multiply,
                    .ring = ring_kernels_named(names[i]),
                    .name = names[i],
                    .bits = bits[w],
                    .batch = shapes[s].batch,
                    .m = shapes[s].m,
                    .n = shapes[s].n,
                    .k = shapes[s].k,
                    .transposed = shapes[s].transposed,
                    .a = a,
                    .b = b,
                    .c = c,
                };

                show_product(&t, list);
            }
    free(a);
    free(b);
    free(c);
    return e->status;
}

/* --- random streams and packing --------------------------------------------------------------- */

static void show_rate(const char *op, const char *what, uint32_t bits, size_t n, double rate,
                      double reference, json_t *list)
{
    if (list != NULL) {
        json_t *row = json_pack("{s:s, s:s, s:i, s:I, s:f}", "op", op, "what", what, "bits", (int)bits, "n",
                                (json_int_t)n, "gb_per_s", rate / 1e9);

        if (reference > 0) json_object_set_new(row, "openssl_gb_per_s", json_real(reference / 1e9));
        if (reference > 0) json_object_set_new(row, "share_of_openssl", json_real(rate / reference));
        json_array_append_new(list, row);
        return;
    }
    printf("%s %-7s %2" PRIu32 " bits, %8zu words: %6.2f GB/s", op, what, bits, n, rate / 1e9);
    if (reference > 0)
        printf(" of key stream, %3.0f %% of OpenSSL's %.2f", 100 * rate / reference, reference / 1e9);
    putchar('\n');
}

#define SPEED_BYTES 16384 /* the longest buffer of `openssl speed` */

static void encrypt(task *t)
{
    uint8_t *buffer = (uint8_t *)t->c;
    int      out = 0;

    for (int i = 0; i < 16; i++) EVP_EncryptUpdate(t->cipher, buffer, &out, buffer, SPEED_BYTES);
}

static void draw_words(task *t) { prg_words(t->prg, t->c, t->n, t->bits); }

static void draw_bits(task *t) { prg_bits(t->prg, t->c, 64 * t->n); }

static puma_status bench_prg(size_t n, json_t *list, puma_error *e)
{
    static const uint32_t bits[] = { 64, 48, 22, 12, 7 };
    const uint8_t         seed[32] = { 1 };
    size_t                room = n * sizeof(uint64_t) < SPEED_BYTES ? SPEED_BYTES : n * sizeof(uint64_t);
    task                  t = { .n = n, .c = calloc(1, room), .cipher = EVP_CIPHER_CTX_new() };

    if (t.c == NULL || t.cipher == NULL)
        error_set(e, 1001, "out of memory for %zu words", n);
    else if (EVP_EncryptInit_ex2(t.cipher, EVP_aes_128_ctr(), seed, seed, NULL) != 1)
        error_set(e, 1020, "OpenSSL has no AES-128-CTR");
    else if (prg_new(&t.prg, seed, "bench", e) == PUMA_OK) {
        for (size_t i = 0; i <= sizeof bits / sizeof *bits; i++) {
            bool   words = i < sizeof bits / sizeof *bits;
            double reference, rate;
            size_t size;

            t.bits = words ? bits[i] : 1;
            size = !words || t.bits > 32 ? 8 : t.bits > 16 ? 4 : t.bits > 8 ? 2 : 1;
            t.run = encrypt;
            reference = 16 * SPEED_BYTES / best_of(&t);
            t.run = words ? draw_words : draw_bits;
            rate = (double)(n * size) / best_of(&t);
            t.run = encrypt;
            reference = fmax(reference, 16 * SPEED_BYTES / best_of(&t));
            show_rate("prg", words ? "words" : "bits", t.bits, n, rate, reference, list);
        }
    }
    prg_free(t.prg);
    EVP_CIPHER_CTX_free(t.cipher);
    free(t.c);
    return e->status;
}

static void pack(task *t) { ring_pack((uint8_t *)t->b, t->c, t->n, t->bits); }

static void unpack(task *t) { ring_unpack(t->c, (const uint8_t *)t->b, t->n, t->bits); }

/* In GB/s of words: eight bytes count for each word, whatever its width. */
static puma_status bench_pack(size_t n, json_t *list, puma_error *e)
{
    static const uint32_t bits[] = { 13, 22, 25, 44, 48, 62, 64 };
    task                  t = { .n = n, .b = calloc(n, sizeof *t.b), .c = calloc(n, sizeof *t.c) };

    if (t.b == NULL || t.c == NULL) error_set(e, 1001, "out of memory for %zu words", n);
    for (size_t i = 0; e->status == PUMA_OK && i < sizeof bits / sizeof *bits; i++) {
        t.bits = bits[i];
        t.run = pack;
        show_rate("pack", "pack", t.bits, n, (double)n * sizeof *t.c / best_of(&t), 0, list);
        t.run = unpack;
        show_rate("pack", "unpack", t.bits, n, (double)n * sizeof *t.c / best_of(&t), 0, list);
    }
    free(t.b);
    free(t.c);
    return e->status;
}

bool bench_kernels_named(const char *only)
{
    return only == NULL || strcmp(only, "matmul") == 0 || strcmp(only, "prg") == 0 ||
           strcmp(only, "pack") == 0 || strcmp(only, "kernel") == 0;
}

puma_status bench_kernels(const char *only, size_t n, json_t *list, puma_error *e)
{
    if (only == NULL || strcmp(only, "matmul") == 0 || strcmp(only, "kernel") == 0) bench_matmul(list, e);
    if (e->status == PUMA_OK && (only == NULL || strcmp(only, "prg") == 0)) bench_prg(n, list, e);
    if (e->status == PUMA_OK && (only == NULL || strcmp(only, "pack") == 0)) bench_pack(n, list, e);
    return e->status;
}
