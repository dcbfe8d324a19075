/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* mask.c - see input.h: the token that a model fills in. */
#include "input/internal.h"

#include <string.h>

/* Finds the token that spells the mask; false when the tokenizer has none. */
static bool mask_of(const tokenizer *t, uint32_t *mask)
{
    static const char *const spellings[] = { "[MASK]", "<mask>" };
    bool                     found = false;

    for (size_t i = 0; i < 2 && t != NULL && !found; i++) {
        token_source from = { .text = spellings[i], .size = strlen(spellings[i]), .parse_special = true };
        token_list   list = { 0 };
        puma_error   e = { 0 };
        const char  *text = NULL;

        if (token_encode(t, &from, &list, &e) == PUMA_OK && list.count == 1)
            text = token_text(t, list.ids[0]);
        found = text != NULL && strcmp(text, spellings[i]) == 0;
        if (found) *mask = list.ids[0];
        token_list_free(&list);
    }
    return found;
}

puma_status input_find_masks(client_input *in, puma_error *e)
{
    const runfile *r = in->run;

    if (r->task != RUN_FILL_MASK) return PUMA_OK;
    if (!mask_of(in->tokenizer, &in->mask))
        return error_set(e, 333, "%s: [run] task: fill_mask needs a tokenizer with the token [MASK] or <mask>",
                         runfile_where(r, "run", "task"));
    for (size_t i = 0; i < in->count; i++) {
        size_t k = 0;

        while (k < in->sequences[i].count && in->sequences[i].ids[k] != in->mask) k++;
        if (k == in->sequences[i].count)
            return error_set(e, 333, "[input]: input %zu has no %s to fill in", i, token_text(in->tokenizer, in->mask));
    }
    return PUMA_OK;
}
