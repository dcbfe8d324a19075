/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rings.h - the ring plan: which ring each kind of tensor lives in (doc/rings.md).
 *
 * A ring is chosen by what its consumers need, backwards: where a product of k bits is truncated by f into K
 * = k - f bits the backend has a one-round form, so tensors that feed only comparisons and tables are kept
 * narrow, and their producers are cheap. */
#ifndef EXEC_RINGS_H
#define EXEC_RINGS_H

#include "base/error.h"
#include "model/model.h"

#include <puma/approx.h>

typedef struct rings {
    uint32_t frac;       /* fraction bits of every tensor below                               */
    uint32_t wide;       /* residual stream, norms, weights, function results: the widest ring */
    uint32_t table;      /* one-hot rows and embedding tables                                 */
    uint32_t attention;  /* q, k, v                                                           */
    uint32_t scores;     /* q k^T, operand of softmax                                         */
    uint32_t activation; /* operand of GeLU and its kind                                      */
    uint32_t rotary;     /* q and k after their turn; turn: fraction bits of cosine and sine  */
    uint32_t turn;
    uint32_t mixed;  /* softmax's result times v: operand of the output projection        */
    uint32_t inner;  /* of a gated MLP: operand of the last matrix                        */
    uint32_t logits; /* a decoder's: they meet comparisons alone, or leave                */
} rings;

/* Rings for a model and the functions chosen; PUMA_ENUMERIC, naming tensor, bits needed and bits there are,
 * when the model's ranges do not fit. */
puma_status rings_plan(rings *r, const model *m, const puma_protocol *protocol,
                       const puma_approx *const *function, uint32_t ring_bits, uint32_t frac, puma_error *e);

/* The function that a model's activation is. */
puma_slot rings_slot(model_activation a);

#endif
