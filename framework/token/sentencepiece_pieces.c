/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sentencepiece_pieces.c - the pieces of a SentencePiece vocabulary, one by one as sentencepiece_file.c or gguf_tokens.c
 * reads them, and what encoding looks for, made of them once.  Not trusted: every piece is checked here. */
#include "token/loader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

puma_status sentencepiece_add(loader *l, size_t *room, const char *text, size_t size, float score,
                              uint64_t type)
{
    sentencepiece *sp = &l->t->sp;
    uint32_t       id = (uint32_t)sp->count;

    if (size == 0 || size > TOKEN_ADDED_LIMIT)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: piece %u: bad length (got %zu bytes, limit %zu)", l->file, id,
                    size, TOKEN_ADDED_LIMIT);
    if (memchr(text, '\0', size) || utf8_valid(text, size) < size)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: piece %u is not UTF-8 text", l->file, id);
    if (type < SP_NORMAL || type > SP_BYTE)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: piece %u: bad type (got %ju, limit %d)", l->file, id,
                    (uintmax_t)type, SP_BYTE);
    if (!isfinite(score))
        return FAIL(l, TOKEN_EVOCABULARY, "%s: piece %u: its score is not a finite number", l->file, id);
    if (sp->count == *room) {
        size_t   more = *room ? *room * 2 : 1024;
        float   *scores = realloc(sp->scores, more * sizeof *scores);
        uint8_t *types;

        if (!scores) return loader_full(l);
        sp->scores = scores;
        types = realloc(sp->types, more * sizeof *types);
        if (!types) return loader_full(l);
        sp->types = types;
        *room = more;
    }
    sp->scores[id] = score;
    sp->types[id] = (uint8_t)type;
    sp->count++;
    return loader_set_token(l, id, text, size);
}

/* The lists that sorting makes vocabularies of. */
typedef struct sorted_out {
    vocabulary_entry *words, *symbols; /* what BPE or Unigram may give; what is taken whole */
    size_t            word_count, symbol_count, byte_count;
} sorted_out;

static puma_status sort_byte(loader *l, sorted_out *to, uint32_t id)
{
    tokenizer *t = l->t;
    int        byte = piece_byte(t->texts[id], t->sizes[id]);

    if (byte < 0 || t->byte_ids[byte] != TOKEN_NONE)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: piece %u \"%.40s\" stands for no byte, or for that of another", l->file, id,
                    t->texts[id]);
    t->byte_ids[byte] = id;
    to->byte_count++;
    return PUMA_OK;
}

static void sort_piece(loader *l, sorted_out *to, uint32_t id)
{
    tokenizer       *t = l->t;
    sentencepiece   *sp = &t->sp;
    vocabulary_entry piece = { t->texts[id], t->sizes[id], id };

    switch (sp->types[id]) {
    case SP_USER: to->symbols[to->symbol_count++] = piece; /* fall through */
    case SP_NORMAL:
    case SP_UNUSED:
        /* To BPE it is a step towards longer pieces; to Unigram it is none. */
        if (sp->types[id] == SP_UNUSED && sp->best_cut) break;
        to->words[to->word_count++] = piece;
        if (piece.size > sp->longest) sp->longest = piece.size;
        break;
    case SP_BYTE: sort_byte(l, to, id); break;
    case SP_UNKNOWN:
        if (t->unknown != TOKEN_NONE)
            FAIL(l, TOKEN_EVOCABULARY, "%s: pieces %u and %u are both the unknown one", l->file, t->unknown, id);
        t->unknown = id;
        break;
    default: break;
    }
}

/* Of several faults the first is told. */
static puma_status check_pieces(loader *l, const sorted_out *all, const vocabulary_entry *twice)
{
    const sentencepiece *sp = &l->t->sp;

    if (twice) FAIL(l, TOKEN_EVOCABULARY, "%s: piece \"%.40s\" stands twice", l->file, twice->text);
    if (l->e->status == PUMA_OK && l->t->unknown == TOKEN_NONE)
        FAIL(l, TOKEN_EVOCABULARY, "%s: no piece is the unknown one", l->file);
    if (l->e->status == PUMA_OK && all->byte_count != (sp->byte_fallback ? 256 : 0))
        FAIL(l, TOKEN_EVOCABULARY, "%s: pieces of bytes: got %zu, and byte_fallback is %s", l->file, all->byte_count,
             sp->byte_fallback ? "on" : "off");
    return l->e->status;
}

puma_status sentencepiece_close(loader *l)
{
    tokenizer              *t = l->t;
    sentencepiece          *sp = &t->sp;
    const vocabulary_entry *twice;
    sorted_out              all = { .words = malloc((sp->count + 1) * sizeof *all.words),
                                    .symbols = malloc((sp->count + 1) * sizeof *all.symbols) };

    t->model = MODEL_SENTENCEPIECE;
    t->decode = DECODE_SENTENCEPIECE;
    if (!all.words || !all.symbols) {
        free(all.words);
        free(all.symbols);
        return loader_full(l);
    }
    for (size_t i = 0; i < 256; i++) t->byte_ids[i] = TOKEN_NONE;
    for (uint32_t id = 0; id < sp->count; id++) sort_piece(l, &all, id);
    twice = vocabulary_make(&t->words, all.words, all.word_count);
    vocabulary_make(&sp->symbols, all.symbols, all.symbol_count);
    if (check_pieces(l, &all, twice) == PUMA_OK && sp->best_cut) unigram_prepare_pieces(t, l->e);
    return l->e->status;
}
