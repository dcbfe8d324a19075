/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/tensor.h - a tensor of shares: a shape, and planes of 64-bit ring words.
 *
 * The host owns shapes and memory; only the backend knows what the planes mean.  rep3 keeps (m, lambda) in two
 * planes, plain keeps the value in one.  A tensor lives in its session's arena until the scope in which it was
 * made ends (host.h); nobody frees one by hand.
 *
 * PUMA_ARITH  a plane holds one word an element, an integer mod 2^bits (1 <= bits <= 64) stored reduced: upper
 *             bits 0.  The number is the signed representative times 2^-frac.
 * PUMA_BIT    a plane holds one bit an element: element i is bit i % 64 of word i / 64; the bits after the
 *             last element are 0.
 *
 * The backend declares the number of planes for each kind.  All that a party holds of an element must be in
 * the planes, at the element's own place in each of them: the host reshapes, slices, permutes, joins and picks
 * elements by copying words (or bits) of every plane, without asking the backend.  Planes of zeros must be
 * shares of 0.  A MAC of a share is one more plane.  State that does not move with its element - a seed for a
 * whole tensor, a ciphertext that packs several elements - cannot be expressed here, except by an index into
 * tables of the backend's own: one for each element, in a plane.
 *
 * An empty tensor (n = 0) is allowed wherever a tensor is, and costs nothing: no message, no failure.
 *
 * In floating point (PUMA_CAP_FLOAT) an arithmetic word is the bits of a double; bits and frac are kept all
 * the same, so that one plan describes both. */
#ifndef PUMA_TENSOR_H
#define PUMA_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PUMA_MAX_RANK 4
#define PUMA_MAX_PLANES 4

typedef enum puma_kind { PUMA_ARITH = 0, PUMA_BIT = 1 } puma_kind;

typedef struct puma_tensor {
    uint32_t kind;               /* puma_kind                                                        */
    uint32_t rank;               /* 0 (a scalar) to PUMA_MAX_RANK                                    */
    size_t   dim[PUMA_MAX_RANK]; /* row-major; unused entries are 1                                  */
    size_t   n;                  /* elements: the product of dim                                     */
    size_t   words;              /* words in a plane: n, or ceil(n / 64) for bits                    */
    uint32_t bits, frac;         /* ring width and fraction bits; 1 and 0 for PUMA_BIT               */
    int32_t  range;              /* promised by the plan: |number| < 2^range; bits - 1 - frac when   *
                                  * nothing better is known.  Used only to narrow comparisons         */
    uint32_t known;              /* bit p: party p knows the numbers themselves, because it brought  *
                                  * them in.  They are shared all the same; this may save work       */
    uint32_t  planes;            /* as many as its kind has                                           */
    uint64_t *plane[PUMA_MAX_PLANES];
    void     *memory;            /* the host's: the memory of the planes                              */
} puma_tensor;

/* A matrix or vector that every party knows, of an open model for example.  The entries are integers in two's
 * complement, and the number is the integer times 2^-frac; in floating point they are doubles (bits 64, frac
 * 0).  It is never shared.  The values belong to the caller and must outlive the call. */
typedef struct puma_public {
    uint32_t    struct_size;
    uint32_t    bits;            /* of a stored integer: 8, 16, 32 or 64                             */
    uint32_t    frac;
    uint32_t    rank;            /* 1 or 2                                                           */
    size_t      dim[2];          /* row-major; rank 1: dim[1] is 1                                   */
    const void *values;          /* equal at all parties; NULL at the client and in a rehearsal      */
} puma_public;

/* Entry i as stored, with its sign. */
static inline int64_t puma_public_entry(const puma_public *w, size_t i)
{
    switch (w->bits) {
    case 8: return ((const int8_t *)w->values)[i];
    case 16: return ((const int16_t *)w->values)[i];
    case 32: return ((const int32_t *)w->values)[i];
    default: return ((const int64_t *)w->values)[i];
    }
}

/* All entries as ring words mod 2^64, in floating point as doubles; `words` stays as it is where `values` is NULL. */
static inline void puma_public_words(uint64_t *words, const puma_public *w)
{
    size_t n = w->dim[0] * (w->rank == 2 ? w->dim[1] : 1);

    for (size_t i = 0; w->values != NULL && i < n; i++) words[i] = (uint64_t)puma_public_entry(w, i);
}

#ifdef __cplusplus
}
#endif

#endif
