/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* config.h - what an executor is asked to do, and what goes into a pass: the words that the plan and every
 * file of this folder share. */
#ifndef EXEC_CONFIG_H
#define EXEC_CONFIG_H

#include "exec/rings.h"
#include "model/model.h"

typedef struct exec_config {
    const model  *model;
    model_task    task;
    bool          linear_head;  /* of embed: w . embedding + b is the answer, or with reveal_label its sign */
    const double *head;         /* w and behind it b; the provider's, NULL elsewhere                        */
    bool          reveal_label; /* of classify: the label alone leaves MPC; of a decoder's logits: the index
                                   of the largest                                                          */
    bool          equality;     /* embedding by equality tests inside MPC       */
    bool          lookup;       /* embedding by the protocol's lookup (dpf)     */
    bool          public_weights; /* synthetic: every party makes its own shares  */
    bool          states; /* the residual stream before the first layer and behind every layer is revealed
                             too, to the receiver of the answer; not of exec_feed                          */
    rings         rings;
} exec_config;

/* A sequence of tokens, or a picture.  The length is known to every node; the contents are the provider's,
 * NULL elsewhere. */
typedef struct exec_input {
    size_t          tokens;
    const uint32_t *ids, *types;
    const double   *pixels; /* channels x height x width, of a model that takes pictures */
} exec_input;

#endif
