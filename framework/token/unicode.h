/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* unicode.h - UTF-8, character classes and normal forms as the tokenizers of Hugging Face see them.
 *
 * Their tables come from several libraries, each of its own Unicode version, so a character newer than one of
 * them is no mark or no punctuation there.  Ids must be equal, so unicode.c lists where they differ from
 * utf8proc 2.8 (Unicode 15). The lists were found by asking the `tokenizers` package (0.23) about every code
 * point.
 *
 * Owns both growing arrays that this folder builds text in.  Every other file here takes its characters from it, and
 * none calls utf8proc. */
#ifndef TOKEN_UNICODE_H
#define TOKEN_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct points { /* a growing array of code points; all zero is an empty one */
    uint32_t *at;
    size_t    count, room;
} points;

typedef struct bytes { /* the same of bytes */
    char  *at;
    size_t count, room;
} bytes;

/* False: out of memory, and nothing was added. */
bool points_add(points *p, uint32_t c);
bool bytes_add(bytes *b, const char *from, size_t size);
bool bytes_add_point(bytes *b, uint32_t c);
/* Appends `from` with every `what` in it, from the left, replaced. */
bool bytes_add_replaced(bytes *b, const char *from, size_t size, const char *what, size_t what_size,
                        const char *by, size_t by_size);

/* The code point at `text`, of *length bytes.  False: not UTF-8 (overlong forms, surrogates and what is above
 * U+10FFFF are not); *length is then that of the longest start of a valid sequence, at least 1. */
bool   utf8_take(const char *text, size_t size, uint32_t *c, size_t *length);
/* Offset of the first byte that is not UTF-8; `size` when all of it is. */
size_t utf8_valid(const char *text, size_t size);
/* Of valid UTF-8: where the code point begins that ends at `at` > 0. */
size_t utf8_before(const char *text, size_t at, uint32_t *c);
/* Appends the code points of valid UTF-8. */
bool   utf8_points(points *p, const char *text, size_t size);

bool unicode_space(uint32_t c);          /* White_Space                                     */
bool unicode_punctuation(uint32_t c);    /* ASCII's symbols too, as BERT has it             */
bool unicode_control(uint32_t c);        /* Cc, Cf, Co                                      */
bool unicode_mark(uint32_t c);           /* Mn                                              */
bool unicode_combining_mark(uint32_t c); /* M                                            */
bool unicode_number(uint32_t c);         /* Nd, Nl, No                                      */
bool unicode_ideograph(uint32_t c);      /* BERT's CJK blocks                               */
bool unicode_word(uint32_t c);           /* \w                                              */
/* Appends the lower case of c: one code point, for U+0130 two. */
bool unicode_lower(points *p, uint32_t c);
/* Decomposition (NFD, `compatible`: NFKD) of `from`, appended to `to`; marks in canonical order. */
bool unicode_decompose(points *to, const points *from, bool compatible);
/* The composition (NFC, NFKC) of decomposed text, in place. */
bool unicode_compose(points *p);
/* Bytes of the grapheme cluster that valid UTF-8 begins with. */
size_t unicode_cluster(const char *text, size_t size);

#endif
