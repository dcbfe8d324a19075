/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page.h - a page about one or many runs, as one HTML file that needs nothing else: no script, no network, pictures
 * and diagrams inline.
 *
 * It is made of data alone, JSON of reports and texts, and returned as text: this folder knows report/ and base/, no
 * plan and no file.  `puma compare --html` and `puma run --html` fill it in and write it. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <jansson.h>

typedef struct page {
    const char   *title;
    const json_t *rows;   /* of a comparison, as columns.h has them                                      */
    char *const  *names;  /* what row i is called                                                        */
    const json_t *growth; /* for each row the report's fidelity.layers, a text that says why not, or null */
    const json_t *curves; /* of each function drawn {"function", "variant", "x", "error"}: lists of numbers */
    const json_t *keys;   /* for each row what its inputs depend on, a text                              */
    const json_t *inputs; /* an object: by that a list of {"text"} or {"image"}, a data: URL             */
} page;

/* malloc'd; NULL: out of memory. */
char *page_html(const page *p);

#endif
