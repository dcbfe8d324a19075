/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* decode.c - ids to text, and the same for a list that grows.
 *
 * One function does both: when the list is `open`, it leaves off what a later token may still change, so that
 * its text is a beginning of all later ones.
 *
 * Behind token_decode and token_stream of token.h.  It owns a stream's text and what it holds back; the tokenizer is
 * only read. */
#include "token/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define BLANK_SIGN "\xe2\x96\x81"  /* U+2581, which stands for a blank in SentencePiece's vocabularies */

typedef struct decoding {
    const tokenizer *t;
    const uint32_t  *ids;
    size_t           count;
    bool             skip_special, open;
    puma_error      *e;
} decoding;

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "tokens: out of memory"); }

/* An id that no token has is nothing. */
static bool skipped(const decoding *d, uint32_t id)
{
    return !d->t->texts[id] || (d->skip_special && (d->t->kinds[id] & KIND_SPECIAL));
}

/* --- parts of WordPiece's and byte-level BPE's steps
 * ------------------------------------------------------------- */

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

/* A token as WordPiece joins it to those before: without its prefix, or with a blank in front. */
static bool join_piece(const decode_step *step, const char *text, size_t size, bool first, bytes *out)
{
    const bytes *prefix = &step->from;
    bool         joins =
             size >= prefix->count && (prefix->count == 0 || memcmp(text, prefix->at, prefix->count) == 0),
         fine = true;
    bytes joined = { 0 };

    if (!first && joins) {
        text += prefix->count;
        size -= prefix->count;
    } else if (!first) {
        fine = bytes_add(&joined, " ", 1);
    }
    fine = fine && bytes_add(&joined, text, size);
    if (fine && step->cleanup) clean_up(&joined);
    fine = fine && bytes_add(out, joined.at, joined.count);
    free(joined.at);
    return fine;
}

/* A token of which any letter stands for no byte (an added one) is text as it is. */
static bool add_bytes_of(const char *text, size_t size, bytes *out)
{
    size_t   before = out->count, length;
    uint32_t c;

    for (size_t i = 0; i < size; i += length) {
        char byte;
        int  found;

        utf8_take(text + i, size - i, &c, &length);
        found = byte_of_letter(c);
        if (found < 0) {
            out->count = before;
            return bytes_add(out, text, size);
        }
        byte = (char)found;
        if (!bytes_add(out, &byte, 1)) return false;
    }
    return true;
}

/* Each longest start of a broken sequence becomes U+FFFD; of an open list the last may still become whole. */
static bool repair(bytes *b, bool open)
{
    bytes    whole = { 0 };
    uint32_t c;
    size_t   length;
    bool     fine = true;

    if (utf8_valid(b->at, b->count) == b->count) return true;
    for (size_t i = 0; fine && i < b->count; i += length) {
        bool valid = utf8_take(b->at + i, b->count - i, &c, &length);

        if (!valid && open && i + length == b->count) break;
        fine = valid ? bytes_add(&whole, b->at + i, length) : bytes_add(&whole, REPLACEMENT, 3);
    }
    free(b->at);
    *b = whole;
    return fine;
}

/* What a tokenizer without decoder gives: its tokens with blanks between. */
static bool join_tokens(const decoding *d, bytes *out)
{
    bool fine = true, first = true;

    for (size_t i = 0; fine && i < d->count; i++) {
        uint32_t id = d->ids[i];

        if (skipped(d, id)) continue;
        fine = (first || bytes_add(out, " ", 1)) && bytes_add(out, d->t->texts[id], d->t->sizes[id]);
        first = false;
    }
    return fine;
}

/* --- SentencePiece ---------------------------------------------------------------------------- */

/* A run of byte pieces: what is UTF-8 in it as it is, each other byte as U+FFFD. */
static bool add_run(bytes *out, const bytes *run, bool open)
{
    size_t   length;
    uint32_t c;

    for (size_t i = 0; i < run->count; i += length) {
        bool valid = utf8_take(run->at + i, run->count - i, &c, &length);

        if (!valid && open && i + length == run->count) return true;
        if (!(valid ? bytes_add(out, run->at + i, length) : bytes_add(out, REPLACEMENT, 3))) return false;
        if (!valid) length = 1;
    }
    return true;
}

