/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* weights.h - shares a model's weights in the form that the layers want. exec.c calls this once, before the
 * first input.
 *
 * What can be done in the clear, by the provider or to public structure, is done here and costs nothing
 * later: Q, K and V become one matrix, and so do a gate and the matrix that it gates; the gain and bias of a
 * norm are folded into the linear layer after it; the query carries 1/sqrt(e). */
#ifndef EXEC_WEIGHTS_H
#define EXEC_WEIGHTS_H

#include "exec/state.h"

/* Fills in every share of x that the model and the task need.  `source` is the provider's, or with public
 * weights every computing node's; NULL elsewhere, and in a rehearsal.  `head`: see exec_open.  A failure is
 * reported in the session. */
void exec_share_weights(struct exec *x, const model_source *source, const double *head);

#endif
