/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attend_many.h - attention within each of several sequences at once. attention.c calls it.
 *
 * The rows (queries) and keys of all sequences stand one below the other.  Which row sees which keys is
 * public: it follows from lengths, positions, a decoder's order and its window.  Tiles cover these pairs,
 * each with a few rows and a run of keys: an encoder's sequence is one tile; a decoder's has one for every
 * few rows, up to the last key that they see.  Scores are one product over all tiles and heads, softmax runs
 * over rows of public lengths, and the weights go back into the tiles for the product with the values.  It
 * sends the bytes that the sequences would send one by one, in the rounds of one. */
#ifndef EXEC_ATTEND_MANY_H
#define EXEC_ATTEND_MANY_H

#include "exec/pass.h"
#include "exec/state.h"

/* q is (H, rows, e), with `last` only each sequence's last row; k and v are (K, S, e).  Returns (H, rows,
 * e). */
puma_share exec_attend_many(struct exec *x, puma_share q, puma_share k, puma_share v, bool last,
                            const pass *p, int layer);

#endif
