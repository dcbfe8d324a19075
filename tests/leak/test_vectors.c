/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* test_vectors.c - rep3 against its formulas, bit for bit, with the masks in the test's hands; messages and
 * rounds of every operation.
 *
 *     test_vectors PLUGIN.so DIGIT[xGROUP] [CHECK]
 *
 * DIGIT and GROUP are what the plugin's comparisons were compiled with (MASKED_DIGIT, MASKED_GROUP; DIGIT 0:
 * with neither, so that it takes the cheapest cut), CHECK a pattern of names.  One run holds many cases as
 * elements of one vector: the client's two masks are set, so that an operand's l (a truncation's r) is known,
 * and for products the two opening masks as well. Exact truncation must give floor((z + r_low) / 2^t) from
 * P0's side and floor(z / 2^t) + [c_low < z_low] from P1's and P2's, z a signed integer. */
#include "leak/world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The nodes of a run, the client last. */
static const uint32_t PLACES[4] = { 0, 1, 2, PUMA_CLIENT };

static const puma_protocol *backend;
static uint32_t             digit, group = 3;

static uint64_t random_state = 1;

static uint64_t rnd(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int64_t to_signed(uint64_t x, uint32_t bits) { return (int64_t)(x << (64 - bits)) >> (64 - bits); }

static uint64_t *array(size_t n)
{
    uint64_t *a = calloc(n + 1, sizeof *a);

    assert_non_null(a);
    return a;
}

/* --- one run: operands x and y with given masks, one operation, its result -------------------- */

typedef enum what { SHARED, PRODUCT, TRUNC, LESS, ONE_HOT, MUX } what;

typedef struct job {
    what            op;
    size_t          n;
    uint32_t        bits, to, shift; /* ring of the operands, ring of the result                            */
    const uint64_t *x, *y;           /* y NULL: none                                                        */
    const uint64_t *lx, *ly;         /* l of x and y; NULL: random                                          */
    const uint64_t *open;            /* r1 + r2 of a product's opening; NULL: random                        */
    uint64_t        c[8];            /* thresholds, or coefficients                                         */
    size_t          count, columns;  /* thresholds or choices; columns of a one-hot                         */
    uint32_t        low, width;
    uint64_t       *out[8]; /* results as the client got them; bits unpacked, one a word           */
} job;

static puma_tensor *shared(puma_session *s, const job *j, const uint64_t *words, puma_kind kind)
{
    puma_tensor *z = s->host->tensor(s, kind, 1, &j->n, j->bits, 0);
    uint64_t    *own = s->host->scratch(s, j->n);

    for (size_t i = 0; i < j->n; i++) {
        if (kind == PUMA_BIT)
            own[i / 64] |= (words[i] & 1) << i % 64;
        else
            own[i] = words[i] & puma_mask(j->bits);
    }
    s->protocol->share(s, z, s->role == PUMA_CLIENT ? own : NULL, PUMA_CLIENT);
    return z;
}

static void revealed(puma_session *s, const puma_tensor *z, uint64_t *out)
{
    uint64_t *words = s->host->scratch(s, z->words);

    s->protocol->reveal(s, words, z, PUMA_CLIENT);
    for (size_t i = 0; s->role == PUMA_CLIENT && i < z->n; i++)
        out[i] = z->kind == PUMA_BIT ? words[i / 64] >> i % 64 & 1 : words[i];
}

static void run_job(puma_session *s, void *context)
{
    job           *j = context;
    puma_tensor   *x = shared(s, j, j->x, PUMA_ARITH), *y = NULL, *z[8] = { NULL };
    const size_t   dim[2] = { j->n, j->columns };
    const uint32_t to = j->op == SHARED ? j->bits : j->to;
    size_t         results = j->op == LESS ? j->count : 1;

    if (j->y != NULL) y = shared(s, j, j->y, j->op == MUX ? PUMA_BIT : PUMA_ARITH);
    for (size_t t = 0; t < results; t++)
        z[t] = j->op == ONE_HOT ? s->host->tensor(s, PUMA_BIT, 2, dim, 1, 0)
                                : s->host->tensor(s, j->op == LESS ? PUMA_BIT : PUMA_ARITH, 1, &j->n, to, 0);
    if (s->role != PUMA_CLIENT) {
        const puma_choice choices[2] = { { .bit = y, .value = x, .coefficient = j->c[0] },
                                         { .bit = y, .coefficient = j->c[1] } };

        switch (j->op) {
        case SHARED: s->protocol->add_public(s, z[0], x, &j->c[0], 1); break;
        case PRODUCT:
            s->protocol->product(s, z[0], &(puma_term){ .op = PUMA_TERM_MUL, .x = x, .y = y }, 1, j->shift);
            break;
        case TRUNC: s->protocol->trunc(s, z[0], x, j->shift); break;
        case LESS: s->protocol->less(s, z, x, j->c, j->count, j->low, j->width); break;
        case ONE_HOT: lookup_of(s)->one_hot(s, z[0], x); break;
        case MUX: s->protocol->mux_sum(s, z[0], choices, j->count); break;
        }
    }
    for (size_t t = 0; t < results; t++) revealed(s, z[t], j->out[t]);
}

/* Two summands of l, the first at random. */
static void halves(uint64_t *first, uint64_t *second, const uint64_t *sum, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        first[i] = rnd();
        second[i] = (sum == NULL ? rnd() : sum[i]) - first[i];
    }
}

static void run(job *j)
{
    size_t    n = j->n;
    uint64_t *first = array(2 * n), *second = array(2 * n), *open1 = array(n), *open2 = array(n);
    world    *w = world_new(backend, 64, 0);

    world_record(w, false);
    world_seed(w, rnd());
    halves(first, second, j->lx, n);
    if (j->y != NULL) halves(first + n, second + n, j->ly, n);
    world_give(w, world_stream(w, "rep3 input 1", 0, 1), first, j->y == NULL || j->op == MUX ? n : 2 * n);
    world_give(w, world_stream(w, "rep3 input 2", 0, 2), second, j->y == NULL || j->op == MUX ? n : 2 * n);
    if (j->open != NULL) {
        halves(open1, open2, j->open, n);
        world_give(w, world_stream(w, "rep3 lambda", 0, 1), open1, n);
        world_give(w, world_stream(w, "rep3 lambda", 0, 2), open2, n);
    }
    assert_true(world_run(w, run_job, j));
    world_free(w);
    free(first);
    free(second);
    free(open1);
    free(open2);
}

/* --- truncation ------------------------------------------------------------------------------- */

/* What a truncation of z under r by t must give in Z_{2^to}: from P0's side and from P1's and P2's, which
 * must agree. */
static uint64_t truncated(__int128 z, uint64_t r, uint32_t t, uint32_t to)
{
    uint64_t low = t == 0 ? 0 : puma_mask(t), r_low = r & low, z_low = (uint64_t)z & low,
             c_low = (z_low + r_low) & low;
    uint64_t at_p0 = (uint64_t)((z + r_low) >> t), at_p1 = (uint64_t)(z >> t) + (c_low < z_low);

    assert_true(at_p0 == at_p1);
    return at_p0 & puma_mask(to);
}

static void expect_truncated(const job *j, const char *name, const uint64_t *z, const uint64_t *r, uint32_t k)
{
    for (size_t i = 0; i < j->n; i++) {
        uint64_t want = truncated(to_signed(z[i], k), r[i], j->shift, j->to);

        if (j->out[0][i] != want)
            fail_msg("%s: ring %u, t %u, into %u: z %llx r %llx gave %llx, not %llx", name, k, j->shift,
                     j->to, (unsigned long long)z[i], (unsigned long long)r[i],
                     (unsigned long long)j->out[0][i], (unsigned long long)want);
    }
}

/* As a truncation of a sharing with l = r, and as a product with 1 whose opening mask makes r; z in Z_{2^k}.
 */
static void truncate_both_ways(const uint64_t *z, const uint64_t *r, size_t n, uint32_t k, uint32_t t,
                               uint32_t to, bool product)
{
    uint64_t *out = array(n), *one = array(n), *lx = array(n), *ly = array(n), *open = array(n);
    job       j = { .op = TRUNC, .n = n, .bits = k, .to = to, .shift = t, .x = z, .lx = r, .out = { out } };

    if (t > 0 || to > k) {
        run(&j);
        expect_truncated(&j, "of a sharing", z, r, k);
    }
    for (size_t i = 0; i < n; i++) {
        one[i] = 1;
        lx[i] = rnd();
        ly[i] = rnd();
        open[i] = r[i] + lx[i] * ly[i]; /* r = r1 + r2 - l_x l_y */
    }
    j = (job){ .op = PRODUCT,
               .n = n,
               .bits = k,
               .to = to,
               .shift = t,
               .x = z,
               .y = one,
               .lx = lx,
               .ly = ly,
               .open = open,
               .out = { out } };
    if (product) {
        run(&j);
        expect_truncated(&j, "of a product", z, r, k);
    }
    free(out);
    free(one);
    free(lx);
    free(ly);
    free(open);
}

/* The exact form at the ends of what it may truncate, with r at the ends of the ring. */
static void exact_at_the_edges(void **state)
{
    static const uint32_t settings[][3] = { { 16, 4, 16 },  { 16, 4, 13 },  { 16, 4, 20 },  { 16, 4, 64 },
                                            { 16, 1, 16 },  { 16, 14, 16 }, { 16, 0, 24 },  { 48, 16, 48 },
                                            { 52, 16, 64 }, { 64, 18, 64 }, { 64, 18, 47 }, { 64, 1, 64 },
                                            { 28, 0, 64 } };

    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        uint32_t k = settings[s][0], t = settings[s][1];
        uint64_t top = 1ull << (k - 2), half = 1ull << (k - 1), ring = puma_mask(k);
        uint64_t values[] = { 0 - top, 0 - top + 1, top - 1,   top - 2,         0,
                              1,       ~0ull,       1ull << t, 0 - (1ull << t), top / 2 + 3 };
        uint64_t masks[] = { 0,        1,   half - 1, half,       half + 1,       ring,
                             ring - 1, top, top - 1,  half + top, half + top - 1, half - top };
        uint64_t z[sizeof values / 8 * sizeof masks / 8], r[sizeof z / 8];
        size_t   n = 0;

        for (size_t a = 0; a < sizeof values / 8; a++)
            for (size_t b = 0; b < sizeof masks / 8; b++, n++) {
                z[n] = values[a] & ring;
                r[n] = masks[b] & ring;
            }
        truncate_both_ways(z, r, n, k, t, settings[s][2], true);
    }
}

