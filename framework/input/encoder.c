/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* encoder.c - see internal.h: what a sentence encoder requires of its texts. */
#include "input/internal.h"

#include <stdlib.h>
#include <string.h>

char *input_encoder_text(const client_input *in, const char *text, size_t *size)
{
    size_t length = in->model->prompt == NULL ? 0 : strlen(in->model->prompt);
    char  *whole = malloc(length + *size + 1);

    if (whole == NULL) return NULL;
    if (length > 0) memcpy(whole, in->model->prompt, length);
    memcpy(whole + length, text, *size);
    *size += length;
    return whole;
}

puma_status input_check_case(const client_input *in, const tokenizer *t, puma_error *e)
{
    static const char *const texts[] = { "THE QUICK BROWN FOX \303\211", "the quick brown fox \303\251" };
    token_list               list[2] = { { 0 }, { 0 } };
    bool                     same = true;

    if (!in->model->lower) return PUMA_OK;
    for (size_t i = 0; i < 2 && e->status == PUMA_OK; i++)
        token_encode(t, &(token_source){ .text = texts[i], .size = strlen(texts[i]), .special = true }, &list[i], e);
    same = list[0].count == list[1].count &&
           (list[0].count == 0 || memcmp(list[0].ids, list[1].ids, list[0].count * sizeof *list[0].ids) == 0);
    for (size_t i = 0; i < 2; i++) token_list_free(&list[i]);
    if (e->status != PUMA_OK || same) return e->status;
    return error_set(e, 424, "do_lower_case of the sentence encoder: its tokenizer tells capitals from small letters");
}
