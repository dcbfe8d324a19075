/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* stream.h - new tokens as text, piece by piece while they come.
 *
 * A token may end inside a character, so that what its bytes mean shows with the next one: a piece is given
 * out once it is complete.  Text ends at the first end-of-sequence token, though more tokens may come (a
 * fixed number of them tells the parties nothing about the answer's length). */
#ifndef RUN_STREAM_H
#define RUN_STREAM_H

#include "token/token.h"

typedef struct stream {
    const tokenizer *t;
    const uint32_t  *eos;
    size_t           eos_count;
    token_stream    *text; /* NULL: none yet */
    bool             ended;
} stream;

/* Start from {0}: the tokenizer and the end-of-sequence ids stay the caller's. */
void        stream_open(stream *s, const tokenizer *t, const uint32_t *eos, size_t eos_count);
/* *piece: what is new and complete, *size bytes of it, good until the next call; may be empty. */
puma_status stream_add(stream *s, uint32_t id, const char **piece, size_t *size, puma_error *e);
/* What was held back: bytes that never became a character show as U+FFFD. */
puma_status stream_end(stream *s, const char **piece, size_t *size, puma_error *e);
/* All that was given out. */
const char *stream_text(const stream *s, size_t *size);
void        stream_close(stream *s);

#endif
