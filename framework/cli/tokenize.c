/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tokenize.c - `puma tokenize`: text to token ids and back, as the model's own tokenizer does it.
 *
 * It reads the model's folder as a run would, but no plan and no plugin. */
#include "cli/cli.h"

#include "base/json_text.h"
#include "base/text.h"
#include "base/text_stream.h"
#include "input/chat.h"
#include "token/token.h"
#include "weights/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line holds at most two texts, and escapes make them longer. */
#define LINE_LIMIT (4 * TOKEN_TEXT_LIMIT)

enum { CODE_LINE = 510, CODE_ID = 509, CODE_MEMORY = 1001, CODE_SYSTEM = 1002 };

static const cli_option options[] = {
    { "--no-special", NULL, "adds no special tokens; with --decode, leaves them out", false },
    { "--parse-special", NULL,
      "text that spells a special token becomes that token (WordPiece always does so)", false },
    { "--messages", "FILE",
      "the ids of a conversation, a JSON list of {\"role\", \"content\"}, through the chat template; -: standard input", false },
    { "--template", "NAME", "of --messages: the chat template, in place of the checkpoint's own", false },
    { "--decode", NULL, "ids to text: TEXT is then ids, with blanks between or as a JSON array", false },
    { "--json", NULL, "with TEXT: the object, or with --decode the JSON string, that a line of input gives",
      false },
    { NULL, NULL, NULL, false },
};

static const cli_command command = {
    .name = "tokenize",
    .synopsis = "MODEL_DIR [TEXT [PAIR]] [--no-special] [--parse-special] [--decode] [--json]\n"
                "       puma tokenize MODEL_DIR --messages FILE [--template NAME] [--parse-special] [--json]",
    .about = "Prints the token ids of TEXT (and PAIR, its second part).  MODEL_DIR needs the tokenizer's "
             "files only:\n"
             "tokenizer.json, or vocab.txt, or vocab.json and merges.txt, or encoder.json and vocab.bpe, or "
             "a SentencePiece model, or a .gguf file (which may be given directly).\n\n"
             "Without TEXT: reads from standard input one JSON string, or array of two, a line, and writes "
             "for each an\n"
             "object {\"ids\", \"type_ids\", \"tokens\"} on a line; with --decode, from arrays of ids to "
             "JSON strings.\n"
             "Nothing is written unless all of the input is good.",
    .options = options,
    .least = 1,
    .most = 3,
};

typedef struct job {
    tokenizer  *t;
    bool        special, parse_special, decode, json;
    const char *messages, *chat; /* of --messages and --template, or NULL */
    FILE       *out; /* in memory: a failure must leave standard output empty */
    puma_error *e;
} job;

static puma_status full(job *j) { return error_set(j->e, CODE_MEMORY, "out of memory"); }

static puma_status write_json(job *j, const json_t *value)
{
    if (!value || json_dumpf(value, j->out, JSON_ENCODE_ANY) != 0 || putc('\n', j->out) == EOF)
        return full(j);
    return PUMA_OK;
}

static json_t *encoding_object(const tokenizer *t, const token_list *list)
{
    json_t *ids = json_array(), *types = json_array(), *tokens = json_array();
    bool    fine = ids && types && tokens;

    for (size_t i = 0; fine && i < list->count; i++)
        fine = json_array_append_new(ids, json_integer(list->ids[i])) == 0 &&
               json_array_append_new(types, json_integer(list->types[i])) == 0 &&
               json_array_append_new(tokens, json_string(token_text(t, list->ids[i]))) == 0;
    if (!fine) {
        json_decref(ids);
        json_decref(types);
        json_decref(tokens);
        return NULL;
    }
    return json_pack("{s:o, s:o, s:o}", "ids", ids, "type_ids", types, "tokens", tokens);
}

/* Frees the list. */
static puma_status write_ids(job *j, token_list list)
{
    json_t *object;

    if (j->json) {
        object = encoding_object(j->t, &list);
        write_json(j, object);
        json_decref(object);
    } else {
        for (size_t i = 0; i < list.count; i++) fprintf(j->out, "%s%u", i ? " " : "", list.ids[i]);
        if (putc('\n', j->out) == EOF) full(j);
    }
    token_list_free(&list);
    return j->e->status;
}

