/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* config.h - what an executor is asked to do, and one input. plan/ fills these structures in; every file of
 * this folder may read them. */
#ifndef EXEC_CONFIG_H
#define EXEC_CONFIG_H

#include "exec/rings.h"
#include "model/model.h"

typedef struct exec_config {
    const model  *model;
    model_task    task;
    bool          linear_head;  /* for embed: w . embedding + b is the answer, with reveal_label its sign    */
    const double *head;         /* w, then b; the provider's, NULL elsewhere                                */
    bool          reveal_label; /* for classify: only the label leaves MPC; for a decoder's logits: the
                                   index of the largest                                                   */
    bool          equality;     /* embedding by equality tests inside MPC       */
    bool          lookup;       /* embedding by the protocol's lookup (dpf)     */
    bool          public_weights; /* synthetic: every party makes its own shares  */
    bool          states; /* also reveal the residual before the first layer and after every layer, to the
                             receiver of the answer; exec_feed ignores this                               */
    bool          measures; /* reports what stands behind `reach`; only where values are in the clear  */
    bool          guard;  /* [numeric] guard: tell the receiver whether every row kept its range */
    rings         rings;
} exec_config;

/* A sequence of tokens, or a picture.  Every node knows the length; only the provider has the contents, NULL
 * elsewhere. */
typedef struct exec_input {
    size_t          tokens;
    const uint32_t *ids, *types;
    const double   *pixels; /* channels x height x width, for a model that takes pictures */
} exec_input;

#endif
