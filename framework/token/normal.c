/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* normal.c - the steps of a normaliser, each from text to text.
 *
 * token.c normalises stretches of text with it, files.c the added tokens.  The steps belong to the tokenizer and stay
 * as loaded; the bytes written are the caller's. */
#include "token/tokenizer.h"

#include <stdlib.h>
#include <string.h>

/* No step of a real tokenizer makes a text much longer; those of a hostile file would, each by the next. */
#define GROWTH_BYTES ((size_t)64 << 10)
#define GROWTH_TIMES 8

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "tokens: out of memory"); }

/* Of the text that a step works on. */
typedef struct rewriting {
    const normal_step *step;
    matcher           *matcher;
    bool              *first; /* what the text begins with is still there */
    size_t             limit; /* of the result */
    puma_error        *e;
} rewriting;

static puma_status too_long(const rewriting *r)
{
    return error_set(r->e, TOKEN_ELONG,
                     "text: the tokenizer's normalizer makes too much of it (limit %zu bytes)", r->limit);
}

/* --- steps on code points: each may consume *p and put another in its place --------------------- */

static void keep_if(points *p, bool (*keep)(uint32_t), bool *first)
{
    size_t kept = 0;

    if (p->count > 0 && !keep(p->at[0])) *first = false;
    for (size_t i = 0; i < p->count; i++)
        if (keep(p->at[i])) p->at[kept++] = p->at[i];
    p->count = kept;
}

static bool not_nonspacing(uint32_t c) { return !unicode_mark(c); }
static bool not_combining(uint32_t c) { return !unicode_combining_mark(c); }

static bool clean_keeps(uint32_t c)
{
    return c != 0 && c != 0xfffd && (c == '\t' || c == '\n' || c == '\r' || !unicode_control(c));
}

