/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* embedding.h - shares the provider's inputs and turns them into the rows of the first layer. exec.c calls it
 * once a pass.
 *
 * Rows of the embedding tables are looked up by secret token ids, in the way that [run] embedding chose; rows
 * of positions are chosen publicly; a picture's patches go through a matrix. */
#ifndef EXEC_EMBEDDING_H
#define EXEC_EMBEDDING_H

#include "exec/parts.h"

/* Called at every node.  `in` holds p->count inputs.  Returns the first layer's input, (T, d) in the widest
 * ring, in the caller's scope; empty at a client that does not compute. */
residual exec_embed(struct exec *x, const exec_input *in, const pass *p);

#endif
