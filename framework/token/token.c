/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* token.c - see token.h: from text to ids through the steps of tokenizer.h, and back.
 *
 * Owns the order of the steps and the buffers that encoding one text takes; each step's own work is in the file that
 * tokenizer.h names for it.  An open tokenizer is not changed. */
#include "token/tokenizer.h"

#include "base/checked.h"

#include <stdlib.h>
#include <string.h>

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "tokens: out of memory"); }

static puma_status open_any(tokenizer **t, const char *directory, const token_file *files, size_t count,
                            puma_error *e)
{
    *t = calloc(1, sizeof **t);
    if (!*t) return full(e);
    if (tokenizer_load(*t, directory, files, count, e) != PUMA_OK) {
        token_close(*t);
        *t = NULL;
    }
    return e->status;
}

puma_status token_open(tokenizer **t, const char *directory, puma_error *e)
{
    return open_any(t, directory, NULL, 0, e);
}

puma_status token_open_files(tokenizer **t, const token_file *files, size_t count, puma_error *e)
{
    return open_any(t, "memory", files, count, e);
}

/* --- added tokens ----------------------------------------------------------------------------- */

bool token_fits(const added_token *a, const char *text, size_t size, size_t least, size_t *begin, size_t *end)
{
    uint32_t c;
    size_t   length;

    if (a->single_word) {
        if (*begin > 0 && (utf8_before(text, *begin, &c), unicode_word(c))) return false;
        if (*end < size && (utf8_take(text + *end, size - *end, &c, &length), unicode_word(c))) return false;
    }
    while (a->lstrip && *begin > least) {
        size_t start = utf8_before(text, *begin, &c);

        if (!unicode_space(c)) break;
        *begin = start;
    }
    while (a->rstrip && *end < size) {
        utf8_take(text + *end, size - *end, &c, &length);
        if (!unicode_space(c)) break;
        *end += length;
    }
    return true;
}

/* What becomes of a stretch of text without added tokens. */
typedef puma_status (*rest_fn)(encoder *c, stretch p);

/* Gives each stretch of text between added tokens to `rest`, and adds the tokens' ids.  Leftmost, then
 * longest. */
static puma_status cut_added(encoder *c, const vocabulary *tokens, stretch p, rest_fn rest)
{
    size_t done = 0, at = 0;

    while (at < p.size && tokens->count > 0) {
        uint32_t           place = 0;
        size_t             found = vocabulary_longest(tokens, p.text + at, p.size - at, &place);
        size_t             begin = at, end = at + found;
        const added_token *a = &c->t->added[place];

        if (found == 0) {
            at++;
            continue;
        }
        at = end;
        if ((c->literal && (a->special || (c->marks && c->marks[place]))) ||
            !token_fits(a, p.text, p.size, done, &begin, &end))
            continue;
        if (begin > done &&
            rest(c, (stretch){ p.text + done, begin - done, p.first && done == 0 }) != PUMA_OK)
            return c->e->status;
        if (!id_list_add(c->out, a->id)) return full(c->e);
        at = done = end;
    }
    return done < p.size ? rest(c, (stretch){ p.text + done, p.size - done, p.first && done == 0 })
                         : c->e->status;
}

static puma_status encode_raw(encoder *c, stretch p)
{
    bytes normal = { 0 };

    if (token_normalise(c->t, &c->matcher, p.text, p.size, &normal, &p.first, c->e) == PUMA_OK)
        cut_added(c, &c->t->cooked, (stretch){ normal.at, normal.count, p.first }, token_split);
    free(normal.at);
    return c->e->status;
}

static puma_status encode_text(const tokenizer *t, const char *name, const char *text, size_t size,
                               bool literal, id_list *out, puma_error *e)
{
    return token_check(name, text, size, e) == PUMA_OK
               ? token_encode_part(t, (stretch){ text, size, true }, literal && t->model != MODEL_WORDPIECE, NULL, out, e)
               : e->status;
}

puma_status token_encode_part(const tokenizer *t, stretch p, bool literal, const bool *marks, id_list *out, puma_error *e)
{
    encoder c = { .t = t, .literal = literal, .marks = marks, .out = out, .e = e };

    cut_added(&c, &t->raw, p, encode_raw);
    for (size_t i = 0; i < STEP_LIMIT; i++) free(c.made[i].at);
    free(c.letters.at);
    matcher_free(&c.matcher);
    merger_free(&c.merger);
    return e->status;
}

puma_status token_check(const char *name, const char *text, size_t size, puma_error *e)
{
    size_t valid;

    if (size > TOKEN_TEXT_LIMIT)
        return error_set(e, TOKEN_ELONG, "%s: too long (got %zu bytes, limit %zu)", name, size,
                         TOKEN_TEXT_LIMIT);
    valid = utf8_valid(text, size);
    if (valid < size)
        return error_set(e, TOKEN_EUTF8, "%s: byte %zu: not UTF-8 (got 0x%02x)", name, valid,
                         (unsigned char)text[valid]);
    return PUMA_OK;
}

/* --- the whole sequence ----------------------------------------------------------------------- */

static puma_status assemble(const template *plan, const id_list *a, const id_list *b, bool special,
                            token_list *out, puma_error *e)
{
    size_t count = 0, room;

    for (size_t i = 0; i < plan->count; i++) {
        const template_piece *p = &plan->pieces[i];
        size_t add = p->what == PIECE_A ? a->count : p->what == PIECE_B ? b->count : special ? 1 : 0;

        if (!checked_add(&count, count, add)) return full(e);
    }
    if (!checked_mul(&room, count ? count : 1, sizeof *out->ids)) return full(e);
    out->ids = malloc(room);
    out->types = malloc(room);
    if (!out->ids || !out->types) {
        token_list_free(out);
        return full(e);
    }
    for (size_t i = 0; i < plan->count; i++) {
        const template_piece *p = &plan->pieces[i];
        const id_list         one = { .at = (uint32_t *)&p->id, .count = special ? 1 : 0 };
        const id_list        *from = p->what == PIECE_A ? a : p->what == PIECE_B ? b : &one;

        for (size_t k = 0; k < from->count; k++) {
            out->ids[out->count] = from->at[k];
            out->types[out->count++] = p->type;
        }
    }
    return PUMA_OK;
}

puma_status token_encode(const tokenizer *t, const token_source *from, token_list *out, puma_error *e)
{
    token_cut cut = { .most = SIZE_MAX };

    return token_encode_cut(t, from, &cut, out, e);
}

puma_status token_encode_cut(const tokenizer *t, const token_source *from, token_cut *cut, token_list *out, puma_error *e)
{
    const template *plan = from->pair ? &t->pair : &t->single;
    bool            literal = !from->parse_special;
    id_list         a = { 0 }, b = { 0 };

    *out = (token_list){ 0 };
    if (encode_text(t, "text", from->text, from->size, literal, &a, e) == PUMA_OK &&
        (!from->pair || encode_text(t, "pair", from->pair, from->pair_size, literal, &b, e) == PUMA_OK)) {
        if (template_cut(plan, &a, &b, from->special, cut))
            assemble(plan, &a, &b, from->special, out, e);
        else
            error_set(e, TOKEN_ELONG, "the special tokens alone fill the sequence (limit %zu tokens)", cut->most);
    }
    free(a.at);
    free(b.at);
    return e->status;
}