/* k = 16, t = 4: -1024 and 1023.9375 within one unit; one step outside, and the result is off by 2^(k-t). */
static void the_bound_of_exact_is_sharp(void **state)
{
    const uint64_t x[] = { (uint64_t)-16384, (uint64_t)-16384, 16383, 16383, (uint64_t)-16385, 16385 };
    const uint64_t r[] = { 0, 65535, 32767, 32768, 0, 32767 };
    uint64_t       out[6];
    job j = { .op = TRUNC, .n = 6, .bits = 16, .to = 64, .shift = 4, .x = x, .lx = r, .out = { out } };

    (void)state;
    run(&j);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs((double)(int64_t)out[i] - (double)(int64_t)x[i] / 16) < 1);
    for (size_t i = 4; i < 6; i++)
        assert_true(fabs(fabs((double)(int64_t)out[i] - (double)(int64_t)x[i] / 16) - 4096) < 1);
}

/* Rings of 3 to 8 bits: every value and every mask; narrow for all of the ring, exact for what it promises.
 */
static void small_rings_exhaustively(void **state)
{
    (void)state;
    for (uint32_t k = 3; k <= 8; k++) {
        size_t    size = (size_t)1 << k, n = 0;
        uint64_t *z = array(size * size), *r = array(size * size);

        for (size_t i = 0; i < size * size; i++) {
            z[i] = i & (size - 1);
            r[i] = i >> k;
        }
        for (uint32_t t = 0; t < k; t += k < 7 ? 1 : 3)
            for (uint32_t to = k - t; to >= 1; to = to == k - t ? to / 2 : 0)
                truncate_both_ways(z, r, size * size, k, t, to, k < 7);
        for (size_t i = 0; i < size * size; i++) {
            if (to_signed(z[i], k) < -(int64_t)(size / 4) || to_signed(z[i], k) >= (int64_t)(size / 4))
                continue;
            z[n] = z[i];
            r[n++] = r[i];
        }
        for (uint32_t t = 0; t + 2 <= k; t += k < 7 ? 1 : 3) {
            truncate_both_ways(z, r, n, k, t, k - t + 1, k < 7);
            if (t > 1) truncate_both_ways(z, r, n, k, t, k, k < 7);
            truncate_both_ways(z, r, n, k, t, 64, false);
        }
        free(z);
        free(r);
    }
}

