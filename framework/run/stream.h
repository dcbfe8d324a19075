/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* stream.h - new tokens as text, given out piece by piece as they come.  generate.c calls it.
 *
 * A token may end inside a character, which the next token completes: a piece is given out once it is
 * complete.  The text ends at the first end-of-sequence token, though more tokens may follow (a fixed number
 * of them tells the parties nothing about the answer's length). */
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

/* Start from {0}. The tokenizer and the end-of-sequence ids remain the caller's. */
void        stream_open(stream *s, const tokenizer *t, const uint32_t *eos, size_t eos_count);
/* *piece becomes the new complete text, *size bytes, valid until the next call; it may be empty. */
puma_status stream_add(stream *s, uint32_t id, const char **piece, size_t *size, puma_error *e);
/* Gives out what was held back; bytes that never became a character show as U+FFFD. */
puma_status stream_end(stream *s, const char **piece, size_t *size, puma_error *e);
/* All text given out so far. */
const char *stream_text(const stream *s, size_t *size);
void        stream_close(stream *s);

#endif
