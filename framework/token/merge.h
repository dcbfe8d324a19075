/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* merge.h - the one loop that both kinds of BPE are: of all neighbours that may be joined the pair that comes
 * first is, until none may.
 *
 * Which pair comes first, and what it becomes, the caller says; among equals the leftmost does.  A merge
 * makes at most two new candidates, so n symbols take n log n.  Places and sizes fit 32 bits: a text has at
 * most TOKEN_TEXT_LIMIT bytes, and its steps make it at most 16 times as long.
 *
 * bpe.c and sentencepiece.c run it; it owns the symbols of one word and sees neither text nor vocabulary. */
#ifndef TOKEN_MERGE_H
#define TOKEN_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERGE_NONE UINT32_MAX

typedef struct symbol {
    uint32_t id;
    uint32_t begin, size;    /* in the text; size 0: joined to the one on its left */
    uint32_t previous, next; /* MERGE_NONE: there is none */
} symbol;

/* A merge that may be done at symbol `at`, if the two symbols there are still the ones it was made for:
 * symbols only grow, so they are if their sizes still add up to `size`. */
typedef struct candidate {
    uint32_t rank, result, at, size;
} candidate;

/* All zero is empty; grown as needed and used again for each word. */
typedef struct merger {
    symbol    *symbols;
    candidate *heap;
    size_t     count, room, heap_count, heap_room;
} merger;

/* False: the two stay apart.  The pair of the lowest rank is joined first, to a symbol of id *result. */
typedef bool (*merge_fn)(void *context, const symbol *left, const symbol *right, uint32_t *rank,
                         uint32_t *result);

/* False: out of memory. */
bool merger_add(merger *m, uint32_t id, size_t begin, size_t size);
bool merger_run(merger *m, merge_fn pair, void *context);
/* To the beginning of another word. */
void merger_clear(merger *m);
void merger_free(merger *m);

#endif
