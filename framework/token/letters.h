/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* letters.h - how vocabularies write single bytes: as the letters of the byte-level alphabet (GPT-2's), or as <0xXX>
 * (SentencePiece's).  Normaliser, splitter, models, decoder and loaders look here; it knows no tokenizer. */
#ifndef TOKEN_LETTERS_H
#define TOKEN_LETTERS_H

#include "token/unicode.h"

/* The code point that stands for a byte in a byte-level vocabulary, and back (-1: none). */
uint32_t letter_of_byte(unsigned char byte);
int      byte_of_letter(uint32_t letter);
/* Appends each byte's letter.  False: out of memory. */
bool     letters_add(bytes *out, const char *text, size_t size);

/* The byte that <0xXX> names; -1: it is no such text. */
int piece_byte(const char *text, size_t size);
int hex_digit(char c); /* -1: it is none */

#endif
