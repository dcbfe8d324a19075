/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* argmax.h - the index of the largest entry of a row: the next token, or a label. head.c calls it.  Nothing
 * is revealed here. */
#ifndef EXEC_ARGMAX_H
#define EXEC_ARGMAX_H

#include <puma/ops.h>

/* Returns (rows, 1) integers: for each row of x the index of its largest entry, the lowest index among equal
 * ones.  Entries one ulp apart count as equal where numbers have fraction bits. */
puma_share exec_argmax(puma_session *s, puma_share x);

#endif
