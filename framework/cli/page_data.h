/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* page_data.h - the part of a page's data that only a plan knows, the functions it chose, or only the client, its inputs.
 * report/page/, which draws it, lies below both. */
#ifndef CLI_PAGE_DATA_H
#define CLI_PAGE_DATA_H

#include "input/client.h"

#include <jansson.h>

/* page_curves appends, for each function that the plan's model uses and `curves` does not have yet, {"function",
 * "variant", "x", "error"}: its distance from the exact function, computed in floating point on plain, so that
 * nothing but the approximation shows.
 * page_inputs: for each input {"text"} or {"image"}, a data: URL; the first PAGE_INPUTS of them. */
enum { PAGE_INPUTS = 40 };
puma_status page_curves(json_t *curves, const plan *p, puma_error *e);
json_t     *page_inputs(const client_plan *c, puma_error *e);

#endif
