/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_chat.c - a chat template of models/chat, closed by a NUL, and a conversation rendered with it: the
 * lines of the rest are the messages, by turns of the user and the assistant unless one begins with a role's
 * letter and a colon. */
#include "fuzz_tokens.h"

#include "input/chat.h"

#define MESSAGES 8

static tokenizer *tokens;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    puma_error e = { 0 };

    (void)count, (void)arguments;
    FUZZ_CHECK(token_open(&tokens, PUMA_SRCDIR "/tests/golden/models/qwen2-tiny", &e) == PUMA_OK);
    return 0;
}

static size_t cut(chat_message *messages, fuzz_feed *f)
{
    size_t count = 0;

    while (fuzz_left(f) > 0 && count < MESSAGES) {
        const uint8_t *end = memchr(f->at, '\n', fuzz_left(f));
        size_t         size = end == NULL ? fuzz_left(f) : (size_t)(end - f->at);
        chat_message  *m = &messages[count];

        *m = (chat_message){ count % 2 ? CHAT_ASSISTANT : CHAT_USER, (const char *)f->at, size };
        if (size >= 2 && f->at[1] == ':') {
            m->role = f->at[0] == 's' ? CHAT_SYSTEM : f->at[0] == 'a' ? CHAT_ASSISTANT : CHAT_USER;
            m->text += 2;
            m->size -= 2;
        }
        f->at = end == NULL ? f->end : end + 1;
        count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed      f = { data, data + size };
    size_t         length, count;
    const char    *file = fuzz_part(&f, &length);
    unsigned       options = fuzz_byte(&f);
    chat_message   messages[MESSAGES];
    chat_template *c = NULL;
    token_list     list = { 0 };
    puma_error     e = { 0 };

    fuzz_check_error(chat_parse(&c, "fuzz", file == NULL ? "" : file, length, &e), &e);
    FUZZ_CHECK((e.status == PUMA_OK) == (c != NULL));
    count = cut(messages, &f);
    if (c != NULL && count > 0) {
        fuzz_check_error(
            chat_encode(c, tokens, messages, count, options & 1 ? "Be short." : NULL, options & 2, &list, &e),
            &e);
        for (size_t i = 0; i < list.count; i++) FUZZ_CHECK(list.ids[i] < token_vocabulary(tokens));
        token_list_free(&list);
    }
    chat_close(c);
    return 0;
}
