/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_messages.c - a conversation in JSON, and a checkpoint's own chat template, which is compared with
 * those of models/chat and never run. */
#include "fuzz.h"

#include "input/chat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed      f = { data, data + size };
    bool           compare = fuzz_byte(&f) == '%';
    char          *text = fuzz_string(&f);
    puma_error     e = { 0 };
    chat_list      list = { 0 };
    chat_template *c = NULL;

    if (compare) {
        fuzz_check_error(chat_match(&c, text, &e), &e);
        FUZZ_CHECK((e.status == PUMA_OK) == (c != NULL));
        chat_close(c);
    } else if (text[0] == '[') {
        fuzz_check_error(chat_list_read(&list, text, &e), &e);
        FUZZ_CHECK((e.status == PUMA_OK) == (list.count > 0));
        chat_list_free(&list);
    }
    free(text);
    return 0;
}
