/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attention.h - a layer's attention, softmax(q k^T / sqrt(e)) v over all heads, from the layer's normed
 * input.  transformer.c calls it; it computes q, k and v, turns them, joins the cache, and leaves the rest to
 * attend_one.c and attend_many.c.
 *
 * An encoder's token attends to all tokens of its sequence, a decoder's to itself and the tokens before
 * it. */
#ifndef EXEC_ATTENTION_H
#define EXEC_ATTENTION_H

#include "exec/pass.h"
#include "exec/state.h"

/* From n (T, d) to (rows, H e), the heads of each row side by side; with `last` only the rows of each
 * sequence's last token.  With p->keep, *kept becomes what the layer's cache is to hold. */
puma_share exec_attention(struct exec *x, puma_share n, bool last, const pass *p, int layer,
                          puma_share *kept);

#endif
