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
    pcre2_code_free(t->pattern);
    free(t->decode_prefix);
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

puma_status token_normalise(const tokenizer *t, const char *text, size_t size, bytes *out, puma_error *e)
{
    points p = { 0 };
    bool   bert = t->clean || t->ideographs || t->strip || t->lower, fine;

    if (!bert && (!t->compose || is_ascii(text, size))) return bytes_add(out, text, size) ? PUMA_OK : full(e);
    fine = utf8_points(&p, text, size) && (!bert || bert_normalise(t, &p)) && (!t->compose || nfc(&p));
    for (size_t i = 0; fine && i < p.count; i++) fine = bytes_add_point(out, p.at[i]);
    free(p.at);
    return fine ? PUMA_OK : full(e);
}

/* --- added tokens ----------------------------------------------------------------------------- */

static size_t letter_before(const char *text, size_t at, uint32_t *c)
{
    size_t start = at - 1, length;

    while (start > 0 && ((unsigned char)text[start] & 0xc0) == 0x80) start--;
    utf8_take(text + start, at - start, c, &length);
    return start;
}

/* Widens [*begin, *end) over white space where the token says so; false: it must be a word of its own and is
 * not. */
static bool fits(const added_token *a, const char *text, size_t size, size_t least, size_t *begin,
                 size_t *end)
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
    id_list         *out;
} encoding;

typedef puma_status (*rest_fn)(const encoding *c, const char *text, size_t size, puma_error *e);

/* Gives each stretch of text between added tokens to `rest`, and adds the tokens' ids.  Leftmost, then
 * longest. */
static puma_status cut_added(const encoding *c, const vocabulary *tokens, const char *text, size_t size,
                             rest_fn rest, puma_error *e)
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
        if ((c->literal && a->special) || !fits(a, text, size, done, &begin, &end)) continue;
        if (begin > done && rest(c, text + done, begin - done, e) != PUMA_OK) return e->status;
        if (!id_list_add(c->out, a->id)) return full(e);
        at = done = end;
    }
    return done < size ? rest(c, text + done, size - done, e) : PUMA_OK;
}

static puma_status encode_words(const encoding *c, const char *text, size_t size, puma_error *e)
{
    return c->t->model == MODEL_WORDPIECE ? wordpiece_encode(c->t, text, size, c->out, e)
                                          : bpe_encode(c->t, text, size, c->out, e);
}

static puma_status encode_raw(const encoding *c, const char *text, size_t size, puma_error *e)
{
    bytes normal = { 0 };

    if (token_normalise(c->t, text, size, &normal, e) == PUMA_OK)
        cut_added(c, &c->t->cooked, normal.at, normal.count, encode_words, e);
    free(normal.at);
    return e->status;
}

static puma_status encode_text(const tokenizer *t, const char *name, const char *text, size_t size,
                               bool literal, id_list *out, puma_error *e)
{
    encoding c = { .t = t, .literal = literal && t->model == MODEL_BPE, .out = out };
    size_t   valid;

    if (size > TOKEN_TEXT_LIMIT)
        return error_set(e, TOKEN_ELONG, "%s: too long (got %zu bytes, limit %zu)", name, size,
                         TOKEN_TEXT_LIMIT);
    valid = utf8_valid(text, size);
    if (valid < size)
        return error_set(e, TOKEN_EUTF8, "%s: byte %zu: not UTF-8 (got 0x%02x)", name, valid,
                         (unsigned char)text[valid]);
    return cut_added(&c, &t->raw, text, size, encode_raw, e);
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
    id_list a = { 0 }, b = { 0 };

    *out = (token_list){ 0 };
    if (encode_text(t, "text", text, text_size, !parse_special, &a, e) == PUMA_OK &&
        (!pair || encode_text(t, "pair", pair, pair_size, !parse_special, &b, e) == PUMA_OK))
        assemble(pair ? &t->pair : &t->single, &a, &b, special, out, e);
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

/* --- decoding --------------------------------------------------------------------------------- */

/* Takes the blank before punctuation and English contractions away from one token, each rule over the whole
 * of it. */
static void clean_up(bytes *b)
{
    static const struct {
        const char *from, *to;
    } rules[] = {
        { " .", "." },   { " ?", "?" },     { " !", "!" },     { " ,", "," },
        { " ' ", "'" },  { " n't", "n't" }, { " 'm", "'m" },   { " do not", " don't" },
        { " 's", "'s" }, { " 've", "'ve" }, { " 're", "'re" },
    };

    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        size_t from = strlen(rules[r].from), to = strlen(rules[r].to), kept = 0;

        for (size_t i = 0; i < b->count;) {
            if (b->count - i >= from && memcmp(b->at + i, rules[r].from, from) == 0) {
                memcpy(b->at + kept, rules[r].to, to); /* never longer than what it replaces */
                kept += to;
                i += from;
            } else {
                b->at[kept++] = b->at[i++];
            }
        }
        b->count = kept;
    }
}

