/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* head.h - from the last layer's output to what the task reveals: hidden states, a sentence's vector, a
 * classifier's logits, a decoder's next token.  Nothing is revealed here: the result is shares. */
#ifndef EXEC_HEAD_H
#define EXEC_HEAD_H

#include "exec/parts.h"

/* At nodes that compute: the answer. */
puma_share exec_answer(struct exec *x, residual h, const pass *p);
/* At a client, which holds no share of it: a tensor of the same shape, ring and fraction. */
puma_share exec_answer_shape(struct exec *x, const pass *p);
/* Has the answer a row for each token, or one for each sequence? */
bool       exec_answers_tokens(const struct exec *x, const pass *p);

#endif
