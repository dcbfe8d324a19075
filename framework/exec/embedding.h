/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* embedding.h - the way in: the provider's inputs become shares, and those become the rows of the first
 * layer.
 *
 * Rows of the embedding tables are looked up by secret token ids, in the form that [run] embedding chose;
 * rows of positions are public choices; a picture's patches go through a matrix. */
#ifndef EXEC_EMBEDDING_H
#define EXEC_EMBEDDING_H

#include "exec/parts.h"

/* Every node.  `in`: p->count inputs.  What goes into the first layer, (T, d) in the widest ring, in the
 * caller's scope; at a client that does not compute it is empty. */
residual exec_embed(struct exec *x, const exec_input *in, const pass *p);

#endif
