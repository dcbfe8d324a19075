/* token.c - see token.h: from text to ids through the steps of tokenizer.h, and back. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "token/tokenizer.h"

#include "base/checked.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "tokens: out of memory"); }

bool id_list_add(id_list *list, uint32_t id)
{
    if (list->count == list->room) {
        size_t    room = list->room ? list->room * 2 : 64;
        uint32_t *at = room > SIZE_MAX / sizeof *at ? NULL : realloc(list->at, room * sizeof *at);

        if (!at) return false;
        list->at = at;
        list->room = room;
    }
    list->at[list->count++] = id;
    return true;
}

puma_status token_open(tokenizer **t, const char *directory, puma_error *e)
{
    *t = calloc(1, sizeof **t);
    if (!*t) return full(e);
    if (tokenizer_load(*t, directory, e) != PUMA_OK) {
        token_close(*t);
        *t = NULL;
    }
    return e->status;
}

void token_close(tokenizer *t)
{
    if (!t) return;
    for (size_t i = 0; t->texts && i < t->count; i++) free(t->texts[i]);
    free(t->texts);
    free(t->sizes);
    free(t->kinds);
    free(t->words.entries);
    free(t->continuing.entries);
    for (size_t i = 0; i < t->added_count; i++) free(t->added[i].form.at);
    free(t->added);
    free(t->raw.entries);
    free(t->cooked.entries);
    free(t->prefix);
    free(t->merges);
    for (size_t i = 0; i < SPLIT_PATTERNS; i++) pcre2_code_free(t->patterns[i]);
    for (size_t i = 0; i < t->rewrite_count; i++) {
        free(t->rewrites[i].from.at);
        free(t->rewrites[i].to.at);
    }
    free(t->metaspace.at);
    free(t->sp.scores);
    free(t->sp.types);
    free(t->sp.symbols.entries);
    free(t->sp.unknown_text);
    free(t->decode_prefix);
    for (size_t i = 0; i < t->step_count; i++) {
        free(t->steps[i].from.at);
        free(t->steps[i].to.at);
    }
    free(t);
}

/* --- normalisation ---------------------------------------------------------------------------- */

/* BertNormalizer, in its order: clean, space around ideographs, accents off, lower case.  Consumes *p. */
static bool bert_normalise(const tokenizer *t, points *p)
{
    points next = { 0 };
    bool   fine = true;
    size_t kept = 0;

    for (size_t i = 0; t->clean && i < p->count; i++) {
        uint32_t c = p->at[i];
        bool     blank = c == '\t' || c == '\n' || c == '\r';

        if (c == 0 || c == 0xfffd || (!blank && unicode_control(c))) continue;
        p->at[kept++] = unicode_space(c) ? ' ' : c;
    }
    if (t->clean) p->count = kept;
    if (t->ideographs) {
        for (size_t i = 0; i < p->count && fine; i++) {
            bool apart = unicode_ideograph(p->at[i]);

            fine = (!apart || points_add(&next, ' ')) && points_add(&next, p->at[i]) &&
                   (!apart || points_add(&next, ' '));
        }
        free(p->at);
        *p = next;
        next = (points){ 0 };
    }
    if (fine && t->strip) {
        fine = unicode_decompose(&next, p);
        free(p->at);
        *p = next;
        next = (points){ 0 };
        kept = 0;
        for (size_t i = 0; i < p->count; i++)
            if (!unicode_mark(p->at[i])) p->at[kept++] = p->at[i];
        p->count = kept;
    }
    if (fine && t->lower) {
        for (size_t i = 0; i < p->count && fine; i++) fine = unicode_lower(&next, p->at[i]);
        free(p->at);
        *p = next;
    }
    return fine;
}

static bool nfc(points *p)
{
    points next = { 0 };
    bool   fine = unicode_decompose(&next, p) && unicode_compose(&next);

    free(p->at);
    *p = next;
    return fine;
}

static bool is_ascii(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] >= 0x80) return false;
    return true;
}

/* Prepend and Replace, one after the other, in place. */
static bool rewrite_all(const tokenizer *t, bytes *now)
{
    bool fine = true;

    for (size_t i = 0; fine && i < t->rewrite_count && now->count > 0; i++) {
        const rewrite *r = &t->rewrites[i];
        bytes          next = { 0 };

        if (r->from.count == 0)
            fine = bytes_add(&next, r->to.at, r->to.count) && bytes_add(&next, now->at, now->count);
        else
            fine = bytes_add_replaced(&next, now->at, now->count, r->from.at, r->from.count, r->to.at,
                                      r->to.count);
        free(now->at);
        *now = next;
    }
    return fine;
}

puma_status token_normalise(const tokenizer *t, const char *text, size_t size, bytes *out, puma_error *e)
{
    points p = { 0 };
    bool   bert = t->clean || t->ideographs || t->strip || t->lower, fine;

    if (!bert && (!t->compose || is_ascii(text, size))) {
        fine = bytes_add(out, text, size);
    } else {
        fine = utf8_points(&p, text, size) && (!bert || bert_normalise(t, &p)) && (!t->compose || nfc(&p));
        for (size_t i = 0; fine && i < p.count; i++) fine = bytes_add_point(out, p.at[i]);
        free(p.at);
    }
    return fine && rewrite_all(t, out) ? PUMA_OK : full(e);
}

