/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* chat.h - a conversation as the one text that a model was trained on.  text.c calls it, and cli/ to show it.
 *
 * A checkpoint brings its chat template as a Jinja program.  Puma never runs a program from a checkpoint: the
 * well-known templates are data in models/chat/NAME.ini, and the checkpoint's own is only compared with the
 * marks and hashes in these files.  One that matches none is refused.  The text of a message never becomes a
 * special token. */
#ifndef INPUT_CHAT_H
#define INPUT_CHAT_H

#include "base/error.h"
#include "token/token.h"

#include <jansson.h>

typedef enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT, CHAT_ROLES } chat_role;

typedef struct chat_message {
    chat_role   role;
    const char *text; /* UTF-8, `size` bytes */
    size_t      size;
} chat_message;

typedef struct chat_template chat_template;

/* `name`: a file of models/chat, or "auto" for the one that matches the checkpoint's own template.
 * `checkpoint`: its directory or .gguf file, which also names the tokens that begin and end a sequence. */
puma_status chat_open(chat_template **c, const char *name, const char *checkpoint, puma_error *e);
/* The bytes of a file of models/chat, `name` in messages, without a checkpoint: {bos} and {eos} are not
 * known. */
puma_status chat_parse(chat_template **c, const char *name, const char *bytes, size_t size, puma_error *e);
/* Likewise the file of models/chat that matches `text`, a checkpoint's own template. */
puma_status chat_match(chat_template **c, const char *text, puma_error *e);
void        chat_close(chat_template *c); /* NULL is allowed */
const char *chat_name(const chat_template *c);
/* The ids of the conversation, followed by the beginning of the answer.  `system` is put first unless a
 * message is a system message; NULL: the template's own default, if it has one. */
puma_status chat_encode(const chat_template *c, const tokenizer *t, const chat_message *messages, size_t count,
                        const char *system, bool parse_special, token_list *out, puma_error *e);
const char *chat_role_name(chat_role role);

/* messages.c: a JSON list of {"role", "content"}. `source` is the list itself if it begins with `[`, else the
 * path of a file, or `-` for standard input. */
typedef struct chat_list {
    chat_message *messages;
    size_t        count;
    json_t       *json; /* holds the texts */
} chat_list;
puma_status chat_list_read(chat_list *list, const char *source, puma_error *e);
void        chat_list_free(chat_list *list);

#endif
