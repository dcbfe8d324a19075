/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.c - what a tokenizer holds: its texts by id, and all of its memory given back.  Loaders fill it, encoders
 * and decoders read it; none of them frees a part of it. */
#include "token/tokenizer.h"

#include <stdlib.h>

void token_close(tokenizer *t)
{
    if (!t) return;
    for (size_t i = 0; t->texts && i < t->count; i++) free(t->texts[i]);
    free(t->texts);
    free(t->sizes);
    free(t->kinds);
    for (size_t i = 0; i < t->spare_count; i++) free(t->spares[i]);
    free(t->spares);
    free(t->words.entries);
    free(t->continuing.entries);
    for (size_t i = 0; i < t->added_count; i++) free(t->added[i].form.at);
    free(t->added);
    free(t->raw.entries);
    free(t->cooked.entries);
    free(t->prefix);
    free(t->merges);
    free(t->suffix);
    for (size_t i = 0; i < t->normal_count; i++) {
        pattern_free(t->normals[i].pattern);
        free(t->normals[i].text.at);
        charsmap_free(&t->normals[i].map);
    }
    for (size_t i = 0; i < t->split_count; i++) {
        pattern_free(t->splits[i].pattern);
        free(t->splits[i].sign.at);
    }
    free(t->sp.scores);
    free(t->sp.types);
    free(t->sp.symbols.entries);
    free(t->sp.unknown_text);
    charsmap_free(&t->sp.map);
    free(t->unigram.scores);
    for (size_t i = 0; i < t->step_count; i++) {
        pattern_free(t->steps[i].pattern);
        free(t->steps[i].from.at);
        free(t->steps[i].to.at);
    }
    free(t);
}

void token_list_free(token_list *list)
{
    free(list->ids);
    free(list->types);
    *list = (token_list){ 0 };
}

const char *token_text(const tokenizer *t, uint32_t id) { return id < t->count ? t->texts[id] : NULL; }

size_t token_vocabulary(const tokenizer *t) { return t->count; }