static puma_status encode(job *j, const char *text, size_t size, const char *pair, size_t pair_size)
{
    const token_source from = { text, size, pair, pair_size, .special = j->special, .parse_special = j->parse_special };
    token_list         list;

    if (token_encode(j->t, &from, &list, j->e) != PUMA_OK) return j->e->status;
    return write_ids(j, list);
}

static puma_status encode_messages(job *j, const char *directory)
{
    chat_list      messages;
    chat_template *c = NULL;
    token_list     list;

    if (chat_list_read(&messages, j->messages, j->e) == PUMA_OK &&
        chat_open(&c, j->chat == NULL ? "auto" : j->chat, directory, j->e) == PUMA_OK &&
        chat_encode(c, j->t, messages.messages, messages.count, NULL, j->parse_special, &list, j->e) == PUMA_OK)
        write_ids(j, list);
    chat_close(c);
    chat_list_free(&messages);
    return j->e->status;
}

static puma_status decode(job *j, const json_t *array)
{
    size_t        count = json_array_size(array), i, size;
    uint32_t     *ids = malloc((count + 1) * sizeof *ids);
    const json_t *value;
    json_t       *string;
    char         *text;

    if (!ids) return full(j);
    if (!json_is_array(array)) error_set(j->e, CODE_LINE, "not an array of ids");
    json_array_foreach(array, i, value)
    {
        if (!json_is_integer(value))
            error_set(j->e, CODE_LINE, "entry %zu: not a token id", i);
        else if (json_integer_value(value) < 0 ||
                 (uintmax_t)json_integer_value(value) >= token_vocabulary(j->t))
            error_set(j->e, CODE_ID, "entry %zu: no such token (limit %zu)", i, token_vocabulary(j->t) - 1);
        else
            ids[i] = (uint32_t)json_integer_value(value);
    }
    if (j->e->status == PUMA_OK &&
        token_decode(j->t, ids, count, !j->special, &text, &size, j->e) == PUMA_OK) {
        if (j->json) {
            string = json_stringn(text, size);
            write_json(j, string);
            json_decref(string);
        } else if (fwrite(text, 1, size, j->out) != size || putc('\n', j->out) == EOF) {
            full(j);
        }
        free(text);
    }
    free(ids);
    return j->e->status;
}

static json_t *parse(job *j, const char *text, size_t size)
{
    json_error_t error;
    bool         no_memory;
    json_t      *value = json_text(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error, &no_memory);

    if (no_memory) {
        error_set(j->e, 1001, "out of memory for %zu bytes of JSON", size);
    } else if (!value) {
        error_set(j->e, CODE_LINE, "byte %d: %.*s", error.position, (int)json_reason(&error), error.text);
    }
    return value;
}

/* Handles a line of standard input: a string, two strings, or ids. */
static puma_status do_line(job *j, const char *line, size_t size)
{
    json_t       *value = parse(j, line, size);
    const json_t *first = json_is_array(value) ? json_array_get(value, 0) : value;
    const json_t *second = json_is_array(value) ? json_array_get(value, 1) : NULL;

    if (!value) return j->e->status;
    if (j->decode) {
        decode(j, value);
    } else if (!json_is_string(first) || (json_is_array(value) && json_array_size(value) > 2) ||
               (second && !json_is_string(second))) {
        error_set(j->e, CODE_LINE, "neither a string nor an array of two");
    } else {
        encode(j, json_string_value(first), json_string_length(first), json_string_value(second),
               json_string_length(second));
    }
    json_decref(value);
    return j->e->status;
}

/* Reads the next line without its end, at most LINE_LIMIT bytes; false at the end of input or after a
 * failure. */
