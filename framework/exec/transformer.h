/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* transformer.h - one layer of the generic Transformer on shares (Vaswani et al.  2017): of encoders, whose
 * norms follow each sum, and of decoders, whose norms precede each part. exec.c calls it, and rehearse.c in a
 * rehearsal.
 *
 * What differs between families is in the model, read from models/X.ini; which GeLU, which softmax and which
 * protocol are in the plan, made before the run starts.  Nothing is revealed here. */
#ifndef EXEC_TRANSFORMER_H
#define EXEC_TRANSFORMER_H

#include "exec/parts.h"

/* Takes h (T, d) through layer i; the result is in the caller's scope.  With p->keep the cache grows. */
residual exec_layer(struct exec *x, residual h, const pass *p, size_t i);

#endif
