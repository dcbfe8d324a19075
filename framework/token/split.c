/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* split.c - the steps of a pre-tokenizer: each makes pieces of a piece and gives them, in order, to the next;
 * what is behind the last step is a word.  Empty pieces are left out.
 *
 * token.c gives it stretches without added tokens.  What it rewrites lies in the encoder's buffers, one a step; the
 * text itself is not changed. */
#include "token/tokenizer.h"

#include <string.h>

static puma_status give(encoder *c, size_t level, stretch p);

/* What the steps that make a piece longer may make of it; places in a word fit 32 bits. */
#define PIECE_LIMIT (16 * TOKEN_TEXT_LIMIT)

/* Collects what a split gives, in order, by what becomes of the matches. */
typedef struct collector {
    encoder        *c;
    size_t          level; /* of the step that splits */
    stretch         whole;
    split_behaviour behaviour;
    bool            held, match; /* [begin, end) waits for what comes, and is a match */
    size_t          begin, end;
} collector;

static puma_status pass_on(collector *k, size_t begin, size_t end)
{
    if (begin == end) return k->c->e->status;
    return give(k->c, k->level + 1,
                (stretch){ k->whole.text + begin, end - begin, k->whole.first && begin == 0 });
}

static puma_status let_go(collector *k)
{
    bool held = k->held;

    k->held = false;
    return held ? pass_on(k, k->begin, k->end) : k->c->e->status;
}

/* The next stretch of the text, which is a match or not. */
static puma_status collect(collector *k, size_t begin, size_t end, bool match)
{
    bool joins = false;

    switch (k->behaviour) {
    case SPLIT_REMOVED: return match ? k->c->e->status : pass_on(k, begin, end);
    case SPLIT_ISOLATED: return pass_on(k, begin, end);
    case SPLIT_MERGED_WITH_PREVIOUS: joins = match && !k->match; break;
    case SPLIT_MERGED_WITH_NEXT: joins = !match && k->match; break;
    case SPLIT_CONTIGUOUS: joins = match == k->match; break;
    }
    if (!(k->held && joins)) {
        if (let_go(k) != PUMA_OK) return k->c->e->status;
        k->begin = begin;
        k->held = true;
    }
    k->match = match;
    k->end = end;
    return PUMA_OK;
}

static puma_status split_at_pattern(collector *k, const split_step *step)
{
    puma_error *e = k->c->e;
    search      s;
    size_t      done = 0, begin, end;
    bool        found;

    search_start(&s, step->pattern, &k->c->matcher, k->whole.text, k->whole.size);
    while (search_next(&s, &begin, &end, &found, e) == PUMA_OK && found) {
        if (begin > done && collect(k, done, begin, step->invert) != PUMA_OK) return e->status;
        if (collect(k, begin, end, !step->invert) != PUMA_OK) return e->status;
        done = end;
    }
    if (e->status == PUMA_OK && done < k->whole.size) collect(k, done, k->whole.size, step->invert);
    return e->status;
}

static puma_status split_at_class(collector *k, const split_step *step)
{
    const stretch *p = &k->whole;
    size_t         done = 0, length;
    uint32_t       c;

    for (size_t at = 0; at < p->size; at += length) {
        utf8_take(p->text + at, p->size - at, &c, &length);
        if (!step->belongs(c)) continue;
        if (at > done && collect(k, done, at, false) != PUMA_OK) return k->c->e->status;
        if (collect(k, at, at + length, true) != PUMA_OK) return k->c->e->status;
        done = at + length;
    }
    return done < p->size ? collect(k, done, p->size, false) : k->c->e->status;
}

static puma_status split_words(collector *k)
{
    enum { SPACE, WORD, OTHER } now = SPACE, was = SPACE;
    const stretch *p = &k->whole;
    size_t         begin = 0, length;
    uint32_t       c;

    for (size_t at = 0; at < p->size; at += length) {
        utf8_take(p->text + at, p->size - at, &c, &length);
        now = unicode_word(c) ? WORD : unicode_space(c) ? SPACE : OTHER;
        if (now == was) continue;
        if (was != SPACE && pass_on(k, begin, at) != PUMA_OK) return k->c->e->status;
        begin = at;
        was = now;
    }
    return was != SPACE ? pass_on(k, begin, p->size) : k->c->e->status;
}

static puma_status split_by_length(collector *k, size_t length)
{
    const stretch *p = &k->whole;
    size_t         begin = 0, count = 0, size;
    uint32_t       c;

    for (size_t at = 0; at < p->size; at += size) {
        utf8_take(p->text + at, p->size - at, &c, &size);
        if (++count < length) continue;
        if (pass_on(k, begin, at + size) != PUMA_OK) return k->c->e->status;
        begin = at + size;
        count = 0;
    }
    return pass_on(k, begin, p->size);
}

/* The steps that make another text of the piece. */
static bool change(const split_step *step, stretch p, bytes *out)
{
    const bytes *sign = &step->sign;
    bool         prefix;

    out->count = 0;
    switch (step->what) {
    case SPLIT_SPACE: return (*p.text == ' ' || bytes_add(out, " ", 1)) && bytes_add(out, p.text, p.size);
    case SPLIT_SIGNS:
        prefix = step->prefix == PREFIX_ALWAYS || (step->prefix == PREFIX_FIRST && p.first);
        if (*p.text == ' ' || (p.size >= sign->count && memcmp(p.text, sign->at, sign->count) == 0))
            prefix = false;
        return (!prefix || bytes_add(out, sign->at, sign->count)) &&
               bytes_add_replaced(out, p.text, p.size, " ", 1, sign->at, sign->count);
    default: return letters_add(out, p.text, p.size);
    }
}

/* A piece, never empty, to step `level`. */
static puma_status give(encoder *c, size_t level, stretch p)
{
    const split_step *step = &c->t->splits[level];
    collector         k = { .c = c, .level = level, .whole = p };

    if (level == c->t->split_count) return word_encode(c, p);
    k.behaviour = step->behaviour;
    switch (step->what) {
    case SPLIT_PATTERN: split_at_pattern(&k, step); break;
    case SPLIT_CLASS: split_at_class(&k, step); break;
    case SPLIT_WORDS: return split_words(&k);
    case SPLIT_LENGTH: return split_by_length(&k, step->length);
    default:
        if (!change(step, p, &c->made[level])) return error_set(c->e, TOKEN_EMEMORY, "text: out of memory");
        if (c->made[level].count > PIECE_LIMIT)
            return error_set(c->e, TOKEN_ELONG,
                             "text: the tokenizer's pre_tokenizer makes too much of it (limit %zu bytes)",
                             PIECE_LIMIT);
        return give(c, level + 1, (stretch){ c->made[level].at, c->made[level].count, p.first });
    }
    return c->e->status == PUMA_OK ? let_go(&k) : c->e->status;
}

puma_status token_split(encoder *c, stretch whole)
{
    return whole.size > 0 ? give(c, 0, whole) : c->e->status;
}
