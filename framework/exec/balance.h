/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* balance.h - scores stay as they are if the queries of a head are divided by what its keys are multiplied
 * by.  The guard (guard.h) takes queries and keys up to one length, and so passes the most if both are about
 * as long.  weights.c asks for factors when it shares queries and keys; they are the weights owner's secret
 * like these. */
#ifndef EXEC_BALANCE_H
#define EXEC_BALANCE_H

#include <stddef.h>

/* The queries and keys of a layer: the rows of q (heads * e, d) and k (kv_heads * e, d) act on a norm's bare
 * output times gain + offset (gain NULL: on the output itself). */
typedef struct balance_heads {
    const double *q, *k, *gain; /* q or k NULL: nobody here knows them, and the factors are 1 */
    double        offset, scale; /* scale: of a query times a key */
    size_t        heads, kv_heads, e, d;
} balance_heads;

/* factor[g]: the keys of group g are to be multiplied by it and the queries of its heads divided by it.  1
 * where either is 0.  Returns 0 if memory ran out. */
int     balance(double *factor, const balance_heads *b);
/* What the rows of queries and keys, one above the other, are to be multiplied by: the root of scale, and a group's
 * factor.  malloc'd; NULL if memory ran out. */
double *balance_rows(const balance_heads *b);

#endif
