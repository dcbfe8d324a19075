/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* messages.c - see chat.h: a conversation from JSON. */
#include "input/chat.h"
#include "input/internal.h"

#include "weights/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES_LIMIT 4096

static const char *const roles[] = { [CHAT_SYSTEM] = "system", [CHAT_USER] = "user", [CHAT_ASSISTANT] = "assistant" };

const char *chat_role_name(chat_role role) { return roles[role]; }

/* An unknown role is shown in the error if it is a word; anything else might be the prompt. */
static bool is_word(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size < 24 && strspn(text, "abcdefghijklmnopqrstuvwxyz_") == size;
}

static puma_status take_role(chat_message *m, const json_t *role, size_t number, puma_error *e)
{
    const char *name = json_string_value(role);

    if (name == NULL) return error_set(e, 566, "message %zu: it has no role, or one that is no text", number);
    for (chat_role r = 0; r < CHAT_ROLES; r++)
        if (strcmp(name, roles[r]) == 0) {
            m->role = r;
            return PUMA_OK;
        }
    return error_set(e, 566, "message %zu: role %s is not served (system, user or assistant)", number,
                     is_word(name) ? name : "(no word)");
}

static puma_status take_message(chat_message *m, const json_t *object, size_t number, puma_error *e)
{
    const json_t *content = json_object_get(object, "content");

    if (!json_is_object(object)) return error_set(e, 566, "message %zu: not an object", number);
    if (take_role(m, json_object_get(object, "role"), number, e) != PUMA_OK) return e->status;
    if (!json_is_string(content)) return error_set(e, 566, "message %zu: its content is missing or no text", number);
    if (json_object_size(object) != 2)
        return error_set(e, 566, "message %zu: it has other keys than role and content", number);
    m->text = json_string_value(content);
    m->size = json_string_length(content);
    return PUMA_OK;
}

static puma_status take_messages(chat_list *list, const char *name, puma_error *e)
{
    const json_t *item;
    size_t        i;

    if (!json_is_array(list->json) || json_array_size(list->json) == 0)
        return error_set(e, 566, "%s: not a list of messages, or an empty one", name);
    list->messages = calloc(json_array_size(list->json), sizeof *list->messages);
    if (list->messages == NULL) return no_memory(e);
    json_array_foreach(list->json, i, item)
    {
        if (take_message(&list->messages[i], item, i + 1, e) != PUMA_OK) return error_prefix(e, "%s", name);
        list->count++;
    }
    return PUMA_OK;
}

puma_status chat_list_read(chat_list *list, const char *source, puma_error *e)
{
    static const json_limits limits = {
        .objects = MESSAGES_LIMIT, .arrays = MESSAGES_LIMIT, .separators = 4 * MESSAGES_LIMIT, .secret = true
    };
    bool        inside = source[0] == '[';
    const char *name = inside ? "messages" : strcmp(source, "-") == 0 ? "standard input" : path_tail(source);
    char       *bytes = NULL;
    size_t      size = 0;
    json_t     *root = NULL;

    *list = (chat_list){ 0 };
    if (!inside && input_text(source, &bytes, &size, e) != PUMA_OK) return e->status;
    if (json_parse_limited(name, inside ? source : bytes, inside ? strlen(source) : size, &limits, &root, 566, e) ==
        PUMA_OK) {
        list->json = root;
        take_messages(list, name, e);
    }
    input_text_free(&bytes, size);
    if (e->status != PUMA_OK) chat_list_free(list);
    return e->status;
}

void chat_list_free(chat_list *list)
{
    /* The strings belong to jansson, which declares them const; they are wiped before it frees them. */
    for (size_t i = 0; i < list->count; i++)
        explicit_bzero((char *)(uintptr_t)list->messages[i].text, list->messages[i].size);
    free(list->messages);
    json_decref(list->json);
    *list = (chat_list){ 0 };
}
