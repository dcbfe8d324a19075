/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rehearse.h - the layers of a rehearsal: one of each kind is run and recorded, the others are played back.
 * exec.c calls this in place of transformer.h.
 *
 * A rehearsal predicts messages and memory.  Layers with the same shapes in and out, the same shapes of
 * weights, the same sequences and the same window send the same messages; for those the session repeats what
 * it recorded, under each layer's own labels. */
#ifndef EXEC_REHEARSE_H
#define EXEC_REHEARSE_H

#include "exec/parts.h"

/* As exec_layer, in a rehearsal. */
residual exec_rehearse_layer(struct exec *x, residual h, const pass *p, size_t i);
/* Frees the recordings. */
void     exec_rehearse_end(struct exec *x);

#endif
