/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* weights.h - makes shares of a model's weights, in the form in which the layers want them.
 *
 * What can be done to public structure or by the provider in the clear is done here and costs nothing later:
 * Q, K and V stand in one matrix, a gate above the matrix that it gates; the gain and bias of a norm are
 * folded into the linear layer behind it; the query carries 1/sqrt(e).  exec.c calls this once, before the
 * first input. */
#ifndef EXEC_WEIGHTS_H
#define EXEC_WEIGHTS_H

#include "exec/state.h"

/* Fills in every share of x that the model and the task need.  `source` is the provider's, or with public
 * weights every node's that computes; NULL elsewhere, and in a rehearsal.  `head`: as exec_open has it.  A failure is
 * the session's. */
void exec_share_weights(struct exec *x, const model_source *source, const double *head);

#endif