/* The same c and r: narrow is exact's residue mod 2^(k-t), coin and all. */
static void narrow_is_exact_reduced(void **state)
{
    static const uint32_t settings[][2] = { { 8, 3 }, { 48, 16 }, { 52, 16 }, { 64, 18 }, { 64, 1 } };
    enum { N = 2000 };
    static uint64_t x[N], l[N], out[2][N];

    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        uint32_t k = settings[s][0], t = settings[s][1];

        for (size_t i = 0; i < N; i++) {
            x[i] = rnd() & puma_mask(k); /* all of the ring */
            l[i] = rnd() & puma_mask(k);
        }
        for (uint32_t form = 0; form < 2; form++) {
            job j = { .op = TRUNC,
                      .n = N,
                      .bits = k,
                      .to = form == 0 ? k - t : 64,
                      .shift = t,
                      .x = x,
                      .lx = l,
                      .out = { out[form] } };

            run(&j);
        }
        for (size_t i = 0; i < N; i++) assert_true(out[0][i] == (out[1][i] & puma_mask(k - t)));
    }
}

static void lift_is_the_inverse_of_reduction(void **state)
{
    static const uint32_t settings[][2] = { { 6, 9 }, { 27, 48 }, { 28, 64 }, { 48, 52 }, { 63, 64 } };
    enum { N = 1000 };
    static uint64_t x[N], wide[N], back[N];

    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        uint32_t k = settings[s][0], to = settings[s][1];
        job      lift = { .op = TRUNC, .n = N, .bits = k, .to = to, .x = x, .out = { wide } };
        job      reduce = { .op = TRUNC, .n = N, .bits = to, .to = k, .x = wide, .out = { back } };

        for (size_t i = 0; i < N; i++) x[i] = (uint64_t)to_signed(rnd(), k - 1) & puma_mask(k);
        x[0] = (0 - (1ull << (k - 2))) & puma_mask(k);
        x[1] = (1ull << (k - 2)) - 1;
        run(&lift);
        run(&reduce);
        for (size_t i = 0; i < N; i++) {
            assert_true(wide[i] == ((uint64_t)to_signed(x[i], k) & puma_mask(to)));
            assert_true(back[i] == x[i]);
        }
    }
}

/* 10^6 random products each: below one unit, unbiased. */
static void a_million_products(void **state)
{
    static const uint32_t settings[][3] = { { 48, 16, 48 }, { 64, 18, 64 }, { 64, 18, 46 } };
    const size_t          n = 1000000;
    uint64_t             *x = array(n), *y = array(n), *out = array(n);

    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        uint32_t k = settings[s][0], t = settings[s][1], to = settings[s][2],
                 most = to + t <= k ? to + t - 1 : k - 2;
        job    j = { .op = PRODUCT, .n = n, .bits = k, .to = to, .shift = t, .x = x, .y = y, .out = { out } };
        double sum = 0, worst = 0;

        for (size_t i = 0; i < n; i++) {
            x[i] = (uint64_t)to_signed(rnd(), most / 2 + 1); /* |x y| < 2^most */
            y[i] = (uint64_t)to_signed(rnd(), most - most / 2);
        }
        run(&j);
        for (size_t i = 0; i < n; i++) {
            int64_t z = (int64_t)x[i] * (int64_t)y[i], got = to_signed(out[i], to);
            double  error =
                (double)(got - (z >> t)) - (double)((uint64_t)z & puma_mask(t)) / (double)(1ull << t);

            sum += error;
            if (fabs(error) > worst) worst = fabs(error);
        }
        print_message("ring %u, t %u, into %u: largest error %.6f ulp, mean %+.6f\n", k, t, to, worst,
                      sum / (double)n);
        assert_true(worst < 1 && worst > 0.9);
        assert_true(fabs(sum / (double)n) < 0.005);
    }
    free(x);
    free(y);
    free(out);
}

