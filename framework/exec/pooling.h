/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pooling.h - a sentence encoder's vector: the rows of each sequence become one row, which goes through the
 * model's steps (dense, norm, length 1). head.c calls it. */
#ifndef EXEC_POOLING_H
#define EXEC_POOLING_H

#include "exec/parts.h"

/* Returns (sequences, embedding), from the last layer's output. */
puma_share exec_sentence_vectors(struct exec *x, residual h, const pass *p);

#endif