/* The blank that encoding puts in front (or, with squeeze, all blanks there) goes, control pieces are
 * nothing. */
static bool decode_sentencepiece(const decoding *d, bytes *out)
{
    const tokenizer     *t = d->t;
    const sentencepiece *sp = &t->sp;
    bytes                run = { 0 };
    bool                 fine = true, start = true, blank_taken = false;

    for (size_t i = 0; fine && i < d->count; i++) {
        uint32_t    id = d->ids[i];
        uint8_t     type = id < sp->count ? sp->types[id] : SP_NORMAL;
        const char *text = t->texts[id];
        size_t      size = t->sizes[id];

        if (type == SP_BYTE) {
            char byte = (char)piece_byte(text, size);

            fine = bytes_add(&run, &byte, 1);
            continue;
        }
        if (!text || (skipped(d, id) && type != SP_CONTROL)) continue;
        fine = add_run(out, &run, false);
        run.count = 0;
        if (blank_taken || out->count > 0) start = false;
        blank_taken = false;
        if (type == SP_CONTROL || !fine) continue;
        if (type == SP_UNKNOWN) {
            fine = bytes_add(out, sp->unknown_text, strlen(sp->unknown_text));
        } else if (id >= sp->count) {
            fine = bytes_add(out, text, size);
        } else {
            if (start && (sp->dummy_prefix || sp->squeeze) && size >= 3 && memcmp(text, BLANK_SIGN, 3) == 0) {
                blank_taken = !sp->squeeze;
                text += 3;
                size -= 3;
            }
            fine = bytes_add_replaced(out, text, size, BLANK_SIGN, 3, " ", 1);
        }
    }
    fine = fine && add_run(out, &run, d->open);
    free(run.at);
    return fine;
}

/* --- the steps of tokenizer.json -------------------------------------------------------------- */

/* Strings, one behind the other: string i is text[ends[i - 1] … ends[i]). */
typedef struct strings {
    bytes   text;
    size_t *ends;
    size_t  count, room;
} strings;

static void strings_free(strings *s)
{
    free(s->text.at);
    free(s->ends);
    *s = (strings){ 0 };
}

/* What was appended to s->text since the last string is one. */
static bool strings_end(strings *s)
{
    if (s->count == s->room) {
        size_t  room = s->room ? s->room * 2 : 64;
        size_t *ends = room > SIZE_MAX / sizeof *ends ? NULL : realloc(s->ends, room * sizeof *ends);

        if (!ends) return false;
        s->ends = ends;
        s->room = room;
    }
    s->ends[s->count++] = s->text.count;
    return true;
}

static bool end_run(strings *to, bytes *run)
{
    bool fine = true;

    if (run->count == 0) return true;
    if (utf8_valid(run->at, run->count) == run->count)
        fine = bytes_add(&to->text, run->at, run->count) && strings_end(to);
    else
        for (size_t i = 0; fine && i < run->count; i++)
            fine = bytes_add(&to->text, REPLACEMENT, 3) && strings_end(to);
    run->count = 0;
    return fine;
}

static bool strip(strings *to, const decode_step *step, const char *text, size_t size)
{
    const bytes *c = &step->from;

    for (size_t i = 0; i < step->start && size >= c->count && memcmp(text, c->at, c->count) == 0; i++) {
        text += c->count;
        size -= c->count;
    }
    for (size_t i = 0;
         i < step->stop && size >= c->count && memcmp(text + size - c->count, c->at, c->count) == 0; i++)
        size -= c->count;
    return bytes_add(&to->text, text, size);
}

/* A step of a hostile file would make much of little, each by the next. */
#define GROWTH_BYTES ((size_t)64 << 10)
#define GROWTH_TIMES 16

