/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attend_one.h - attention within one sequence: softmax(q k^T / sqrt(e)) v.
 *
 * An encoder's token attends to all tokens, a decoder's to itself and those before it, as far back as its
 * window goes.  Positions are public, so which scores a decoder needs is no secret: they are computed in
 * squares along the diagonal, one product for all of them, and softmax takes rows of public lengths. */
#ifndef EXEC_ATTEND_ONE_H
#define EXEC_ATTEND_ONE_H

#include "exec/state.h"

/* q (H, T', e), the last T' tokens' queries; k, v (K, S, e), keys and values of all tokens, the cached ones
 * first: (H, T', e).  H / K heads share a key. */
puma_share exec_attend_one(struct exec *x, puma_share q, puma_share k, puma_share v, int layer);

#endif
