/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* input.c - see input.h: what the run file's [input] gives, as sequences that the model takes. */
#include "input/chat.h"
#include "input/internal.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

puma_status input_add(client_input *in, const token_list *list, puma_error *e)
{
    token_list *more = realloc(in->sequences, (in->count + 1) * sizeof *more);

    if (more == NULL) return no_memory(e);
    in->sequences = more;
    in->sequences[in->count++] = *list;
    return PUMA_OK;
}

/* Ids are cut as they stand: what continues a sequence needs its end; elsewhere the last id stays, the special one
 * that closes a sequence. */
static void cut_ids(const client_input *in, token_list *list)
{
    size_t limit = in->most;

    if (in->run->task == RUN_GENERATE)
        memmove(list->ids, list->ids + (list->count - limit), limit * sizeof *list->ids);
    else if (in->run->task != RUN_PERPLEXITY)
        list->ids[limit - 1] = list->ids[list->count - 1];
    list->count = limit;
}

static void note_cut(const char *where, size_t from, size_t to)
{
    fprintf(stderr, "puma: note: %s: cut from %zu to %zu tokens\n", where, from, to);
}

/* Length and ids against the model; `where` for the message. */
static puma_status check_input(const client_input *in, token_list *list, const char *where, puma_error *e)
{
    const model *m = in->model;

    if (list->count == 0) return error_set(e, 551, "%s: the sequence is empty", where);
    if (list->count < 2 && in->run->task == RUN_PERPLEXITY)
        return error_set(e, 559, "%s: perplexity needs two tokens or more (got %zu)", where, list->count);
    if (list->count > in->most) {
        char room[80] = "";

        if (in->run->task == RUN_GENERATE)
            snprintf(room, sizeof room, ", which leave room for %zu new ones", in->run->max_new_tokens);
        if (!in->run->truncate)
            return error_set(e, 552, "%s: tokens %zu > %zu%s (truncate = yes cuts them)", where, list->count,
                             in->most, room);
        note_cut(where, list->count, in->most);
        cut_ids(in, list);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->ids[i] >= m->vocabulary) /* By position: the id is the prompt's. */
            return error_set(e, 553, "%s: entry %zu is not in the model's vocabulary (limit %zu)", where,
                             i + 1, m->vocabulary - 1);
        if (m->types > 0 && list->types[i] >= m->types)
            return error_set(e, 556,
                             "%s: entry %zu has a type that the model has no row for (got %u, limit %zu)",
                             where, i + 1, list->types[i], m->types - 1);
    }
    return PUMA_OK;
}

/* How the model's own tokenizer cuts a text, as tokenizer_config.json says: its beginning where truncation_side is
 * left, and to model_max_length where that is shorter than what the model takes (one that is none is written as
 * 10^30).  Of a sentence encoder cut->most is its own limit, which wins. */
static puma_status read_cut(const client_input *in, token_cut *cut, puma_error *e)
{
    const runfile *r = in->run;
    bool           embeds = r->task == RUN_EMBED || r->head != NULL;
    json_t        *config = NULL;
    const json_t  *limit;
    const char    *side;

    if (input_tokenizer_config(r->model, &config, e) != PUMA_OK) return e->status;
    side = json_string_value(json_object_get(config, "truncation_side"));
    cut->keep_end = side != NULL && strcmp(side, "left") == 0;
    limit = json_object_get(config, "model_max_length");
    if (!embeds && json_is_number(limit) && json_number_value(limit) >= 1 && json_number_value(limit) < (double)cut->most)
        cut->most = (size_t)json_number_value(limit);
    json_decref(config);
    return e->status;
}