static bool replace(const decoding *d, const decode_step *step, const char *text, size_t size, size_t limit,
                    bytes *out)
{
    matcher m = { 0 };
    search  s;
    size_t  done = 0, begin, end;
    bool    found, fine = true;

    search_start(&s, step->pattern, &m, text, size);
    while (fine && search_next(&s, &begin, &end, &found, d->e) == PUMA_OK && found) {
        if (out->count + (begin - done) + step->to.count > limit)
            error_set(d->e, TOKEN_ELONG,
                      "tokens: the tokenizer's decoder makes too much of them (limit %zu bytes)", limit);
        fine = d->e->status == PUMA_OK && bytes_add(out, text + done, begin - done) &&
               bytes_add(out, step->to.at, step->to.count);
        done = end;
    }
    matcher_free(&m);
    return fine && d->e->status == PUMA_OK && bytes_add(out, text + done, size - done);
}

/* BPEDecoder: the suffix that ends a word is a blank, behind the last token nothing. */
static bool replace_suffix(const decoding *d, const bytes *suffix, const char *text, size_t size, bool last,
                           bytes *out)
{
    size_t begin = out->count;

    if (!bytes_add_replaced(out, text, size, suffix->at, suffix->count, " ", last ? 0 : 1)) return false;
    if (!last || !d->open) return true;
    /* The next token will put a blank in the place of the first suffix. */
    for (size_t i = 0; i + suffix->count <= size; i++)
        if (memcmp(text + i, suffix->at, suffix->count) == 0) {
            out->count = begin + i;
            break;
        }
    return true;
}

/* False: out of memory, or an error is set. */
static bool take_step(const decoding *d, const decode_step *step, size_t limit, const strings *from,
                      strings *to)
{
    bytes run = { 0 };
    bool  fine = true, one = step->what == STEP_FUSE || step->what == STEP_BYTES;

    for (size_t i = 0; fine && i < from->count; i++) {
        size_t      begin = i ? from->ends[i - 1] : 0, size = from->ends[i] - begin;
        const char *text = size ? from->text.at + begin : "";
        bool        drop = i == 0 && step->start > 0;
        int         byte = step->what == STEP_BYTE_FALLBACK ? piece_byte(text, size) : -1;

        if (byte >= 0) {
            char letter = (char)byte;

            fine = bytes_add(&run, &letter, 1);
            continue;
        }
        switch (step->what) {
        case STEP_REPLACE: fine = replace(d, step, text, size, limit, &to->text); break;
        case STEP_METASPACE:
            fine =
                bytes_add_replaced(&to->text, text, size, step->from.at, step->from.count, " ", drop ? 0 : 1);
            break;
        case STEP_BYTE_FALLBACK: fine = end_run(to, &run) && bytes_add(&to->text, text, size); break;
        case STEP_FUSE: fine = bytes_add(&to->text, text, size); break;
        case STEP_STRIP: fine = strip(to, step, text, size); break;
        case STEP_WORDPIECE: fine = join_piece(step, text, size, i == 0, &to->text); break;
        case STEP_BYTES: fine = add_bytes_of(text, size, &to->text); break;
        case STEP_SUFFIX:
            fine = replace_suffix(d, &step->from, text, size, i + 1 == from->count, &to->text);
            break;
        }
        fine = fine && (one || strings_end(to));
    }
    if (step->what == STEP_BYTES) fine = fine && repair(&to->text, d->open);
    if (one) fine = fine && strings_end(to);
    /* A run goes on, or turns out to be broken, with the next byte. */
    if (!d->open) fine = fine && end_run(to, &run);
    free(run.at);
    return fine;
}

/* Of an open list: may a later token change what the steps make of the earlier ones?  Where strings have
 * become one, a step that looks for more than a character may find it across the end. */
static bool end_is_open(const tokenizer *t)
{
    bool one = false;

    for (size_t i = 0; i < t->step_count; i++) {
        const decode_step *step = &t->steps[i];

        if (step->what == STEP_STRIP && step->stop > 0) return true;
        if (one && (step->what == STEP_REPLACE || step->what == STEP_SUFFIX || step->what == STEP_WORDPIECE))
            return true;
        one = one || step->what == STEP_FUSE || step->what == STEP_BYTES;
    }
    return false;
}

