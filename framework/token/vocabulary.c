/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* vocabulary.c - see vocabulary.h */
#include "token/vocabulary.h"

#include <stdlib.h>
#include <string.h>

static int compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int    order = common > 0 ? memcmp(a, b, common) : 0;

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int by_text(const void *a, const void *b)
{
    const vocabulary_entry *x = a, *y = b;

    return compare(x->text, x->size, y->text, y->size);
}

const vocabulary_entry *vocabulary_make(vocabulary *v, vocabulary_entry *entries, size_t count)
{
    v->entries = entries;
    v->count = count;
    if (count > 0) qsort(entries, count, sizeof *entries, by_text);
    for (size_t i = 1; i < count; i++)
        if (by_text(&entries[i - 1], &entries[i]) == 0) return &entries[i];
    return NULL;
}

void vocabulary_keep_last(vocabulary *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < v->count; i++) {
        vocabulary_entry entry = v->entries[i];

        if (kept == 0 || by_text(&v->entries[kept - 1], &entry) != 0)
            v->entries[kept++] = entry;
        else if (v->entries[kept - 1].value < entry.value)
            v->entries[kept - 1] = entry;
    }
    v->count = kept;
}

bool vocabulary_find(const vocabulary *v, const char *text, size_t size, uint32_t *value)
{
    size_t low = 0, high = v->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order = compare(text, size, v->entries[middle].text, v->entries[middle].size);

        if (order == 0) {
            *value = v->entries[middle].value;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* First entry of [low, high) whose byte at `depth` is at least `byte`; all of them are longer than depth. */
static size_t first_at_least(const vocabulary *v, size_t low, size_t high, size_t depth, unsigned byte)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if ((unsigned char)v->entries[middle].text[depth] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

vocabulary_range vocabulary_all(const vocabulary *v) { return (vocabulary_range){ 0, v->count, 0 }; }

bool vocabulary_step(const vocabulary *v, vocabulary_range *r, char byte, const vocabulary_entry **exact)
{
    unsigned next = (unsigned char)byte;

    *exact = NULL;
    /* Those that have no byte more come first: one, unless a text stands there twice. */
    while (r->low < r->high && v->entries[r->low].size == r->depth) r->low++;
    r->low = first_at_least(v, r->low, r->high, r->depth, next);
    r->high = first_at_least(v, r->low, r->high, r->depth, next + 1);
    r->depth++;
    if (r->low == r->high) return false;
    if (v->entries[r->low].size == r->depth) *exact = &v->entries[r->low];
    return true;
}

size_t vocabulary_longest(const vocabulary *v, const char *text, size_t size, uint32_t *value)
{
    vocabulary_range        range = vocabulary_all(v);
    const vocabulary_entry *exact;
    size_t                  longest = 0;

    for (size_t i = 0; i < size && vocabulary_step(v, &range, text[i], &exact); i++) {
        if (!exact) continue;
        longest = i + 1;
        *value = exact->value;
    }
    return longest;
}
