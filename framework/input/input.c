/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* input.c - see input.h: reads the input by its kind, and frees it. */
#include "input/internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* Is the given kind of input one that the model takes? */
static puma_status check_kind(const client_input *in, puma_error *e)
{
    const runfile *r = in->run;
    const char    *key = runfile_input_key(in->own->kind);
    bool           picture = in->own->kind == RUN_IMAGE || in->own->kind == RUN_PIXELS;

    if (picture != in->model->pixels)
        return error_set(e, 564, "%s: [input] %s: the model takes %s", runfile_where(r, "input", key), key,
                         picture ? "tokens (text, prompt_file, messages, ids or file)" : "pictures (image or pixels)");
    if (picture && r->embedding != RUN_EMBEDDING_AUTO)
        return error_set(e, 317, "%s: [run] embedding: a picture has no token ids",
                         runfile_where(r, "run", "embedding"));
    return PUMA_OK;
}

/* Does the answer contain tokens? */
static bool speaks(const runfile *r)
{
    return r->task == RUN_GENERATE || r->task == RUN_CLASSIFY_TOKENS || r->task == RUN_FILL_MASK;
}

/* A prompt of ids needs no tokenizer; where there is one, the tokens of the answer can be shown as text. */
static puma_status open_speaker(client_input *in, puma_error *e)
{
    puma_error why = { 0 };

    if (token_open(&in->tokenizer, in->run->model, &why) == PUMA_OK) return PUMA_OK;
    in->tokenizer = NULL;
    return notes_add(in->said, NOTE, e, "tokens are shown as numbers: %s", why.text);
}

static puma_status read_ids(client_input *in, puma_error *e)
{
    size_t     count = in->own->id_count;
    token_list list = { .count = count,
                        .ids = malloc((count + 1) * sizeof *list.ids),
                        .types = calloc(count + 1, sizeof *list.types) };

    if (list.ids == NULL || list.types == NULL) {
        token_list_free(&list);
        return no_memory(e);
    }
    memcpy(list.ids, in->own->ids, count * sizeof *list.ids);
    return input_take(in, &list, runfile_where(in->run, "input", "ids"), e);
}

puma_status input_read(client_input *in, bool speak, puma_error *e)
{
    const runfile *r = in->run;
    tokenizer     *t = NULL;

    if (check_kind(in, e) != PUMA_OK) return e->status;
    if (in->model->pixels) return input_read_pictures(in, e);
    if (in->own->kind == RUN_IDS)
        return read_ids(in, e) == PUMA_OK && speak && speaks(r) ? open_speaker(in, e) : e->status;
    if (token_open(&t, r->model, e) != PUMA_OK) return e->status;
    if (input_read_text(in, t, e) == PUMA_OK && speaks(r))
        in->tokenizer = t;
    else
        token_close(t);
    return e->status;
}

void input_free(client_input *in)
{
    runfile_input_close(in->own);
    for (size_t i = 0; i < in->count; i++) {
        token_list *s = &in->sequences[i];

        if (s->ids != NULL) OPENSSL_cleanse(s->ids, s->count * sizeof *s->ids);
        token_list_free(s);
    }
    free(in->sequences);
    image_list_free(&in->images);
    if (in->labels != NULL) OPENSSL_cleanse(in->labels, in->count * sizeof *in->labels);
    free(in->labels);
    if (in->head != NULL) OPENSSL_cleanse(in->head, (in->model->embedding + 1) * sizeof *in->head);
    free(in->head);
    free(in->eos);
    token_close(in->tokenizer);
}
