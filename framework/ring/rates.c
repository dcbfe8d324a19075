/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rates.c - see rates.h
 *
 * A product of m rows with a factor of E entries takes E (a + b m): a for reading and packing the factor.  Two
 * heights give both.  The factor is larger than a cache of the second level, as a model's weights are. */
#include "ring/rates.h"

#include "ring/kernels.h"
#include "ring/prg.h"
#include "ring/ring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEEP 512              /* rows of a second factor         */
#define WIDE 1024             /* its columns                     */
#define TALL 128              /* rows of the taller first factor */
#define WORDS ((size_t)1 << 17) /* of the other measurements: 1 MiB */
#define LEAST_SECONDS 0.012   /* of each measurement             */

static const uint32_t WIDTHS[RING_WIDTHS] = { 32, 48, 64 };

static size_t shape_of(size_t m, uint32_t bits)
{
    size_t width = 0;

    while (bits > WIDTHS[width]) width++;
    return m > FEW_ROWS ? width + RING_WIDTHS : width;
}

void ring_work_product(ring_work *w, const puma_gemm *g)
{
    size_t batch = g->batch, m = g->m;
    double entries = (double)g->n * (double)g->k;
    size_t shape;

    if (!g->b_batched) { /* as ring_tiles does */
        m *= batch;
        batch = 1;
    }
    shape = shape_of(m, g->bits);
    w->entries[shape] += (double)batch * entries;
    w->products[shape] += (double)batch * entries * (double)m;
}

void ring_work_add(ring_work *to, const ring_work *w, double sign)
{
    for (size_t i = 0; i < RING_SHAPES; i++) {
        to->entries[i] += sign * w->entries[i];
        to->products[i] += sign * w->products[i];
    }
    to->words += sign * w->words;
    to->stream_bytes += sign * w->stream_bytes;
    to->packed_bytes += sign * w->packed_bytes;
    to->fresh_bytes += sign * w->fresh_bytes;
    to->other_s += sign * w->other_s;
}

double ring_seconds(const ring_rates *r, const ring_work *w)
{
    double seconds = w->other_s + w->words * r->word + w->stream_bytes * r->stream_byte +
                     w->packed_bytes * r->packed_byte + w->fresh_bytes * r->fresh_byte;

    for (size_t i = 0; i < RING_SHAPES; i++)
        seconds += w->entries[i] * r->entry[i] + w->products[i] * r->product[i];
    return seconds;
}

/* --- measuring --------------------------------------------------------------------------------- */

typedef struct probe {
    const puma_ring *ring;
    uint64_t        *a, *b, *c;
    uint8_t         *bytes;
    puma_prg        *prg;
    size_t           m;
    uint32_t         bits;
} probe;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of one call: the best, so that others on the machine disturb it little. */
static double best_of(void (*run)(probe *p), probe *p)
{
    double best = INFINITY, total = 0;

    run(p); /* the caches and the pages */
    for (int i = 0; i < 3 || total < LEAST_SECONDS; i++) {
        double start = now(), took;

        run(p);
        took = now() - start;
        best = fmin(best, took);
        total += took;
    }
    return best;
}

static void multiply(probe *p)
{
    p->ring->matmul(p->c, p->a, p->b, &(puma_gemm){ .batch = 1, .m = p->m, .n = WIDE, .k = DEEP, .sign = 1, .bits = p->bits });
}
static void combine(probe *p)
{
    p->ring->add(p->c, p->a, p->c, WORDS);
    p->ring->mul_add(p->c, p->a, p->b, WORDS);
    memcpy(p->b, p->c, WORDS * sizeof *p->b);
    p->ring->reduce(p->c, p->b, 48, WORDS);
}
static void draw(probe *p) { prg_words(p->prg, p->c, WORDS, 64); }
static void pack(probe *p)
{
    ring_pack(p->bytes, p->c, WORDS, 46);
    ring_unpack(p->c, p->bytes, WORDS, 46);
}
/* Zeroed memory comes from the system page by page, when it is touched. */
static void touch(probe *p)
{
    uint64_t *fresh = calloc(8 * WORDS, sizeof *fresh);

    for (size_t i = 0; fresh != NULL && i < 8 * WORDS; i += 512) ((volatile uint64_t *)fresh)[i] = p->m;
    free(fresh);
}

static void measure_products(ring_rates *r, probe *p)
{
    static const size_t heights[2][2] = { { 1, FEW_ROWS }, { FEW_ROWS + 1, TALL } };

    for (size_t few = 0; few < 2; few++)
        for (size_t width = 0; width < RING_WIDTHS; width++) {
            size_t shape = few * RING_WIDTHS + width;
            double seconds[2], slope;

            p->bits = WIDTHS[width];
            for (size_t i = 0; i < 2; i++) {
                p->m = heights[few][i];
                seconds[i] = best_of(multiply, p) / ((double)DEEP * WIDE);
            }
            slope = (seconds[1] - seconds[0]) / (double)(heights[few][1] - heights[few][0]);
            r->product[shape] = fmax(slope, 0);
            r->entry[shape] = fmax(seconds[0] - slope * (double)heights[few][0], 0);
        }
}

puma_status ring_measure(ring_rates *r, puma_error *e)
{
    static const uint8_t seed[32] = { 1 };
    probe                p = { .ring = ring_kernels(),
                               .a = calloc(WORDS, sizeof *p.a),
                               .b = calloc((size_t)DEEP * WIDE, sizeof *p.b),
                               .c = calloc(WORDS > (size_t)TALL * WIDE ? WORDS : (size_t)TALL * WIDE, sizeof *p.c),
                               .bytes = malloc(WORDS * sizeof(uint64_t)) };

    *r = (ring_rates){ 0 };
    if (p.a == NULL || p.b == NULL || p.c == NULL || p.bytes == NULL)
        error_set(e, 1001, "out of memory for a measurement");
    if (e->status == PUMA_OK && prg_new(&p.prg, seed, "rates", e) == PUMA_OK) {
        for (size_t i = 0; i < WORDS; i++) p.a[i] = i * 0x9e3779b97f4a7c15u;
        for (size_t i = 0; i < (size_t)DEEP * WIDE; i++) p.b[i] = i * 0xc2b2ae3d27d4eb4fu;
        measure_products(r, &p);
        r->word = best_of(combine, &p) / (4 * (double)WORDS);
        r->stream_byte = best_of(draw, &p) / (8 * (double)WORDS);
        r->packed_byte = best_of(pack, &p) / (2 * (double)ring_packed_size(WORDS, 46));
        r->fresh_byte = best_of(touch, &p) / (64 * (double)WORDS);
    }
    prg_free(p.prg);
    free(p.a);
    free(p.b);
    free(p.c);
    free(p.bytes);
    return e->status;
}
