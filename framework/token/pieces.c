/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pieces.c - a text of which some pieces are a template's and some are people's: the special tokens of the one are
 * tokens, those of the other are text.
 *
 * Behind token_encode_pieces, which chats use.  It owns the joined text while it encodes and wipes it, for people's
 * messages are in it. */
#include "token/tokenizer.h"

#include "base/checked.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* An added token in a piece of the template: where it stands in the whole text. */
typedef struct mark {
    size_t begin, end, place;
} mark;

typedef struct joined {
    const tokenizer *t;
    bytes            text;
    mark            *marks;
    size_t           count, room;
    bool            *used; /* by place in t->added: the template holds it */
    id_list          reserved; /* the ids of those */
} joined;

static puma_status full(puma_error *e) { return error_set(e, TOKEN_EMEMORY, "tokens: out of memory"); }

/* The longest added token at `text`: tokens of normalised text too, for a template spells them as they are. */
static size_t token_at(const tokenizer *t, const char *text, size_t size, size_t *place)
{
    uint32_t raw = 0;
    size_t   found = t->raw.count > 0 ? vocabulary_longest(&t->raw, text, size, &raw) : 0;

    *place = raw;
    for (size_t i = 0; i < t->added_count; i++) {
        const added_token *a = &t->added[i];
        size_t             length = t->sizes[a->id];

        if (!a->normalized || length <= found || length > size || memcmp(text, t->texts[a->id], length) != 0) continue;
        found = length;
        *place = i;
    }
    return found;
}

static bool add_mark(joined *j, mark m, bool silent)
{
    if (!j->used[m.place] && !id_list_add(&j->reserved, j->t->added[m.place].id)) return false;
    j->used[m.place] = true;
    if (silent) return true;
    if (j->count == j->room) {
        size_t room = j->room ? 2 * j->room : 64;
        mark  *more = room > SIZE_MAX / sizeof *more ? NULL : realloc(j->marks, room * sizeof *more);

        if (!more) return false;
        j->marks = more;
        j->room = room;
    }
    j->marks[j->count++] = m;
    return true;
}

/* Leftmost, then longest, within the piece. */
static bool find_marks(joined *j, const token_piece *p, size_t start)
{
    for (size_t at = 0; p->own && at < p->size;) {
        size_t place, found = token_at(j->t, p->text + at, p->size - at, &place);

        if (found > 0 && !add_mark(j, (mark){ start + at, start + at + found, place }, p->silent)) return false;
        at += found > 0 ? found : 1;
    }
    return true;
}

static puma_status join(joined *j, const token_piece *pieces, size_t count, puma_error *e)
{
    j->used = calloc(j->t->added_count + 1, sizeof *j->used);
    if (!j->used) return full(e);
    for (size_t i = 0; i < count; i++) {
        size_t start = j->text.count;

        if (token_check("text", pieces[i].text, pieces[i].size, e) != PUMA_OK) return e->status;
        if (!find_marks(j, &pieces[i], start) ||
            (!pieces[i].silent && !bytes_add(&j->text, pieces[i].text, pieces[i].size)))
            return full(e);
    }
    return token_check("text", j->text.at, j->text.count, e);
}

/* Do the ids from `begin` on hold a token that nobody but the template may write? */
static bool forged(const joined *j, const id_list *ids, size_t begin)
{
    for (size_t i = begin; i < ids->count; i++) {
        if (ids->at[i] == j->t->unknown) continue; /* what no token can write */
        if (j->t->kinds[ids->at[i]] & KIND_SPECIAL) return true;
        for (size_t k = 0; k < j->reserved.count; k++)
            if (j->reserved.at[k] == ids->at[i]) return true;
    }
    return false;
}

/* The stretch between two marks. */
static puma_status encode_between(const joined *j, size_t from, size_t to, bool parse_special, id_list *out,
                                  puma_error *e)
{
    size_t before = out->count;

    if (from >= to) return PUMA_OK;
    if (token_encode_part(j->t, (stretch){ j->text.at + from, to - from, from == 0 }, !parse_special, j->used, out, e) != PUMA_OK)
        return e->status;
    if (!parse_special && forged(j, out, before))
        return error_set(e, TOKEN_EFORGED, "the text spells a special token, which this tokenizer cannot write as text");
    return PUMA_OK;
}

static puma_status encode(const joined *j, bool parse_special, id_list *out, puma_error *e)
{
    size_t done = 0;

    for (size_t i = 0; i < j->count; i++) {
        const added_token *a = &j->t->added[j->marks[i].place];
        size_t             begin = j->marks[i].begin, end = j->marks[i].end;

        if (!token_fits(a, j->text.at, j->text.count, done, &begin, &end)) continue;
        if (encode_between(j, done, begin, parse_special, out, e) != PUMA_OK) return e->status;
        if (!id_list_add(out, a->id)) return full(e);
        done = end;
    }
    return encode_between(j, done, j->text.count, parse_special, out, e);
}

puma_status token_encode_pieces(const tokenizer *t, const token_piece *pieces, size_t count, bool parse_special,
                                token_list *out, puma_error *e)
{
    joined  j = { .t = t };
    id_list ids = { 0 };

    *out = (token_list){ 0 };
    if (join(&j, pieces, count, e) == PUMA_OK && encode(&j, parse_special, &ids, e) == PUMA_OK) {
        out->types = calloc(ids.count + 1, sizeof *out->types);
        if (out->types) {
            out->ids = ids.at;
            out->count = ids.count;
            ids = (id_list){ 0 };
        } else {
            full(e);
        }
    }
    if (j.text.at) OPENSSL_cleanse(j.text.at, j.text.count);
    free(j.text.at);
    free(j.marks);
    free(j.used);
    free(j.reserved.at);
    free(ids.at);
    return e->status;
}
