/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* head.h - from the last layer's output to the answer: hidden states, a sentence's vector, a classifier's
 * logits, a decoder's next token. exec.c calls it and reveals; here the answer is still shares. */
#ifndef EXEC_HEAD_H
#define EXEC_HEAD_H

#include "exec/parts.h"

/* The answer, at nodes that compute. */
puma_share exec_answer(struct exec *x, residual h, const pass *p);
/* At a client, which holds no share of the answer: a tensor of the same shape, ring and fraction bits. */
puma_share exec_answer_shape(struct exec *x, const pass *p);
/* Does the answer have a row for each token, rather than one for each sequence? */
bool       exec_answers_tokens(const struct exec *x, const pass *p);

#endif