/* --- comparison ------------------------------------------------------------------------------- */

/* Bit by bit as the protocol defines it, and [x < c] wherever that is promised. */
static void expect_signs(const job *j)
{
    for (size_t t = 0; t < j->count; t++)
        for (size_t i = 0; i < j->n; i++) {
            uint64_t m = j->x[i] + j->lx[i] - j->c[t], ring = puma_mask(j->bits);
            uint64_t window = ((m & ring) >> j->low) - ((j->lx[i] & ring) >> j->low);
            uint64_t want = window >> (j->width - 1) & 1;
            __int128 difference = (__int128)to_signed(j->x[i], j->bits) - to_signed(j->c[t], j->bits);
            __int128 bound = ((__int128)1 << (j->low + j->width - 1)) - ((__int128)1 << j->low),
                     near = (__int128)1 << j->low;

            if (j->low == 0) bound++, near = 0;
            if (j->out[t][i] != want)
                fail_msg("ring %u, low %u, width %u: x %llx l %llx c %llx gave %llu", j->bits, j->low,
                         j->width, (unsigned long long)j->x[i], (unsigned long long)j->lx[i],
                         (unsigned long long)j->c[t], (unsigned long long)j->out[t][i]);
            if (difference >= near && difference < bound) assert_true(want == 0);
            if (difference < -near && difference > -bound) assert_true(want == 1);
        }
}

static void signs(const uint64_t *x, const uint64_t *l, size_t n, uint32_t bits, uint32_t low, uint32_t width,
                  const uint64_t *c, size_t count)
{
    job j = { .op = LESS, .n = n, .bits = bits, .x = x, .lx = l, .low = low, .width = width, .count = count };

    for (size_t t = 0; t < count; t++) {
        j.c[t] = c[t] & puma_mask(bits);
        j.out[t] = array(n);
    }
    run(&j);
    expect_signs(&j);
    for (size_t t = 0; t < count; t++) free(j.out[t]);
}

/* Every x of a 6-bit ring under every l, all windows of it, several thresholds. */
static void every_sign_of_a_small_ring(void **state)
{
    static const uint64_t c[] = { 0, 1, (uint64_t)-1, 5, (uint64_t)-17, 31, (uint64_t)-32 };
    static uint64_t       x[64 * 64], l[64 * 64];

    (void)state;
    for (size_t i = 0; i < 64 * 64; i++) {
        x[i] = i & 63;
        l[i] = i >> 6;
    }
    for (uint32_t low = 0; low < 3; low++)
        for (uint32_t width = 1; low + width <= 6; width++)
            signs(x, l, 64 * 64, 6, low, width, c, width == 6 - low ? 7 : 2);
}

/* m and l equal in all digits, in all but one, borrows that run through all of them; equality at 0 alone. */
static void signs_at_the_edges(void **state)
{
    static const uint32_t settings[][3] = { { 24, 0, 24 },  { 48, 0, 48 },  { 52, 0, 52 }, { 64, 0, 64 },
                                            { 64, 18, 24 }, { 48, 16, 13 }, { 64, 0, 9 },  { 64, 63, 1 },
                                            { 25, 16, 9 },  { 64, 1, 63 } };
    static const uint64_t c[] = { 0, 1, (uint64_t)-1, 1ull << 20, 0 - (1ull << 20) };
    enum { MOST = 200 * 12 };
    static uint64_t x[MOST], l[MOST];

    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        uint64_t ring = puma_mask(settings[s][0]);
        size_t   n = 0;

        for (uint32_t e = 0; e < 200; e++)
            for (uint32_t f = 0; f < 12; f++, n++) {
                uint64_t power = 1ull << (e / 3) % 64;

                x[n] = (e == 0       ? 0
                        : e > 194    ? rnd()
                        : e % 3 == 0 ? power
                        : e % 3 == 1 ? 0 - power
                                     : power - 1) &
                       ring;
                l[n] = (f == 0   ? 0
                        : f == 1 ? ~0ull
                        : f == 2 ? 1
                        : f == 3 ? ring / 2
                        : f == 4 ? ring / 2 + 1
                        : f == 5 ? 0x5555555555555555u
                        : f == 6 ? 0 - x[n]
                        : f == 7 ? power
                                 : rnd()) &
                       ring;
            }
        signs(x, l, n, settings[s][0], settings[s][1], settings[s][2], c, 5);
    }
}

/* --- one-hot, choices ------------------------------------------------------------------------- */

static void expect_row(const job *j, size_t i)
{
    for (size_t v = 0; v < j->columns; v++)
        if (j->out[0][i * j->columns + v] != (j->x[i] == v))
            fail_msg("one-hot of %zu columns, ring %u: x %llu l %llx column %zu", j->columns, j->bits,
                     (unsigned long long)j->x[i], (unsigned long long)j->lx[i], v);
}

