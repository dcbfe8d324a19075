/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page.h - a page about one or many runs, as one HTML file that needs nothing else: no script, no network,
 * pictures and diagrams inline.
 *
 * It is made from data alone, the JSON of reports and texts, and returned as text.  This folder knows report/
 * and base/, no plan and no file.  `puma compare --html` and `puma run --html` fill in `page` and write the
 * file. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <jansson.h>

typedef struct page {
    const char   *title;
    const json_t *rows;   /* of a comparison, as in columns.h                                            */
    char *const  *names;  /* the name of each row                                                        */
    const json_t *growth; /* for each row the report's fidelity.layers, a text that says why not, or null */
    const json_t *curves; /* for each function drawn {"function", "variant", "x", "error"}: lists of numbers */
    const json_t *keys;   /* for each row a text: what its inputs depend on                              */
    const json_t *inputs; /* an object: from such a text to a list of {"text"} or {"image"}, a data: URL */
} page;

/* The page, malloc'd; NULL: out of memory. */
char *page_html(const page *p);

#endif
