/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_ring.c - every kernel that this CPU has computes what plain loops compute, and packing is exact. */
#include "ring/rates.h"
#include "ring/ring.h"

#include <pthread.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#define CANARY 0xc0ffee0123456789u
#define KERNELS 5

/* The AVX-512 source with its vectors of eight words and a product of 52 bits written out, compiled at the
 * end of this file for any CPU: its logic is tested where the instructions are missing. */
extern const puma_ring eight_words;

static const puma_ring *kernel(size_t i)
{
    static const char *const names[KERNELS - 1] = { "portable", "avx2", "avx512", "avx512ifma" };

    return i < KERNELS - 1 ? ring_kernels_named(names[i]) : &eight_words;
}

/* A fixed sequence (splitmix64), so that a failure repeats. */
static uint64_t next_word(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* n words at random, among them the ones where carries and halves go wrong. */
static void draw(uint64_t *words, size_t n, uint64_t seed)
{
    static const uint64_t edges[] = {
        0,           1, ~(uint64_t)0, (uint64_t)1 << 63, (uint64_t)1 << 32, 0xffffffffu, 0xffffffff00000000u,
        0x80000000u,
    };

    for (size_t i = 0; i < n; i++) {
        words[i] = next_word(&seed);
        if (words[i] % 4 == 0) words[i] = edges[words[i] / 4 % (sizeof edges / sizeof *edges)];
    }
}

static uint64_t *words_of(size_t n, uint64_t seed)
{
    uint64_t *words = malloc((n + 1) * sizeof *words);

    assert_non_null(words);
    draw(words, n, seed);
    return words;
}

static void shortest_example(void **state)
{
    const puma_ring *ring = ring_kernels();
    uint64_t         a[2 * 3] = { 1, 2, 3, 4, 5, 6 }, b[3 * 1] = { 1, 0, ~(uint64_t)0 }, c[2] = { 10, 20 };

    (void)state;
    ring->matmul(c, a, b, &(puma_gemm){ .batch = 1, .m = 2, .n = 1, .k = 3, .sign = 1, .bits = 64 });
    assert_int_equal(c[0], 10 + 1 - 3);
    assert_int_equal(c[1], 20 + 4 - 6);
}

static void kernels_are_chosen_by_name(void **state)
{
    puma_error e = { 0 };

    (void)state;
    assert_int_equal(setenv("PUMA_KERNEL", "portable", 1), 0);
    assert_string_equal(ring_kernel_name(), "portable");
    assert_ptr_equal(ring_kernels(), ring_kernels_named("portable"));
    assert_int_equal(ring_check(&e), PUMA_OK);
    assert_int_equal(setenv("PUMA_KERNEL", "abacus", 1), 0);
    assert_int_equal(ring_check(&e), PUMA_ECONFIG);
    assert_int_equal(e.code, 391);
    assert_non_null(ring_kernels());
    assert_int_equal(unsetenv("PUMA_KERNEL"), 0);
    assert_null(ring_kernels_named("abacus"));
    assert_ptr_equal(ring_kernels_named(ring_kernel_name()), ring_kernels());
    assert_non_null(ring_kernels_named("portable"));
}

enum operation {
    ADD,
    SUB,
    NEG,
    MUL,
    MUL_ADD,
    MUL_SUB,
    SCALE,
    SCALE_ADD,
    OFFSET,
    SHIFT_0,
    SHIFT_17,
    SHIFT_63,
    SHIFT_64,
    SHIFT_99,
    REDUCE_1,
    REDUCE_37,
    REDUCE_63,
    REDUCE_64,
    OPERATIONS
};

static const uint64_t constant = 0x8123456789abcdefu;

static uint64_t expected(enum operation o, uint64_t z, uint64_t x, uint64_t y)
{
    switch (o) {
    case ADD: return x + y;
    case SUB: return x - y;
    case NEG: return 0 - x;
    case MUL: return x * y;
    case MUL_ADD: return z + x * y;
    case MUL_SUB: return z - x * y;
    case SCALE: return constant * x;
    case SCALE_ADD: return z + constant * x;
    case OFFSET: return x + constant;
    case SHIFT_0: return x;
    case SHIFT_17: return x >> 17;
    case SHIFT_63: return x >> 63;
    case SHIFT_64:
    case SHIFT_99: return 0;
    case REDUCE_1: return x & 1;
    case REDUCE_37: return x & 0x1fffffffffu;
    case REDUCE_63: return x & 0x7fffffffffffffffu;
    default: return x;
    }
}

static void apply(const puma_ring *r, enum operation o, uint64_t *z, const uint64_t *x, const uint64_t *y,
                  size_t n)
{
    static const uint32_t by[] = { 0, 17, 63, 64, 99 }, bits[] = { 1, 37, 63, 64 };

    switch (o) {
    case ADD: r->add(z, x, y, n); break;
    case SUB: r->sub(z, x, y, n); break;
    case NEG: r->neg(z, x, n); break;
    case MUL: r->mul(z, x, y, n); break;
    case MUL_ADD: r->mul_add(z, x, y, n); break;
    case MUL_SUB: r->mul_sub(z, x, y, n); break;
    case SCALE: r->scale(z, x, constant, n); break;
    case SCALE_ADD: r->scale_add(z, x, constant, n); break;
    case OFFSET: r->offset(z, x, constant, n); break;
    case SHIFT_0:
    case SHIFT_17:
    case SHIFT_63:
    case SHIFT_64:
    case SHIFT_99: r->shift_right(z, x, by[o - SHIFT_0], n); break;
    default: r->reduce(z, x, bits[o - REDUCE_1], n);
    }
}

enum { LONGEST = 67 };

/* One operation on n words, z apart from x and y (0), z = x (1), z = y (2) or all three the same (3); the
 * arrays begin at no multiple of a vector. */
static void check_operation(const puma_ring *r, enum operation o, size_t n, int alias)
{
    uint64_t  room[3][LONGEST + 3], old[3][LONGEST + 3];
    uint64_t *x = room[0] + 1, *y = room[1] + 1, *z = room[2] + 1;

    for (size_t i = 0; i < 3; i++) draw(room[i], LONGEST + 3, 100 * (uint64_t)o + i);
    if (alias == 1) z = x;
    if (alias == 2) z = y;
    if (alias == 3) z = y = x;
    z[-1] = z[n] = CANARY;
    memcpy(old, room, sizeof old);
    apply(r, o, z, x, y, n);
    assert_int_equal(z[-1], CANARY);
    assert_int_equal(z[n], CANARY);
    for (size_t i = 0; i < n; i++) {
        const uint64_t *was = old[0];
        uint64_t old_x = was[x + i - room[0]], old_y = was[y + i - room[0]], old_z = was[z + i - room[0]];

        assert_int_equal(z[i], expected(o, old_z, old_x, old_y));
    }
}

static void operations_equal_plain_loops(void **state)
{
    (void)state;
    for (size_t k = 0; k < KERNELS; k++)
        for (int o = 0; kernel(k) && o < OPERATIONS; o++)
            for (size_t n = 0; n <= LONGEST; n += n < 20 ? 1 : 47)
                for (int alias = 0; alias < 4; alias++)
                    check_operation(kernel(k), (enum operation)o, n, alias);
}

static void rows_are_summed(void **state)
{
    (void)state;
    for (size_t k = 0; k < KERNELS; k++)
        for (size_t n = 0; kernel(k) && n < 40; n++) {
            uint64_t *x = words_of(3 * n, n), z[5] = { CANARY, 1, 2, 3, CANARY };

            kernel(k)->sum_rows(z + 1, x, 3, n);
            assert_int_equal(z[0], CANARY);
            assert_int_equal(z[4], CANARY);
            for (size_t r = 0; r < 3; r++) {
                uint64_t total = 0;

                for (size_t i = 0; i < n; i++) total += x[r * n + i];
                assert_int_equal(z[r + 1], total);
            }
            kernel(k)->sum_rows(z, x, 0, n);
            assert_int_equal(z[0], CANARY);
            free(x);
        }
}

struct shape {
    size_t batch, m, n, k;
};

/* By the book: c += sign * a b. */
static void naive(uint64_t *c, const uint64_t *a, const uint64_t *b, struct shape s, bool transposed,
                  bool b_batch, int sign)
{
    for (size_t t = 0; t < s.batch; t++) {
        const uint64_t *at = a + t * s.m * s.k, *bt = b + (b_batch ? t * s.n * s.k : 0);

        for (size_t i = 0; i < s.m; i++)
            for (size_t j = 0; j < s.n; j++) {
                uint64_t total = 0;

                for (size_t k = 0; k < s.k; k++)
                    total += at[i * s.k + k] * (transposed ? bt[j * s.k + k] : bt[k * s.n + j]);
                c[(t * s.m + i) * s.n + j] += sign < 0 ? 0 - total : total;
            }
    }
}

static uint64_t modulo(uint64_t x, uint32_t bits) { return bits < 64 ? x & (((uint64_t)1 << bits) - 1) : x; }

/* Around the limits between the kernels, 32 and 52 bits. */
static const uint32_t moduli[] = { 1, 22, 31, 32, 33, 48, 52, 53, 63, 64 };

/* All kernels, C between canaries, A and B in blocks of exactly their size for the sanitizers. */
static void check_product(struct shape s, bool transposed, bool b_batch, int sign)
{
    size_t    size = s.batch * s.m * s.n;
    uint64_t *a = malloc(s.batch * s.m * s.k * sizeof *a + 1);
    uint64_t *b = malloc((b_batch ? s.batch : 1) * s.n * s.k * sizeof *b + 1);
    puma_gemm g = { .batch = s.batch, .m = s.m, .n = s.n, .k = s.k, .b_transposed = transposed, .b_batched = b_batch, .sign = sign };
    uint64_t *before = words_of(size, 7), *want = words_of(size, 7), *c = malloc((size + 2) * sizeof *c);

    assert_true(a && b && c);
    draw(a, s.batch * s.m * s.k, 1);
    draw(b, (b_batch ? s.batch : 1) * s.n * s.k, 2);
    naive(want, a, b, s, transposed, b_batch, sign);
    for (size_t k = 0; k < KERNELS; k++) {
        if (!kernel(k)) continue;
        c[0] = c[size + 1] = CANARY;
        memcpy(c + 1, before, size * sizeof *c);
        g.bits = 64;
        kernel(k)->matmul(c + 1, a, b, &g);
        assert_memory_equal(c + 1, want, size * sizeof *c);
        for (size_t w = 0; w < sizeof moduli / sizeof *moduli; w++) {
            memcpy(c + 1, before, size * sizeof *c);
            g.bits = moduli[w];
            kernel(k)->matmul(c + 1, a, b, &g);
            for (size_t i = 0; i < size; i++)
                if (c[i + 1] != modulo(want[i], moduli[w]))
                    assert_int_equal(c[i + 1], modulo(want[i], moduli[w]));
        }
        assert_int_equal(c[0], CANARY);
        assert_int_equal(c[size + 1], CANARY);
    }
    free(a);
    free(b);
    free(c);
    free(want);
    free(before);
}

static void check_product_all_ways(struct shape s)
{
    for (int way = 0; way < 8; way++) check_product(s, way & 1, way & 2, way & 4 ? -1 : 1);
}

static void products_equal_the_triple_loop(void **state)
{
    /* Around every size that the kernels cut at: vectors, panels, packed blocks, the limits of few rows and
     * of reading in place. */
    static const struct shape shapes[] = {
        { 1, 1, 1, 1 },     { 1, 1, 9, 7 },     { 1, 2, 1, 5 },      { 2, 3, 17, 4 },     { 1, 4, 5, 3 },
        { 3, 5, 31, 33 },   { 1, 16, 16, 32 },  { 1, 17, 16, 32 },   { 2, 18, 32, 16 },   { 2, 24, 8, 129 },
        { 1, 23, 15, 127 }, { 1, 17, 1, 128 },  { 1, 40, 33, 1 },    { 12, 19, 19, 32 },  { 3, 48, 64, 64 },
        { 1, 97, 67, 260 }, { 1, 95, 129, 64 }, { 1, 193, 520, 11 }, { 1, 1, 1029, 131 }, { 1, 7, 600, 13 },
        { 1, 64, 64, 65 },
    };

    (void)state;
    for (int threads = 1; threads <= 3; threads += 2) {
        ring_set_threads(threads);
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) check_product_all_ways(shapes[i]);
    }
    ring_set_threads(1);
}

