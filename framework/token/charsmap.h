/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* charsmap.h - SentencePiece's precompiled_charsmap: strings to what they become before the text is cut into
 * pieces (NFKC, case, blanks), as a double-array trie.
 *
 * The blob is a count of bytes (32 bits, little-endian), so many bytes of units of 32 bits, and then strings,
 * each closed by a NUL.  A key's value is the offset of its string.  Units are those of Darts-clone: a node's
 * children lie at (its place ^ its offset) ^ byte, and the value at its place ^ its offset.
 *
 * Loaders open one from a file, sentencepiece.c and normal.c map by it.  It owns a copy of the blob and needs the
 * file no more. */
#ifndef TOKEN_CHARSMAP_H
#define TOKEN_CHARSMAP_H

#include "base/error.h"
#include "token/unicode.h"

/* Largest blob; that of SentencePiece's NFKC has a quarter of a MiB. */
#define CHARSMAP_LIMIT ((size_t)16 << 20)

typedef struct charsmap { /* all zero: maps nothing */
    uint32_t *units;
    size_t    unit_count;
    char     *strings;
    size_t    strings_size;
} charsmap;

/* Copies a blob of `size` bytes; an empty one maps nothing.  What it holds is checked, so that no text can
 * lead outside.  E511, named after `file`. */
puma_status charsmap_open(charsmap *m, const char *file, const void *blob, size_t size, puma_error *e);
void        charsmap_free(charsmap *m);

/* Bytes of the longest key that `text` begins with, and the string (*to, *to_size) it becomes; 0: none. */
size_t charsmap_longest(const charsmap *m, const char *text, size_t size, const char **to, size_t *to_size);
/* Appends the text as the library `tokenizers` maps it: a grapheme cluster of less than 6 bytes becomes what
 * its *shortest* beginning that is a key becomes, the rest of it is dropped; where there is none, and for
 * longer clusters, the same is done for each code point.  Ends as soon as *out holds more than `limit` bytes.
 * False: out of memory. */
bool   charsmap_clusters(const charsmap *m, const char *text, size_t size, size_t limit, bytes *out);

#endif
