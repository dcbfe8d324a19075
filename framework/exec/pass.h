/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pass.h - one pass through the layers: sequences whose rows stand one below the other.
 *
 * Whatever is done row by row is done to all sequences at once; attention alone must know where each one's
 * rows begin. */
#ifndef EXEC_PASS_H
#define EXEC_PASS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pass {
    size_t        count;
    const size_t *tokens; /* of each: its rows that go in; 0: it takes no part, and leaves the cache */
    const size_t *first;  /* of each: the position of its first token, which is what the cache holds of it */
    bool          last;   /* of the last layer's output each sequence's last row alone is used */
    bool          keep;   /* keys and values are appended to the cache */
} pass;

/* Rows of sequence i: its last alone, or all that go in. */
static inline size_t pass_rows_of(const pass *p, bool last, size_t i)
{
    return last && p->tokens[i] > 0 ? 1 : p->tokens[i];
}

/* Rows of all sequences. */
static inline size_t pass_rows(const pass *p, bool last)
{
    size_t rows = 0;

    for (size_t i = 0; i < p->count; i++) rows += pass_rows_of(p, last, i);
    return rows;
}

#endif