static bool decode_piece(const tokenizer *t, uint32_t id, bool first, bytes *out)
{
    size_t prefix = strlen(t->decode_prefix), size = t->sizes[id];
    bool   joins = size >= prefix && memcmp(t->texts[id], t->decode_prefix, prefix) == 0, fine;
    bytes  piece = { 0 };

    if (first)
        fine = bytes_add(&piece, t->texts[id], size);
    else if (joins)
        fine = bytes_add(&piece, t->texts[id] + prefix, size - prefix);
    else
        fine = bytes_add(&piece, " ", 1) && bytes_add(&piece, t->texts[id], size);
    if (fine && t->cleanup) clean_up(&piece);
    fine = fine && bytes_add(out, piece.at, piece.count);
    free(piece.at);
    return fine;
}

/* A token of which any letter stands for no byte (an added one) is text as it is. */
static bool decode_bytes(const tokenizer *t, uint32_t id, bytes *out)
{
    size_t   before = out->count, length;
    uint32_t c;

    for (size_t i = 0; i < t->sizes[id]; i += length) {
        char byte;
        int  found;

        utf8_take(t->texts[id] + i, t->sizes[id] - i, &c, &length);
        found = bpe_byte(c);
        if (found < 0) {
            out->count = before;
            return bytes_add(out, t->texts[id], t->sizes[id]);
        }
        byte = (char)found;
        if (!bytes_add(out, &byte, 1)) return false;
    }
    return true;
}

/* Each longest start of a broken sequence becomes U+FFFD. */
static bool repair(bytes *b)
{
    bytes    whole = { 0 };
    uint32_t c;
    size_t   length;
    bool     fine = true;

    if (utf8_valid(b->at, b->count) == b->count) return true;
    for (size_t i = 0; fine && i < b->count; i += length) {
        bool valid = utf8_take(b->at + i, b->count - i, &c, &length);

        fine = valid ? bytes_add(&whole, b->at + i, length) : bytes_add(&whole, "\xef\xbf\xbd", 3);
    }
    free(b->at);
    *b = whole;
    return fine;
}

puma_status token_decode(const tokenizer *t, const uint32_t *ids, size_t count, bool skip_special,
                         char **text, size_t *size, puma_error *e)
{
    bytes out = { 0 };
    bool  fine = true, first = true;

    *text = NULL;
    *size = 0;
    for (size_t i = 0; i < count; i++)
        if (ids[i] >= t->count)
            return error_set(e, TOKEN_EID, "ids: entry %zu: no such token (got %u, limit %zu)", i, ids[i],
                             t->count - 1);
    for (size_t i = 0; fine && i < count; i++) {
        uint32_t id = ids[i];

        if (skip_special && (t->kinds[id] & KIND_SPECIAL)) continue;
        switch (t->decode) {
        case DECODE_WORDPIECE: fine = decode_piece(t, id, first, &out); break;
        case DECODE_BYTES: fine = decode_bytes(t, id, &out); break;
        case DECODE_JOIN:
            fine = (first || bytes_add(&out, " ", 1)) && bytes_add(&out, t->texts[id], t->sizes[id]);
            break;
        }
        first = false;
    }
    fine = fine && (t->decode != DECODE_BYTES || repair(&out)) && bytes_add(&out, "", 1);
    if (!fine) {
        free(out.at);
        return full(e);
    }
    *text = out.at;
    *size = out.count - 1;
    return PUMA_OK;
}
