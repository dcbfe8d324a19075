/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sentencepiece.c - SentencePiece (Kudo and Richardson 2018): the text, its characters mapped and with U+2581
 * for its blanks, is one word.  Unigram finds the best pieces of it (unigram.c); in BPE, here, of all
 * neighbours whose joined text is a piece those of the highest score are joined first. */
#include "token/loader.h"
#include "token/merge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLANK_SIGN "\xe2\x96\x81"
#define GROWTH_BYTES ((size_t)64 << 10)
#define GROWTH_TIMES 12  /* NFKC makes a text at most 11 times as long; a hostile map would go on */
#define WHOLE MERGE_NONE /* id of a symbol that stays as it is */

typedef struct workspace {
    const tokenizer *t;
    bytes            text; /* normalised */
    merger           merger;
    uint32_t   *halves; /* by id of an unused piece: bytes of its left part; NULL: there is no such piece */
    id_list    *out;
    bool        was_unknown;
    puma_error *e;
} workspace;

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "text: out of memory"); }

/* --- what encoding looks for, made once ------------------------------------------------------- */

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

puma_status sentencepiece_close(loader *l)
{
    tokenizer              *t = l->t;
    sentencepiece          *sp = &t->sp;
    vocabulary_entry       *words = malloc((sp->count + 1) * sizeof *words);
    vocabulary_entry       *symbols = malloc((sp->count + 1) * sizeof *symbols);
    const vocabulary_entry *twice;
    size_t                  word_count = 0, symbol_count = 0, byte_count = 0;

    t->model = MODEL_SENTENCEPIECE;
    t->decode = DECODE_SENTENCEPIECE;
    for (size_t i = 0; i < 256; i++) t->byte_ids[i] = TOKEN_NONE;
    for (uint32_t id = 0; words && symbols && id < sp->count; id++) {
        vocabulary_entry piece = { t->texts[id], t->sizes[id], id };
        int              byte;

        switch (sp->types[id]) {
        case SP_USER: symbols[symbol_count++] = piece; /* fall through */
        case SP_NORMAL:
        case SP_UNUSED:
            /* To BPE it is a step towards longer pieces; to Unigram it is none. */
            if (sp->types[id] == SP_UNUSED && sp->best_cut) break;
            words[word_count++] = piece;
            if (piece.size > sp->longest) sp->longest = piece.size;
            break;
        case SP_BYTE:
            byte = piece_byte(piece.text, piece.size);
            if (byte < 0 || t->byte_ids[byte] != TOKEN_NONE) {
                FAIL(l, TOKEN_EVOCABULARY,
                     "%s: piece %u \"%.40s\" stands for no byte, or for that of another", l->file, id,
                     piece.text);
                break;
            }
            t->byte_ids[byte] = id;
            byte_count++;
            break;
        case SP_UNKNOWN:
            if (t->unknown != TOKEN_NONE)
                FAIL(l, TOKEN_EVOCABULARY, "%s: pieces %u and %u are both the unknown one", l->file,
                     t->unknown, id);
            t->unknown = id;
            break;
        default: break;
        }
    }
    if (!words || !symbols) {
        free(words);
        free(symbols);
        return loader_full(l);
    }
    twice = vocabulary_make(&t->words, words, word_count);
    if (twice) FAIL(l, TOKEN_EVOCABULARY, "%s: piece \"%.40s\" stands twice", l->file, twice->text);
    vocabulary_make(&sp->symbols, symbols, symbol_count);
    if (l->e->status == PUMA_OK && t->unknown == TOKEN_NONE)
        return FAIL(l, TOKEN_EVOCABULARY, "%s: no piece is the unknown one", l->file);
    if (l->e->status == PUMA_OK && byte_count != (sp->byte_fallback ? 256 : 0))
        return FAIL(l, TOKEN_EVOCABULARY, "%s: pieces of bytes: got %zu, and byte_fallback is %s", l->file,
                    byte_count, sp->byte_fallback ? "on" : "off");
    if (l->e->status == PUMA_OK && sp->best_cut) unigram_prepare_pieces(t, l->e);
    return l->e->status;
}

/* --- normalisation ---------------------------------------------------------------------------- */

/* Bytes of what the text begins with: a user-defined piece or one code point. */
static size_t take(const workspace *w, const char *text, size_t size, bool *user)
{
    uint32_t c;
    size_t   length = vocabulary_longest(&w->t->sp.symbols, text, size, &c);

    *user = length > 0;
    if (!*user) utf8_take(text, size, &c, &length);
    return length;
}

/* The same of a text whose characters are not mapped yet: a user-defined piece, a key of the map or one code
 * point.  part: what it becomes. */
static size_t take_mapped(const workspace *w, const char *text, size_t size, const char **part,
                          size_t *part_size)
{
    bool   user;
    size_t length = take(w, text, size, &user), key;

    *part = text;
    *part_size = length;
    if (user) return length;
    key = charsmap_longest(&w->t->sp.map, text, size, part, part_size);
    return key > 0 ? key : length;
}

/* Does what begins so, at the start of the text if `first`, get a blank in front? */
static bool wants_prefix(const sentencepiece *sp, const char *text, size_t size, bool first)
{
    bool blank = size > 0 && (*text == ' ' || (size >= 3 && memcmp(text, BLANK_SIGN, 3) == 0));

    return sp->dummy_prefix && (first || !sp->first_only) && !(blank && sp->missing_only);
}

