/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attend_one.h - attention within one sequence: softmax(q k^T / sqrt(e)) v. attention.c calls it.
 *
 * An encoder's token attends to all tokens, a decoder's to itself and the tokens before it, as far back as
 * its window reaches.  Positions are public, and so is which scores a decoder needs: they are computed in
 * squares along the diagonal, all in one product, and softmax takes rows of public lengths. */
#ifndef EXEC_ATTEND_ONE_H
#define EXEC_ATTEND_ONE_H

#include "exec/state.h"

/* q (H, T', e) holds the queries of the last T' tokens; k and v (K, S, e) the keys and values of all tokens,
 * the cached ones first.  Returns (H, T', e).  H / K heads share a key. */
puma_share exec_attend_one(struct exec *x, puma_share q, puma_share k, puma_share v, int layer);

#endif