static void products_of_small_shapes(void **state)
{
    (void)state;
    for (size_t m = 15; m < 22; m++)
        for (size_t n = 1; n < 19; n++)
            for (size_t k = 1; k < 6; k++) {
                check_product((struct shape){ 1, m, n, k }, false, true, 1);
                check_product((struct shape){ 1, m, n, k }, true, true, -1);
            }
}

static void empty_products_change_nothing(void **state)
{
    static const struct shape shapes[] = {
        { 0, 2, 3, 4 }, { 2, 0, 3, 4 }, { 2, 3, 0, 4 }, { 2, 3, 4, 0 }, { 0, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) check_product_all_ways(shapes[i]);
    for (size_t k = 0; k < KERNELS; k++)
        if (kernel(k)) kernel(k)->matmul(NULL, NULL, NULL, &(puma_gemm){ .batch = 1, .b_batched = 1, .sign = 1, .bits = 64 });
}

/* A benchmark divides by what ring_mix says it did. */
static void a_mix_counts_its_multiplications(void **state)
{
    (void)state;
    assert_int_equal(ring_mix("abacus", 64, 1), 0);
    assert_int_equal(ring_mix("portable", 64, 1), 0);
    if (!ring_kernels_named("avx2")) return;
    assert_int_equal(ring_mix("avx2", 64, 3), 40);
    assert_int_equal(ring_mix("avx2", 33, 1), 40);
    assert_int_equal(ring_mix("avx2", 32, 1), 96);
}

struct party {
    pthread_t thread;
    uint64_t *a, *b, *c;
};

enum { SIDE = 100 };

static void *multiply(void *argument)
{
    const puma_gemm g = { .batch = 1, .m = SIDE, .n = SIDE, .k = SIDE, .sign = 1, .bits = 64 };
    struct party   *p = argument;

    for (int i = 0; i < 3; i++) ring_kernels()->matmul(p->c, p->a, p->b, &g);
    return NULL;
}

static bool no_memory;

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return no_memory ? NULL : __real_aligned_alloc(alignment, size);
}