/* Characters are mapped, blanks become signs, one is put in front, and with `squeeze` of several blanks one
 * is left, none at the ends.  As in the reference, "blank" is U+0020, and a user-defined piece keeps the
 * blanks that are within it.  False: out of memory. */
static bool normalise(workspace *w, const char *text, size_t size, bool first)
{
    const sentencepiece *sp = &w->t->sp;
    const char          *sign = sp->escape ? BLANK_SIGN : " ", *part;
    size_t               sign_size = strlen(sign), at = 0, length, part_size;
    size_t               limit = GROWTH_BYTES + GROWTH_TIMES * size;
    bool                 was_blank = sp->squeeze;

    for (; sp->squeeze && at < size; at += length) {
        length = take_mapped(w, text + at, size - at, &part, &part_size);
        if (part_size != 1 || *part != ' ') break;
    }
    if (at == size) return true;
    if (wants_prefix(sp, text + at, size - at, first) && !bytes_add(&w->text, sign, sign_size)) return false;
    for (; at < size; at += length) {
        length = take_mapped(w, text + at, size - at, &part, &part_size);
        for (; was_blank && part_size > 0 && *part == ' '; part_size--) part++;
        if (part_size == 0) continue;
        if (!bytes_add_replaced(&w->text, part, part_size, " ", 1, sign, sign_size)) return false;
        if (w->text.count > limit) {
            error_set(w->e, TOKEN_ELONG, "text: the tokenizer's map makes too much of it (limit %zu bytes)",
                      limit);
            return true;
        }
        was_blank = sp->squeeze && part[part_size - 1] == ' ';
    }
    while (sp->squeeze && w->text.count >= sign_size &&
           memcmp(w->text.at + w->text.count - sign_size, sign, sign_size) == 0)
        w->text.count -= sign_size;
    return true;
}

/* --- merging ---------------------------------------------------------------------------------- */

/* Ranks sort as scores do, highest first: a float's bits sort as its value does once those of negative
 * numbers are turned round.  -0 and 0 are one score. */
static uint32_t rank_of(float score)
{
    uint32_t bits;

    if (score == 0) score = 0;
    memcpy(&bits, &score, sizeof bits);
    return bits & 0x80000000u ? bits : ~bits & 0x7fffffffu;
}

static bool pair_of(void *context, const symbol *left, const symbol *right, uint32_t *rank, uint32_t *result)
{
    const workspace     *w = context;
    const sentencepiece *sp = &w->t->sp;
    size_t               size = (size_t)left->size + right->size;

    if (left->id == WHOLE || right->id == WHOLE || size > sp->longest) return false;
    if (!vocabulary_find(&w->t->words, w->text.at + left->begin, size, result)) return false;
    *rank = rank_of(sp->scores[*result]);
    if (w->halves && sp->types[*result] == SP_UNUSED) w->halves[*result] = left->size;
    return true;
}

static bool add_unknown(workspace *w, const char *text, size_t size)
{
    const tokenizer *t = w->t;

    if (!t->sp.byte_fallback) {
        bool again = w->was_unknown;

        w->was_unknown = true;
        return again || id_list_add(w->out, t->unknown);
    }
    for (size_t i = 0; i < size; i++)
        if (!id_list_add(w->out, t->byte_ids[(unsigned char)text[i]])) return false;
    return true;
}

/* One symbol to ids.  An unused piece is only a step towards longer ones: where it is left, it is parted
 * again, as it was made; a single code point of that type is unknown. */
static bool add_symbol(workspace *w, const char *text, size_t size)
{
    const sentencepiece *sp = &w->t->sp;
    uint32_t             id;

    if (!vocabulary_find(&w->t->words, text, size, &id)) return add_unknown(w, text, size);
    if (sp->types[id] == SP_UNUSED) {
        size_t half = w->halves[id];

        if (half == 0) return add_unknown(w, text, size);
        return add_symbol(w, text, half) && add_symbol(w, text + half, size - half);
    }
    w->was_unknown = false;
    return id_list_add(w->out, id);
}

static bool merge_pieces(workspace *w)
{
    merger *m = &w->merger;
    size_t  length;
    bool    user;

    for (size_t at = 0; at < w->text.count; at += length) {
        length = take(w, w->text.at + at, w->text.count - at, &user);
        if (!merger_add(m, user ? WHOLE : 0, at, length)) return false;
    }
    if (m->count == 0) return true;
    if (!merger_run(m, pair_of, w)) return false;
    for (uint32_t i = 0; i != MERGE_NONE; i = m->symbols[i].next)
        if (!add_symbol(w, w->text.at + m->symbols[i].begin, m->symbols[i].size)) return false;
    return true;
}

puma_status sentencepiece_encode(const tokenizer *t, const char *text, size_t size, bool first, id_list *out,
                                 puma_error *e)
{
    workspace w = { .t = t, .out = out, .e = e };
    bool      fine = true;

    if (!t->sp.best_cut && memchr(t->sp.types, SP_UNUSED, t->sp.count)) {
        w.halves = calloc(t->sp.count, sizeof *w.halves);
        fine = w.halves != NULL;
    }
    if (!fine || !normalise(&w, text, size, first)) full(e);
    if (e->status == PUMA_OK && t->sp.best_cut)
        unigram_encode(t, w.text.at, w.text.count, out, e);
    else if (e->status == PUMA_OK && !merge_pieces(&w))
        full(e);
    free(w.text.at);
    free(w.halves);
    merger_free(&w.merger);
    return e->status;
}