static bool read_line(job *j, char **line, size_t *size, size_t *room)
{
    int c = getc(stdin);

    *size = 0;
    if (c == EOF && ferror(stdin)) error_set(j->e, CODE_SYSTEM, "%s", strerror(errno));
    if (c == EOF) return false;
    for (; c != EOF && c != '\n'; c = getc(stdin)) {
        if (*size == LINE_LIMIT) {
            error_set(j->e, 508, "longer than %zu bytes", (size_t)LINE_LIMIT);
            return false;
        }
        if (*size == *room) {
            size_t more = *room ? *room * 2 : 4096;
            char  *grown = realloc(*line, more);

            if (!grown) {
                full(j);
                return false;
            }
            *line = grown;
            *room = more;
        }
        (*line)[(*size)++] = (char)c;
    }
    return true;
}

static puma_status do_input(job *j)
{
    char  *line = NULL;
    size_t size, room = 0, number = 1;

    j->json = true;
    while (read_line(j, &line, &size, &room)) {
        size_t mark = number == 1 && size > 0 ? text_mark(line, size) : 0;

        if (do_line(j, size > mark ? line + mark : "", size - mark) != PUMA_OK) break;
        number++;
    }
    free(line);
    return error_prefix(j->e, "<stdin>:%zu", number);
}

/* Turns "1 2 3" into "[1,2,3]"; a JSON array stays as it is. */
static puma_status decode_argument(job *j, const char *text)
{
    size_t  size = strlen(text);
    char   *array = malloc(2 * size + 3);
    size_t  used = 0;
    bool    plain = !strchr(text, '['), within = false;
    json_t *value;

    if (!array) return full(j);
    if (plain) array[used++] = '[';
    for (; *text; text++) {
        bool blank = plain && strchr(" \t\n,", *text);

        if (!blank && plain && !within && used > 1) array[used++] = ',';
        within = !blank;
        if (!blank) array[used++] = *text;
    }
    if (plain) array[used++] = ']';
    value = parse(j, array, used);
    free(array);
    if (value) decode(j, value);
    json_decref(value);
    return error_prefix(j->e, "ids");
}

static puma_status do_all(job *j, const cli_line *line)
{
    const char *text = line->argument_count > 1 ? line->arguments[1] : NULL;
    const char *pair = line->argument_count > 2 ? line->arguments[2] : NULL;

    if (token_open(&j->t, line->arguments[0], j->e) != PUMA_OK) return j->e->status;
    if (j->messages)
        encode_messages(j, line->arguments[0]);
    else if (!text)
        do_input(j);
    else if (j->decode)
        decode_argument(j, text);
    else
        encode(j, text, strlen(text), pair, pair ? strlen(pair) : 0);
    token_close(j->t);
    return j->e->status;
}

int cli_tokenize(int argc, char **argv)
{
    puma_error e = { 0 };
    cli_line   line;
    job        j = { .e = &e };
    char      *written = NULL;
    size_t     size = 0;
    int        code;

    if (!cli_read(&line, &command, argc, argv, &code)) return code;
    j.special = !cli_has(&line, "--no-special");
    j.parse_special = cli_has(&line, "--parse-special");
    j.decode = cli_has(&line, "--decode");
    j.json = cli_has(&line, "--json");
    j.messages = cli_value(&line, "--messages");
    j.chat = cli_value(&line, "--template");
    if (j.decode && line.argument_count > 2) {
        cli_free(&line);
        return cli_misused(&command, 205, "--decode takes one text");
    }
    if ((j.messages && (line.argument_count > 1 || j.decode || !j.special)) || (j.chat && !j.messages)) {
        cli_free(&line);
        return cli_misused(&command, 205, "--messages takes the place of TEXT, and --template goes with it");
    }
    j.out = text_stream(&written, &size);
    if (!j.out)
        full(&j);
    else
        do_all(&j, &line);
    if (j.out && (ferror(j.out) | fclose(j.out)) != 0) full(&j);
    code = e.status == PUMA_OK ? 0 : cli_fail(&e);
    /* main checks whether standard output could be written. */
    if (code == 0) fwrite(written, 1, size, stdout);
    free(written);
    cli_free(&line);
    return code;
}
