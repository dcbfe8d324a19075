/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* parts.h - what layers, embedding and head are put together from: linear layers, norms, functions of the
 * plan, rows of a pass.
 *
 * Each is one call of the protocol or of an approximation, in the ring that its consumer needs (rings.h). */
#ifndef EXEC_PARTS_H
#define EXEC_PARTS_H

#include "exec/pass.h"
#include "exec/state.h"

/* The residual stream.  After a norm (norm_place = post) it is g * n + b, never formed where it need not be:
 * n is the norm's bare output, gain and bias are its own.  Linear layers have them folded into their weights
 * (weights.h); a sum adds them into the product before its truncation.  With norm_place = pre n is the sum
 * itself, and gain and bias are NULL. */
typedef struct residual {
    puma_share n, gain, bias;
} residual;

/* Applies a function of the plan, its result in the widest ring; `lengths`: see puma_arguments. */
puma_share exec_function(struct exec *x, puma_slot slot, puma_share in, const size_t *lengths);
/* The activation `a`, with the promise that its table needs. */
puma_share exec_activation(struct exec *x, puma_share in, model_activation a);
/* W x + b [+ the residual], one product: x (T, n), W (m, n), b (m). */
puma_share exec_linear(struct exec *x, puma_share in, puma_share weight, puma_share bias,
                       const residual *plus, uint32_t bits);
residual   exec_norm(struct exec *x, puma_share in, puma_share gain, puma_share bias);
/* A sum of the residual stream, with its promise. */
residual   exec_sum(struct exec *x, puma_share sum);
/* g * n + b, formed: what leaves the layers. */
puma_share exec_formed(struct exec *x, residual h);

/* Is each sequence's last row all that is used of the outcome of layer i? */
bool       exec_last_only(const struct exec *x, const pass *p, size_t i);
/* The first row of each sequence; the last. */
puma_share exec_first_rows(puma_session *s, puma_share in, const pass *p);
puma_share exec_last_rows(puma_session *s, puma_share in, const pass *p);

#endif
