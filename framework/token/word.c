/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* word.c - a word to ids by the tokenizer's model: wordpiece.c, bpe.c, sentencepiece.c or unigram.c, and WordLevel here,
 * where each word is one token.  split.c calls it for each word of a text. */
#include "token/tokenizer.h"

static puma_status word_level(encoder *c, stretch word)
{
    uint32_t id;

    if (!vocabulary_find(&c->t->words, word.text, word.size, &id)) id = c->t->unknown;
    return id_list_add(c->out, id) ? PUMA_OK : error_set(c->e, TOKEN_EMEMORY, "tokens: out of memory");
}

puma_status word_encode(encoder *c, stretch word)
{
    switch (c->t->model) {
    case MODEL_WORDPIECE: return wordpiece_encode(c, word);
    case MODEL_WORDLEVEL: return word_level(c, word);
    case MODEL_SENTENCEPIECE:
        return sentencepiece_encode(c->t, word.text, word.size, word.first, c->out, c->e);
    case MODEL_UNIGRAM: return unigram_encode(c->t, word.text, word.size, c->out, c->e);
    default: return bpe_encode(c, word);
    }
}
