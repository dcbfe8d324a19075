/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* columns.h - the columns of a comparison, the same on a terminal and on a page: rows {"run", "variant",
 * "report" or "error"} as the cells of a table.  page.c and cli/compare.c call it. */
#ifndef REPORT_PAGE_COLUMNS_H
#define REPORT_PAGE_COLUMNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

extern const char column_legend[];

/* The title of column k; NULL after the last. */
const char *column_title(size_t k);
/* Does any row have a number in column k? */
bool        column_used(const json_t *rows, size_t k);
/* The cell's text; empty where the report has no such number.  `people`: bytes as "35.3 MB". */
void        column_cell(char *text, size_t size, const json_t *row, size_t k, bool people);

/* {"PLUGIN.VARIANT": its caution} for all functions that the rows used. */
json_t     *column_warnings(const json_t *rows);

#endif
