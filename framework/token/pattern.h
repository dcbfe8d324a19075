/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* pattern.h - what a step of tokenizer.json looks for: a string, or a regular expression.
 *
 * The expressions are written for Oniguruma, the library that the reference (Hugging Face's `tokenizers`) is
 * built with, and run by PCRE2 here.  pattern_regex translates them: where the two read the same letters
 * differently ({,n}, {n}?, {n,m}+, (?m), \h, \s, \w, \b, \p of a script, sets within sets, &&) the meaning is
 * Oniguruma's, and a construct that would differ without a word is refused by name.  Characters that are
 * newer than PCRE2's tables (10.42: Unicode 14) are added to what they belong to.
 *
 * Owns what PCRE2 compiles; loaders make patterns, normal.c, split.c and decode.c search.  No other file includes
 * PCRE2's header. */
#ifndef TOKEN_PATTERN_H
#define TOKEN_PATTERN_H

#include "base/error.h"
#include "token/unicode.h"

#define PATTERN_SIZE_LIMIT ((size_t)16 << 10)

typedef struct pattern pattern;

/* What matching needs; all zero is empty, and it may be used again for any pattern. */
typedef struct matcher {
    void *data, *context; /* of PCRE2 */
} matcher;

/* The matches of a pattern in a text, from the left, none within another, as the reference walks over them.
 */
typedef struct search {
    const pattern *pattern;
    matcher       *matcher;
    const char    *text;
    size_t         size, at, last_end;
    bool           any; /* last_end is the end of a match */
} search;

/* NULL: out of memory. */
pattern    *pattern_string(const char *text, size_t size);
/* *p stays NULL where the expression cannot be served; `where` stands before the reason. */
puma_status pattern_regex(pattern **p, const char *where, const char *text, size_t size, puma_error *e);
void        pattern_free(pattern *p); /* NULL is allowed */

void        search_start(search *s, const pattern *p, matcher *m, const char *text, size_t size);
/* The next match; *begin == *end == size and *found == false where there is none. */
puma_status search_next(search *s, size_t *begin, size_t *end, bool *found, puma_error *e);
void        matcher_free(matcher *m);

/* pattern_syntax.c: the expression in PCRE2's syntax, appended to *out. */
puma_status pattern_translate(const char *where, const char *text, size_t size, bytes *out, puma_error *e);

#endif
