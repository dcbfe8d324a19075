/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* bpe.c - BPE by a list of merges, of bytes (Radford et al. 2019) or of code points: a word's symbols are
 * merged pair by pair, the pair of the lowest rank first.
 *
 * word.c hands it words; merge.h has the loop.  The merges are the tokenizer's, sorted once by bpe_prepare when
 * files.c is through with loading. */
#include "token/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "text: out of memory"); }

static int by_pair(const void *a, const void *b)
{
    const merge *x = a, *y = b;

    if (x->pair != y->pair) return x->pair < y->pair ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* The tokens of bytes, and those of the letters that are most of a text. */
static bool find_small_tokens(tokenizer *t)
{
    for (uint32_t c = 0; c < BPE_LETTERS; c++) {
        bytes letter = { 0 };
        char  name[8];

        if (!bytes_add_point(&letter, c)) return false;
        if (!vocabulary_find(&t->words, letter.at, letter.count, &t->letter_ids[c]))
            t->letter_ids[c] = TOKEN_NONE;
        free(letter.at);
        if (c >= 256) continue;
        snprintf(name, sizeof name, "<0x%02X>", c);
        if (!vocabulary_find(&t->words, name, 6, &t->byte_ids[c])) t->byte_ids[c] = TOKEN_NONE;
    }
    return true;
}

puma_status bpe_prepare(tokenizer *t, puma_error *e)
{
    size_t kept = 0;

    if (!find_small_tokens(t)) return full(e);
    if (t->merge_count > 0) qsort(t->merges, t->merge_count, sizeof *t->merges, by_pair);
    for (size_t i = 0; i < t->merge_count; i++) {
        if (i + 1 < t->merge_count && t->merges[i + 1].pair == t->merges[i].pair) continue;
        t->merges[kept++] = t->merges[i];
    }
    t->merge_count = kept;
    return PUMA_OK;
}

static const merge *find_merge(const tokenizer *t, uint32_t left, uint32_t right)
{
    uint64_t pair = (uint64_t)left << 32 | right;
    size_t   low = 0, high = t->merge_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->merges[middle].pair < pair)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->merge_count && t->merges[low].pair == pair ? &t->merges[low] : NULL;
}

static bool pair_of(void *context, const symbol *left, const symbol *right, uint32_t *rank, uint32_t *result)
{
    const merge *found = find_merge(context, left->id, right->id);

    if (!found) return false;
    *rank = found->rank;
    *result = found->result;
    return true;
}

/* A symbol as the vocabulary has it: with the prefix of those that do not begin a word and the suffix of the
 * one that ends it.  NULL: out of memory. */
static const bytes *affixed(encoder *c, stretch word, size_t at, size_t length)
{
    const tokenizer *t = c->t;
    bytes           *letters = &c->letters;

    letters->count = 0;
    if ((at > 0 && t->prefix && !bytes_add(letters, t->prefix, strlen(t->prefix))) ||
        !bytes_add(letters, word.text + at, length) ||
        (at + length == word.size && t->suffix && !bytes_add(letters, t->suffix, strlen(t->suffix))))
        return NULL;
    return letters;
}

/* The tokens of a symbol's bytes, if all of them are there. */
static bool fall_back(const tokenizer *t, merger *m, const bytes *letters, size_t begin, bool *fine)
{
    for (size_t i = 0; i < letters->count; i++)
        if (t->byte_ids[(unsigned char)letters->at[i]] == TOKEN_NONE) return false;
    for (size_t i = 0; *fine && i < letters->count; i++)
        *fine = merger_add(m, t->byte_ids[(unsigned char)letters->at[i]], begin, 1);
    return true;
}

/* The token of the code point c at word.text[at …], which may need its prefix or suffix. */
static bool find_symbol(encoder *c, stretch word, size_t at, size_t length, uint32_t point, uint32_t *id,
                        bool *fine)
{
    const tokenizer *t = c->t;
    const bytes     *letters;

    if (!t->prefix && !t->suffix) {
        if (point < BPE_LETTERS) {
            *id = t->letter_ids[point];
            return *id != TOKEN_NONE;
        }
        return vocabulary_find(&t->words, word.text + at, length, id);
    }
    letters = affixed(c, word, at, length);
    *fine = letters != NULL;
    return letters && vocabulary_find(&t->words, letters->at, letters->count, id);
}

/* The symbols that a word starts as: one a code point.  What is unknown waits for the next code point that is
 * known, to be fused; tokens of bytes do not end that wait, as in the reference. */
static bool first_symbols(encoder *c, stretch word)
{
    const tokenizer *t = c->t;
    merger          *m = &c->merger;
    size_t           waiting = 0, length; /* bytes of what is unknown */
    bool             fine = true;

    for (size_t i = 0; fine && i < word.size; i += length) {
        uint32_t point, id;

        utf8_take(word.text + i, word.size - i, &point, &length);
        if (find_symbol(c, word, i, length, point, &id, &fine)) {
            if (waiting > 0) fine = merger_add(m, t->unknown, i, waiting);
            waiting = 0;
            fine = fine && merger_add(m, id, i, length);
            continue;
        }
        if (fine && t->byte_fallback) {
            const bytes *letters = affixed(c, word, i, length);

            fine = letters != NULL;
            if (fine && fall_back(t, m, letters, i, &fine)) continue;
        }
        if (t->unknown == TOKEN_NONE) continue;
        if (waiting > 0 && !t->fuse_unknown) {
            fine = merger_add(m, t->unknown, i, waiting);
            waiting = 0;
        }
        waiting += length;
    }
    if (waiting > 0) fine = fine && merger_add(m, t->unknown, word.size, waiting);
    return fine;
}

static bool encode_word(encoder *c, stretch word)
{
    merger  *m = &c->merger;
    uint32_t id;

    if (c->t->whole_words && vocabulary_find(&c->t->words, word.text, word.size, &id))
        return id_list_add(c->out, id);
    merger_clear(m);
    if (!first_symbols(c, word)) return false;
    if (m->count == 0) return true;
    if (!merger_run(m, pair_of, (void *)c->t)) return false;
    for (uint32_t i = 0; i != MERGE_NONE; i = m->symbols[i].next)
        if (!id_list_add(c->out, m->symbols[i].id)) return false;
    return true;
}

puma_status bpe_encode(encoder *c, stretch word) { return encode_word(c, word) ? PUMA_OK : full(c->e); }
