/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* guard.h - [numeric] guard: what must hold of each row if an answer is to be right, and the words that tell its
 * receiver whether it does.  parts.c and attention.c state the facts, exec.c asks for the verdict; host/guard.h keeps
 * and compares.
 *
 *   norm     the bare rows n have at most 1.06 times the length sqrt(d).  1/sqrt of a sum of squares that left its ring
 *            gives a longer one.  Where the function flags no rows itself, also at least half of it: a variance below what
 *            it takes gives a shorter one; so does, rightly, one below the norm's epsilon, which is then refused.
 *   softmax  |q| |k| <= W / 2 for each query and key of a layer, as |q|, |k| <= sqrt(W / 2): then a row's scores lie
 *            within W of each other (Cauchy-Schwarz), which is what the maximum takes (doc/rings.md).
 *
 * Functions add facts of their own through puma_host.flag.  A group is a layer's softmax, a layer's norms, what comes
 * before the layers, and what comes behind them. */
#ifndef EXEC_GUARD_H
#define EXEC_GUARD_H

#include "exec/pass.h"
#include "exec/state.h"

/* Called once, when the ring plan is known. */
void       exec_guard_open(struct exec *x);
void       exec_guard_close(struct exec *x);
/* States the fact of a norm's bare output n (rows, d).  `flags`: guard_flags before the norm. */
void       exec_guard_norm(struct exec *x, puma_share n, size_t flags);
/* Of a layer's queries and keys, before they are turned: qkv (T, …) begins with them. */
void       exec_guard_scores(struct exec *x, puma_share qkv);
/* After a layer: bounds the memory that facts take until the verdict. */
void       exec_guard_settle(struct exec *x);
/* The verdict of a pass, to be revealed: at a client a tensor without shares.  NULL: the run has no guard. */
puma_share exec_guard_verdict(struct exec *x);
/* At the receiver: takes the revealed words. */
void       exec_guard_take(struct exec *x, const uint64_t *words);
/* Can the softmax's fact be stated with these rings?  Else what stands in for it is the ranges' source alone. */
bool       exec_guards_scores(const exec_config *config, const puma_approx *softmax);

#endif
