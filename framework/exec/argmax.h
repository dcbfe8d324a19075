/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* argmax.h - which entry of a row is the largest: the next token, a label. */
#ifndef EXEC_ARGMAX_H
#define EXEC_ARGMAX_H

#include <puma/ops.h>

/* (rows, 1), integers: the index of the largest entry of each row of x, of equal ones the lowest.  Entries
 * that are one ulp apart count as equal where numbers have fraction bits. */
puma_share exec_argmax(puma_session *s, puma_share x);

#endif
