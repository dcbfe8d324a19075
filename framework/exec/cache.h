/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* cache.h - a decoder's memory: the keys and values of earlier tokens, kept as shares, one tensor a layer.
 * attention.c calls it; the tensors are held in struct exec. */
#ifndef EXEC_CACHE_H
#define EXEC_CACHE_H

#include "exec/parts.h"

/* What a layer's cache becomes, from the keys and values of all sequences: (K, S, 2e), each key beside its
 * value. */
puma_share exec_cache_joined(puma_session *s, puma_share k, puma_share v);
/* Puts each sequence's cached keys and values before its new ones, in *k and *v; NULL after a failure. */
void       exec_cache_recall(puma_session *s, puma_share cache, const pass *p, puma_share *k, puma_share *v);

#endif
