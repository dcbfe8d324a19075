/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* parts.h - what embedding, layers and head are built from: linear layers, norms, the plan's functions, rows
 * of a pass.
 *
 * Each is one call of the protocol or of an approximation, in the ring that its consumer needs (rings.h). */
#ifndef EXEC_PARTS_H
#define EXEC_PARTS_H

#include "exec/pass.h"
#include "exec/state.h"

/* The residual.  After a norm (norm_place = post) it is g * n + b, which is formed only where it must be: n
 * is the norm's bare output; gain and bias are the norm's own.  The next linear layers have them folded into
 * their weights (weights.h), and the next sum adds them into its product before the truncation.  With
 * norm_place = pre, n is the sum itself, and gain and bias are NULL. */
typedef struct residual {
    puma_share n, gain, bias;
} residual;

/* Applies a function of the plan.  The result is in the widest ring; `lengths`: see puma_arguments. */
puma_share exec_function(struct exec *x, puma_slot slot, puma_share in, const size_t *lengths);
/* Softmax of rows, in a ring that holds the values that they weigh; `lengths`: see puma_arguments. */
puma_share exec_softmax(struct exec *x, puma_share in, const size_t *lengths);
/* Applies the activation `a`, after promising the range that its table needs. */
puma_share exec_activation(struct exec *x, puma_share in, model_activation a);
/* W x + b, plus the residual if there is one, as one product: x (T, n), W (m, n), b (m). */
puma_share exec_linear(struct exec *x, puma_share in, puma_share weight, puma_share bias,
                       const residual *plus, uint32_t bits);
/* A norm of rows without gain and bias, and what the guard asks of it. */
puma_share exec_bare_norm(struct exec *x, puma_slot slot, puma_share in, double epsilon);
residual   exec_norm(struct exec *x, puma_share in, puma_share gain, puma_share bias);
/* Makes a sum the residual, and promises its range. */
residual   exec_sum(struct exec *x, puma_share sum);
/* Forms g * n + b. */
puma_share exec_formed(struct exec *x, residual h);

/* Is only each sequence's last row of layer i's output used? */
bool       exec_last_only(const struct exec *x, const pass *p, size_t i);
/* The first, or the last, row of each sequence. */
puma_share exec_first_rows(puma_session *s, puma_share in, const pass *p);
puma_share exec_last_rows(puma_session *s, puma_share in, const pass *p);

#endif