/* One message of the user, or all that there are. */
static puma_status encode_chat(client_input *in, const tokenizer *t, const chat_message *messages, size_t count,
                               const char *where, puma_error *e)
{
    const runfile *r = in->run;
    chat_template *c = NULL;
    token_list     list = { 0 };

    if (chat_open(&c, r->chat_template == NULL ? "auto" : r->chat_template, r->model, e) == PUMA_OK &&
        chat_encode(c, t, messages, count, r->chat_system, r->parse_special, &list, e) == PUMA_OK) {
        snprintf(in->chat, sizeof in->chat, "%s", chat_name(c));
        if (r->truncate && list.count > in->most)
            error_set(e, 552, "tokens %zu > %zu (a conversation is not cut)", list.count, in->most);
    }
    chat_close(c);
    if (e->status != PUMA_OK)
        error_prefix(e, "%s", where);
    else if (check_input(in, &list, where, e) == PUMA_OK)
        input_add(in, &list, e);
    if (e->status != PUMA_OK) token_list_free(&list);
    return e->status;
}

static puma_status read_messages(client_input *in, const tokenizer *t, puma_error *e)
{
    const char *where = runfile_where(in->run, "input", "messages");
    chat_list   list;

    if (chat_list_read(&list, in->run->messages, e) != PUMA_OK) return error_prefix(e, "%s", where);
    encode_chat(in, t, list.messages, list.count, where, e);
    chat_list_free(&list);
    return e->status;
}

/* What continues a text needs its end: then its beginning is cut, where truncate = yes allows it. */
static puma_status encode(client_input *in, const tokenizer *t, const char *text, size_t size, const char *pair,
                          const char *where, puma_error *e)
{
    const runfile *r = in->run;
    token_cut      cut = { .most = r->truncate ? in->most : SIZE_MAX, .keep_end = r->task == RUN_GENERATE };
    token_list     list = { 0 };
    char          *whole;

    if (r->chat_template != NULL) return encode_chat(in, t, &(chat_message){ CHAT_USER, text, size }, 1, where, e);
    if (r->truncate && !cut.keep_end && read_cut(in, &cut, e) != PUMA_OK) return e->status;
    whole = input_encoder_text(in, text, &size);
    if (whole == NULL) return no_memory(e);
    if (in->model->prompt != NULL && pair != NULL)
        error_set(e, 331, "%s: [input] text_pair: the sentence encoder puts a prompt in front of one text", where);
    else if (token_encode_cut(t, whole, size, pair, pair == NULL ? 0 : strlen(pair), true, r->parse_special, &cut, &list,
                              e) != PUMA_OK)
        error_prefix(e, "%s", where);
    OPENSSL_cleanse(whole, size);
    free(whole);
    if (e->status != PUMA_OK) return e->status;
    if (list.count < cut.whole) note_cut(where, cut.whole, list.count);
    if (check_input(in, &list, where, e) == PUMA_OK) input_add(in, &list, e);
    if (e->status != PUMA_OK) token_list_free(&list);
    return e->status;
}

/* One text a line; a final newline ends the last one. */
static puma_status read_lines(client_input *in, const tokenizer *t, puma_error *e)
{
    char  *bytes, where[512];
    size_t size, line = 1;

    if (input_text(in->run->input_file, &bytes, &size, e) != PUMA_OK) return e->status;
    for (size_t at = 0; at < size && e->status == PUMA_OK; line++) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t      length = end == NULL ? size - at : (size_t)(end - (bytes + at));

        if (in->run->limit > 0 && in->count == in->run->limit) break;
        snprintf(where, sizeof where, "%.480s:%zu", in->run->input_file, line);
        encode(in, t, bytes + at, length > 0 && bytes[at + length - 1] == '\r' ? length - 1 : length, NULL,
               where, e);
        at += length + 1;
    }
    input_text_free(&bytes, size);
    if (e->status == PUMA_OK && in->count == 0)
        error_set(e, 551, "%s: no line in it", in->run->input_file);
    return e->status;
}

