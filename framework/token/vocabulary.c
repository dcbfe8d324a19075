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

size_t vocabulary_longest(const vocabulary *v, const char *text, size_t size, uint32_t *value)
{
    size_t low = 0, high = v->count, longest = 0;

    /* [low, high): the entries that begin with text[0 … depth).  The one that equals it, if any, is the
     * first. */
    for (size_t depth = 0; depth < size && low < high; depth++) {
        unsigned byte = (unsigned char)text[depth];

        if (v->entries[low].size == depth) low++;
        low = first_at_least(v, low, high, depth, byte);
        high = first_at_least(v, low, high, depth, byte + 1);
        if (low < high && v->entries[low].size == depth + 1) {
            longest = depth + 1;
            *value = v->entries[low].value;
        }
    }
    return longest;
}