static void every_one_hot_of_small_tables(void **state)
{
    (void)state;
    for (size_t columns = 1; columns <= 66; columns += columns < 18 ? 1 : 12)
        for (uint32_t wider = 0; wider < 2; wider++) {
            uint32_t bits = 1;
            size_t   size, n;
            job      j;

            while ((size_t)1 << bits < columns) bits++;
            size = (size_t)1 << bits;
            n = columns * size;
            j = (job){ .op = ONE_HOT, .n = n, .bits = wider == 0 ? bits : 64, .columns = columns };
            uint64_t *x = array(n), *l = array(n), *out = array(n * columns);

            for (size_t i = 0; i < n; i++) {
                x[i] = i % columns;
                l[i] = (i / columns) + (wider == 0 ? 0 : rnd() << bits);
            }
            j.x = x;
            j.lx = l;
            j.out[0] = out;
            run(&j);
            for (size_t i = 0; i < n; i++) expect_row(&j, i);
            free(x);
            free(l);
            free(out);
        }
}

/* c0 b x + c1 b into every narrower ring. */
static void choices_equal_their_sum(void **state)
{
    static const uint32_t settings[][2] = { { 3, 3 }, { 5, 2 }, { 48, 48 }, { 64, 64 }, { 64, 25 } };
    enum { N = 512 };
    static uint64_t x[N], b[N], out[N];

    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++)
        for (size_t count = 1; count <= 2; count++) {
            uint64_t c0 = rnd() | 1, c1 = rnd();
            job      j = { .op = MUX,
                           .n = N,
                           .bits = settings[s][0],
                           .to = settings[s][1],
                           .x = x,
                           .y = b,
                           .c = { c0, c1 },
                           .count = count,
                           .out = { out } };

            for (size_t i = 0; i < N; i++) {
                x[i] = rnd() & puma_mask(j.bits);
                b[i] = i & 1;
            }
            run(&j);
            for (size_t i = 0; i < N; i++)
                assert_true(out[i] == (b[i] * (c0 * x[i] + (count == 2 ? c1 : 0)) & puma_mask(j.to)));
        }
}

/* A public constant goes in once. */
static void shares_open_to_what_they_were(void **state)
{
    enum { N = 300 };
    static uint64_t x[N], out[N];

    (void)state;
    for (uint32_t bits = 1; bits <= 64; bits += 7) {
        job j = {
            .op = SHARED, .n = N, .bits = bits, .x = x, .c = { rnd() & puma_mask(bits) }, .out = { out }
        };

        for (size_t i = 0; i < N; i++) x[i] = rnd() & puma_mask(bits);
        run(&j);
        for (size_t i = 0; i < N; i++) assert_true(out[i] == ((x[i] + j.c[0]) & puma_mask(bits)));
    }
}

/* --- messages --------------------------------------------------------------------------------- */

typedef void operation(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                       const puma_tensor *b);

typedef struct bill {
    uint64_t offline, online;
} bill; /* P0 -> P2; P1 <-> P2, both ways */

typedef struct counted {
    operation *op;
    const job *j;
} counted;

static puma_tensor *local(puma_session *s, size_t n, puma_kind kind, uint32_t bits)
{
    puma_tensor *z = s->host->tensor(s, kind, 1, &n, bits, 0);

    if (s->role == PUMA_CLIENT) return z;
    for (uint32_t p = 0; p < 2; p++)
        for (size_t w = 0; w < z->words; w++)
            z->plane[p][w] = (0x9e3779b97f4a7c15u * (w + 1)) &
                             (kind == PUMA_BIT ? puma_mask((uint32_t)(n - 64 * w < 64 ? n - 64 * w : 64))
                                               : puma_mask(bits));
    return z;
}

/* The operands are whatever words: costs are a function of shapes. */
static void run_counted(puma_session *s, void *context)
{
    const counted *c = context;
    puma_tensor   *x = local(s, c->j->n, PUMA_ARITH, c->j->bits),
                *y = local(s, c->j->n, PUMA_ARITH, c->j->bits), *b = local(s, c->j->n, PUMA_BIT, 1);

    c->op(s, c->j, x, y, b);
}

static void count(operation *op, const job *j, bill want, uint64_t rounds, const char *name)
{
    counted c = { op, j };
    world  *w = world_new(backend, 64, 0);
    bill    got;

    world_record(w, false);
    assert_true(world_run(w, run_counted, &c));
    got = (bill){ world_bits(w, 0, 2, PUMA_OFFLINE),
                  world_bits(w, 1, 2, PUMA_ONLINE) + world_bits(w, 2, 1, PUMA_ONLINE) };
    if (got.offline != want.offline || got.online != want.online ||
        world_bits(w, 1, 2, PUMA_ONLINE) * 2 != want.online)
        fail_msg(
            "%s: n %zu bits %u to %u shift %u low %u width %u count %zu: %llu + %llu bits, not %llu + %llu",
            name, j->n, j->bits, j->to, j->shift, j->low, j->width, j->count, (unsigned long long)got.offline,
            (unsigned long long)got.online, (unsigned long long)want.offline,
            (unsigned long long)want.online);
    for (uint32_t from = 0; from < 4; from++)
        for (uint32_t to = 0; to < 4; to++)
            for (int phase = 0; phase < 2; phase++) {
                if ((from == 0 && to == 2 && phase == PUMA_OFFLINE) ||
                    (from + to == 3 && from != 0 && to != 0 && phase == PUMA_ONLINE))
                    continue;
                assert_int_equal(world_bits(w, PLACES[from], PLACES[to], (puma_phase)phase),
                                 0); /* no other message, none to P0 or the client */
            }
    if (world_rounds(w) != rounds)
        fail_msg("%s: %llu rounds, not %llu", name, (unsigned long long)world_rounds(w),
                 (unsigned long long)rounds);
    world_free(w);
}

