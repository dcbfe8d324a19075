/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sentencepiece.c - SentencePiece (Kudo and Richardson 2018): the text, its characters mapped and with U+2581
 * for its blanks, is one word.  Unigram finds the best pieces of it (unigram.c); in BPE, here, of all
 * neighbours whose joined text is a piece those of the highest score are joined first.
 *
 * word.c hands it text; the vocabulary that it reads was made by sentencepiece_pieces.c.  Its workspace is one
 * call's. */
#include "token/tokenizer.h"

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