static bool nmt_keeps(uint32_t c)
{
    return !((c >= 0x1 && c <= 0x8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f || c == 0x8f ||
             c == 0x9f);
}

static bool nmt_blank(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == 0x1680 || (c >= 0x200b && c <= 0x200f) ||
           c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xfeff || c == 0xfffd;
}

static void blank_if(points *p, bool (*blank)(uint32_t))
{
    for (size_t i = 0; i < p->count; i++)
        if (blank(p->at[i])) p->at[i] = ' ';
}

static bool lower(points *p)
{
    points next = { 0 };
    bool   fine = true;

    for (size_t i = 0; i < p->count && fine; i++) fine = unicode_lower(&next, p->at[i]);
    free(p->at);
    *p = next;
    return fine;
}

static bool decompose(points *p, bool compatible)
{
    points next = { 0 };
    bool   fine = unicode_decompose(&next, p, compatible);

    free(p->at);
    *p = next;
    return fine;
}

static bool part_ideographs(points *p)
{
    points next = { 0 };
    bool   fine = true;

    for (size_t i = 0; i < p->count && fine; i++) {
        bool apart = unicode_ideograph(p->at[i]);

        fine = (!apart || points_add(&next, ' ')) && points_add(&next, p->at[i]) &&
               (!apart || points_add(&next, ' '));
    }
    free(p->at);
    *p = next;
    return fine;
}

/* BertNormalizer, in its order: clean, space around ideographs, accents off, lower case. */
static bool bert(const rewriting *r, points *p)
{
    const normal_step *s = r->step;

    if (s->clean) {
        keep_if(p, clean_keeps, r->first);
        blank_if(p, unicode_space);
    }
    if (s->ideographs && !part_ideographs(p)) return false;
    if (s->strip) {
        if (!decompose(p, false)) return false;
        keep_if(p, not_nonspacing, r->first);
    }
    return !s->lower || lower(p);
}

static bool take_points(const rewriting *r, points *p)
{
    switch (r->step->what) {
    case NORMAL_BERT: return bert(r, p);
    case NORMAL_NFD: return decompose(p, false);
    case NORMAL_NFKD: return decompose(p, true);
    case NORMAL_NFC: return decompose(p, false) && unicode_compose(p);
    case NORMAL_NFKC: return decompose(p, true) && unicode_compose(p);
    case NORMAL_LOWER: return lower(p);
    case NORMAL_STRIP_ACCENTS: keep_if(p, not_combining, r->first); return true;
    default:
        keep_if(p, nmt_keeps, r->first);
        blank_if(p, nmt_blank);
        return true;
    }
}

static puma_status by_points(const rewriting *r, const bytes *from, bytes *to)
{
    points p = { 0 };
    bool   fine = utf8_points(&p, from->at, from->count) && take_points(r, &p);

    for (size_t i = 0; fine && i < p.count; i++) fine = bytes_add_point(to, p.at[i]);
    free(p.at);
    return fine ? PUMA_OK : full(r->e);
}

/* --- steps on bytes ----------------------------------------------------------------------------- */

static puma_status replace(const rewriting *r, const bytes *from, bytes *to)
{
    const bytes *by = &r->step->text;
    search       s;
    size_t       done = 0, begin, end;
    bool         found;

    search_start(&s, r->step->pattern, r->matcher, from->at, from->count);
    while (search_next(&s, &begin, &end, &found, r->e) == PUMA_OK && found) {
        /* The text still begins where it did when one character has taken the place of its first. */
        if (begin == 0 && end > 0) {
            size_t   length;
            uint32_t c;

            utf8_take(from->at, from->count, &c, &length);
            if (by->count == 0 || length != end) *r->first = false;
        }
        if (to->count + (begin - done) + by->count > r->limit) return too_long(r);
        if (!bytes_add(to, from->at + done, begin - done) || !bytes_add(to, by->at, by->count))
            return full(r->e);
        done = end;
    }
    if (r->e->status == PUMA_OK && !bytes_add(to, from->at + done, from->count - done)) full(r->e);
    return r->e->status;
}

static puma_status strip(const rewriting *r, const bytes *from, bytes *to)
{
    size_t   begin = 0, end = from->count, length;
    uint32_t c;

    for (; r->step->left && begin < end; begin += length) {
        utf8_take(from->at + begin, end - begin, &c, &length);
        if (!unicode_space(c)) break;
    }
    while (r->step->right && end > begin) {
        size_t before = utf8_before(from->at, end, &c);

        if (!unicode_space(c)) break;
        end = before;
    }
    if (begin > 0) *r->first = false;
    return bytes_add(to, from->at + begin, end - begin) ? PUMA_OK : full(r->e);
}

static bool is_ascii(const bytes *text)
{
    for (size_t i = 0; i < text->count; i++)
        if ((unsigned char)text->at[i] >= 0x80) return false;
    return true;
}

/* Does the step leave this text as it is? */
static bool leaves(const normal_step *s, const bytes *text)
{
    switch (s->what) {
    case NORMAL_NFC:
    case NORMAL_NFD:
    case NORMAL_NFKC:
    case NORMAL_NFKD:
    case NORMAL_STRIP_ACCENTS: return is_ascii(text);
    case NORMAL_BERT: return !s->clean && !s->ideographs && !s->strip && !s->lower;
    default: return false;
    }
}

static puma_status take_step(const rewriting *r, const bytes *from, bytes *to)
{
    const bytes *text = &r->step->text;

    switch (r->step->what) {
    case NORMAL_REPLACE: return replace(r, from, to);
    case NORMAL_STRIP: return strip(r, from, to);
    case NORMAL_PREPEND:
        return bytes_add(to, text->at, text->count) && bytes_add(to, from->at, from->count) ? PUMA_OK
                                                                                            : full(r->e);
    case NORMAL_MAP:
        return charsmap_clusters(&r->step->map, from->at, from->count, r->limit, to) ? PUMA_OK : full(r->e);
    case NORMAL_BYTES: return letters_add(to, from->at, from->count) ? PUMA_OK : full(r->e);
    default: return by_points(r, from, to);
    }
}

puma_status token_normalise(const tokenizer *t, matcher *m, const char *text, size_t size, bytes *out,
                            bool *first, puma_error *e)
{
    rewriting r = { .matcher = m, .first = first, .limit = GROWTH_BYTES + GROWTH_TIMES * size, .e = e };

    if (!bytes_add(out, text, size)) return full(e);
    for (size_t i = 0; i < t->normal_count && out->count > 0; i++) {
        bytes next = { 0 };

        r.step = &t->normals[i];
        if (leaves(r.step, out)) continue;
        take_step(&r, out, &next);
        free(out->at);
        *out = next;
        if (e->status == PUMA_OK && out->count > r.limit) too_long(&r);
        if (e->status != PUMA_OK) break;
    }
    return e->status;
}
