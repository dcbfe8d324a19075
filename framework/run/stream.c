/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* stream.c - see stream.h */
#include "run/stream.h"

void stream_open(stream *s, const tokenizer *t, const uint32_t *eos, size_t eos_count)
{
    *s = (stream){ .t = t, .eos = eos, .eos_count = eos_count };
}

void stream_close(stream *s)
{
    token_stream_close(s->text);
    *s = (stream){ 0 };
}

static bool is_eos(const stream *s, uint32_t id)
{
    for (size_t i = 0; i < s->eos_count; i++)
        if (s->eos[i] == id) return true;
    return false;
}

puma_status stream_add(stream *s, uint32_t id, const char **piece, size_t *size, puma_error *e)
{
    *piece = "";
    *size = 0;
    if (s->ended || is_eos(s, id)) {
        s->ended = true;
        return PUMA_OK;
    }
    /* The model's vocabulary may be padded; a padding id has no text. */
    if (id >= token_vocabulary(s->t) || token_text(s->t, id) == NULL) return PUMA_OK;
    if (s->text == NULL && token_stream_open(&s->text, s->t, true, e) != PUMA_OK) return e->status;
    return token_stream_push(s->text, id, piece, size, e);
}

puma_status stream_end(stream *s, const char **piece, size_t *size, puma_error *e)
{
    *piece = "";
    *size = 0;
    return s->text != NULL ? token_stream_finish(s->text, piece, size, e) : PUMA_OK;
}

const char *stream_text(const stream *s, size_t *size)
{
    *size = 0;
    return s->text != NULL ? token_stream_text(s->text, size) : "";
}
