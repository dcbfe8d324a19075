/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cache.h - a decoder's memory: keys and values of the tokens that went before, as shares, one tensor a
 * layer. */
#ifndef EXEC_CACHE_H
#define EXEC_CACHE_H

#include "exec/parts.h"

/* What a layer's cache becomes, from the keys and values of all sequences: (K, S, 2e), keys beside values. */
puma_share exec_cache_joined(puma_session *s, puma_share k, puma_share v);
/* Puts each sequence's cached keys and values in front of its new ones, *k and *v; NULL after a failure. */
void       exec_cache_recall(puma_session *s, puma_share cache, const pass *p, puma_share *k, puma_share *v);

#endif