static void *products_of_every_kind(void *argument)
{
    static const struct shape shape = { 1, 97, 67, 260 };

    (void)argument;
    check_product_all_ways(shape);
    return NULL;
}

/* Panels are some 330 KiB: a thread of a process with a small RLIMIT_STACK, or of a libc with small stacks, has no
 * such room. */
static void products_need_little_stack(void **state)
{
    pthread_attr_t small;
    pthread_t      thread;

    (void)state;
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 65536), 0);
    assert_int_equal(pthread_create(&thread, &small, products_of_every_kind, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&small);
}

/* A kernel cannot fail: a thread that gets no memory for its panels computes the same without. */
static void products_need_no_memory(void **state)
{
    pthread_t thread;

    (void)state;
    no_memory = true;
    assert_int_equal(pthread_create(&thread, NULL, products_of_every_kind, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    no_memory = false;
}

/* Over the memory wire the parties are threads of one process, each with threads of its own. */
static void parties_multiply_at_the_same_time(void **state)
{
    struct party p[3];
    size_t       size = SIDE * SIDE;
    uint64_t    *want = calloc(size, sizeof *want);

    (void)state;
    assert_non_null(want);
    ring_set_threads(2);
    for (uint64_t i = 0; i < 3; i++) {
        p[i].a = words_of(size, 10 + i);
        p[i].b = words_of(size, 20 + i);
        p[i].c = calloc(size, sizeof *p[i].c);
        assert_non_null(p[i].c);
    }
    for (size_t i = 0; i < 3; i++) assert_int_equal(pthread_create(&p[i].thread, NULL, multiply, &p[i]), 0);
    for (size_t i = 0; i < 3; i++) assert_int_equal(pthread_join(p[i].thread, NULL), 0);
    ring_set_threads(1);
    for (size_t i = 0; i < 3; i++) {
        memset(want, 0, size * sizeof *want);
        for (int times_over = 0; times_over < 3; times_over++)
            naive(want, p[i].a, p[i].b, (struct shape){ 1, SIDE, SIDE, SIDE }, false, false, 1);
        assert_memory_equal(p[i].c, want, size * sizeof *want);
        free(p[i].a);
        free(p[i].b);
        free(p[i].c);
    }
    free(want);
}

/* Bit by bit: bit b of word i is bit (i bits + b) of the payload. */
static void pack_bit_by_bit(uint8_t *bytes, const uint64_t *words, size_t n, uint32_t bits)
{
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < bits; b++) {
            size_t at = i * bits + b;

            bytes[at / 8] = (uint8_t)(bytes[at / 8] | (words[i] >> b & 1) << at % 8);
        }
}

static void check_packing(size_t n, uint32_t bits)
{
    size_t    size = ring_packed_size(n, bits);
    uint64_t *words = words_of(n, bits), *back = malloc((n + 2) * sizeof *back);
    uint8_t  *want = calloc(size + 1, 1), *bytes = malloc(size + 16), *exact = malloc(size + !size);
    uint8_t   fence[8];

    assert_true(want && bytes && exact && back);
    assert_int_equal(size, (n * bits + 7) / 8);
    memset(fence, 0xa5, sizeof fence);
    memset(bytes, 0xa5, size + 16);
    pack_bit_by_bit(want, words, n, bits);

    ring_pack(bytes + 8, words, n, bits); /* upper bits of the words must not show */
    assert_memory_equal(bytes + 8, want, size);
    assert_memory_equal(bytes, fence, 8);
    assert_memory_equal(bytes + 8 + size, fence, 8);
    ring_pack(exact, words, n, bits);
    assert_memory_equal(exact, want, size);

    /* What a peer puts behind the last word, in its last byte, is ignored. */
    if (n * bits % 8 != 0) exact[size - 1] = (uint8_t)(exact[size - 1] | 0xff << n * bits % 8);
    back[0] = back[n + 1] = CANARY;
    ring_unpack(back + 1, exact, n, bits);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(back[i + 1], bits < 64 ? words[i] & (((uint64_t)1 << bits) - 1) : words[i]);
    assert_int_equal(back[0], CANARY);
    assert_int_equal(back[n + 1], CANARY);
    free(words);
    free(back);
    free(want);
    free(bytes);
    free(exact);
}

static void packing_is_exact_for_every_width(void **state)
{
    (void)state;
    for (uint32_t bits = 1; bits <= 64; bits++) {
        for (size_t n = 0; n <= 20; n++) check_packing(n, bits);
        check_packing(63, bits);
        check_packing(129, bits);
        check_packing(1001, bits);
    }
}

static void packed_sizes_do_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(ring_packed_size((size_t)1 << 60, 64), (size_t)1 << 63);
    assert_int_equal(ring_packed_size(((size_t)1 << 60) + 3, 37), ((size_t)1 << 57) * 37 + 14);
    assert_int_equal(ring_packed_size(0, 64), 0);
}

