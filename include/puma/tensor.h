/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/tensor.h - a tensor of shares: a shape, and `planes` arrays of 64-bit ring words.
 *
 * The host owns shapes and memory; what the planes mean is the backend's business.  rep3 keeps
 * (m, lambda) in two planes, plain keeps the value in one.  A tensor lives in its session's arena
 * until the scope in which it was made is released (host.h); nobody frees one by hand.
 *
 * PUMA_ARITH  one word an element, in Z_{2^bits}, 1 <= bits <= 64, stored reduced (upper bits 0);
 *             the number it stands for is the signed representative times 2^-frac.
 * PUMA_BIT    one bit an element, element i in bit i % 64 of word i / 64; the bits behind the last
 *             element are 0.
 * With PUMA_CAP_FLOAT an arithmetic word is the bits of a double; bits and frac are kept all the
 * same, so that the same plan describes both. */
#ifndef PUMA_TENSOR_H
#define PUMA_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#define PUMA_MAX_RANK 4
#define PUMA_MAX_PLANES 4

typedef enum puma_kind { PUMA_ARITH = 0, PUMA_BIT = 1 } puma_kind;

typedef struct puma_tensor {
    uint32_t  kind;                  /* puma_kind                                                */
    uint32_t  rank;                  /* 0 (a scalar) to PUMA_MAX_RANK                            */
    size_t    dim[PUMA_MAX_RANK];    /* row-major; unused entries are 1                          */
    size_t    n;                     /* elements: the product of dim                             */
    size_t    words;                 /* words in a plane: n, or ceil(n / 64) for bits            */
    uint32_t  bits, frac;            /* ring width and fraction bits; 1 and 0 for PUMA_BIT       */
    int32_t   range;                 /* promise of the plan: |number| < 2^range.  bits-1-frac    *
                                      * when nothing better is known.  Narrows comparisons only. */
    uint32_t  planes;
    uint64_t *plane[PUMA_MAX_PLANES];
    void     *owner;                 /* the host's: memory the planes lie in                     */
} puma_tensor;

#endif
