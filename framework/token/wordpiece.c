/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* wordpiece.c - the pieces of a word: the longest one of the vocabulary first, then on from its end.
 *
 * word.c calls it with one word.  The two vocabularies that it looks in, of beginnings and of continuations, are made
 * by loader.c. */
#include "token/tokenizer.h"

static puma_status add(encoder *c, uint32_t id)
{
    return id_list_add(c->out, id) ? PUMA_OK : error_set(c->e, TOKEN_EMEMORY, "text: out of memory");
}

static bool too_long(stretch word, size_t limit)
{
    size_t   count = 0, length;
    uint32_t c;

    if (word.size <= limit) return false;
    for (size_t at = 0; at < word.size && count <= limit; at += length, count++)
        utf8_take(word.text + at, word.size - at, &c, &length);
    return count > limit;
}

/* A word of which any rest has no piece is one unknown token, and so is one that is too long. */
puma_status wordpiece_encode(encoder *c, stretch word)
{
    const tokenizer *t = c->t;
    size_t           before = c->out->count;

    if (too_long(word, t->word_limit)) return add(c, t->unknown);
    for (size_t at = 0; at < word.size;) {
        uint32_t id = 0;
        size_t   taken =
            vocabulary_longest(at == 0 ? &t->words : &t->continuing, word.text + at, word.size - at, &id);

        if (taken == 0) {
            c->out->count = before;
            return add(c, t->unknown);
        }
        if (add(c, id) != PUMA_OK) return c->e->status;
        at += taken;
    }
    return PUMA_OK;
}
