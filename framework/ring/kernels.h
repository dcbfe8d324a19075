/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* kernels.h - what the three sets of kernels and the product that drives them share.
 *
 * For this folder alone: ring.c picks a table, matmul.c drives the tiles.  Kernels may not branch or index by a
 * word's value, which may be a share of a secret. */
#ifndef RING_KERNELS_H
#define RING_KERNELS_H

#include "ring/ring.h"

#include <assert.h>

#define TILE_ROWS 130 /* the most rows that a kernel keeps packed at once */
#define FEW_ROWS 16   /* so few are not worth a packed B                */

/* Room for the packed panels of a product with many rows, of whatever width of words (panels_body.h). */
#define PANEL_DEEP 257 /* words of a row or column in a panel, its header among them       */
#define PANEL_WIDE 256 /* bytes of a row of B that are packed together                     */
#define PANEL_LINE 64  /* where they begin                                                 */
#define PANEL_ROOM (((size_t)TILE_ROWS * 8 + PANEL_WIDE + PANEL_LINE) * PANEL_DEEP / PANEL_LINE * PANEL_LINE)

/* One product C += A B mod 2^bits of row-major matrices (B is N x K when transposed).  `flip` is 0 to add
 * and all ones to subtract: (x ^ flip) - flip is x or -x without a branch. */
typedef struct ring_product {
    uint64_t       *c;
    const uint64_t *a, *b;
    size_t          m, n, k;
    bool            transposed;
    uint64_t        flip;
    uint32_t        bits;
    void           *panels; /* PANEL_ROOM bytes of this thread's own; NULL where there is no memory: nothing is packed */
} ring_product;

/* Rows [i0, i1) and columns [j0, j1) of C, over all of K, reduced to the product's bits.  Tiles of one C may
 * run at the same time. */
typedef void ring_tile(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1);

/* Cuts a batch of products into tiles and runs them on the threads of ring_set_threads. */
void ring_tiles(ring_tile *tile, uint64_t *c, const uint64_t *a, const uint64_t *b, const puma_gemm *g);

extern const puma_ring ring_portable;
#if defined(__x86_64__)
extern const puma_ring ring_avx2, ring_avx512, ring_ifma;
size_t                 ring_avx2_mix(uint32_t bits, size_t loops); /* see ring_mix */
#endif

#endif