static void do_trunc(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                     const puma_tensor *b)
{
    (void)y, (void)b;
    if (s->role != PUMA_CLIENT) s->protocol->trunc(s, local(s, j->n, PUMA_ARITH, j->to), x, j->shift);
}

static void do_product(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                       const puma_tensor *b)
{
    const puma_term terms[] = { { .op = PUMA_TERM_MUL, .x = x, .y = y },
                                { .op = PUMA_TERM_MUL, .x = y, .y = y },
                                { .op = PUMA_TERM_ADD, .x = x } };

    (void)b;
    if (s->role != PUMA_CLIENT)
        s->protocol->product(s, s->host->tensor(s, PUMA_ARITH, 1, &j->n, j->to, 0), terms, j->count,
                             j->shift);
}

static void do_matmul(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                      const puma_tensor *b)
{
    puma_tensor  a = *x, t = *y;
    const size_t dim[2] = { 2, 3 };

    (void)b;
    a.rank = t.rank = 2;
    a.dim[0] = 2, a.dim[1] = j->n / 2;
    t.n = 3 * (j->n / 2), t.dim[0] = j->n / 2, t.dim[1] = 3;
    t.plane[0] = s->host->scratch(s, t.n);
    t.plane[1] = s->host->scratch(s, t.n);
    if (s->role != PUMA_CLIENT)
        s->protocol->product(s, s->host->tensor(s, PUMA_ARITH, 2, dim, j->to, 0),
                             &(puma_term){ .op = PUMA_TERM_MATMUL, .x = &a, .y = &t }, 1, j->shift);
}

static void do_less(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                    const puma_tensor *b)
{
    puma_tensor *z[8];

    (void)y, (void)b;
    for (size_t t = 0; t < j->count; t++) z[t] = s->host->tensor(s, PUMA_BIT, 1, &j->n, 1, 0);
    if (s->role != PUMA_CLIENT) s->protocol->less(s, z, x, j->c, j->count, j->low, j->width);
}

static void do_one_hot(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                       const puma_tensor *b)
{
    const size_t dim[2] = { j->n, j->columns };

    (void)y, (void)b;
    if (s->role != PUMA_CLIENT) lookup_of(s)->one_hot(s, s->host->tensor(s, PUMA_BIT, 2, dim, 1, 0), x);
}

/* `count` choices, those of even number with a value. */
static void do_mux(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                   const puma_tensor *b)
{
    puma_choice choices[8];

    for (size_t c = 0; c < j->count; c++)
        choices[c] = (puma_choice){ .bit = b,
                                    .value = c % 4 == 0   ? x
                                             : c % 2 == 0 ? y
                                                          : NULL,
                                    .coefficient = c + 1 };
    if (s->role != PUMA_CLIENT)
        s->protocol->mux_sum(s, s->host->tensor(s, PUMA_ARITH, 1, &j->n, j->to, 0), choices, j->count);
}

static void do_and(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                   const puma_tensor *b)
{
    (void)x, (void)y;
    if (s->role != PUMA_CLIENT) s->protocol->and_(s, s->host->tensor(s, PUMA_BIT, 1, &j->n, 1, 0), b, b);
}

static void do_local(puma_session *s, const job *j, const puma_tensor *x, const puma_tensor *y,
                     const puma_tensor *b)
{
    puma_tensor *z = s->host->tensor(s, PUMA_ARITH, 1, &j->n, j->bits, 0),
                *sum = s->host->tensor(s, PUMA_ARITH, 0, NULL, j->bits, 0);
    puma_tensor   *w = s->host->tensor(s, PUMA_BIT, 1, &j->n, 1, 0);
    const uint64_t c[2] = { 3, 5 };

    if (s->role == PUMA_CLIENT) return;
    s->protocol->add(s, z, x, y);
    s->protocol->sub(s, z, x, y);
    s->protocol->add_public(s, z, x, c, 1);
    s->protocol->scale(s, z, x, c, 1);
    s->protocol->sum(s, sum, x);
    s->protocol->xor_(s, w, b, b);
    s->protocol->not_(s, w, b);
}

static void truncations_cost_what_the_formulas_say(void **state)
{
    (void)state;
    for (uint32_t k = 2; k <= 64; k += k < 10 ? 1 : 9)
        for (uint32_t t = 0; t + 2 <= k; t += k < 10 ? 1 : 5)
            for (uint32_t to = 1; to <= 64; to += 7) {
                job      j = { .n = 5, .bits = k, .to = to, .shift = t, .count = 1 };
                bool     narrow = to + t <= k;
                uint64_t offline = to + (narrow || to <= k - t ? 0 : to + t - k);

                count(do_trunc, &j, (bill){ t == 0 && narrow ? 0 : 5 * offline, narrow ? 0 : 5 * 2 * to },
                      narrow ? 0 : 1, "trunc");
                for (j.count = 1; j.count <= 3; j.count += 2)
                    count(do_product, &j, (bill){ 5 * offline, 5 * 2 * (narrow ? to + t : k + to) },
                          narrow ? 1 : 2, "product");
                j.n = 6; /* 2 x 3 times 3 x 3: one opening an entry of the result */
                count(do_matmul, &j, (bill){ 6 * offline, 6 * 2 * (narrow ? to + t : k + to) },
                      narrow ? 1 : 2, "matmul");
            }
}

typedef struct price {
    uint64_t offline, online, rounds;
} price;

