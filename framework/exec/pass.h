/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pass.h - one pass through the layers: sequences whose rows stand one below the other.  exec.c makes it.
 *
 * What is done row by row is done to all sequences at once; only positions, attention and the head need to
 * know where each sequence's rows begin. */
#ifndef EXEC_PASS_H
#define EXEC_PASS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pass {
    size_t        count;
    const size_t *tokens; /* of each sequence: its rows; with 0 it takes no part and leaves the cache */
    const size_t *first;  /* of each sequence: the position of its first row, which is its length in the cache */
    bool          last;   /* only each sequence's last row of the last layer's output is used */
    bool          keep;   /* keys and values are appended to the cache */
} pass;

/* The rows of sequence i: with `last` one, else all. */
static inline size_t pass_rows_of(const pass *p, bool last, size_t i)
{
    return last && p->tokens[i] > 0 ? 1 : p->tokens[i];
}

/* The rows of all sequences together. */
static inline size_t pass_rows(const pass *p, bool last)
{
    size_t rows = 0;

    for (size_t i = 0; i < p->count; i++) rows += pass_rows_of(p, last, i);
    return rows;
}

#endif
