/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* compare.h - what the forms of a comparison share: rows {"run", "variant", "report" or "error"} as the cells of
 * a table. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

extern const char compare_legend[];

/* Column k; NULL behind the last. */
const char *compare_title(size_t k);
/* Does any row have a number there? */
bool        compare_used(const json_t *rows, size_t k);
/* The cell's text; empty where the report has no such number.  For people: bytes as "35.3 MB". */
void        compare_cell(char *text, size_t size, const json_t *row, size_t k, bool people);

/* {"PLUGIN.VARIANT": what it warns of}, of all functions that rows used. */
json_t     *compare_warnings(const json_t *rows);

#endif
