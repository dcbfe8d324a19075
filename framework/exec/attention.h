/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attention.h - a layer's attention: softmax(q k^T / sqrt(e)) v of all heads, from the layer's normed input.
 *
 * An encoder's token attends to all tokens of its sequence, a decoder's to itself and the tokens before it.
 */
#ifndef EXEC_ATTENTION_H
#define EXEC_ATTENTION_H

#include "exec/pass.h"
#include "exec/state.h"

/* From n (T, d) to (rows, H e), the heads of each row side by side; `last`: rows of each sequence's last
 * token alone.  With p->keep *kept becomes what the layer's cache is to hold. */
puma_share exec_attention(struct exec *x, puma_share n, bool last, const pass *p, int layer,
                          puma_share *kept);

#endif
