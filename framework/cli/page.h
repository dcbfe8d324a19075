/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page.h - one HTML file about one or many runs, for `puma compare --html` and `puma run --html`. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "input/client.h"

#include <jansson.h>

typedef struct page {
    const char   *title;
    const json_t *rows;   /* of a comparison, as compare.h has them                                      */
    char *const  *names;  /* what row i is called                                                        */
    const json_t *growth; /* for each row the report's fidelity.layers, a text that says why not, or null */
    const json_t *curves; /* page_curves'                                                                */
    const json_t *keys;   /* for each row what its inputs depend on, a text                              */
    const json_t *inputs; /* an object: page_inputs' by that                                             */
} page;

/* malloc'd; NULL: out of memory. */
char *page_html(const page *p);

/* page_data.c: what only a plan or the client knows.  page_curves appends, for each function that the plan's model uses and
 * `curves` does not have yet, {"function", "variant", "x", "error"}: its distance from the exact function,
 * computed in floating point on plain, so that nothing but the approximation shows.
 * page_inputs: for each input {"text"} or {"image"}, a data: URL; the first PAGE_INPUTS of them. */
enum { PAGE_INPUTS = 40 };
puma_status page_curves(json_t *curves, const plan *p, puma_error *e);
json_t     *page_inputs(const client_plan *c, puma_error *e);

#endif
