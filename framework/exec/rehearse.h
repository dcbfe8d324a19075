/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rehearse.h - layers of a rehearsal: one of each kind is gone through and recorded, its likes are played
 * back.
 *
 * A rehearsal predicts messages and memory.  Layers that have the same shapes in and out, weights of the same
 * shapes, the same sequences and the same window send the same messages; for those the session repeats what
 * it recorded, under their own labels.  exec.c asks here in place of transformer.h. */
#ifndef EXEC_REHEARSE_H
#define EXEC_REHEARSE_H

#include "exec/parts.h"

/* As exec_layer, of a rehearsal. */
residual exec_rehearse_layer(struct exec *x, residual h, const pass *p, size_t i);
/* Frees what has been recorded. */
void     exec_rehearse_end(struct exec *x);

#endif
