/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* matmul.c - cuts products into tiles and runs them on the threads.
 *
 * Called by every table's matmul through ring_tiles.  It owns the number of threads; the arithmetic is the tile's. */
#include "ring/kernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define TILE_COLUMNS 512      /* wide enough that packing the rows again for each does not count  */
#define WIDE_COLUMNS 2048     /* of few rows: a row of C stays in an L1 cache                     */
#define LEAST_COLUMNS 64      /* no narrower for the sake of more tiles                           */
#define WORTH_A_THREAD 100000 /* multiplications: some 30 us                                      */

static atomic_int thread_count = 1;

void ring_set_threads(int threads) { atomic_store(&thread_count, threads > 1 ? threads : 1); }

/* The panels of a thread, made for its first product with many rows and freed when it ends: some 330 KiB, which a
 * thread's stack need not have. */
static pthread_key_t panels_key;
static bool          panels_ready;

static void panels_make(void) { panels_ready = pthread_key_create(&panels_key, free) == 0; }

/* A kernel cannot fail: without memory it does without. */
static void *panels(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    void                 *own;

    pthread_once(&once, panels_make);
    if (!panels_ready) return NULL;
    own = pthread_getspecific(panels_key);
    if (own != NULL || (own = aligned_alloc(PANEL_LINE, PANEL_ROOM)) == NULL) return own;
    if (pthread_setspecific(panels_key, own) == 0) return own;
    free(own);
    return NULL;
}

static size_t pieces(size_t n, size_t of) { return n / of + (n % of != 0); }

/* A product cut into tiles: in batches, `down` times `across`. */
typedef struct tiling {
    ring_tile       *tile;
    uint64_t        *c;
    const uint64_t  *a, *b;
    const puma_gemm *g;
    size_t           m, high, wide, down, across;
} tiling;

static void run_tile(const tiling *all, size_t t)
{
    const puma_gemm *g = all->g;
    size_t           m = all->m, n = g->n, k = g->k, which = t / (all->down * all->across);
    size_t           i = t / all->across % all->down * all->high, j = t % all->across * all->wide;
    ring_product     p = {
            .c = all->c + which * m * n,
            .a = all->a + which * m * k,
            .b = all->b + which * n * k,
            .m = m,
            .n = n,
            .k = k,
            .transposed = g->b_transposed != 0,
            .flip = g->sign < 0 ? ~(uint64_t)0 : 0,
            .bits = g->bits,
            .panels = all->high > FEW_ROWS ? panels() : NULL,
    };

    all->tile(&p, i, m - i < all->high ? m : i + all->high, j, n - j < all->wide ? n : j + all->wide);
}

static _Thread_local bool in_team;

bool ring_in_team(void) { return in_team; }

/* OpenMP ends the process when it finds no memory or no thread: it is not asked where one thread is enough. */
static void run_tiles(const tiling *all, size_t tiles, size_t threads)
{
    if (threads <= 1 || tiles <= 1) {
        for (size_t t = 0; t < tiles; t++) run_tile(all, t);
        return;
    }
    in_team = true;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads((int)threads)
#endif
    for (size_t t = 0; t < tiles; t++) run_tile(all, t);
    in_team = false;
}

void ring_tiles(ring_tile *tile, uint64_t *c, const uint64_t *a, const uint64_t *b, const puma_gemm *g)
{
    size_t threads = (size_t)atomic_load(&thread_count), batch = g->batch, m = g->m, n = g->n, k = g->k;
    size_t high, wide = TILE_COLUMNS, down, across;

    if (batch == 0 || m == 0 || n == 0 || (k == 0 && g->bits == 64)) return;
    if (!g->b_batched) { /* one B: the batch is one taller product */
        m *= batch;
        batch = 1;
    }
    if ((double)m * (double)n * (double)k * (double)batch < WORTH_A_THREAD) threads = 1;
    if (m <= FEW_ROWS) wide = WIDE_COLUMNS; /* B is read once, in the order in which it lies */
    /* Rows are cut evenly, so that the last tile is no thin rest. */
    high = pieces(m, pieces(m, TILE_ROWS));
    down = pieces(m, high);
    while (threads > 1 && wide > LEAST_COLUMNS && batch * down * pieces(n, wide) < 2 * threads) wide /= 2;
    across = pieces(n, wide);
    run_tiles(&(tiling){ .tile = tile, .c = c, .a = a, .b = b, .g = g, .m = m, .high = high, .wide = wide, .down = down,
                         .across = across },
              batch * down * across, threads);
}
