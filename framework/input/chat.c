/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* chat.c - see chat.h: puts messages between the template's own texts. */
#include "input/chat_file.h"
#include "input/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A piece of the rendered text, by offsets, because the text moves as it grows. */
typedef struct stretch {
    size_t begin, end;
    bool   own;
} stretch;

typedef struct rendering {
    const chat_template *c;
    char                *text;
    size_t               size, room;
    stretch             *pieces;
    size_t               count, piece_room;
    puma_error          *e;
} rendering;

static bool grow(rendering *r, size_t more)
{
    if (r->room - r->size < more) {
        size_t room = 2 * r->room + more + 256;
        char  *text = malloc(room); /* no realloc: it would not wipe the old block */

        if (text == NULL) return no_memory(r->e), false;
        if (r->size > 0) memcpy(text, r->text, r->size);
        if (r->text != NULL) explicit_bzero(r->text, r->size);
        free(r->text);
        r->text = text;
        r->room = room;
    }
    if (r->count == r->piece_room) {
        size_t   room = 2 * r->piece_room + 32;
        stretch *pieces = realloc(r->pieces, room * sizeof *pieces);

        if (pieces == NULL) return no_memory(r->e), false;
        r->pieces = pieces;
        r->piece_room = room;
    }
    return true;
}

static bool put(rendering *r, const char *text, size_t size, bool own)
{
    if (!grow(r, size)) return false;
    if (size > 0) memcpy(r->text + r->size, text, size);
    r->pieces[r->count++] = (stretch){ r->size, r->size + size, own };
    r->size += size;
    return true;
}

static bool put_token(rendering *r, const char *token, const char *which)
{
    if (token != NULL) return put(r, token, strlen(token), true);
    error_set(r->e, 568, "chat template %s: the checkpoint names no %s token", r->c->name, which);
    return false;
}

static bool put_date(rendering *r)
{
    time_t    now = time(NULL);
    struct tm local;
    char      text[40];
    size_t    size = localtime_r(&now, &local) == NULL ? 0 : strftime(text, sizeof text, "%d %b %Y", &local);

    return put(r, text, size, true);
}

/* Appends a text of the template's with its tokens and the date filled in; it has no other braces. */
static bool put_own(rendering *r, const char *text)
{
    for (const char *at = text; at != NULL && *at != '\0';) {
        const char *brace = strchr(at, '{');
        size_t      size = brace == NULL ? strlen(at) : (size_t)(brace - at);

        if (size > 0 && !put(r, at, size, true)) return false;
        if (brace == NULL) return true;
        if (strncmp(brace, "{bos}", 5) == 0 ? !put_token(r, r->c->bos, "bos")
            : strncmp(brace, "{eos}", 5) == 0 ? !put_token(r, r->c->eos, "eos")
                                              : !put_date(r))
            return false;
        at = strchr(brace, '}') + 1;
    }
    return true;
}

/* --- white space ------------------------------------------------------------------------------ */

/* What Python's str.strip removes: the characters that Unicode calls white space, and four separators. */
static const char *const spaces[] = {
    "\t",           "\n",           "\v",           "\f",           "\r",           "\x1c",         "\x1d",
    "\x1e",         "\x1f",         " ",            "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80",
    "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
    "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80",
};

/* Size in bytes of the white space character at the beginning (with `end`, the end) of a text; 0 if there is
 * none. */
static size_t space_at(const char *text, size_t size, bool end)
{
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        size_t length = strlen(spaces[i]);

        if (length <= size && memcmp(end ? text + size - length : text, spaces[i], length) == 0) return length;
    }
    return 0;
}

/* Removes white space from both ends of the pieces from `first` on, taken together. */
static void trim(rendering *r, size_t first)
{
    for (size_t i = first; i < r->count; i++) {
        stretch *p = &r->pieces[i];
        size_t   n;

        while ((n = space_at(r->text + p->begin, p->end - p->begin, false)) > 0) p->begin += n;
        if (p->begin < p->end) break;
    }
    for (size_t i = r->count; i-- > first;) {
        stretch *p = &r->pieces[i];
        size_t   n;

        while ((n = space_at(r->text + p->begin, p->end - p->begin, true)) > 0) p->end -= n;
        if (p->begin < p->end) break;
    }
}

/* --- turns ------------------------------------------------------------------------------------ */

static bool put_content(rendering *r, const chat_message *m)
{
    const char *text = m->text, *mark = m->role == CHAT_ASSISTANT ? r->c->behind : NULL;
    size_t      size = m->size, first = r->count, length = mark == NULL ? 0 : strlen(mark);

    for (size_t i = 0; length > 0 && i + length <= m->size; i++)
        if (memcmp(m->text + i, mark, length) == 0) {
            text = m->text + i + length;
            size = m->size - i - length;
        }
    if (!put(r, text, size, false)) return false;
    if (r->c->part[m->role].trim == CHAT_TRIM) trim(r, first);
    return true;
}

/* Appends a turn, with the system message in it where the template puts it there. */
static bool put_turn(rendering *r, const chat_message *m, const chat_message *inside)
{
    const chat_part *part = &r->c->part[m->role], *folded = &r->c->part[CHAT_SYSTEM];
    size_t           first;

    if (!put_own(r, part->before)) return false;
    first = r->count;
    if (inside != NULL && (!put_own(r, folded->before) || !put_content(r, inside) || !put_own(r, folded->after)))
        return false;
    if (!put_content(r, m)) return false;
    if (part->trim == CHAT_TRIM_TURN) trim(r, first);
    return put_own(r, part->after);
}

