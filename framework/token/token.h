/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* token.h - text to token ids and back, exactly as the model's own tokenizer does it.
 *
 * All that the rest of framework/ sees of this folder: input/, run/ and cli/ call it.  A tokenizer does not change
 * once it is open; lists and texts given out are the caller's to free. */
#ifndef TOKEN_H
#define TOKEN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most bytes of one text.  Encoding it takes up to some 20 times as much memory. */
#define TOKEN_TEXT_LIMIT ((size_t)16 << 20)

typedef struct tokenizer tokenizer;

typedef struct token_list {
    size_t    count;
    uint32_t *ids;
    uint32_t *types; /* type (segment) ids, `count` of them */
} token_list;

/* Opens the tokenizer of a Hugging Face directory: tokenizer.json if there is one, else vocab.txt (WordPiece),
 * else vocab.json with merges.txt or encoder.json with vocab.bpe (byte-level BPE), else a
 * SentencePiece file (sentencepiece.bpe.model or spiece.model where the class is XLM-RoBERTa's, CamemBERT's, T5's
 * or ALBERT's, else tokenizer.model), else the metadata of the directory's .gguf file; or of a .gguf file given
 * directly.  Beside all but the last, tokenizer_config.json, special_tokens_map.json, added_tokens.json and
 * config.json are read with the precedence that transformers gives them. */
puma_status token_open(tokenizer **t, const char *directory, puma_error *e);
/* The same from files in memory, as a directory that holds these and no others; they are the caller's and not
 * kept. */
typedef struct token_file {
    const char *name, *bytes;
    size_t      size;
} token_file;
puma_status token_open_files(tokenizer **t, const token_file *files, size_t count, puma_error *e);
void        token_close(tokenizer *t);

/* What becomes ids: `text`, and behind it `pair` (NULL: none), of so many bytes. */
typedef struct token_source {
    const char *text;
    size_t      size;
    const char *pair;
    size_t      pair_size;
    bool        special;       /* with the model's special tokens ([CLS] … [SEP], <s> … </s>)                  */
    bool        parse_special; /* text that spells a special token becomes it (WordPiece always does that)   */
} token_source;

puma_status token_encode(const tokenizer *t, const token_source *from, token_list *out, puma_error *e);
/* The same, cut to cut->most ids: the special tokens stay, of two texts the longer one is cut first. */
typedef struct token_cut {
    size_t most;     /* ids of the result                                        */
    bool   keep_end; /* cuts the beginning of a text instead of its end          */
    size_t whole;    /* set: how many ids there were                             */
} token_cut;
puma_status token_encode_cut(const tokenizer *t, const token_source *from, token_cut *cut, token_list *out, puma_error *e);
/* A text made of pieces, without the special tokens around it.  In an `own` piece, which a template wrote, every added
 * token that is spelled becomes one, as it does in the whole text for a tokenizer that parses special tokens.  In the
 * others, which people wrote, neither special tokens nor tokens that the own pieces hold are looked for (unless
 * parse_special), and a text that comes to such a token all the same is refused. */
typedef struct token_piece {
    const char *text;
    size_t      size;
    bool        own;
    bool        silent; /* an own piece that is no part of this text: only its tokens are the template's */
} token_piece;
puma_status token_encode_pieces(const tokenizer *t, const token_piece *pieces, size_t count, bool parse_special,
                                token_list *out, puma_error *e);
void        token_list_free(token_list *list);
/* ids to text (malloc'd, *size bytes and a NUL). */
puma_status token_decode(const tokenizer *t, const uint32_t *ids, size_t count, bool skip_special,
                         char **text, size_t *size, puma_error *e);

/* Decoding of a list that grows, for text that is shown as it comes.  A push gives what is certain by now: of
 * a character whose bytes are spread over several tokens nothing until it is whole.  All of it together is
 * what token_decode gives for the whole list.  The tokenizer must stay open; *text is the stream's and lives
 * until its next call. */
typedef struct token_stream token_stream;

puma_status token_stream_open(token_stream **s, const tokenizer *t, bool skip_special, puma_error *e);
puma_status token_stream_push(token_stream *s, uint32_t id, const char **text, size_t *size, puma_error *e);
/* What was held back, at the end of the list. */
puma_status token_stream_finish(token_stream *s, const char **text, size_t *size, puma_error *e);
/* All that was given out so far; good until the next call. */
const char *token_stream_text(const token_stream *s, size_t *size);
void        token_stream_close(token_stream *s); /* NULL is allowed */

/* The vocabulary entry of an id; NULL when there is none. */
const char *token_text(const tokenizer *t, uint32_t id);
size_t      token_vocabulary(const tokenizer *t); /* largest id + 1 */

#endif
