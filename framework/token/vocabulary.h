/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* vocabulary.h - strings to numbers by binary search in a sorted array: no hash that a file could fill with
 * collisions, and the longest entry at the head of a text is found by narrowing the array byte by byte.
 *
 * Encoders look in it, loaders make it of entries whose texts are the tokenizer's, which it must not outlive;
 * token_close frees the entries. */
#ifndef TOKEN_VOCABULARY_H
#define TOKEN_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct vocabulary_entry {
    const char *text; /* the owner's; not copied */
    size_t      size;
    uint32_t    value;
} vocabulary_entry;

typedef struct vocabulary {
    vocabulary_entry *entries; /* sorted by bytes */
    size_t            count;
} vocabulary;

/* Sorts entries[0 … count), which become the vocabulary's.  Returns an entry whose text another one has too;
 * NULL: none. */
const vocabulary_entry *vocabulary_make(vocabulary *v, vocabulary_entry *entries, size_t count);
/* Of entries with one text the one of the largest value stays. */
void                    vocabulary_keep_last(vocabulary *v);
bool                    vocabulary_find(const vocabulary *v, const char *text, size_t size, uint32_t *value);
/* Size of the longest entry that text begins with, its value in *value; 0: none (the empty entry is not
 * looked for). */
size_t vocabulary_longest(const vocabulary *v, const char *text, size_t size, uint32_t *value);

/* The entries that begin with some bytes, narrowed byte by byte: for what needs more than the longest. */
typedef struct vocabulary_range {
    size_t low, high, depth; /* entries[low … high), depth bytes each */
} vocabulary_range;

vocabulary_range vocabulary_all(const vocabulary *v);
/* One byte more.  False: no entry begins so.  *exact: the entry that is just these bytes; NULL: none is. */
bool vocabulary_step(const vocabulary *v, vocabulary_range *r, char byte, const vocabulary_entry **exact);

#endif
