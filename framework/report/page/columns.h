/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* columns.h - what the forms of a comparison share, on a terminal and on a page: rows {"run", "variant", "report" or
 * "error"} as the cells of a table. */
#ifndef REPORT_PAGE_COLUMNS_H
#define REPORT_PAGE_COLUMNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

extern const char column_legend[];

/* Column k; NULL behind the last. */
const char *column_title(size_t k);
/* Does any row have a number there? */
bool        column_used(const json_t *rows, size_t k);
/* The cell's text; empty where the report has no such number.  For people: bytes as "35.3 MB". */
void        column_cell(char *text, size_t size, const json_t *row, size_t k, bool people);

/* {"PLUGIN.VARIANT": what it warns of}, of all functions that rows used. */
json_t     *column_warnings(const json_t *rows);

#endif
