/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rings.h - the ring plan: which ring each kind of tensor lives in (doc/rings.md). plan/ calls it once; the
 * executor only reads the result.
 *
 * Rings are chosen backwards, from what the consumers need.  Where a product of k bits is truncated by f into
 * K = k - f bits the backend has a one-round form, so tensors that feed only comparisons and tables are kept
 * narrow, which makes them cheap to produce. */
#ifndef EXEC_RINGS_H
#define EXEC_RINGS_H

#include "base/error.h"
#include "model/model.h"

#include <puma/approx.h>

typedef struct rings {
    uint32_t frac;       /* fraction bits of every tensor below                               */
    uint32_t wide;       /* residual, norms, weights, function results: the widest ring       */
    uint32_t table;      /* one-hot rows and embedding tables                                 */
    uint32_t attention;  /* q, k, v                                                           */
    uint32_t scores;     /* q k^T, operand of softmax                                         */
    uint32_t activation; /* operand of GeLU and the other activations                         */
    uint32_t rotary;     /* q and k after the turn; turn: fraction bits of cosine and sine    */
    uint32_t turn;
    uint32_t mixed;  /* softmax's result times v: operand of the output projection        */
    uint32_t inner;  /* in a gated MLP: operand of the last matrix                        */
    uint32_t logits; /* a decoder's: they are only compared, or revealed                  */
} rings;

/* Rings for a model and the chosen functions.  When the model's ranges do not fit: PUMA_ENUMERIC, with the
 * tensor, the bits that it needs and the bits that there are. */
puma_status rings_plan(rings *r, const model *m, const puma_protocol *protocol,
                       const puma_approx *const *function, bool guard, uint32_t ring_bits, uint32_t frac,
                       puma_error *e);

/* Do queries and keys say enough of how far scores lie apart that the guard can go by them?  At the price of one bit. */
bool rings_reach_fits(const model_ranges *g);

/* The function that computes a model's activation, and that of its norms. */
puma_slot rings_slot(model_activation a);
puma_slot rings_norm_slot(const model *m);
/* The factor that a function wants on its operand (puma_approx.operand_scale); 1 without a function. */
double    rings_operand_scale(const puma_approx *f);

#endif