/* Of n elements in digits of at most `most` bits, `together` neighbours joined at a time: a joint of h opens
 * h - 1 borrows and h equalities, but for the lowest joint, which needs no equality of its lowest and none
 * of all, and has dealt the products of 2 … h masks that occur. */
static price price_of_less(uint64_t n, uint64_t thresholds, uint64_t width, uint64_t most, uint64_t together)
{
    uint64_t digits = (width + most - 1) / most, hots = 0, opened = 1, dealt = 0, levels = 0;

    for (uint64_t d = 0; d < digits; d++) hots += (1ull << (width / digits + (d < width % digits))) - 1;
    for (uint64_t nodes = digits; nodes > 1; nodes = (nodes + together - 1) / together, levels++)
        for (uint64_t from = 0; from + 1 < nodes; from += together) {
            uint64_t h = nodes - from < together ? nodes - from : together;

            opened += 2 * (h - 1) + (from > 0);
            /* Sets of two or more of h - 1 equalities; of a borrow with some of the equalities above it. */
            dealt += (1ull << (h - 1)) - h;
            for (uint64_t above = 1; above < h; above++) dealt += (1ull << above) - 1;
            if (from > 0) dealt += (1ull << (h - 1)) - 1;
        }
    return (price){ n * (hots + thresholds * dealt), n * thresholds * 2 * opened, levels + 1 };
}

/* The installed plugin takes what costs least, a round being worth 2^22 bits. */
static price least_price_of_less(uint64_t n, uint64_t thresholds, uint64_t width)
{
    price best = { 0 };

    if (digit != 0) return price_of_less(n, thresholds, width, digit, group);
    for (uint64_t most = 1; most <= 10; most++)
        for (uint64_t together = 2; together <= 6; together++) {
            price p = price_of_less(n, thresholds, width, most, together);

            if (best.rounds == 0 ||
                p.offline + p.online + (p.rounds << 22) < best.offline + best.online + (best.rounds << 22))
                best = p;
        }
    return best;
}

static void comparisons_cost_what_the_formulas_say(void **state)
{
    static const size_t N[] = { 3, 70, 20000 };

    (void)state;
    for (uint32_t width = 1; width <= 64; width++)
        for (size_t thresholds = 1; thresholds <= 7; thresholds += 2) {
            job j = { .n = 3, .bits = 64, .width = width, .count = thresholds, .c = { 1, 2, 3, 4, 5, 6, 7 } };

            for (size_t k = 0; k < (digit == 0 && width % 8 == 1 ? 3 : 2); k++) {
                price p = least_price_of_less(N[k], thresholds, width);

                j.n = N[k];
                j.low = k == 0 ? 0 : (64 - width) / 2;
                count(do_less, &j, (bill){ p.offline, p.online }, p.rounds, "less");
            }
        }
}

static void other_operations_cost_what_the_formulas_say(void **state)
{
    (void)state;
    for (size_t columns = 1; columns <= 300; columns += columns < 10 ? 1 : 29) {
        job      j = { .n = 3, .bits = 10, .columns = columns };
        uint64_t k = 1;

        while (1ull << k < columns) k++;
        count(do_one_hot, &j, (bill){ 3 * ((1ull << k) - 1), 3 * 2 * columns }, 1, "one_hot");
    }
    for (size_t choices = 1; choices <= 7; choices++)
        for (uint32_t to = 1; to <= 64; to += 21) {
            job j = { .n = 67, .bits = 64, .to = to, .count = choices };

            count(do_mux, &j, (bill){ 67 * to * (1 + (choices + 1) / 2), 67 * 2 * to }, 1, "mux_sum");
        }
    for (size_t n = 1; n <= 130; n += 43) {
        job j = { .n = n, .bits = 48 };

        count(do_and, &j, (bill){ n, 2 * n }, 1, "and");
        count(do_local, &j, (bill){ 0, 0 }, 0, "local operations");
    }
}

/* Who owns, who is told: the only messages that are not a Deal or an Open. */
typedef struct transfer {
    uint32_t  node;
    puma_kind kind;
    uint32_t  bits;
    size_t    n;
    uint64_t  got[200];
} transfer;

static uint64_t sample(size_t i, uint32_t bits) { return (0x9e3779b97f4a7c15u * (i + 5)) & puma_mask(bits); }

static void run_share(puma_session *s, void *context)
{
    transfer    *t = context;
    puma_tensor *z = s->host->tensor(s, t->kind, 1, &t->n, t->bits, 0);
    uint64_t    *words = s->host->scratch(s, z->words);

    for (size_t i = 0; i < z->words; i++)
        words[i] =
            sample(i, t->kind == PUMA_BIT ? (uint32_t)(t->n - 64 * i < 64 ? t->n - 64 * i : 64) : t->bits);
    s->protocol->share(s, z, s->role == t->node ? words : NULL, t->node);
}

static void run_transfer(puma_session *s, void *context)
{
    transfer    *t = context;
    puma_tensor *z = s->host->tensor(s, t->kind, 1, &t->n, t->bits, 0);
    uint64_t    *words = s->host->scratch(s, z->words), *out = s->host->scratch(s, z->words);

    for (size_t i = 0; i < z->words; i++)
        words[i] =
            sample(i, t->kind == PUMA_BIT ? (uint32_t)(t->n - 64 * i < 64 ? t->n - 64 * i : 64) : t->bits);
    s->protocol->share(s, z, s->role == PUMA_CLIENT ? words : NULL, PUMA_CLIENT);
    s->protocol->reveal(s, out, z, t->node);
    if (s->role == t->node) memcpy(t->got, out, z->words * sizeof *out);
}

