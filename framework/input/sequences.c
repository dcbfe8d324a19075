/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* sequences.c - see internal.h: lists of ids become sequences that the model takes. */
#include "input/internal.h"

#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAN_LINES = 64 << 10 }; /* of the text that all nodes agree on, kept for what is not a length */

static size_t digits(size_t n)
{
    size_t count = 1;

    while (n >= 10) n /= 10, count++;
    return count;
}

/* The parties are told all lengths at once, as a text in one message: refused here, and not by the wire. */
puma_status input_tell(client_input *in, size_t inputs, size_t bytes, puma_error *e)
{
    const char *where = in->own->file;

    if (bytes <= NET_HELLO_MOST - PLAN_LINES) return PUMA_OK;
    if (where == NULL) where = runfile_where(in->run, "input", runfile_input_key(in->own->kind));
    return error_set(e, 571, "%s: too many inputs for one run (got %zu, whose lengths take %zu bytes, limit %zu): "
                     "[input] limit takes the first ones, or cut the file", where, inputs, bytes,
                     NET_HELLO_MOST - PLAN_LINES);
}

puma_status input_add(client_input *in, const token_list *list, puma_error *e)
{
    token_list *more = realloc(in->sequences, (in->count + 1) * sizeof *more);

    if (more == NULL) return no_memory(e);
    in->sequences = more;
    in->told += digits(list->count) + 1;
    if (input_tell(in, in->count + 1, in->told, e) != PUMA_OK) return e->status;
    in->sequences[in->count++] = *list;
    return PUMA_OK;
}

/* Cuts ids.  For generate the end is kept, because the answer continues it; otherwise the beginning, with the
 * last id, the special token that closes a sequence, put at its end.  Perplexity has no such token. */
static void cut_ids(const client_input *in, token_list *list)
{
    size_t limit = in->most;

    if (in->run->task == RUN_GENERATE)
        memmove(list->ids, list->ids + (list->count - limit), limit * sizeof *list->ids);
    else if (in->run->task != RUN_PERPLEXITY)
        list->ids[limit - 1] = list->ids[list->count - 1];
    list->count = limit;
}

puma_status input_note_cut(client_input *in, const char *where, size_t from, size_t to, puma_error *e)
{
    return notes_add(in->said, NOTE, e, "%s: cut from %zu to %zu tokens", where, from, to);
}

/* Cuts a sequence that is too long for the model, where the run file allows it. */
static puma_status fit(client_input *in, token_list *list, const char *where, puma_error *e)
{
    char room[80] = "";

    if (list->count <= in->most) return PUMA_OK;
    if (in->run->task == RUN_GENERATE)
        snprintf(room, sizeof room, ", which leave room for %zu new ones", in->run->max_new_tokens);
    if (!in->own->truncate)
        return error_set(e, 552, "%s: tokens %zu > %zu%s (truncate = yes cuts them)", where, list->count, in->most,
                         room);
    if (input_note_cut(in, where, list->count, in->most, e) != PUMA_OK) return e->status;
    cut_ids(in, list);
    return PUMA_OK;
}

static puma_status check(const client_input *in, const token_list *list, const char *where, puma_error *e)
{
    const model *m = in->model;

    for (size_t i = 0; i < list->count; i++) {
        if (list->ids[i] >= m->vocabulary) /* by position: the id is part of the prompt */
            return error_set(e, 553, "%s: entry %zu is not in the model's vocabulary (limit %zu)", where,
                             i + 1, m->vocabulary - 1);
        if (m->types > 0 && list->types[i] >= m->types)
            return error_set(e, 556,
                             "%s: entry %zu has a type that the model has no row for (got %u, limit %zu)",
                             where, i + 1, list->types[i], m->types - 1);
    }
    return PUMA_OK;
}

puma_status input_take(client_input *in, token_list *list, const char *where, puma_error *e)
{
    if (list->count == 0)
        error_set(e, 551, "%s: the sequence is empty", where);
    else if (list->count < 2 && in->run->task == RUN_PERPLEXITY)
        error_set(e, 559, "%s: perplexity needs two tokens or more (got %zu)", where, list->count);
    else if (fit(in, list, where, e) == PUMA_OK && check(in, list, where, e) == PUMA_OK)
        input_add(in, list, e);
    if (e->status != PUMA_OK) token_list_free(list);
    return e->status;
}
