/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* rotary.h - rotary positions (Su et al.  2021): pairs of numbers in a query or a key are turned by an angle
 * that grows with the token's position. attention.c calls it. */
#ifndef EXEC_ROTARY_H
#define EXEC_ROTARY_H

#include "exec/parts.h"

/* Turns q (H, T', e), which has all rows or with `last` each sequence's last, and k (K, T, e), which has all
 * rows.  Angles are public: this costs two multiplications by constants, and one truncation for all of q and
 * k. */
void exec_turn(struct exec *x, puma_share *q, puma_share *k, bool last, const pass *p);

#endif