/* --- added tokens ----------------------------------------------------------------------------- */

static size_t letter_before(const char *text, size_t at, uint32_t *c)
{
    size_t start = at - 1, length;

    while (start > 0 && ((unsigned char)text[start] & 0xc0) == 0x80) start--;
    utf8_take(text + start, at - start, c, &length);
    return start;
}

bool token_fits(const added_token *a, const char *text, size_t size, size_t least, size_t *begin, size_t *end)
{
    uint32_t c;
    size_t   length;

    if (a->single_word) {
        if (*begin > 0 && (letter_before(text, *begin, &c), unicode_word(c))) return false;
        if (*end < size && (utf8_take(text + *end, size - *end, &c, &length), unicode_word(c))) return false;
    }
    while (a->lstrip && *begin > least) {
        size_t start = letter_before(text, *begin, &c);

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

typedef struct encoding {
    const tokenizer *t;
    bool             literal; /* special tokens are not looked for */
    const bool      *marks;   /* by place in t->added: neither are these; NULL */
    id_list         *out;
} encoding;

/* first: `text` begins where the whole text does. */
typedef puma_status (*rest_fn)(const encoding *c, const char *text, size_t size, bool first, puma_error *e);

/* Gives each stretch of text between added tokens to `rest`, and adds the tokens' ids.  Leftmost, then
 * longest. */
static puma_status cut_added(const encoding *c, const vocabulary *tokens, const char *text, size_t size,
                             bool first, rest_fn rest, puma_error *e)
{
    size_t done = 0, at = 0;

    while (at < size && tokens->count > 0) {
        uint32_t place = 0;
        size_t found = vocabulary_longest(tokens, text + at, size - at, &place), begin = at, end = at + found;
        const added_token *a = &c->t->added[place];

        if (found == 0) {
            at++;
            continue;
        }
        at = end;
        if ((c->literal && (a->special || (c->marks && c->marks[place]))) ||
            !token_fits(a, text, size, done, &begin, &end)) continue;
        if (begin > done && rest(c, text + done, begin - done, first && done == 0, e) != PUMA_OK)
            return e->status;
        if (!id_list_add(c->out, a->id)) return full(e);
        at = done = end;
    }
    return done < size ? rest(c, text + done, size - done, first && done == 0, e) : PUMA_OK;
}

static puma_status encode_words(const encoding *c, const char *text, size_t size, bool first, puma_error *e)
{
    switch (c->t->model) {
    case MODEL_WORDPIECE: return wordpiece_encode(c->t, text, size, c->out, e);
    case MODEL_SENTENCEPIECE: return sentencepiece_encode(c->t, text, size, first, c->out, e);
    default: return bpe_encode(c->t, text, size, first, c->out, e);
    }
}

static puma_status encode_raw(const encoding *c, const char *text, size_t size, bool first, puma_error *e)
{
    bytes normal = { 0 };

    if (token_normalise(c->t, text, size, &normal, e) == PUMA_OK)
        cut_added(c, &c->t->cooked, normal.at, normal.count, first, encode_words, e);
    free(normal.at);
    return e->status;
}

static puma_status encode_text(const tokenizer *t, const char *name, const char *text, size_t size,
                               bool literal, id_list *out, puma_error *e)
{
    return token_check(name, text, size, e) == PUMA_OK
               ? token_encode_part(t, text, size, true, literal && t->model != MODEL_WORDPIECE, NULL, out, e)
               : e->status;
}

puma_status token_encode_part(const tokenizer *t, const char *text, size_t size, bool first, bool literal,
                              const bool *marks, id_list *out, puma_error *e)
{
    encoding c = { .t = t, .literal = literal, .marks = marks, .out = out };

    return cut_added(&c, &t->raw, text, size, first, encode_raw, e);
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

puma_status token_encode(const tokenizer *t, const char *text, size_t text_size, const char *pair,
                         size_t pair_size, bool special, bool parse_special, token_list *out, puma_error *e)
{
    token_cut cut = { .most = SIZE_MAX };

    return token_encode_cut(t, text, text_size, pair, pair_size, special, parse_special, &cut, out, e);
}

puma_status token_encode_cut(const tokenizer *t, const char *text, size_t text_size, const char *pair,
                             size_t pair_size, bool special, bool parse_special, token_cut *cut, token_list *out,
                             puma_error *e)
{
    const template *plan = pair ? &t->pair : &t->single;
    id_list         a = { 0 }, b = { 0 };

    *out = (token_list){ 0 };
    if (encode_text(t, "text", text, text_size, !parse_special, &a, e) == PUMA_OK &&
        (!pair || encode_text(t, "pair", pair, pair_size, !parse_special, &b, e) == PUMA_OK)) {
        if (template_cut(plan, &a, &b, special, cut))
            assemble(plan, &a, &b, special, out, e);
        else
            error_set(e, TOKEN_ELONG, "the special tokens alone fill the sequence (limit %zu tokens)", cut->most);
    }
    free(a.at);
    free(b.at);
    return e->status;
}

void token_list_free(token_list *list)
{
    free(list->ids);
    free(list->types);
    *list = (token_list){ 0 };
}

const char *token_text(const tokenizer *t, uint32_t id) { return id < t->count ? t->texts[id] : NULL; }

size_t token_vocabulary(const tokenizer *t) { return t->count; }