static bool decode_steps(const decoding *d, bytes *out)
{
    const tokenizer *t = d->t;
    strings          now = { 0 };
    size_t           limit;
    bool             fine = true;

    if (d->open && end_is_open(t)) return true;
    for (size_t i = 0; fine && i < d->count; i++)
        if (!skipped(d, d->ids[i]))
            fine = bytes_add(&now.text, t->texts[d->ids[i]], t->sizes[d->ids[i]]) && strings_end(&now);
    limit = GROWTH_BYTES + GROWTH_TIMES * now.text.count;
    for (size_t i = 0; fine && i < t->step_count; i++) {
        strings next = { 0 };

        fine = take_step(d, &t->steps[i], limit, &now, &next);
        strings_free(&now);
        now = next;
    }
    fine = fine && bytes_add(out, now.text.at, now.text.count);
    strings_free(&now);
    return fine;
}

/* --- what the header offers ------------------------------------------------------------------- */

static puma_status decode(const decoding *d, bytes *out)
{
    bool fine;

    switch (d->t->decode) {
    case DECODE_SENTENCEPIECE: fine = decode_sentencepiece(d, out); break;
    case DECODE_STEPS: fine = decode_steps(d, out); break;
    default: fine = join_tokens(d, out);
    }
    return fine || d->e->status != PUMA_OK ? d->e->status : full(d->e);
}

puma_status token_decode(const tokenizer *t, const uint32_t *ids, size_t count, bool skip_special,
                         char **text, size_t *size, puma_error *e)
{
    decoding d = { .t = t, .ids = ids, .count = count, .skip_special = skip_special, .e = e };
    bytes    out = { 0 };

    *text = NULL;
    *size = 0;
    for (size_t i = 0; i < count; i++)
        if (ids[i] >= t->count)
            return error_set(e, TOKEN_EID, "ids: entry %zu: no such token (limit %zu)", i, t->count - 1);
    if (decode(&d, &out) == PUMA_OK && !bytes_add(&out, "", 1)) full(e);
    if (e->status != PUMA_OK) {
        free(out.at);
        return e->status;
    }
    *text = out.at;
    *size = out.count - 1;
    return PUMA_OK;
}

struct token_stream {
    const tokenizer *t;
    bool             skip_special;
    id_list          ids;
    bytes            text;  /* of all ids, less what was held back */
    size_t           given; /* of text */
};

puma_status token_stream_open(token_stream **s, const tokenizer *t, bool skip_special, puma_error *e)
{
    *s = calloc(1, sizeof **s);
    if (!*s) return full(e);
    (*s)->t = t;
    (*s)->skip_special = skip_special;
    return PUMA_OK;
}

const char *token_stream_text(const token_stream *s, size_t *size)
{
    *size = s->given;
    return s->given > 0 ? s->text.at : "";
}

void token_stream_close(token_stream *s)
{
    if (!s) return;
    if (s->ids.at) explicit_bzero(s->ids.at, s->ids.count * sizeof *s->ids.at);
    if (s->text.at) explicit_bzero(s->text.at, s->text.count);
    free(s->ids.at);
    free(s->text.at);
    free(s);
}

/* Decodes the whole list again: lists are short beside what it takes to generate them. */
static puma_status stream_on(token_stream *s, bool open, const char **text, size_t *size, puma_error *e)
{
    decoding d = { .t = s->t,
                   .ids = s->ids.at,
                   .count = s->ids.count,
                   .skip_special = s->skip_special,
                   .open = open,
                   .e = e };

    s->text.count = 0;
    if (decode(&d, &s->text) != PUMA_OK) return e->status;
    if (s->text.count < s->given)
        return error_set(e, TOKEN_EINTERNAL, "tokens: decoding took back what it gave");
    *text = s->text.count > s->given ? s->text.at + s->given : "";
    *size = s->text.count - s->given;
    s->given = s->text.count;
    return PUMA_OK;
}

puma_status token_stream_push(token_stream *s, uint32_t id, const char **text, size_t *size, puma_error *e)
{
    *text = "";
    *size = 0;
    if (id >= s->t->count)
        return error_set(e, TOKEN_EID, "ids: entry %zu: no such token (limit %zu)", s->ids.count, s->t->count - 1);
    if (!id_list_add(&s->ids, id)) return full(e);
    return stream_on(s, true, text, size, e);
}

puma_status token_stream_finish(token_stream *s, const char **text, size_t *size, puma_error *e)
{
    return stream_on(s, false, text, size, e);
}
