/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* text.c - see internal.h: texts and conversations become sequences, by the model's own tokenizer. */
#include "input/chat.h"
#include "input/internal.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the model's own tokenizer cuts a text, from tokenizer_config.json: at its beginning where
 * truncation_side is left, and to model_max_length where that is shorter than what the model takes (no limit
 * is written as 10^30).  A sentence encoder has a limit of its own in cut->most, which wins. */
static puma_status read_cut(const client_input *in, token_cut *cut, puma_error *e)
{
    const runfile *r = in->run;
    bool           embeds = runfile_embeds(r);
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

/* Encodes a conversation: one message of the user, or all messages. */
static puma_status encode_chat(client_input *in, const tokenizer *t, const chat_message *messages, size_t count,
                               const char *where, puma_error *e)
{
    const runfile_input *own = in->own;
    chat_template       *c = NULL;
    token_list           list = { 0 };

    if (chat_open(&c, own->chat_template == NULL ? "auto" : own->chat_template, in->run->model, e) == PUMA_OK &&
        chat_encode(c, t, messages, count, own->chat_system, own->parse_special, &list, e) == PUMA_OK) {
        snprintf(in->chat, sizeof in->chat, "%s", chat_name(c));
        if (own->truncate && list.count > in->most)
            error_set(e, 552, "tokens %zu > %zu (a conversation is not cut)", list.count, in->most);
    }
    chat_close(c);
    if (e->status == PUMA_OK) return input_take(in, &list, where, e);
    token_list_free(&list);
    return error_prefix(e, "%s", where);
}

static puma_status read_messages(client_input *in, const tokenizer *t, puma_error *e)
{
    const char *where = runfile_where(in->run, "input", "messages");
    chat_list   list;

    if (chat_list_read(&list, in->own->messages, e) != PUMA_OK) return error_prefix(e, "%s", where);
    encode_chat(in, t, list.messages, list.count, where, e);
    chat_list_free(&list);
    return e->status;
}

/* With generate the answer continues the text, so a long text loses its beginning, where truncate = yes
 * allows it. */
static puma_status encode(client_input *in, const tokenizer *t, const char *text, size_t size, const char *pair,
                          const char *where, puma_error *e)
{
    const runfile_input *own = in->own;
    token_cut cut = { .most = own->truncate ? in->most : SIZE_MAX, .keep_end = in->run->task == RUN_GENERATE };
    token_source from = { .pair = pair,
                          .pair_size = pair == NULL ? 0 : strlen(pair),
                          .special = true,
                          .parse_special = own->parse_special };
    token_list   list = { 0 };
    char        *whole;

    if (own->chat_template != NULL) return encode_chat(in, t, &(chat_message){ CHAT_USER, text, size }, 1, where, e);
    if (own->truncate && !cut.keep_end && read_cut(in, &cut, e) != PUMA_OK) return e->status;
    whole = input_encoder_text(in, text, &size);
    if (whole == NULL) return no_memory(e);
    from.text = whole;
    from.size = size;
    if (in->model->prompt != NULL && pair != NULL)
        error_set(e, 331, "%s: [input] text_pair: the sentence encoder puts a prompt in front of one text", where);
    else if (token_encode_cut(t, &from, &cut, &list, e) != PUMA_OK)
        error_prefix(e, "%s", where);
    OPENSSL_cleanse(whole, size);
    free(whole);
    if (e->status != PUMA_OK) return e->status;
    if (list.count < cut.whole && input_note_cut(in, where, cut.whole, list.count, e) != PUMA_OK) {
        token_list_free(&list);
        return e->status;
    }
    return input_take(in, &list, where, e);
}

/* One text a line; a newline at the end of the file begins no further text. */
static puma_status read_lines(client_input *in, const tokenizer *t, puma_error *e)
{
    char  *bytes, where[512];
    size_t size, line = 1, lines = 0;

    if (input_text(in->own->file, &bytes, &size, e) != PUMA_OK) return e->status;
    for (size_t i = 0; i < size; i++) lines += bytes[i] == '\n';
    if (in->own->limit > 0 && lines > in->own->limit) lines = in->own->limit;
    input_tell(in, lines, 2 * lines, e); /* at the least: before any of them is read */
    for (size_t at = 0; at < size && e->status == PUMA_OK; line++) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t      length = end == NULL ? size - at : (size_t)(end - (bytes + at));

        if (in->own->limit > 0 && in->count == in->own->limit) break;
        snprintf(where, sizeof where, "%.480s:%zu", in->own->file, line);
        encode(in, t, bytes + at, length > 0 && bytes[at + length - 1] == '\r' ? length - 1 : length, NULL,
               where, e);
        at += length + 1;
    }
    input_text_free(&bytes, size);
    if (e->status == PUMA_OK && in->count == 0)
        error_set(e, 551, "%s: no line in it", in->own->file);
    return e->status;
}

/* The whole file is one prompt, its line ends kept. */
static puma_status read_prompt(client_input *in, const tokenizer *t, puma_error *e)
{
    const char *where = runfile_where(in->run, "input", "prompt_file");
    char       *bytes;
    size_t      size;

    if (input_text(in->own->file, &bytes, &size, e) != PUMA_OK) return error_prefix(e, "%s", where);
    if (size == 0)
        error_set(e, 551, "%s: the file is empty", where);
    else
        encode(in, t, bytes, size, NULL, where, e);
    input_text_free(&bytes, size);
    return e->status;
}

puma_status input_read_text(client_input *in, const tokenizer *t, puma_error *e)
{
    const runfile_input *own = in->own;

    /* The tokenizer may have more ids than the table has rows; only the ids of the text are checked. */
    if (input_check_case(in, t, e) != PUMA_OK) return e->status;
    switch (own->kind) {
    case RUN_TEXT:
        return encode(in, t, own->text, strlen(own->text), own->text_pair, runfile_where(in->run, "input", "text"), e);
    case RUN_PROMPT_FILE: return read_prompt(in, t, e);
    case RUN_MESSAGES: return read_messages(in, t, e);
    default: return read_lines(in, t, e);
    }
}