/* Work is counted as the kernels cut it, and takes the longer the more of it there is. */
static void work_is_counted_and_timed(void **state)
{
    ring_work  once = { 0 }, twice = { 0 };
    ring_rates rates;
    puma_error e = { 0 };
    double     seconds;

    (void)state;
    /* one B: a product of 30 rows; one for each: three of 10 */
    ring_work_product(&once, &(puma_gemm){ .batch = 3, .m = 10, .n = 20, .k = 30, .bits = 48 });
    ring_work_product(&once, &(puma_gemm){ .batch = 3, .m = 10, .n = 20, .k = 30, .b_batched = 1, .bits = 64 });
    assert_true(once.entries[4] == 600 && once.products[4] == 18000);
    assert_true(once.entries[2] == 1800 && once.products[2] == 18000);
    once.words = once.stream_bytes = once.packed_bytes = once.fresh_bytes = 1e6;
    once.other_s = 0.5;
    ring_work_add(&twice, &once, 2);
    assert_int_equal(ring_measure(&rates, &e), PUMA_OK);
    assert_true(rates.word > 0 && rates.stream_byte > 0 && rates.packed_byte > 0 && rates.fresh_byte > 0);
    for (size_t i = 0; i < RING_SHAPES; i++) assert_true(rates.product[i] >= 0 && rates.entry[i] >= 0);
    seconds = ring_seconds(&rates, &once);
    assert_true(seconds > 0.5 && fabs(ring_seconds(&rates, &twice) - 2 * seconds) < 1e-9);
    ring_work_add(&twice, &once, -2);
    assert_true(fabs(ring_seconds(&rates, &twice)) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest_example),
        cmocka_unit_test(kernels_are_chosen_by_name),
        cmocka_unit_test(operations_equal_plain_loops),
        cmocka_unit_test(rows_are_summed),
        cmocka_unit_test(products_equal_the_triple_loop),
        cmocka_unit_test(products_of_small_shapes),
        cmocka_unit_test(empty_products_change_nothing),
        cmocka_unit_test(a_mix_counts_its_multiplications),
        cmocka_unit_test(products_need_little_stack),
        cmocka_unit_test(products_need_no_memory),
        cmocka_unit_test(parties_multiply_at_the_same_time),
        cmocka_unit_test(packing_is_exact_for_every_width),
        cmocka_unit_test(work_is_counted_and_timed),
        cmocka_unit_test(packed_sizes_do_not_overflow),
    };

    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}

#define NAME eight_words
#define madd52(s, x, y) ((s) + ((x) * (y)&0xfffffffffffffu))
#define TARGET
#include "ring/kernels_avx512.c"