/* A whole file, its line ends kept. */
static puma_status read_prompt(client_input *in, const tokenizer *t, puma_error *e)
{
    const char *where = runfile_where(in->run, "input", "prompt_file");
    char       *bytes;
    size_t      size;

    if (input_text(in->run->input_file, &bytes, &size, e) != PUMA_OK) return error_prefix(e, "%s", where);
    if (size == 0)
        error_set(e, 551, "%s: the file is empty", where);
    else
        encode(in, t, bytes, size, NULL, where, e);
    input_text_free(&bytes, size);
    return e->status;
}

/* The model's own input must be the one that is given. */
static puma_status check_kind(const client_input *in, puma_error *e)
{
    const runfile *r = in->run;
    const char    *key = runfile_input_key(r->input);
    bool           picture = r->input == RUN_IMAGE || r->input == RUN_PIXELS;

    if (picture != in->model->pixels)
        return error_set(e, 564, "%s: [input] %s: the model takes %s", runfile_where(r, "input", key), key,
                         picture ? "tokens (text, prompt_file, messages, ids or file)" : "pictures (image or pixels)");
    if (picture && r->embedding != RUN_EMBEDDING_AUTO)
        return error_set(e, 317, "%s: [run] embedding: a picture has no token ids",
                         runfile_where(r, "run", "embedding"));
    return PUMA_OK;
}

/* Are there tokens in the answer? */
static bool speaks(const runfile *r)
{
    return r->task == RUN_GENERATE || r->task == RUN_CLASSIFY_TOKENS || r->task == RUN_FILL_MASK;
}

/* With ids for a prompt a tokenizer is not needed; where there is one, the tokens of the answer can be read. */
static void open_speaker(client_input *in)
{
    puma_error why = { 0 };

    if (token_open(&in->tokenizer, in->run->model, &why) == PUMA_OK) return;
    in->tokenizer = NULL;
    fprintf(stderr, "puma: note: tokens are shown as numbers: %s\n", why.text);
}

puma_status input_read(client_input *in, bool speak, puma_error *e)
{
    const runfile *r = in->run;
    tokenizer     *t = NULL;

    if (check_kind(in, e) != PUMA_OK) return e->status;
    if (in->model->pixels) return input_read_pictures(in, e);
    if (r->input == RUN_IDS) {
        token_list list = { .count = r->id_count,
                            .ids = malloc((r->id_count + 1) * sizeof *list.ids),
                            .types = calloc(r->id_count + 1, sizeof *list.types) };

        if (list.ids == NULL || list.types == NULL) {
            token_list_free(&list);
            return no_memory(e);
        }
        memcpy(list.ids, r->ids, r->id_count * sizeof *list.ids);
        if (check_input(in, &list, runfile_where(r, "input", "ids"), e) == PUMA_OK) input_add(in, &list, e);
        if (e->status != PUMA_OK) token_list_free(&list);
        if (e->status == PUMA_OK && speak && speaks(r)) open_speaker(in);
        return e->status;
    }
    if (token_open(&t, r->model, e) != PUMA_OK) return e->status;
    /* The tokenizer may have more ids than the table has rows: what a text gives is what counts. */
    if (input_check_case(in, t, e) != PUMA_OK)
        ; /* refused */
    else if (r->input == RUN_TEXT)
        encode(in, t, r->text, strlen(r->text), r->text_pair, runfile_where(r, "input", "text"), e);
    else if (r->input == RUN_PROMPT_FILE)
        read_prompt(in, t, e);
    else if (r->input == RUN_MESSAGES)
        read_messages(in, t, e);
    else
        read_lines(in, t, e);
    if (e->status == PUMA_OK && speaks(r))
        in->tokenizer = t;
    else
        token_close(t);
    return e->status;
}

void input_free(client_input *in)
{
    for (size_t i = 0; i < in->count; i++) token_list_free(&in->sequences[i]);
    free(in->sequences);
    image_list_free(&in->images);
    free(in->labels);
    if (in->head != NULL) OPENSSL_cleanse(in->head, (in->model->embedding + 1) * sizeof *in->head);
    free(in->head);
    free(in->eos);
    token_close(in->tokenizer);
}