static bool refuse(rendering *r, size_t number, const char *why)
{
    error_set(r->e, 567, "chat template %s: message %zu: %s", r->c->name, number, why);
    return false;
}

/* Checks the order of the roles.  `given`: a system message from the run file, or the template's default,
 * comes first. */
static bool check_order(rendering *r, const chat_message *m, size_t count, bool given)
{
    const chat_template *c = r->c;
    bool                 fold = c->place == CHAT_FIRST_USER || c->place == CHAT_LAST_USER;
    size_t               turn = 0;

    for (size_t i = 0; i < count; i++) {
        if (m[i].role == CHAT_SYSTEM) {
            if (c->place == CHAT_NOWHERE) return refuse(r, i + 1, "this model takes no system message");
            if (c->place != CHAT_ANYWHERE && (i > 0 || given))
                return refuse(r, i + 1, "a system message can only be the first one");
            continue;
        }
        if (c->alternate && m[i].role != (turn++ % 2 == 0 ? CHAT_USER : CHAT_ASSISTANT))
            return refuse(r, i + 1, "user and assistant must take turns, the user first");
    }
    if (fold && (given || m[0].role == CHAT_SYSTEM) && m[count - 1].role != CHAT_USER && c->place == CHAT_LAST_USER)
        return refuse(r, count, "the system message goes into the last one, which must be the user's");
    if (fold && m[count - 1].role == CHAT_SYSTEM) return refuse(r, count, "a message of the user is missing");
    return true;
}

static bool render(rendering *r, const chat_message *m, size_t count, const char *system)
{
    const chat_template *c = r->c;
    chat_message         front = { .role = CHAT_SYSTEM, .text = system != NULL ? system : c->system_default };
    bool                 fold = c->place == CHAT_FIRST_USER || c->place == CHAT_LAST_USER, has = false;
    const chat_message  *inside = NULL;
    size_t               first = 0;

    for (size_t i = 0; i < count; i++) has = has || m[i].role == CHAT_SYSTEM;
    if (system != NULL && has) front.text = NULL; /* the messages have their own */
    if (system == NULL && m[0].role == CHAT_SYSTEM) front.text = NULL;
    if (system != NULL && front.text != NULL && c->place == CHAT_NOWHERE) {
        error_set(r->e, 567, "chat template %s: this model takes no system message", c->name);
        return false;
    }
    if (front.text != NULL) front.size = strlen(front.text);
    if (!check_order(r, m, count, front.text != NULL)) return false;
    if (fold && front.text != NULL) inside = &front;
    if (fold && m[0].role == CHAT_SYSTEM) inside = &m[first++];
    if (!put_own(r, c->start)) return false;
    if (!fold && front.text != NULL && !put_turn(r, &front, NULL)) return false;
    for (size_t i = first; i < count; i++) {
        bool here = c->place == CHAT_FIRST_USER ? i == first : i == count - 1;

        if (!put_turn(r, &m[i], here ? inside : NULL)) return false;
    }
    return put_own(r, c->generation);
}

/* All texts of the template: the tokens in them belong to the template even if this conversation does not use
 * them. */
static size_t reserve(const chat_template *c, token_piece *pieces)
{
    const char *const texts[] = { c->start,
                                  c->generation,
                                  c->part[CHAT_SYSTEM].before,
                                  c->part[CHAT_SYSTEM].after,
                                  c->part[CHAT_USER].before,
                                  c->part[CHAT_USER].after,
                                  c->part[CHAT_ASSISTANT].before,
                                  c->part[CHAT_ASSISTANT].after,
                                  c->behind,
                                  c->bos,
                                  c->eos };
    size_t            count = 0;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i] != NULL)
            pieces[count++] =
                (token_piece){ .text = texts[i], .size = strlen(texts[i]), .own = true, .silent = true };
    return count;
}
#define RESERVED 11

puma_status chat_encode(const chat_template *c, const tokenizer *t, const chat_message *messages, size_t count,
                        const char *system, bool parse_special, token_list *out, puma_error *e)
{
    rendering    r = { .c = c, .e = e };
    token_piece *pieces = NULL;

    *out = (token_list){ 0 };
    if (render(&r, messages, count, system)) {
        size_t used;

        pieces = calloc(r.count + RESERVED, sizeof *pieces);
        used = pieces == NULL ? 0 : reserve(c, pieces);
        for (size_t i = 0; pieces != NULL && i < r.count; i++)
            pieces[used++] = (token_piece){ .text = r.text == NULL ? "" : r.text + r.pieces[i].begin,
                                            .size = r.pieces[i].end - r.pieces[i].begin,
                                            .own = r.pieces[i].own };
        if (pieces == NULL)
            no_memory(e);
        else
            token_encode_pieces(t, pieces, used, parse_special, out, e);
    }
    free(pieces);
    free(r.pieces);
    if (r.text != NULL) explicit_bzero(r.text, r.size);
    free(r.text);
    return e->status;
}