static void shares_and_reveals_cost_what_the_table_says(void **state)
{
    static const uint32_t rings[] = { 1, 7, 48, 64 };

    (void)state;
    for (uint32_t node = 0; node < 4; node++)
        for (size_t c = 0; c < 5; c++)
            for (size_t n = 1; n <= 131; n += 65) {
                transfer t = { .node = PLACES[node],
                               .kind = c == 4 ? PUMA_BIT : PUMA_ARITH,
                               .bits = c == 4 ? 1 : rings[c],
                               .n = n };
                world   *w = world_new(backend, 64, 0);
                uint64_t size = n * t.bits, want[4][4] = { { 0 } };

                if (node == 0 || node == 3)
                    want[node][1] = want[node][2] = size;
                else
                    want[node][3 - node] = size;
                assert_true(world_run(w, run_share, &t));
                for (uint32_t from = 0; from < 4; from++)
                    for (uint32_t to = 0; to < 4; to++)
                        assert_int_equal(world_bits(w, PLACES[from], PLACES[to], PUMA_ONLINE), want[from][to]);
                memset(want, 0, sizeof want);
                want[3][1] = want[3][2] = size;
                if (node == 0 || node == 2 || node == 3) want[1][node] += size;
                if (node == 1 || node == 3) want[2][node] += size;
                assert_true(world_run(w, run_transfer, &t));
                for (uint32_t from = 0; from < 4; from++)
                    for (uint32_t to = 0; to < 4; to++) {
                        assert_int_equal(world_bits(w, PLACES[from], PLACES[to], PUMA_ONLINE), want[from][to]);
                        assert_int_equal(world_bits(w, PLACES[from], PLACES[to], PUMA_OFFLINE), 0);
                    }
                for (size_t i = 0; i < (c == 4 ? (n + 63) / 64 : n); i++)
                    assert_true(t.got[i] ==
                                sample(i, c == 4 ? (uint32_t)(n - 64 * i < 64 ? n - 64 * i : 64) : t.bits));
                world_free(w);
            }
}

/* Two calls in a row, one operand: other masks, both results right. */
static void run_repeated(puma_session *s, void *context)
{
    job         *j = context;
    puma_tensor *x = shared(s, j, j->x, PUMA_ARITH), *z[2];

    for (size_t t = 0; t < 2; t++) {
        z[t] = s->host->tensor(s, PUMA_ARITH, 1, &j->n, j->bits, 0);
        if (s->role != PUMA_CLIENT) {
            s->protocol->product(s, z[t], &(puma_term){ .op = PUMA_TERM_MUL, .x = x, .y = x }, 1, 0);
            memcpy(j->out[2 + t] + s->role * j->n, z[t]->plane[1], j->n * sizeof(uint64_t));
        }
        revealed(s, z[t], j->out[t]);
    }
}

static void two_calls_draw_two_masks(void **state)
{
    enum { N = 8 };
    uint64_t x[N], out[2][N], masks[2][3 * N];
    job      j = { .n = N, .bits = 64, .x = x, .out = { out[0], out[1], masks[0], masks[1] } };
    world   *w = world_new(backend, 64, 0);

    (void)state;
    for (size_t i = 0; i < N; i++) x[i] = rnd();
    world_seed(w, 5);
    assert_true(world_run(w, run_repeated, &j));
    for (size_t i = 0; i < N; i++) assert_true(out[0][i] == x[i] * x[i] && out[1][i] == x[i] * x[i]);
    for (size_t i = 0; i < 3 * N; i++) assert_true(masks[0][i] != masks[1][i]);
    world_free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest comparisons[] = {
        cmocka_unit_test(every_sign_of_a_small_ring),
        cmocka_unit_test(signs_at_the_edges),
        cmocka_unit_test(comparisons_cost_what_the_formulas_say),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_open_to_what_they_were),
        cmocka_unit_test(exact_at_the_edges),
        cmocka_unit_test(the_bound_of_exact_is_sharp),
        cmocka_unit_test(small_rings_exhaustively),
        cmocka_unit_test(narrow_is_exact_reduced),
        cmocka_unit_test(lift_is_the_inverse_of_reduction),
        cmocka_unit_test(a_million_products),
        cmocka_unit_test(every_sign_of_a_small_ring),
        cmocka_unit_test(signs_at_the_edges),
        cmocka_unit_test(every_one_hot_of_small_tables),
        cmocka_unit_test(choices_equal_their_sum),
        cmocka_unit_test(two_calls_draw_two_masks),
        cmocka_unit_test(truncations_cost_what_the_formulas_say),
        cmocka_unit_test(comparisons_cost_what_the_formulas_say),
        cmocka_unit_test(other_operations_cost_what_the_formulas_say),
        cmocka_unit_test(shares_and_reveals_cost_what_the_table_says),
    };

    if (argc < 3 || sscanf(argv[2], "%ux%u", &digit, &group) < 1 || digit > 10 || group < 2 || group > 6) {
        fprintf(stderr, "usage: test_vectors PLUGIN.so DIGIT[xGROUP] [CHECK]\n");
        return 2;
    }
    backend = world_backend(argv[1]);
    if (argc > 3) cmocka_set_test_filter(argv[3]);
    /* Other digits than the installed plugin's change comparisons alone. */
    if (digit != 0 && argc == 3) return cmocka_run_group_tests_name("vectors", comparisons, NULL, NULL);
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
