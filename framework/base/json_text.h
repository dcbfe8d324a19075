/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* json_text.h - JSON text to values and back, the one way to call jansson for it.
 *
 * When jansson is refused memory it calls the text broken, and in version 2.14 its lexer goes on with a token that lost
 * bytes: it asserts, or reads and writes beyond it.  Here no allocation of the parser fails: what the system refuses comes
 * from a reserve, which is had before, and the text ends there. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>

/* As json_loadb.  On NULL `*no_memory` tells a lack of memory from a broken text, which `error` (may be NULL) describes; else
 * it is false. */
json_t *json_text(const char *bytes, size_t size, size_t flags, json_error_t *error, bool *no_memory);
/* As json_dumps, freed with free; NULL without memory, where jansson leaves a key out. */
char *json_to_text(const json_t *value, size_t flags);

#endif
